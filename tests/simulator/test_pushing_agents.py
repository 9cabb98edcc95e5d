"""The agents that a demo can start beside its rigs."""

import asyncio
from contextlib import AsyncExitStack

from simulator.clock import FastClock
from simulator.farm import Site, describe, pushing_agents

from .door import open_door


async def test_they_push_in_a_time_that_runs_by_itself() -> None:
    """Each with the code that it is added with, and with faults of its own."""
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(open_door())
        door.answers["/expected_status"] = (200, {})
        door.answers["/playbooks"] = (200, [])
        site = Site(clock=FastClock(500), speed=500)
        agents = pushing_agents(site, door.url)
        for agent in agents:
            await stack.enter_async_context(agent)
        rigs = [rig for agent in agents for rig in agent.rigs]
        codes = {rig.api_code for rig in rigs}
        while {r.headers["api_code"] for r in door.of("/logs")} != codes:
            await asyncio.sleep(0.005)
        told = [describe(rig) for rig in rigs]
        assert [rig["form"] for rig in told] == [rig.form for rig in rigs]
        assert {rig["kind"] for rig in told} == {"rig_monitor"}
        for rig, words in zip(rigs, told, strict=True):
            names = words["faults"]
            assert isinstance(names, list)
            for name in names:
                rig.fault(name)
            rig.fault("normal")
        assert not any(agent.crashes for agent in agents)
