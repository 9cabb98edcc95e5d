"""The dashboard: served to browsers, whatever else is set up."""

from http import HTTPStatus
from pathlib import Path
import re
import shutil
import subprocess
import threading
from unittest.mock import patch

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig import dashboard
from custom_components.mining_rig.const import DOMAIN

_FOLDER = Path(dashboard.__file__).parent / "frontend"
MODULES = sorted(_FOLDER.glob("*.js"))
_IMPORT = re.compile(r'from "\./([\w.-]+)"')
_MOST_LINES = 400


async def _served(hass: HomeAssistant) -> str:
    """Set everything up; return the address of the module that pages load."""
    assert await async_setup_component(hass, "frontend", {})
    assert await async_setup_component(hass, DOMAIN, {})
    (address,) = [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if DOMAIN in url]
    return address


async def test_pages_load_it(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """It is there as soon as the integration is, and in the page itself."""
    address = await _served(hass)
    client = await hass_client_no_auth()
    with patch("homeassistant.components.onboarding.async_is_onboarded"):
        page = await client.get("/lovelace")
    assert f'"{address}"' in await page.text()


async def test_modules_are_kept_by_browsers(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """All of them, since their address changes with their content."""
    address = await _served(hass)
    client = await hass_client_no_auth()
    for module in MODULES:
        answer = await client.get(f"{address.rpartition('/')[0]}/{module.name}")
        assert answer.status == HTTPStatus.OK
        assert "javascript" in answer.headers["Content-Type"]
        assert "max-age=" in answer.headers["Cache-Control"]
        assert await answer.text() == module.read_text()


async def test_address_follows_the_content(tmp_path: Path) -> None:
    """An update is never hidden by what a browser has kept."""
    (tmp_path / "a.js").write_text("1")
    with patch.object(dashboard, "_FOLDER", tmp_path):
        before = dashboard._version()
        assert dashboard._version() == before
        (tmp_path / "a.js").write_text("2")
        assert dashboard._version() != before


async def test_files_are_read_outside_the_loop(hass: HomeAssistant) -> None:
    """Nothing waits for a slow disk."""
    read_by = []

    def version() -> str:
        read_by.append(threading.get_ident())
        return "1"

    with patch.object(dashboard, "_version", version):
        await _served(hass)
    assert read_by
    assert threading.get_ident() not in read_by


async def test_no_frontend_no_dashboard(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A Home Assistant without pages sets the integration up all the same."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data
    client = await hass_client_no_auth()
    answer = await client.get(f"/{DOMAIN}/{dashboard._version()}/mining-rig.js")
    assert answer.status == HTTPStatus.NOT_FOUND


def test_it_is_listed() -> None:
    """Under community dashboards, and in the picker of cards."""
    entrance = (_FOLDER / "mining-rig.js").read_text()
    assert 'list("customStrategies"' in entrance
    assert 'strategyType: "dashboard"' in entrance
    assert 'list("customCards"' in entrance
    assert '"ll-strategy-dashboard-mining-rig"' in entrance


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_module_needs_nothing_from_elsewhere(module: Path) -> None:
    """It imports its neighbours only, and stays short."""
    text = module.read_text()
    assert "http" not in text
    assert len(text.splitlines()) <= _MOST_LINES
    for line in text.splitlines():
        if line.startswith(("import ", "} from ")) and "from" in line:
            assert _IMPORT.search(line)
    for name in _IMPORT.findall(text):
        assert (_FOLDER / name).is_file()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_module_is_javascript(module: Path) -> None:
    """A slip of the pen does not wait for a browser."""
    command = ["node", "--check", "--input-type=module", "-"]
    with module.open() as text:
        done = subprocess.run(
            command, stdin=text, capture_output=True, text=True, check=False
        )
    assert not done.returncode, done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_rows_and_their_order() -> None:
    """The tests in JavaScript, which need no browser."""
    tests = Path(__file__).parent / "frontend" / "rows.test.mjs"
    done = subprocess.run(
        ["node", "--test", str(tests)], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stdout


def test_texts_have_the_same_keys_in_every_language() -> None:
    """No text is missing in German."""
    text = (_FOLDER / "texts.js").read_text()
    english, german = (
        set(re.findall(r"^    (\w+):", part, re.MULTILINE))
        for part in text.split("\n  de: {")
    )
    assert english == german
