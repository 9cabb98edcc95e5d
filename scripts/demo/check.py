"""Proof that everything works together, without a person: `--check`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from . import (
    check_protection,
    check_pushing,
    config_dir,
    farm,
    home,
    phone,
    ports,
    pushing,
    rigs,
)
from .check_miner import HASHRATES, hashrate_of
from .console import say
from .errors import DemoError
from .options import Options
from .registry import Device, Entity
from .rigs import SimulatedRig
from .showing import Showing, read_rigs
from .waiting import until

_SPEED = 10
"""How many times as fast time passes for rigs and agents; not for Home Assistant."""


async def run(options: Options) -> None:
    """Start everything, use it, end everything; DemoError if anything does not work."""
    began = time.monotonic()

    def done(what: str) -> None:
        say(f"{time.monotonic() - began:5.1f} s  {what}")

    with TemporaryDirectory(prefix="mining-rig-demo-") as place:
        options = replace(
            options, place=Path(place), port=ports.find_free(), empty=False
        )
        config_dir.prepare(options.config_dir, port=options.port, fresh=True)
        async with (
            farm.running(pushing.base_url(options.port), speed=_SPEED) as simulated,
            home.running(options) as house,
        ):
            done(
                f"Home Assistant runs, and rigs whose time passes {_SPEED} times as fast"
            )
            await _check_running(house, simulated, options, done)
        done("everything has ended")
        ports.require_free(options.port)


async def _check_running(
    house: home.RunningHome,
    simulated: farm.RunningFarm,
    options: Options,
    done: Callable[[str], None],
) -> None:
    for rig in simulated.said.rigs:
        await rigs.add(house.api, rig)
        await pushing.add_playbook(house.api, rig)
    await rigs.add(house.api, farm.ENTRY)
    base = ports.url(options.port)
    await phone.connect(
        house.api, simulated.said.phone, base=base, config_dir=options.config_dir
    )
    await pushing.start_agents(simulated.said.rigs)
    await Showing(house.api).open()
    done(f"{len(simulated.said.rigs)} rigs are added through the dialog")

    async def all_mine() -> bool:
        devices = await read_rigs(house.api)
        return len([device for device in devices if _mines(device)]) >= len(
            simulated.said.rigs
        )

    await until(all_mine, "every rig has a hashrate in Home Assistant")
    done("every rig has a hashrate")

    rig, switch = steerable(await read_rigs(house.api), simulated.said.rigs)
    await _turn(house, switch, "off")
    done(f"{rig.name}: mining is switched off in Home Assistant")
    if await hashrate_of(rig):
        raise DemoError(f"{rig.name} still mines although it was switched off.")
    done(f"{rig.name}: the miner itself says that it stands still")

    await _turn(house, switch, "on")

    async def mines_again() -> bool:
        return bool(await hashrate_of(rig))

    await until(mines_again, f"{rig.name} mines again")
    done(f"{rig.name}: switched on, the miner itself says that it mines")
    await check_pushing.check(house.api, simulated.said, base, done)
    await check_protection.check(house.api, simulated.said, done)


def _mines(device: Device) -> bool:
    hashrate = device.find("sensor", "hashrate")
    return hashrate is not None and (hashrate.number or 0) > 0


def steerable(
    devices: Sequence[Device], known: Sequence[SimulatedRig]
) -> tuple[SimulatedRig, Entity]:
    """Return a rig that can be asked itself, and its switch."""
    for device in devices:
        switch = device.find("switch", "mining_allowed")
        if switch is None or switch.state != "on":
            continue
        for rig in known:
            if rig.kind in HASHRATES and device.name in (rig.slug, rig.name):
                return rig, switch
    raise DemoError("No rig has a mining switch that is on.")


async def _turn(house: home.RunningHome, switch: Entity, state: str) -> None:
    await house.api.post(
        f"/api/services/switch/turn_{state}", {"entity_id": switch.entity_id}
    )
