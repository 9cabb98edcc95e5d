"""One automation of each blueprint, for the rigs that push."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from . import phone
from .client import HomeAssistant
from .registry import Device
from .showing import read_rigs

_CONFIG = "/api/config/automation/config"
TELL, CUT = "mining_rig_demo_tell", "mining_rig_demo_cut"
_PAUSE = 2.0

type _Wanted = Mapping[str, tuple[str, tuple[str, ...]]]
"""Inputs of a blueprint: the domain and the possible keys of the entity for each."""

_TELL: _Wanted = {
    "temperature_sensors": ("sensor", ("hottest",)),
    "hashrate": ("sensor", ("hashrate",)),
}
_OF_A_COMPUTER = (("binary_sensor", "rig_monitor_frozen"), ("switch", "mining_allowed"))
"""What only a CPU/GPU rig with an agent has."""
_CUT: _Wanted = {
    "temperature_sensors": ("sensor", ("hottest",)),
    "rig_switches": ("switch", ("rig_monitor_power",)),
}


async def make_when_possible(home: HomeAssistant) -> None:
    """Make both as soon as the rigs have told enough, unless they are there."""
    while not await make(home):
        await asyncio.sleep(_PAUSE)


async def make(home: HomeAssistant) -> bool:
    """Make what can be made now; return whether both are there."""
    there = {
        state["attributes"].get("id")
        for state in await home.command("get_states")
        if state["entity_id"].startswith("automation.")
    }
    rigs = await read_rigs(home)
    computers = [rig for rig in rigs if all(rig.find(*key) for key in _OF_A_COMPUTER)]
    if TELL not in there and (found := _find(computers, _TELL)) is not None:
        rig, entities = found
        await _save(
            home,
            TELL,
            f"Tell my phone about {rig.name}",
            "tell_my_phone",
            {
                **entities,
                "phones": [await phone.device_id(home)],
                "rig": rig.device_id,
                # In reality a rig may be hot for a minute.
                "hot_minutes": 0,
                "temperature_limit": 80,
                "hashrate_limit": 1,
            },
        )
        there.add(TELL)
    if CUT not in there and (found := _find(rigs, _CUT)) is not None:
        rig, entities = found
        await _save(
            home,
            CUT,
            f"Cut the power of {rig.name} when it is hot",
            "cut_power_when_hot",
            {
                **entities,
                "limit": 85,
                "hold_seconds": 10,
                "phones": [await phone.notifier(home)],
            },
        )
        there.add(CUT)
    return {TELL, CUT} <= there


def _find(
    rigs: Sequence[Device], wanted: _Wanted
) -> tuple[Device, dict[str, list[str]]] | None:
    """Return the first rig that has all of it, with what is filled in."""
    for rig in rigs:
        found = {
            name: rig.find(domain, *keys) for name, (domain, keys) in wanted.items()
        }
        entities = {
            name: [entity.entity_id]
            for name, entity in found.items()
            if entity is not None
        }
        if len(entities) == len(wanted):
            return rig, entities
    return None


async def _save(
    home: HomeAssistant,
    automation_id: str,
    alias: str,
    blueprint: str,
    inputs: Mapping[str, Any],
) -> None:
    """Save it as the editor does; DemoError if Home Assistant finds fault with it."""
    await home.post(
        f"{_CONFIG}/{automation_id}",
        {
            "alias": alias,
            "use_blueprint": {
                "path": f"mining_rig/{blueprint}.yaml",
                "input": dict(inputs),
            },
        },
    )
