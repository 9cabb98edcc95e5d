"""Tests of what is run by hand."""
