"""Measurements of what the integration costs."""
