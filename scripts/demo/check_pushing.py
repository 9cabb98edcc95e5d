"""Proof that rigs that push, their orders, the phone and the blueprints work together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
import shlex
import shutil
from typing import Any

import aiohttp

from . import automations, config_dir, phone, pushing
from .client import HomeAssistant
from .errors import DemoError
from .registry import Device
from .rigs import Announcement, SimulatedRig
from .showing import read_rigs
from .waiting import until

_STALE_AFTER = 15
"""Seconds without a push until a rig is offline, as its owner may choose."""

type _Done = Callable[[str], None]


async def check(
    home: HomeAssistant, said: Announcement, base: str, done: _Done
) -> None:
    """Use both rigs that push, by their switches and by the phone; DemoError if not."""

    async def can_automate() -> bool:
        return await automations.make(home)

    await until(can_automate, "both blueprints have an automation")
    done("both blueprints have an automation")
    async with asyncio.TaskGroup() as both:
        both.create_task(_check_computer(home, said, base, done))
        both.create_task(_check_asic(home, said, done))
    await _check_curls(home, said, base, done)
    if crashes := (await _ask(said.page))["crashes"]:
        raise DemoError(f"Answers crashed the agents: {'; '.join(crashes)}")
    done("no answer has crashed an agent")


async def _check_computer(
    home: HomeAssistant, said: Announcement, base: str, done: _Done
) -> None:
    """Heat a CPU/GPU rig; pause and resume it by the buttons of the message."""
    rig = next(rig for rig in said.rigs if pushing.is_cpu_gpu(rig))
    await _post(f"{rig.control}/hot")
    message = await until(
        lambda: _message(said, f"{rig.name} is too hot"),
        f"the phone is told that {rig.name} is hot",
    )
    done(f"{rig.name}: the phone says {message['title']}: {message['message']}")
    await _post(f"{said.phone}/press/pause?message={message['number']}")
    await until(_shows(home, rig, "switch", "mining_allowed", "off"), "it is paused")
    if served := await _playbooks(base, rig):
        raise DemoError(f"{rig.name} is paused and gets playbooks: {served}")
    await until(is_state(said, rig, mining=False), f"the miner of {rig.name} stops")
    done(f"{rig.name}: Pause is pressed, no playbook is served, the miner has stopped")
    await _post(f"{rig.control}/normal")
    await _post(f"{said.phone}/press/resume?message={message['number']}")
    await until(is_state(said, rig, mining=True), f"the miner of {rig.name} starts")
    done(f"{rig.name}: Resume is pressed, the miner has started again")


async def _check_asic(home: HomeAssistant, said: Announcement, done: _Done) -> None:
    """Heat an ASIC until its power is cut; turn it on by its switch."""
    rig = next(
        rig
        for rig in said.rigs
        if pushing.is_pushed(rig) and not pushing.is_cpu_gpu(rig)
    )
    await pushing.set_options(
        home, rig, stale_after=_STALE_AFTER, power_switch=config_dir.PLUG
    )
    await _post(f"{rig.control}/hot")
    await until(is_state(said, rig, powered=False), f"the power of {rig.name} is cut")
    await until(
        lambda: _message(said, f"{rig.name} is too hot"),
        "the phone is told that the power was cut",
    )
    done(f"{rig.name}: hot, so its power was cut and the phone told")
    await until(_shows(home, rig, "sensor", "hottest", "unavailable"), "it is offline")
    await until(_shows(home, rig, "switch", "rig_monitor_power", "off"), "it obeys")
    done(f"{rig.name}: nothing is pushed, readings are unavailable, its switch is not")
    before = (await _state(said, rig))["pushed"]
    await _post(f"{rig.control}/normal")
    device = await device_of(home, rig)
    switch = device.find("switch", "rig_monitor_power")
    assert switch is not None
    await home.post("/api/services/switch/turn_on", {"entity_id": switch.entity_id})
    await until(is_state(said, rig, powered=True, mining=True), f"{rig.name} boots")
    await until(_shows(home, rig, "binary_sensor", "connected", "on"), "it is back")
    if (await _state(said, rig))["pushed"] <= before:
        raise DemoError(f"{rig.name} is there again and has pushed nothing.")
    done(f"{rig.name}: switched on, it has booted and pushes again")


async def _check_curls(
    home: HomeAssistant, said: Announcement, base: str, done: _Done
) -> None:
    """Do as the terminal says, if there is a curl."""
    if shutil.which("curl") is None:
        done("there is no curl on this computer: its lines were not tried")
        return
    rig = next(rig for rig in said.rigs if pushing.is_cpu_gpu(rig))
    lines = pushing.curls(base, said.rigs, await pushing.webhook_path(home, rig))
    for title, command in lines:
        wanted = 404 if command.endswith("/module") else 200
        if (status := await _curl(command)) != wanted:
            raise DemoError(f"curl: {title}: {status} instead of {wanted}")
    done(f"all {len(lines)} curls work as they are printed")


async def _curl(command: str) -> int:
    extra = ("--silent", "--output", "-", "--write-out", "\n%{http_code}")
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), *extra, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return int(said.decode().rpartition("\n")[2])


# What is asked


async def _ask(address: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        answer: dict[str, Any] = await response.json()
    return answer


async def _post(address: str) -> None:
    """Tell the simulator; DemoError if it refuses."""
    async with aiohttp.ClientSession() as session, session.post(address) as response:
        if not response.ok:
            raise DemoError(f"{address}: {await response.text()}")


async def _state(said: Announcement, rig: SimulatedRig) -> Mapping[str, Any]:
    """Ask the simulated rig itself, not Home Assistant."""
    states: Sequence[Mapping[str, Any]] = (await _ask(said.page))["rigs"]
    return next(state for state in states if state["slug"] == rig.slug)


def is_state(
    said: Announcement, rig: SimulatedRig, **wanted: bool
) -> Callable[[], Awaitable[bool]]:
    """Return what asks the simulated rig itself whether it is so."""

    async def look() -> bool:
        state = await _state(said, rig)
        return all(state[key] is value for key, value in wanted.items())

    return look


async def _message(said: Announcement, title: str) -> Mapping[str, Any] | None:
    async with aiohttp.ClientSession() as session:
        messages = (await phone.read(session, said.phone))["messages"]
    return next((m for m in messages if m["title"] == title), None)


async def device_of(home: HomeAssistant, rig: SimulatedRig) -> Device:
    """Return the device of a rig in Home Assistant."""
    return next(d for d in await read_rigs(home) if d.name == rig.name)


def _shows(
    home: HomeAssistant, rig: SimulatedRig, domain: str, key: str, state: str
) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        entity = (await device_of(home, rig)).find(domain, key)
        return entity is not None and entity.state == state

    return look


async def _playbooks(base: str, rig: SimulatedRig) -> Any:
    """Fetch what the rig's agent is to run, as the agent does."""
    headers = {"api_code": str(rig.form["api_code"])}
    address = f"{base}{pushing.API}/cpu_gpu_miners/playbooks"
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.get(address) as response,
    ):
        return await response.json()
