"""The simulated agents against the real door, from their start-up to their rig's end.

Leaving an agent fails where an answer would have crashed the real one.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigEntryDisabler,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import async_get_store
from simulator.agent import Agent, AgentFault
from simulator.asic_sentry import Asic, SimulatedAsicSentry
from simulator.cpu_gpu_sentry import SimulatedCpuGpuSentry
from simulator.hardware import Card
from simulator.models import RTX_3060_TI, RTX_3070
from simulator.timeline import SteppedTime

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, pushing_entry
from .rigs import async_pass, entity_id, state

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-01-02 03:04:05+00:00"),
]

PC = {"id_root": "d4e5f6"}
STEP = 5

type Go = Callable[..., Awaitable[None]]


@pytest.fixture
async def url(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> str:
    """Set up a rig that nobody pushes for and return the door's address."""
    await async_set_up_rigs(
        hass, pushing_entry("asic", title="Other", id_root="abc", code="nobody-has-it")
    )
    client: TestClient[Any, Any] = await hass_client_no_auth()
    return str(client.make_url(BASE))


@pytest.fixture
def go(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Go:
    """Return what lets time pass for an agent and for Home Assistant alike."""

    async def go(agent: Agent, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            await agent.step(STEP)
            await async_pass(hass, freezer, STEP)

    return go


def _sentry(url: str, *asics: Asic) -> SimulatedAsicSentry:
    return SimulatedAsicSentry(url, asics, time=SteppedTime(patience=20))


def _computer(url: str) -> SimulatedCpuGpuSentry:
    return SimulatedCpuGpuSentry(
        url,
        "Caheo PC",
        PC_CODE,
        cards=(Card(model=RTX_3070), Card(model=RTX_3060_TI)),
        time=SteppedTime(patience=20),
    )


async def _switch(
    hass: HomeAssistant, channel: str, to: str, id_root: str = "a1b2c3"
) -> None:
    await hass.services.async_call(
        "switch",
        f"turn_{to}",
        {"entity_id": entity_id(hass, "switch", channel, id_root=id_root)},
        blocking=True,
    )


def _name_of_card(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return what the second card is called."""
    card = dr.async_get(hass).async_get_child_device_by_identifier(
        (DOMAIN, f"{entry.data['id_root']}_gpu_2"), entry.entry_id
    )
    assert card is not None
    return str(card.name)


async def _give_playbook(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Keep a playbook, as its dialog does."""
    store = await async_get_store(hass, entry.entry_id)
    note, _ = playbooks.with_playbook(
        None,
        None,
        {
            **playbooks.DEFAULTS,
            "cpu_coin_name": "Monero",
            "cpu_algorithm": "rx/0",
            "cpu_wallet_address": "wallet",
            "cpu_pool_address": "pool.example:443",
        },
        "2026-01-02T03:04:05",
    )
    await store.keep(playbooks.NOTE, note)


async def test_asic_is_switched_off_and_on(
    hass: HomeAssistant, url: str, go: Go
) -> None:
    """Off: its relay cuts it, and silence is obedience. On: it boots and comes back."""
    await async_set_up_rigs(hass, pushing_entry("asic"))
    async with _sentry(url, Asic(name="Thanh Long", api_code=ASIC_CODE)) as agent:
        [asic] = agent.asics
        await go(agent, 60)
        assert state(hass, "binary_sensor", "connected").state == "on"
        assert float(state(hass, "sensor", "hashrate").state) == pytest.approx(
            12, rel=0.3
        )
        assert asic.order.name == "Thanh Long"
        (device,) = [d for d in dr.async_get(hass).devices if d.name == "Thanh Long"]
        assert device.model == "Ice River KS5L"
        assert not asic.light
        await _switch(hass, "locate", "on")
        await _switch(hass, "rig_monitor_power", "off")
        await go(agent, 10)
        assert asic.light
        assert not asic.powered
        pushed = asic.pushed
        await go(agent, 300)
        assert asic.pushed == pushed
        assert state(hass, "binary_sensor", "connected").state == "off"
        # Its order stays visible, and can be changed, while it is away.
        assert state(hass, "switch", "rig_monitor_power").state == "off"
        assert state(hass, "binary_sensor", "not_following").state == "off"
        await _switch(hass, "rig_monitor_power", "on")
        await go(agent, 480)
        assert state(hass, "binary_sensor", "mining").state == "on"
        assert asic.pushed > pushed
        assert state(hass, "binary_sensor", "connected").state == "on"
        assert state(hass, "binary_sensor", "not_following").state == "off"


async def test_relay_that_is_stuck(hass: HomeAssistant, url: str, go: Go) -> None:
    """An ASIC that goes on pushing two minutes after "off" does not follow."""
    await async_set_up_rigs(hass, pushing_entry("asic"))
    async with _sentry(url, Asic(name="Thanh Long", api_code=ASIC_CODE)) as agent:
        await go(agent, 30)
        agent.asics[0].fault("relay_stuck")
        await _switch(hass, "rig_monitor_power", "off")
        await go(agent, 100)
        assert state(hass, "binary_sensor", "not_following").state == "off"
        await go(agent, 60)
        assert state(hass, "binary_sensor", "not_following").state == "on"


async def test_many_asics(hass: HomeAssistant, url: str, go: Go) -> None:
    """Several share one bulk request; one that is cut off delays the others only.

    One whose code nobody knows is left out, and taken when its owner adds it.
    """
    others = [
        pushing_entry(
            "asic", title=f"A{n}", id_root=f"a{n}", code=f"asic-code-number-{n}"
        )
        for n in range(3)
    ]
    await async_set_up_rigs(hass, *others)
    asics = [Asic(name=f"A{n}", api_code=f"asic-code-number-{n}") for n in range(4)]
    async with _sentry(url, *asics) as agent:
        await go(agent, 60)
        for n in range(3):
            connected = state(hass, "binary_sensor", "connected", id_root=f"a{n}")
            assert connected.state == "on"
        assert agent.asics[3].pushed == 0
        assert agent.asics[3].order.name is None
        (issue,) = ir.async_get(hass).issues.values()
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["address"] == "127.0.0.1"

        await _switch(hass, "rig_monitor_power", "off", id_root="a1")
        await go(agent, 900)
        assert [asic.powered for asic in agent.asics] == [True, False, True, True]
        shown = [
            state(hass, "binary_sensor", "connected", id_root=f"a{n}").state
            for n in range(3)
        ]
        assert shown == ["on", "off", "on"]

        await _adopt(hass, "A3")
        await go(agent, 200)
        assert agent.asics[3].pushed
        assert agent.asics[3].order.name == "A3"
        assert not ir.async_get(hass).issues


async def _adopt(hass: HomeAssistant, name: str) -> None:
    """Add the rig of the agent that knocks, as its repair offers it."""
    flow = hass.config_entries.flow
    form = await flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"address": "127.0.0.1"},
    )
    schema = form["data_schema"]
    assert schema is not None
    suggested = {
        str(key): key.description["suggested_value"]
        for key in schema.schema
        if key.description and "suggested_value" in key.description
    }
    shown = await flow.async_configure(form["flow_id"], {**suggested, "name": name})
    done = await flow.async_configure(shown["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_computer_follows_its_playbooks(
    hass: HomeAssistant, url: str, go: Go
) -> None:
    """Mining off serves none, so that its miner stops; on starts it again."""
    pc = pushing_entry("cpu_gpu", title="Caheo PC", **PC)
    await async_set_up_rigs(hass, pc)
    await _give_playbook(hass, pc)
    async with _computer(url) as agent:
        await go(agent, 70)
        assert agent.mining
        (program,) = agent.programs
        assert "Caheo-PC" in program.arguments
        rate = state(hass, "sensor", "hashrate", "cpu", **PC)
        assert float(rate.state) > 0
        assert "3060 Ti" in _name_of_card(hass, pc)
        for order, mines in (("off", False), ("on", True)):
            await _switch(hass, "mining_allowed", order, **PC)
            await go(agent, 65)
            assert agent.mining is mines
        # The same list again and again never stops it.
        (program,) = agent.programs
        await go(agent, 300)
        assert agent.programs == [program]
        assert state(hass, "binary_sensor", "not_following", **PC).state == "off"


async def test_rig_added_while_its_agent_runs(
    hass: HomeAssistant, url: str, go: Go
) -> None:
    """Its agent told its specifications once, before; they are not lost."""
    async with _computer(url) as agent:
        await go(agent, 70)
        assert agent.pushed == 0
        assert not agent.mining
        await _adopt(hass, "Caheo PC")
        (entry,) = [
            e for e in hass.config_entries.async_entries(DOMAIN) if e.title != "Other"
        ]
        await _give_playbook(hass, entry)
        await go(agent, 70)
        assert agent.mining
        assert agent.pushed
        assert "3060 Ti" in _name_of_card(hass, entry)


async def test_entry_disabled_and_removed(
    hass: HomeAssistant, url: str, go: Go
) -> None:
    """A disabled rig mines on; the agent of a removed one gets 401 and stops."""
    pc = pushing_entry("cpu_gpu", title="Caheo PC", **PC)
    await async_set_up_rigs(hass, pc)
    await _give_playbook(hass, pc)
    async with _computer(url) as agent:
        await go(agent, 70)
        (program,) = agent.programs
        await hass.config_entries.async_set_disabled_by(
            pc.entry_id, ConfigEntryDisabler.USER
        )
        await go(agent, 130)
        assert agent.programs == [program]
        pushed = agent.pushed
        await hass.config_entries.async_set_disabled_by(pc.entry_id, None)
        await go(agent, 10)
        assert agent.pushed > pushed
        await hass.config_entries.async_remove(pc.entry_id)
        await go(agent, 65)
        assert agent.exchanges[-1].status == 401
        assert not agent.programs


async def test_removed_asic_keeps_its_power(
    hass: HomeAssistant, url: str, go: Go
) -> None:
    """Its agent keeps the last order when it is told 401."""
    entry = pushing_entry("asic")
    await async_set_up_rigs(hass, entry)
    async with _sentry(url, Asic(name="Thanh Long", api_code=ASIC_CODE)) as agent:
        await go(agent, 30)
        await hass.config_entries.async_remove(entry.entry_id)
        await go(agent, 60)
        assert agent.exchanges[-1].status == 401
        assert agent.asics[0].powered


async def test_third_parties(hass: HomeAssistant, url: str, go: Go) -> None:
    """Numbers as text, and a base with a slash at its end, are understood."""
    await async_set_up_rigs(hass, pushing_entry("asic"))
    agent = _sentry(f"{url}/", Asic(name="Thanh Long", api_code=ASIC_CODE))
    agent.asics[0].faults.add(AgentFault.TEXT_NUMBERS)
    async with agent:
        await go(agent, 30)
    assert float(state(hass, "sensor", "hashrate").state) > 5
    assert float(state(hass, "sensor", "temperature_2", "hashboard_1").state) > 20
