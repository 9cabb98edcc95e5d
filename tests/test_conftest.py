"""What the fixtures of the tests promise."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.store import RigStore

from .conftest import KIT_FOLDER, files_below


async def test_stored_files_are_temporary(hass: HomeAssistant, tmp_path: Path) -> None:
    """A rig is stored in the test's own folder, not in the test kit's."""
    store = RigStore(hass, "rig")
    await store.async_load()
    await store.async_save()
    assert files_below(tmp_path) == {tmp_path / ".storage/mining_rig.rig"}
    assert hass.config.config_dir == str(tmp_path) != KIT_FOLDER


def test_files_are_found(tmp_path: Path) -> None:
    """The guard of the kit's folder sees stored files, also hidden ones."""
    (tmp_path / ".storage").mkdir()
    (tmp_path / ".storage/mining_rig.rig").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/module.cpython-314.pyc").touch()
    assert files_below(tmp_path) == {tmp_path / ".storage/mining_rig.rig"}


def test_pure_tests_start_no_home_assistant(request: pytest.FixtureRequest) -> None:
    """No fixture that every test has starts Home Assistant."""
    assert "hass" not in request.fixturenames
