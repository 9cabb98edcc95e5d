"""Starts the demo, keeps it running, and ends it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
import getpass
import os
import signal
import socket
import time

from . import (
    automations,
    cards,
    check,
    config_dir,
    farm,
    home,
    phone,
    ports,
    protection,
    pushing,
    rigs,
)
from .client import Disconnected
from .console import say, tunnel, welcome
from .errors import DemoError
from .options import Options, parse
from .showing import Showing

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str]) -> int:
    """Run the demo until somebody ends it; return the exit status."""
    options = parse(arguments)
    try:
        return asyncio.run(_until_told(options))
    except DemoError as error:
        say(str(error))
        return 1


async def _until_told(options: Options) -> int:
    """Run until Ctrl-C, a signal, or the end of the terminal."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    told: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if not told:
            say("\nEnding ...")
        told.append(number)
        task.cancel()

    for number in _END_SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        await (check.run(options) if options.check else run(options))
    except asyncio.CancelledError:
        if not told:
            raise
        return 128 + told[0] if options.check else 0
    return 0


async def run(options: Options) -> None:
    """Start everything, and keep it running; DemoError if it cannot be."""
    began = time.monotonic()
    with config_dir.reserved(options.config_dir):
        ports.require_free(options.port)
        say("Starting the simulated rigs and Home Assistant ...")
        config_dir.prepare(
            options.config_dir, port=options.port, fresh=options.fresh or options.empty
        )
        async with farm.running(pushing.base_url(options.port)) as simulated:
            await _keep_running(options, simulated, began)


async def _keep_running(
    options: Options, simulated: farm.RunningFarm, began: float
) -> None:
    wants_start = True
    first = True
    while wants_start:
        async with home.running(options) as house:
            if first and not options.empty:
                await _add_all(house, simulated)
            if first:
                await phone.connect(
                    house.api,
                    simulated.said.phone,
                    base=ports.url(options.port),
                    config_dir=options.config_dir,
                )
                if not options.empty:
                    await pushing.start_agents(simulated.said.rigs)
            showing = Showing(house.api)
            await showing.open()
            if first:
                say(f"Ready after {time.monotonic() - began:.0f} s.")
                say(_welcome(options, simulated, await _webhook(house, simulated)))
            else:
                say(f"Home Assistant has restarted: {ports.url(options.port)}")
            waiting = simulated.said.rigs if first and options.empty else ()
            first = False
            house.console.errors_shown = False
            wants_start = await _watch(
                simulated, house, showing, waiting, ports.url(options.port)
            )


async def _add_all(house: home.RunningHome, simulated: farm.RunningFarm) -> None:
    for rig in (*simulated.said.rigs, cards.RIG, farm.ENTRY):
        try:
            if await rigs.add(house.api, rig):
                await pushing.add_playbook(house.api, rig)
        except DemoError as error:
            say(str(error))


async def _webhook(house: home.RunningHome, simulated: farm.RunningFarm) -> str | None:
    """Return the path of the first webhook that takes a CPU/GPU rig's pushes."""
    for rig in simulated.said.rigs:
        if pushing.is_cpu_gpu(rig) and (
            path := await pushing.webhook_path(house.api, rig)
        ):
            return path
    return None


def _welcome(options: Options, simulated: farm.RunningFarm, webhook: str | None) -> str:
    return welcome(
        simulated.said,
        port=options.port,
        config_dir=options.config_dir,
        empty=options.empty,
        webhook=webhook,
        ssh=tunnel(
            options.port, os.environ, user=getpass.getuser(), host=socket.gethostname()
        ),
    )


async def _watch(
    simulated: farm.RunningFarm,
    house: home.RunningHome,
    showing: Showing,
    waiting: Sequence[rigs.SimulatedRig],
    base: str,
) -> bool:
    """Wait for the end of Home Assistant; return whether it wants to start again."""
    rigs_end = asyncio.create_task(simulated.child.wait())
    house_end = asyncio.create_task(house.child.wait())
    follow = asyncio.create_task(_follow(showing))
    automate = asyncio.create_task(_automate(house, waiting, base))
    try:
        await asyncio.wait((rigs_end, house_end), return_when=asyncio.FIRST_COMPLETED)
        if rigs_end.done():
            raise DemoError("The simulated rigs have ended by themselves.")
        match house_end.result():
            case home.RESTART:
                return True
            case 0:
                return False
            case status:
                raise DemoError(f"Home Assistant has ended with status {status}.")
    finally:
        for task in (rigs_end, house_end, follow, automate):
            task.cancel()


async def _follow(showing: Showing) -> None:
    with suppress(Disconnected):
        await showing.follow()


async def _automate(
    house: home.RunningHome, waiting: Sequence[rigs.SimulatedRig], base: str
) -> None:
    """Do what has to wait for rigs: agents for a door, automations for readings."""
    try:
        with suppress(Disconnected):
            if waiting:
                await pushing.start_agents_when_open(base, waiting)
            await automations.make_when_possible(house.api)
            await protection.switch_on_when_possible(house.api)
    except DemoError as error:
        say(str(error))
