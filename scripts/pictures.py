"""Take the README's pictures from the running demo: `python -m scripts.pictures`.

Needs requirements_pictures.txt and Chromium (Debian: apt install chromium).
"""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
import shutil
import sys
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from .demo.options import DEFAULT_PORT, ROOT
from .demo.ports import url
from .demo.showing import ADD_RIG, URL_PATH

_FOLDER = ROOT / "docs" / "images"
_WIDTH = 1200
_PHONE = (412, 915)
_PATIENCE = 30_000
_SETTLE = 2_500
"""Milliseconds until graphs are drawn and animations are over."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RIG = """
(name) => Object.values(document.querySelector('home-assistant').hass.devices).find(
  (device) => device.name === name
    && device.identifiers.some(([domain]) => domain === 'mining_rig')
)?.id
"""


class Picture(NamedTuple):
    """One picture: how to get there, and how much of the page it shows."""

    name: str
    go: Callable[[Page], None]
    height: int = 800
    only: str | None = None
    """A part of the page instead of the whole of it."""
    width: int = _WIDTH
    dark: bool = False


def main(arguments: list[str]) -> int:
    """Take all pictures, or those that are named; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts.pictures", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=ARGUMENTS
        )
        context = browser.new_context(
            base_url=url(options.port), service_workers="block", locale="en-GB"
        )
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        for picture in PICTURES:
            if not options.names or picture.name in options.names:
                path = options.folder / f"{picture.name}.png"
                path.write_bytes(_take(page, picture))
                print(f"{path}: {path.stat().st_size // 1024} KiB")
        browser.close()
    return 0


def _take(page: Page, picture: Picture) -> bytes:
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.emulate_media(color_scheme="dark" if picture.dark else "light")
    picture.go(page)
    page.wait_for_timeout(_SETTLE)
    if picture.only is not None:
        return _compress(page.locator(picture.only).first.screenshot())
    return _compress(page.screenshot())


def _compress(png: bytes) -> bytes:
    """Keep as many colours as a palette has: the pages have few."""
    image: Any = Image.open(BytesIO(png)).convert("RGB")
    image = image.quantize(256, dither=Image.Dither.NONE)
    packed = BytesIO()
    image.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("home-assistant-main").wait_for(state="attached")


def _view(path: str) -> Callable[[Page], None]:
    """Go to a view of the dashboard."""

    def go(page: Page) -> None:
        _open(page, f"/{URL_PATH}/{path}")
        page.locator("hui-sections-view hui-card:visible").first.wait_for()

    return go


def _rig_view(name: str) -> Callable[[Page], None]:
    """Go to the dashboard's view of a rig."""

    def go(page: Page) -> None:
        _open(page, f"/{URL_PATH}")
        page.locator("mining-rig-list .row").first.wait_for()
        _view(f"rig-{page.evaluate(_RIG, name)}")(page)

    return go


def _add_menu(page: Page) -> None:
    _open(page, ADD_RIG)
    page.locator("dialog-box").get_by_text("OK").click()
    page.locator("dialog-data-entry-flow step-flow-menu").wait_for()


def _device(name: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        _open(page, "/config/devices/dashboard")
        page.locator("ha-config-devices-dashboard").wait_for(state="attached")
        _open(page, f"/config/devices/device/{page.evaluate(_RIG, name)}")
        page.locator("ha-config-device-page").wait_for()

    return go


def _card(name: str) -> Callable[[Page], None]:
    """Go to the device of the first card of a rig."""

    def go(page: Page) -> None:
        _device(name)(page)
        page.get_by_text("GPU 1", exact=False).first.click()
        page.locator("ha-config-device-page").wait_for()

    return go


PICTURES = (
    Picture("add_menu", _add_menu),
    Picture("device", _device("Garage"), height=1100),
    Picture("t_rex", _device("Attic"), height=1100),
    Picture("asic", _device("Cellar"), height=1100),
    Picture("cpu_gpu", _device("Workshop"), height=1100),
    Picture("nvml", _card("Tower"), height=1100),
    Picture("xmrig_proxy", _device("Proxy"), height=1100),
    Picture(
        "headframe",
        _view("pools"),
        only="hui-section:has-text('HomeGarage')",
    ),
    *(
        Picture(f"dashboard_{name}{theme}", go, height, width=width, dark=bool(theme))
        for theme in ("", "_dark")
        for name, go, width, height in (
            ("farm", _view("farm"), 1440, 900),
            ("rig", _rig_view("Attic"), 1440, 1240),
            ("money", _view("money"), 1440, 900),
            ("pools", _view("pools"), 1440, 900),
            ("health", _view("health"), 1440, 900),
            ("farm_phone", _view("farm"), *_PHONE),
            ("rig_phone", _rig_view("Attic"), *_PHONE),
        )
    ),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
