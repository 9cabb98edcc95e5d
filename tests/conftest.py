"""What every test starts from."""

from collections.abc import Iterator
from unittest.mock import patch

from hypothesis import HealthCheck, settings
import pynvml
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.sources.nvml.driver import DRIVER_JOBS
from simulator.models import GTX_1660_SUPER, RTX_3080
from simulator.nvml import SimulatedNvml, install, nvidia_card

from .texts import watched

# How fast a shared machine draws examples says nothing about the code.
settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


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


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedNvml]:
    """Return the library of an NVIDIA driver with two cards, in the real one's place."""

    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    # Where there is none, the real one is not looked for on this machine.
    monkeypatch.setattr(pynvml, "CDLL", no_library)
    monkeypatch.setattr(DRIVER_JOBS, "_job", None)
    library = SimulatedNvml(
        [nvidia_card(RTX_3080), nvidia_card(GTX_1660_SUPER, index=1)]
    )
    install(pynvml, library)
    yield library
    library.go_on()
    install(pynvml, None)
