"""Farms: entries of their own that read the coordinators of other entries."""
