"""Every `curl` on the page of rigs that push works as it is printed."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
import re
import shlex
import shutil
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from scripts.demo.options import DEFAULT_PORT
from scripts.demo.ports import url
from simulator.clock import wall_clock
from simulator.farm import Site, pushing_agents

from .pages import PAGES
from .pushing import ASIC_CODE, PC_CODE, async_set_up_rigs, pushing_entry
from .rigs import state

pytestmark = pytest.mark.usefixtures("socket_enabled")

(BLOCK,) = (
    block
    for block in PAGES[Path("docs/rig_monitor.md")].blocks
    if block.language == "sh" and "curl " in block.text
)
ENDPOINTS = {
    ("GET", "/api/mining_rig/v1/ping"): 200,
    ("POST", "/api/mining_rig/v1/asic_miners/specs"): 200,
    ("POST", "/api/mining_rig/v1/asic_miners/logs"): 200,
    ("GET", "/api/mining_rig/v1/asic_miners/expected_status"): 200,
    ("POST", "/api/mining_rig/v1/asic_miners/expected_status_bulk"): 200,
    ("POST", "/api/mining_rig/v1/cpu_gpu_miners/specs"): 200,
    ("POST", "/api/mining_rig/v1/cpu_gpu_miners/logs"): 200,
    ("GET", "/api/mining_rig/v1/cpu_gpu_miners/playbooks"): 200,
    ("GET", "/api/mining_rig/v1/cpu_gpu_miners/playbooks/1/module"): 404,
    ("POST", "/api/webhook/hook_d4e5f6"): 200,
    ("GET", "/api/webhook/hook_d4e5f6"): 200,
}
"""What there is, and what it answers."""


@pytest.fixture
async def client(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Set an ASIC and a CPU/GPU rig up and return a client of Home Assistant."""
    await async_set_up_rigs(
        hass,
        pushing_entry("asic"),
        pushing_entry("cpu_gpu", title="Caheo PC", id_root="d4e5f6"),
    )
    client: TestClient[Any, Any] = await hass_client_no_auth()
    return client


def script(client: TestClient[Any, Any]) -> str:
    """Return the block with this Home Assistant's address, codes and webhook in it."""
    text = BLOCK.text
    for name, value in {
        "HOME_ASSISTANT": str(client.make_url("")).rstrip("/"),
        "ASIC": ASIC_CODE,
        "PC": PC_CODE,
        "WEBHOOK": "hook_d4e5f6",
    }.items():
        text, found = re.subn(
            rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE
        )
        assert found == 1
    return text


def requests(text: str) -> Iterator[tuple[str, str, dict[str, str], str | None]]:
    """Read the block as a shell and curl do: method, address, headers, body."""
    known: dict[str, str] = {}

    def fill(text: str) -> str:
        return re.sub(r"\$(\w+)", lambda match: known[match[1]], text)

    for line in filter(None, text.splitlines()):
        if assigned := re.fullmatch(r"(\w+)=(\S+)", line):
            known[assigned[1]] = fill(assigned[2])
            continue
        # Nothing is replaced between single quotes.
        parts = re.split(r"('[^']*')", line)
        filled = (part if part.startswith("'") else fill(part) for part in parts)
        program, address, *options = shlex.split("".join(filled))
        assert program == "curl"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = None
        for option, value in zip(options[::2], options[1::2], strict=True):
            assert option in ("-H", "-d")
            if option == "-d":
                body = value
            else:
                name, _, text_of = value.partition(": ")
                headers[name] = text_of
        yield "GET" if body is None else "POST", address, headers, body


def assert_taken(hass: HomeAssistant) -> None:
    """What was pushed is shown."""
    assert state(hass, "sensor", "hashrate").state == "15.011"
    gpu = state(hass, "sensor", "temperature", "gpu_1", id_root="d4e5f6")
    assert gpu.state == "66"
    assert "RTX 3080" in gpu.name


async def test_requests(hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
    """Each is sent as printed, every endpoint is among them, and each answers."""
    answers: dict[tuple[str, str], int] = {}
    orders: Mapping[str, Any] = {}
    async with aiohttp.ClientSession() as session:
        for method, address, headers, body in requests(script(client)):
            async with session.request(
                method, address, headers=headers, data=body
            ) as answer:
                answers[method, answer.url.path] = answer.status
                if answer.url.path.endswith("_bulk"):
                    orders = await answer.json()
    await hass.async_block_till_done()
    assert answers == ENDPOINTS
    assert orders.keys() == {ASIC_CODE}
    assert_taken(hass)


@pytest.mark.parametrize("curl", filter(None, [shutil.which("curl")]))
async def test_curl(
    hass: HomeAssistant, client: TestClient[Any, Any], curl: str
) -> None:
    """A shell and curl do the same, where they are there."""
    wrapper = f'curl() {{ {curl} --silent --output /dev/null --write-out "%{{http_code}} " "$@"; }}'
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{wrapper}\n{script(client)}", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await shell.communicate()
    await hass.async_block_till_done()
    assert [int(word) for word in output.split()] == [*ENDPOINTS.values()]
    assert_taken(hass)


def test_codes_are_those_of_the_demo() -> None:
    """The block can be pasted as it is while the demo runs."""
    home = url(DEFAULT_PORT)
    agents = pushing_agents(Site(clock=wall_clock), home)
    codes = {str(rig.form["api_code"]) for agent in agents for rig in agent.rigs}
    assert set(re.findall(r"^(?:ASIC|PC)=(\S+)$", BLOCK.text, re.MULTILINE)) == codes
    assert f"HOME_ASSISTANT={home}\n" in BLOCK.text
