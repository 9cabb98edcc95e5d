"""What every test starts from."""

from collections.abc import Iterator
import logging
import os
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
import pynvml
import pytest
from pytest_homeassistant_custom_component.common import get_test_config_dir
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.sources.nvml.driver import DRIVER_JOBS
from simulator.models import GTX_1660_SUPER, RTX_3080
from simulator.nvml import SimulatedNvml, install, nvidia_card

from .texts import watched

# The test kit logs every statement of the recorder's, which takes longer than to run it.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

# How fast a shared machine draws examples says nothing about the code.
settings.register_profile(
    "ci", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# Loaded by --hypothesis-profile, as scripts/check-release does.
settings.register_profile("release", settings.get_profile("ci"), max_examples=2_000)
settings.load_profile("ci")


def files_below(folder: str | Path) -> set[Path]:
    """Return every file in a folder, but compiled Python."""
    return {
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.endswith(".pyc")
    }


KIT_FOLDER = get_test_config_dir()
KIT_FILES = files_below(KIT_FOLDER)


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this repository's integration, in tests that start it."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def _texts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which Home Assistant shows something that has no text."""
    if "hass" not in request.fixturenames:
        yield
        return
    with watched() as watch:
        yield
    assert watch.missing == set()


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> Iterator[str]:
    """Give each test an empty configuration folder of its own: rigs are stored there.

    The default one of the test kit lies in site-packages; a test that leaves a file
    there fails.
    """
    yield str(tmp_path)
    assert files_below(KIT_FOLDER) == KIT_FILES


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
