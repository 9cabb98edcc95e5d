"""Tests of Mining Rig."""
