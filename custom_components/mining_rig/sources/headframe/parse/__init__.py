"""Headframe's answers in the shared vocabulary; lists in them may be null."""
