"""Fixtures of the simulator's own tests."""

import pytest

from simulator.clock import ManualClock


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Let these tests open sockets on loopback."""


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that moves when told to."""
    return ManualClock()


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the event loop fast: hours of agents pass in these tests."""
