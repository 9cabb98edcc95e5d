"""Simulated mining rigs that behave on the wire like the real ones, on loopback only.

Used by the demo, the tests and the benchmarks. It shares no code with the integration,
so that one cannot hide the other's mistakes; it needs aiohttp and nothing else.

A miner is one module (or package) with a `SimulatedRig`; a program that pushes is one
with an `Agent`. `farm.py` puts rigs together, `python -m simulator` starts a farm with a
control server.
"""
