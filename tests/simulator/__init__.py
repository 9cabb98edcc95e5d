"""Tests of the simulator itself, over real sockets on loopback."""
