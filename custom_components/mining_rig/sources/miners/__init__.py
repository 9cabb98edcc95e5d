"""Miner programs that only answer: one module each, on the base in `read_only`."""
