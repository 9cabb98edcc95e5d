"""Start a farm of simulated rigs on loopback: `python -m simulator`."""

import argparse
import asyncio
from contextlib import AsyncExitStack
import json
import signal
import sys

from aiohttp import web

from .agent import Agent, AgentFault, PushedRig
from .clock import FastClock, wall_clock
from .control import control_app
from .farm import FARMS, Site, describe, pushing_agents
from .phone import SimulatedPhone
from .rig import SimulatedRig

HOST = "127.0.0.1"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Simulated mining rigs on loopback; prints one line of JSON when "
        "they answer, ends on Ctrl-C.",
    )
    parser.add_argument("--farm", choices=sorted(FARMS), default="demo")
    parser.add_argument(
        "--control-port", type=int, default=0, help="port to tell rigs what to do"
    )
    parser.add_argument(
        "--base-port", type=int, default=0, help="port of the first rig; 0: any"
    )
    parser.add_argument(
        "--speed", type=float, default=1, help="how many times as fast time passes"
    )
    parser.add_argument(
        "--push-to",
        metavar="URL",
        help="have rigs that push as well; the base address that their agents get",
    )
    parser.add_argument(
        "--agents-wait",
        action="store_true",
        help="agents do not run until their rigs are told `on`",
    )
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    clock = wall_clock if arguments.speed == 1 else FastClock(arguments.speed)
    site = Site(clock=clock, base_port=arguments.base_port, speed=arguments.speed)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        rigs: list[SimulatedRig | PushedRig] = [
            await stack.enter_async_context(rig) for rig in FARMS[arguments.farm](site)
        ]
        agents: list[Agent] = []
        if arguments.push_to:
            agents = pushing_agents(site, arguments.push_to)
            for agent in agents:
                if arguments.agents_wait:
                    for rig in agent.rigs:
                        rig.fault(AgentFault.AGENT_DOWN)
                await stack.enter_async_context(agent)
                rigs += agent.rigs
        app = control_app(rigs, agents, SimulatedPhone())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, arguments.control_port).start()
        port = runner.addresses[0][1]
        ready = {
            "control": f"http://{HOST}:{port}",
            "rigs": [describe(rig) for rig in rigs],
        }
        print(json.dumps(ready), flush=True)
        await ended.wait()


def main() -> int:
    """Run until told to end; 1 if a port is taken."""
    arguments = _arguments()
    try:
        asyncio.run(_run(arguments))
    except OSError as error:
        print(f"The simulator could not open its ports: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
