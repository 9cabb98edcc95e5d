"""Thermal protection of a rig, so that heat can be tried without any automation."""

import asyncio

from .client import HomeAssistant
from .errors import DemoError
from .registry import Device
from .showing import read_rigs

RIG = "Garage"
LIMIT = 80.0
"""°C that its cards pass soon when the air stands still."""
_PAUSE = 2.0


async def switch_on_when_possible(home: HomeAssistant) -> None:
    """Protect one rig as soon as it mines and reports a temperature."""
    while True:
        devices = await read_rigs(home)
        rig = next((device for device in devices if device.name == RIG), None)
        if rig is not None and _is_ready(rig):
            await switch_on(home, rig, LIMIT)
            return
        await asyncio.sleep(_PAUSE)


async def switch_on(
    home: HomeAssistant, rig: Device, limit: float, *, proven: bool = False
) -> None:
    """Choose a limit in °C, prove that the pause works, and switch protection on."""
    number = _id(rig, "number", "protection_limit")
    await _act(home, "number/set_value", number, value=limit)
    test = rig.find("button", "protection_test")
    if test is not None and not proven:
        await _act(home, "button/press", test.entity_id)
    await _act(home, "switch/turn_on", _id(rig, "switch", "thermal_protection"))


def _is_ready(rig: Device) -> bool:
    switch = rig.find("switch", "thermal_protection")
    hottest = rig.find("sensor", "hottest")
    mining = rig.find("switch", "mining_allowed")
    return (
        switch is not None
        and switch.state == "off"
        and hottest is not None
        and hottest.number is not None
        and mining is not None
        and mining.state == "on"
    )


def _id(rig: Device, domain: str, key: str) -> str:
    found = rig.find(domain, key)
    if found is None:
        raise DemoError(f"{rig.name} has no {domain} {key}.")
    return found.entity_id


async def _act(
    home: HomeAssistant, service: str, entity_id: str, **data: float
) -> None:
    await home.post(f"/api/services/{service}", {"entity_id": entity_id, **data})
