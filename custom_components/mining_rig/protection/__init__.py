"""Thermal protection of one rig: a state machine, its rules, and its limits.

Nothing in here knows Home Assistant, a clock or a task. The machine's caller hands over
what happened with the present monotonic seconds, does what is decided in that order, and
calls `tick` at `due`.
"""
