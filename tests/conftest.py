"""What every test starts from."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from .texts import watched


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load this repository's integration."""


@pytest.fixture(autouse=True)
def _texts() -> Iterator[None]:
    """Let a test fail that shows a person something without a text."""
    with watched() as watch:
        yield
    assert watch.missing == set()


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a configuration folder of its own: rigs keep files there."""
    return hass_tmp_config_dir


@pytest.fixture
def entity_registry_enabled_by_default() -> Iterator[None]:
    """Enable every entity, also those that are disabled at first."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write states and registry entries down as Home Assistant's own tests do."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
