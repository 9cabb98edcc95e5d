"""Use the dashboard in a real browser: `python -m scripts.dashboard_check`.

Starts a demo of its own on free ports. Needs requirements_pictures.txt and Chromium
(Debian: apt install chromium).
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import shutil
import sys
from tempfile import TemporaryDirectory
import time
import uuid

import aiohttp
from playwright.async_api import Browser, Page, async_playwright, expect

from .demo import (
    check,
    check_miner,
    config_dir,
    farm,
    home,
    options,
    ports,
    pushing,
    rigs,
)
from .demo.console import say
from .demo.errors import DemoError
from .demo.options import Options
from .demo.rigs import SimulatedRig
from .demo.showing import TITLE, URL_PATH, Showing, read_rigs
from .demo.waiting import until
from .pictures import ARGUMENTS

_MANY = 100
_PATIENCE = 30_000
_DESKTOP = (1440, 900)
_PHONE = (412, 915)
_VIEWS = ("farm", "money", "pools", "health")
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: Sequence[str]) -> int:
    """Check the dashboard; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts.dashboard_check")
    found = [path for name in _CHROMIUMS if (path := shutil.which(name))]
    parser.add_argument("--chromium", default=found[0] if found else None)
    parser.add_argument("--rigs", type=int, default=_MANY, help="how many are many")
    asked = parser.parse_args(arguments)
    if asked.chromium is None:
        sys.stderr.write("No Chromium was found. Debian: apt install chromium\n")
        return 1
    try:
        asyncio.run(_run(asked.chromium, asked.rigs))
    except (DemoError, AssertionError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run(chromium: str, many: int) -> None:
    async with _running(speed=10) as (simulated, house, base):
        for rig in simulated.said.rigs:
            await rigs.add(house.api, rig)
        await pushing.start_agents(simulated.said.rigs)
        await Showing(house.api).open()
        async with _browser(chromium) as browser:
            await _check_views(browser, base, house)
            await _check_rows(browser, base, house, simulated.said.rigs)
            await _check_offered(browser, base)
    async with _running(speed=1) as (_, house, base):
        await _add_many(house, base, many)
        await Showing(house.api).open()
        async with _browser(chromium) as browser:
            for size in (_DESKTOP, _PHONE):
                await _time(browser, base, many, size)


@asynccontextmanager
async def _running(
    *, speed: float
) -> AsyncIterator[tuple[farm.RunningFarm, home.RunningHome, str]]:
    """Run simulated rigs and a Home Assistant that knows none of them."""
    with TemporaryDirectory(prefix="mining-rig-dashboard-") as place:
        port = ports.find_free()
        chosen: Options = options.parse(["--keep", place, "--port", str(port)])
        config_dir.prepare(chosen.config_dir, port=port, fresh=True)
        async with (
            farm.running(pushing.base_url(port), speed=speed) as simulated,
            home.running(chosen) as house,
        ):
            yield simulated, house, ports.url(port)


@asynccontextmanager
async def _browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=ARGUMENTS
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def _page(
    browser: Browser, base: str, size: tuple[int, int] = _DESKTOP
) -> AsyncIterator[Page]:
    """Open a page; DemoError if its console tells of an error."""
    told: list[str] = []
    width, height = size
    context = await browser.new_context(
        base_url=base,
        service_workers="block",
        locale="en-GB",
        viewport={"width": width, "height": height},
    )
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE)
    page.on(
        "console",
        lambda said: told.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: told.append(str(error)))
    yield page
    await context.close()
    if told:
        raise DemoError("The browser's console tells of errors:\n" + "\n".join(told))


async def _check_views(browser: Browser, base: str, house: home.RunningHome) -> None:
    """Open every view on a desktop and a phone."""
    devices = await read_rigs(house.api)
    rig = next(device for device in devices if device.find("switch", "mining_allowed"))
    for size in (_DESKTOP, _PHONE):
        for view in (*_VIEWS, f"rig-{rig.device_id}"):
            async with _page(browser, base, size) as page:
                await page.goto(f"/{URL_PATH}/{view}")
                await page.locator(
                    "hui-sections-view hui-card:visible"
                ).first.wait_for()
                await expect(page.locator("hui-error-card")).to_have_count(0)
                # Graphs and lists come a moment later, and may fail as well.
                await page.wait_for_timeout(1_000)
    say(f"{len(_VIEWS) + 1} views open without an error, on a desktop and a phone")


async def _check_rows(
    browser: Browser,
    base: str,
    house: home.RunningHome,
    known: Sequence[SimulatedRig],
) -> None:
    """Pause a miner by a tap, heat another one up, use the keyboard."""
    devices = await read_rigs(house.api)
    rig, _ = check.steerable(devices, known)
    async with _page(browser, base) as page:
        await page.goto("/")
        rows = page.locator("mining-rig-list .list:not([aria-live]) .row")
        await rows.first.wait_for()
        await page.get_by_role("switch", name=f"Switch {rig.name} off").click()

        async def stands() -> bool:
            return not await check_miner.hashrate_of(rig)

        await until(stands, f"{rig.name} stands still")
        say(f"{rig.name}: a tap on its switch pauses the miner, which says so itself")
        hot = next(each for each in known if each.kind == "xmrig" and each is not rig)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{hot.control}/hot") as answer,
        ):
            answer.raise_for_status()
        hottest = page.locator("mining-rig-list .list:not([aria-live]) .row.act")
        await expect(hottest.first).to_contain_text(hot.name, timeout=120_000)
        await expect(rows.first).to_contain_text(hot.name)
        await expect(page.get_by_text("Needs attention")).to_be_visible()
        say(f"{hot.name}: too hot, it is red, moves up, and needs attention")
        await rows.first.locator(".name").focus()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await page.locator("ha-more-info-dialog .title").first.wait_for()
        say("The arrow keys and Enter lead to a reading's details")


async def _check_offered(browser: Browser, base: str) -> None:
    """Find the dashboard where new ones are chosen, and make another one by it."""
    async with _page(browser, base) as page:
        await page.goto("/config/lovelace/dashboards")
        await page.get_by_text("Add dashboard").first.click()
        dialog = page.locator("ha-dialog-new-dashboard")
        await dialog.get_by_text("Community dashboards").wait_for()
        await dialog.locator("dashboard-card").get_by_text(TITLE).wait_for()
    say("The dashboard is among the community dashboards")


async def _add_many(house: home.RunningHome, base: str, many: int) -> None:
    """Add rigs through the dialog, and push what agents of theirs would."""
    async with aiohttp.ClientSession() as session:
        for number in range(1, many + 1):
            code = str(uuid.uuid4())
            form = {"name": f"Rig {number}", "rig_type": "asic", "api_code": code}
            rig = SimulatedRig(
                name=form["name"],
                slug="",
                kind="rig_monitor",
                form=form,
                control="",
                faults=(),
            )
            await rigs.add(house.api, rig)
            log = pushing.ASIC_LOG | {"power": 3000 + number}
            address = f"{base}{pushing.API}/asic_miners/logs"
            async with session.post(
                address, json=log, headers={"api_code": code}
            ) as answer:
                if not answer.ok:
                    raise DemoError(f"A log was refused: {await answer.text()}")


async def _time(browser: Browser, base: str, many: int, size: tuple[int, int]) -> None:
    """Measure from opening the address to the first row that is painted."""
    async with _page(browser, base, size) as page:
        await page.goto("/")  # Logs in, and fills the browser's cache.
        await page.locator("mining-rig-list .row").first.wait_for()
        for attempt in ("first", "second"):
            began = time.monotonic()
            await page.goto(f"/{URL_PATH}/farm", wait_until="commit")
            await page.locator("mining-rig-list .row").first.wait_for()
            seconds = time.monotonic() - began
            say(
                f"{many} rigs at {size[0]} px: {attempt} time, a row after {seconds:.2f} s"
            )
        await expect(page.locator("mining-rig-list .list .row")).to_have_count(many)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
