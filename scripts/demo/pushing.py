"""Rigs that push: their agents' address, a playbook to mine, what to push by hand."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
import json
from shlex import quote
from typing import Any

import aiohttp

from .client import HomeAssistant
from .config_dir import DOMAIN
from .errors import DemoError
from .ports import url
from .rigs import FLOWS, SimulatedRig, answer

_KIND = "rig_monitor"
API = "/api/mining_rig/v1"
SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"
_PAUSE = 1.0
_OPTIONS_FLOWS = "/api/config/config_entries/options/flow"
PLAYBOOK: Mapping[str, Any] = {
    "cpu": {
        "cpu_coin_name": "Monero",
        "cpu_algorithm": "rx/0",
        "cpu_wallet_address": "demo-wallet",
        "cpu_pool_address": "pool.hashvault.pro:443",
    }
}
"""What the form does not suggest by itself; no simulated miner goes to a pool."""

_ASIC_SPECS = {
    "model": "Ice River KS5L",
    "firmware_version": "Factory BOOT_3_1 image_1.0",
    "software_version": "1.0 2.0",
}
ASIC_LOG = {
    "hashrate_5_min": 11850,
    "hashrate_30_min": 11900,
    "hashrate_uom": "GH/s",
    "uptime": "00:02:05:00",
    "pool_1_address": "stratum+tcp://kas.example.org:5555",
    "pool_1_user": "demo-wallet.cellar",
    "pool_1_state": "Connected",
    "hashboard_1_temp_1": 51,
    "fan_1_speed": 4200,
    "lan_ip": "192.168.0.102",
    "coin_name": "Kaspa",
    "power": 3500,
}
"""What an agent tells of an ASIC."""
_CPU_GPU_SPECS = {
    "motherboard_name": "Supermicro X10DRL-i",
    "cpu_name": "AMD Ryzen 5 3600",
    "ram_size": "32GB",
    "gpu_1_name": "NVIDIA GeForce RTX 3070",
    "gpu_2_name": "NVIDIA GeForce RTX 3060 Ti",
}
_CPU_GPU_LOG = {
    "cpu_temp": 66,
    "cpu_hashrate": 6400,
    "cpu_hashrate_uom": "H/s",
    "gpu_1_core_temp": 58,
    "gpu_1_power": 130,
    "uptime": "2 hours, 5 minutes",
}


def base_url(port: int) -> str:
    """Return the base address that agents of this demo get."""
    return f"{url(port)}{API}"


def is_pushed(rig: SimulatedRig) -> bool:
    """Whether an agent pushes for the rig."""
    return rig.kind == _KIND


def is_cpu_gpu(rig: SimulatedRig) -> bool:
    """Whether the rig runs CPU/GPU Sentry."""
    return is_pushed(rig) and rig.form["rig_type"] == "cpu_gpu"


async def start_agents(rigs: Iterable[SimulatedRig]) -> None:
    """Let agents run: they tell their specs once only, to who knows them already."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for rig in rigs:
            if is_pushed(rig):
                async with session.post(f"{rig.control}/on"):
                    pass


async def add_playbook(home: HomeAssistant, rig: SimulatedRig) -> None:
    """Have a CPU/GPU rig mine, as a user would; DemoError if the dialog refuses."""
    entry_id = await _entry_id(home, rig)
    if not is_cpu_gpu(rig) or entry_id is None:
        return
    step = await home.post(SUBENTRY_FLOWS, {"handler": [entry_id, "playbook"]})
    answers = answer(step["data_schema"], PLAYBOOK)
    step = await home.post(f"{SUBENTRY_FLOWS}/{step['flow_id']}", answers)
    if step["type"] != "create_entry":
        raise DemoError(f"{rig.name} got no playbook: {step.get('errors')}")


async def start_agents_when_open(base: str, rigs: Iterable[SimulatedRig]) -> None:
    """Let agents that wait run once the door is open: as soon as there is any rig."""
    waiting = [rig for rig in rigs if is_pushed(rig)]
    async with aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(f"{base}{API}/ping") as answer:
                    if answer.ok:
                        break
            await asyncio.sleep(_PAUSE)
    await start_agents(waiting)


async def set_options(home: HomeAssistant, rig: SimulatedRig, **options: Any) -> None:
    """Choose options of a rig; DemoError if the dialog refuses."""
    step = await home.post(_OPTIONS_FLOWS, {"handler": await _entry_id(home, rig)})
    flow = f"{_OPTIONS_FLOWS}/{step['flow_id']}"
    step = await home.post(flow, {"next_step_id": "settings"})
    answers = answer(step["data_schema"], options)
    step = await home.post(flow, answers)
    if step["type"] != "create_entry":
        raise DemoError(f"{rig.name} keeps its options: {step.get('errors')}")


async def webhook_path(home: HomeAssistant, rig: SimulatedRig) -> str | None:
    """Return the path that the rig's dialog shows; None if the rig is not there."""
    entry_id = await _entry_id(home, rig)
    if entry_id is None:
        return None
    step = await home.post(FLOWS, {"handler": DOMAIN, "entry_id": entry_id})
    await home.delete(f"{FLOWS}/{step['flow_id']}")
    shown: Mapping[str, Any] = step["description_placeholders"]
    _, found, rest = str(shown.get("webhook")).partition("/api/webhook/")
    return f"{found}{rest}" if found else None


async def _entry_id(home: HomeAssistant, rig: SimulatedRig) -> str | None:
    entries = await home.command("config_entries/get", domain=DOMAIN)
    return next((e["entry_id"] for e in entries if e["title"] == rig.name), None)


def curls(
    base: str, rigs: Sequence[SimulatedRig], webhook: str | None
) -> list[tuple[str, str]]:
    """Return title and command line for each endpoint, and for a webhook.

    `base` is Home Assistant's address, `webhook` the path of a CPU/GPU rig's webhook;
    what no rig is there for is left out.
    """
    api = f"{base}{API}"
    lines = [("Is anybody there?", f"curl {api}/ping")]
    asic = next((r for r in rigs if is_pushed(r) and not is_cpu_gpu(r)), None)
    cpu_gpu = next((r for r in rigs if is_cpu_gpu(r)), None)
    if asic is not None:
        path, code = f"{api}/asic_miners", asic.form["api_code"]
        lines += [
            (f"{asic.name}: specifications", _curl(f"{path}/specs", code, _ASIC_SPECS)),
            (f"{asic.name}: log", _curl(f"{path}/logs", code, ASIC_LOG)),
            (f"{asic.name}: its orders", _curl(f"{path}/expected_status", code)),
            (
                "Orders of several ASICs, whose codes are in the body",
                _curl(f"{path}/expected_status_bulk", None, {"api_code_list": [code]}),
            ),
        ]
    if cpu_gpu is not None:
        path, code = f"{api}/cpu_gpu_miners", cpu_gpu.form["api_code"]
        name = cpu_gpu.name
        lines += [
            (f"{name}: specifications", _curl(f"{path}/specs", code, _CPU_GPU_SPECS)),
            (f"{name}: log", _curl(f"{path}/logs", code, _CPU_GPU_LOG)),
            (f"{name}: its playbooks", _curl(f"{path}/playbooks", code)),
            (
                f"{name}: a playbook's module, which is never served (404)",
                _curl(f"{path}/playbooks/1/module", code),
            ),
        ]
        if webhook is not None:
            lines.append(
                (
                    f"{name}: log by webhook",
                    _curl(f"{base}{webhook}", None, _CPU_GPU_LOG),
                )
            )
    return lines


def _curl(
    address: str, code: str | None, body: Mapping[str, object] | None = None
) -> str:
    words = ["curl"]
    if code is not None:
        words += ["-H", f"api_code: {code}"]
    if body is not None:
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return " ".join(quote(word) for word in [*words, address])
