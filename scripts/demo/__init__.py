"""The demo: simulated rigs and a real Home Assistant that shows them.

`python -m scripts.demo` starts both, adds the rigs through the integration's own
dialog and opens the integration's own dashboard. Nothing leaves loopback.
"""
