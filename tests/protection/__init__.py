"""Tests of thermal protection."""
