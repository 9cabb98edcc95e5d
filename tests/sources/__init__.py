"""Tests of the sources: their wires, without Home Assistant's entities."""
