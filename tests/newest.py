"""A pytest plug-in that runs the tests on a Home Assistant newer than the test kit.

`pytest -p tests.newest`, as `scripts/check-release newest` does. It has to be loaded
before the kit (pytest-homeassistant-custom-component), which imports httpx and names
that newer releases have elsewhere.
"""

from collections.abc import Iterator
import logging

from homeassistant.components import logger
from homeassistant.const import __version__ as home_assistant
import pytest

if not hasattr(logger, "_clear_logger_overwrites"):
    # Moved in 2026.11.
    from homeassistant.components.logger import helpers

    setattr(logger, "_clear_logger_overwrites", helpers._clear_logger_overwrites)


def pytest_report_header() -> str:
    """Name the Home Assistant that is tested."""
    return f"Home Assistant {home_assistant}"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out comparisons with snapshots: registry entries change with a release."""
    left_out = [
        item for item in items if "snapshot" in getattr(item, "fixturenames", ())
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


class Deprecations(logging.Handler):
    """Collects what Home Assistant reports about this integration's use of its API."""

    def __init__(self) -> None:
        """Start with nothing reported."""
        super().__init__(logging.WARNING)
        self.reported: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a report by `homeassistant.helpers.frame` or `.deprecation`."""
        message = record.getMessage()
        if "mining_rig" in message and (
            "will stop working" in message or "deprecated" in message
        ):
            self.reported.append(message)


@pytest.fixture(autouse=True)
def _no_deprecated_use() -> Iterator[None]:
    """Fail a test in which the integration uses what Home Assistant deprecates."""
    handler = Deprecations()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    assert handler.reported == []
