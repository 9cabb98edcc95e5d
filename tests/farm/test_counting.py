"""Nothing counts twice: one test a case."""

from dataclasses import replace
from datetime import datetime
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_POWER_METER
from custom_components.mining_rig.model import Channel, Part, PartKind, Snapshot, Value
from custom_components.mining_rig.readings import (
    ALGORITHM,
    COIN,
    ENERGY,
    HASHRATE,
    HOTTEST,
    POWER,
    POWER_ESTIMATE,
)
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from custom_components.mining_rig.sources.nvml.readings import PCI_ADDRESS
from custom_components.mining_rig.sources.rig_monitor.readings import (
    GPU_ALGORITHM,
    LAN_ADDRESS,
)
from tests.rigs import async_pass
from tests.scripted import ScriptedSource

from .farming import (
    async_add_farm,
    async_add_rig,
    async_settle,
    farm_of,
    farm_state,
    mining,
    number,
)

UUID = "c9a5e6d0-1111-2222-3333-444455556666"
AGENT = {"api_code": "c" * 20, "webhook_id": "h"}


class MachineSource(ScriptedSource):
    """One with a MAC address."""

    @override
    async def read(self, now: datetime) -> Snapshot:
        """Return what there is."""
        return replace(await super().read(now), rig_id="AA:BB:CC:00:00:01")


def card(key: str, watts: float | None = None, **more: Any) -> Part:
    """Return a card."""
    values: dict[Channel[Any], Value] = {} if watts is None else {POWER.plain: watts}
    return Part(kind=PartKind.GPU, key=key, values={**values, **more.get("values", {})})


def rig_of(values: dict[Channel[Any], Value] | None, *parts: Part) -> ScriptedSource:
    """Return a rig with parts."""
    source = ScriptedSource(values)
    source.others = list(parts)
    return source


async def test_a_proxy_and_a_pool(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """They report what the rigs do, so they are never part of a farm."""
    await async_add_rig(hass, "rig", ScriptedSource(mining(1_000.0, 100.0)))
    proxy = await async_add_rig(
        hass, "proxy", ScriptedSource(mining(1_000.0)), kind="xmrig_proxy"
    )
    pool = await async_add_rig(
        hass, "pool", ScriptedSource(mining(1_000.0)), kind="headframe"
    )
    farm = await async_add_farm(hass, rigs=["entry_rig", proxy.entry_id, pool.entry_id])
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_rx0") == 1
    assert number(hass, "farm_rigs") == 1
    assert len(farm_of(farm).data.members) == 1


@pytest.mark.parametrize(
    ("key", "host"),
    [
        (UUID.replace("-", ""), "192.168.7.9"),
        ("01:00", "127.0.0.1"),
        ("0000:01:00.0", "127.0.0.1"),
    ],
)
async def test_cards_that_a_program_reports(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, key: str, host: str
) -> None:
    """By uuid, or by PCI address on this computer; those of no program count."""
    one = card(f"gpu-{UUID}", 200.0, values={PCI_ADDRESS.plain: "0000:01:00.0"})
    two = card("gpu-dddd0000-1111-2222-3333-444455556666", 150.0)
    await async_add_rig(hass, "cards", rig_of({}, one, two), kind="nvml")
    program = rig_of(mining(3e7, None, "kawpow"), card(key, 210.0))
    await async_add_rig(hass, "program", program, kind="t_rex", host=host)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 360
    assert number(hass, "farm_rigs") == 1
    # While the program is away, the driver still measures.
    program.error = SourceUnreachable("off")
    for _ in range(4):
        await async_settle(hass, freezer)
    assert number(hass, "power") == 350
    assert number(hass, "farm_rigs_online") == 0


async def test_the_same_place_in_another_computer(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A PCI address says nothing about a card elsewhere."""
    one = card("gpu-" + UUID, 200.0, values={PCI_ADDRESS.plain: "0000:01:00.0"})
    await async_add_rig(hass, "cards", rig_of({}, one), kind="nvml")
    program = rig_of(mining(3e7, None, "kawpow"), card("01:00", 210.0))
    await async_add_rig(hass, "program", program, kind="t_rex")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 410


async def test_cards_alone(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Without a program they give power and heat, but no hashrate and no rig."""
    source = rig_of({HOTTEST.plain: 64.0}, card(f"gpu-{UUID}", 200.0))
    await async_add_rig(hass, "cards", source, kind="nvml")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 200
    assert farm_state(hass, "hottest").state == "64.0"
    assert number(hass, "farm_rigs") == 0


async def test_cards_that_a_program_reports_without_power(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The driver's power counts, but not beside the rated power of the program's rig."""
    await async_add_rig(
        hass, "cards", rig_of({}, card(f"gpu-{UUID}", 200.0)), kind="nvml"
    )
    program = rig_of(mining(3e7, None, "kawpow"), card(UUID))
    await async_add_rig(hass, "program", program, kind="t_rex")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 200
    program.values = {**program.values, POWER_ESTIMATE.plain: 300.0}
    await async_settle(hass, freezer)
    assert number(hass, "power") == 300


async def test_a_metered_computer_with_cards(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The meter of the cards' computer measures the program's cards as well."""
    hass.states.async_set("sensor.plug", "500", {"unit_of_measurement": "W"})
    await async_add_rig(
        hass,
        "cards",
        rig_of({}, card(f"gpu-{UUID}", 200.0)),
        kind="nvml",
        options={CONF_POWER_METER: "sensor.plug"},
    )
    program = rig_of(mining(3e7, None, "kawpow"), card(UUID, 210.0))
    await async_add_rig(hass, "program", program, kind="t_rex")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 500
    assert number(hass, "hashrate_kawpow") == 30


async def async_add_agent(
    hass: HomeAssistant, source: ScriptedSource, rig_type: str = "asic"
) -> MockConfigEntry:
    """Add a rig whose agent pushes; here it is polled, as far as tests go."""
    return await async_add_rig(
        hass, "agent", source, kind="rig_monitor", rig_type=rig_type, **AGENT
    )


async def test_an_asic_by_agent_and_by_address(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What is polled counts, the agent while that does not answer."""
    address = {LAN_ADDRESS.plain: "192.168.7.5"}
    agent = ScriptedSource(
        {**mining(9e13, 3_100.0, None), COIN.plain: "BTC", **address}
    )
    await async_add_agent(hass, agent)
    polled = ScriptedSource(mining(9.1e13, 3_000.0, "SHA-256"))
    await async_add_rig(hass, "polled", polled, kind="antminer", host="192.168.7.5")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_sha256") == 91
    assert number(hass, "power") == 3_000
    assert number(hass, "farm_rigs") == number(hass, "farm_rigs_mining") == 1
    polled.error = SourceUnreachable("off")
    for _ in range(8):
        await async_settle(hass, freezer)
    assert number(hass, "hashrate_sha256") == 90
    assert number(hass, "power") == 3_100
    assert number(hass, "farm_rigs") == number(hass, "farm_rigs_mining") == 1


async def test_an_asic_with_one_mac_address(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Two entries with it are one machine."""
    for name in ("one", "two"):
        source = MachineSource(mining(9e13, 3_000.0, "SHA-256"))
        await async_add_rig(hass, name, source, kind="axeos")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_sha256") == 90
    assert number(hass, "farm_rigs") == 1


async def test_two_entries_at_one_address(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The same host and port is the same rig, two ports are two programs."""
    for name, port in (("one", 1), ("two", 1), ("tri", 2)):
        source = ScriptedSource(mining(1_000.0, 100.0))
        await async_add_rig(hass, name, source, host="192.168.7.5", port=port)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_rx0") == 2
    assert number(hass, "farm_rigs") == 2
    assert number(hass, "power") == 200


async def test_one_card_of_two_programs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """By its uuid; the same PCI address behind one host is not enough."""
    for name, keys in (("one", (UUID, "01:00")), ("two", (UUID, "01:00"))):
        parts = [card(key, 100.0) for key in keys]
        source = rig_of(mining(1e7, None, "kawpow"), *parts)
        await async_add_rig(
            hass,
            name,
            source,
            kind="t_rex",
            host="192.168.7.5",
            port=len(name) + ord(name[0]),
        )
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 300
    assert number(hass, "hashrate_kawpow") == 20


async def test_one_meter_of_two_rigs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A meter that two rigs have measures both."""
    hass.states.async_set("sensor.plug", "800", {"unit_of_measurement": "W"})
    for name in ("one", "two"):
        source = ScriptedSource(mining(1_000.0, 100.0))
        options = {CONF_POWER_METER: "sensor.plug"}
        await async_add_rig(hass, name, source, options=options)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 800
    assert number(hass, "farm_rigs") == 2


async def test_a_computer_by_agent_and_its_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The miner counts for its algorithm and its part, the agent for the rest."""
    values: dict[Channel[Any], Value] = {
        GPU_ALGORITHM.channel(number=1): "KawPow",
        LAN_ADDRESS.plain: "192.168.7.5",
    }
    cpu = Part(
        kind=PartKind.CPU,
        key="cpu",
        values={HASHRATE.plain: 5_000.0, POWER.plain: 90.0, ALGORITHM.plain: "RandomX"},
    )
    gpu = card("gpu_1", 200.0, values={HASHRATE.plain: 3e7})
    await async_add_agent(hass, rig_of(values, cpu, gpu), "cpu_gpu")
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_rx0") == 5
    assert number(hass, "hashrate_kawpow") == 30
    assert number(hass, "power") == 290
    program = rig_of(mining(4e7, None, "kawpow"), card("01:00", 230.0))
    await async_add_rig(hass, "program", program, kind="t_rex", host="192.168.7.5")
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_rx0") == 5
    assert number(hass, "hashrate_kawpow") == 40
    assert number(hass, "power") == pytest.approx(320)


async def test_what_the_owner_leaves_out(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It does not count, whatever else is chosen."""
    await async_add_rig(hass, "one", ScriptedSource(mining(1_000.0, 100.0)))
    await async_add_rig(hass, "two", ScriptedSource(mining(1_000.0, 100.0)))
    await async_add_farm(hass, left_out=["entry_two"], rigs=["entry_one", "entry_two"])
    await async_settle(hass, freezer)
    assert number(hass, "power") == 100


async def test_energy_of_cards_that_a_program_reports(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Only the share of the cards that counts in power counts in energy."""
    one, two = card(f"gpu-{UUID}", 300.0), card("gpu-dddd0000-1111", 100.0)
    cards = rig_of({ENERGY.plain: 1_000.0}, one, two)
    await async_add_rig(hass, "cards", cards, kind="nvml")
    program = rig_of({**mining(3e7, None, "kawpow"), ENERGY.plain: 500.0})
    program.others = [card(UUID, 310.0)]
    await async_add_rig(hass, "program", program, kind="t_rex")
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    before = farm_of(farm).data.energy
    cards.values = {**cards.values, ENERGY.plain: 1_040.0}
    program.values = {**program.values, ENERGY.plain: 531.0}
    await async_settle(hass, freezer)
    await async_pass(hass, freezer, 2)
    assert farm_of(farm).data.energy - before == pytest.approx(10 + 31, abs=0.5)
