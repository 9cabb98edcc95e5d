"""Hashes, solutions and graphs: work that cannot be added up, in one entity."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components import mining_rig
from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.derive import Derivation
from custom_components.mining_rig.history import statistic_id
from custom_components.mining_rig.known_parts import KnownPart, load_known_parts
from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.readings import EFFICIENCY, HASHRATE, POWER
from custom_components.mining_rig.sources.antminer.boards import parts as hashboards
from custom_components.mining_rig.sources.antminer.parse import from_answers
from custom_components.mining_rig.sources.common.contract import (
    HistorySeries,
    SourceContext,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.decoding import Fields

from .rigs import ID_ROOT, async_pass, async_pass_polls, async_set_up, entity_id, state
from .scripted import HistoriedSource
from .sources.miner_programs import NOW, RECORDED, parse
from .test_unit_statistics import recorded

SOLUTIONS: dict[int | None, str] = {None: "Sol/s"}


def shown(hass: HomeAssistant, key: str = "hashrate") -> tuple[str, str | None]:
    """Return the state and the unit of a sensor of the rig."""
    found = state(hass, "sensor", key)
    return found.state, found.attributes.get("unit_of_measurement")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> HistoriedSource:
    """Return the source that every entry is set up with, also again."""
    source = HistoriedSource()

    async def open_source(context: SourceContext) -> HistoriedSource:
        return source

    async def factory(*args: Any) -> Any:
        return open_source

    monkeypatch.setattr(mining_rig, "async_source_factory", factory)
    return source


async def async_add_rig(hass: HomeAssistant) -> MockConfigEntry:
    """Set up an entry."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Office PC",
        data={CONF_KIND: "xmrig", CONF_ID_ROOT: ID_ROOT, "host": "rig", "port": 1},
    )
    assert await async_set_up(hass, entry)
    return entry


async def async_units_offered(
    hass: HomeAssistant, entry: MockConfigEntry, unit: str | None = None
) -> list[str]:
    """Return the units that the options offer for the hashrate; choose one."""
    options = hass.config_entries.options
    flow = (await options.async_init(entry.entry_id))["flow_id"]
    await options.async_configure(flow, {"next_step_id": "units"})
    sensor = entity_id(hass, "sensor", "hashrate")
    form = await options.async_configure(flow, {"entity_id": sensor})
    offered: list[str] = form["data_schema"].schema["unit"].config["options"]
    if unit is not None:
        answers = {"unit": unit}
        if "statistics" in form["data_schema"].schema:
            answers["statistics"] = "rescale"
        done = await options.async_configure(flow, answers)
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
    return offered


async def test_solutions(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: HistoriedSource
) -> None:
    """Hashrate and efficiency are in solutions, also after a restart of an off rig."""
    source.values = {HASHRATE.plain: 52_000.0, POWER.plain: 1300.0}
    source.work_units = SOLUTIONS
    entry = await async_add_rig(hass)
    await async_pass(hass, freezer)
    assert shown(hass) == ("52.0", "kSol/s")
    assert shown(hass, "efficiency") == ("25.0", "J/kSol")
    source.error = SourceUnreachable("off")
    assert await hass.config_entries.async_reload(entry.entry_id)
    await async_pass_polls(hass, freezer, 6)
    assert shown(hass) == ("unavailable", "kSol/s")
    assert "Sol/s" in await async_units_offered(hass, entry)
    assert "H/s" not in await async_units_offered(hass, entry)


async def test_zero_of_unknown_work(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: HistoriedSource,
) -> None:
    """A 0 decides nothing, also not whether hashes are counted or solutions."""
    source.values = {HASHRATE.plain: 0.0}
    await async_add_rig(hass)
    assert shown(hass)[1] == "kH/s"
    source.work_units = SOLUTIONS
    await async_pass(hass, freezer)
    assert (float(shown(hass)[0]), shown(hass)[1]) == (0, "Sol/s")
    source.values = {HASHRATE.plain: 12.5}
    source.work_units = {None: "g/s"}
    await async_pass(hass, freezer)
    assert shown(hass) == ("12.5", "g/s")


async def test_other_work(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: HistoriedSource
) -> None:
    """Solutions are never shown as hashes; the owner may change the unit."""
    source.values = {HASHRATE.plain: 90e6, POWER.plain: 180.0}
    source.work_units = {None: "H/s"}
    entry = await async_add_rig(hass)
    await async_pass(hass, freezer)
    assert shown(hass) == ("90.0", "MH/s")
    assert shown(hass, "efficiency") == ("2.0", "J/MH")
    source.values = {HASHRATE.plain: 60.0, POWER.plain: 180.0}
    source.work_units = SOLUTIONS
    for _ in range(2):
        await async_pass(hass, freezer)
        assert shown(hass) == (STATE_UNKNOWN, "MH/s")
        assert shown(hass, "efficiency") == (STATE_UNKNOWN, "J/MH")
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    source.values = {HASHRATE.plain: 91e6, POWER.plain: 180.0}
    source.work_units = {None: "H/s"}
    await async_pass(hass, freezer)
    assert shown(hass) == ("91.0", "MH/s")
    assert "Sol/s" not in await async_units_offered(hass, entry)
    source.values, source.work_units = {HASHRATE.plain: 60.0}, SOLUTIONS
    await async_pass(hass, freezer)
    offered = await async_units_offered(hass, entry, "Sol/s")
    assert {"MH/s", "Sol/s", "kSol/s"} <= {*offered}
    assert shown(hass) == ("60.0", "Sol/s")


def rig_of(*parts: Part, **work_units: Any) -> Snapshot:
    """Return a snapshot of a rig that reports no total."""
    return Snapshot(
        parts=part_map(Part(kind=PartKind.RIG, key=RIG, **work_units), *parts)
    )


def card(number: int, rate: float, work: str) -> Part:
    """Return a card that does some work."""
    return Part(
        kind=PartKind.GPU,
        key=f"gpu{number}",
        values={HASHRATE.plain: rate, POWER.plain: 100.0},
        work_units={None: work},
    )


def test_sums() -> None:
    """Only the same work is added up, in the unit of the rig."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    cards = card(0, 30.0, "Sol/s"), card(1, 20.0, "Sol/s")
    found = Derivation().complete(rig_of(*cards, work_units=SOLUTIONS), now=now)
    assert found.rig.get(HASHRATE.plain) == 50
    assert found.rig.get(EFFICIENCY.plain) == 4
    assert found.rig.work_units == found.parts["gpu0"].work_units == SOLUTIONS
    for mixed in (
        rig_of(cards[0], card(1, 20e6, "H/s"), work_units=SOLUTIONS),
        rig_of(cards[0], card(1, 20.0, "g/s"), work_units=SOLUTIONS),
        rig_of(*cards),
    ):
        found = Derivation().complete(mixed, now=now)
        assert HASHRATE.plain not in found.rig.values
        assert EFFICIENCY.plain not in found.rig.values
        assert EFFICIENCY.plain in found.parts["gpu1"].values
    # A total of the rig's own does not help: it cannot be of both.
    mixed = rig_of(cards[0], card(1, 20e6, "H/s")).with_rig_values({HASHRATE.plain: 50})
    assert EFFICIENCY.plain not in Derivation().complete(mixed, now=now).rig.values


def test_stored() -> None:
    """The last units are stored; nonsense is left out."""
    known = KnownPart(kind=PartKind.GPU, key="gpu0")
    assert known.learn(replace(card(0, 1, "g/s"), work_units={None: "g/s", 2: "H/s"}))
    assert not known.learn(card(0, 2, "g/s"))
    assert known.learn(card(0, 2, "Sol/s"))
    stored = json.loads(json.dumps(known.dump()))
    loaded = load_known_parts([stored])
    assert not loaded.flawed
    assert loaded.parts["gpu0"].work_units == {None: "Sol/s", 2: "H/s"}
    assert loaded.parts["gpu0"].as_absent().work_units == {None: "Sol/s", 2: "H/s"}
    for wrong in (5, [[None, "MH/s"]], [[None, 5]], [["2", "H/s"]], [[None]]):
        loaded = load_known_parts([{**stored, "work_units": wrong}])
        assert loaded.flawed
        assert loaded.parts["gpu0"].work_units == {}


def test_sources() -> None:
    """Programs and ASICs report the work that their coin is counted in."""
    for name, work in (("miniz", "Sol/s"), ("gminer_3.06", "H/s")):
        recording = RECORDED[name]
        found = parse(recording.kind, recording.make())
        units = [part.work_units for part in found.parts.values()]
        assert units == [{None: work}] * len(found.parts)
    stats = Fields(
        {"GHS 5s": 417.5, "Elapsed": 100, "chain_acn1": 3, "chain_rate1": 140}
    )
    rig, boards = from_answers([stats], [], [], "Antminer Z15", NOW)
    assert rig.get(HASHRATE.plain) == 417_500
    assert rig.work_units == SOLUTIONS
    (board,) = hashboards(boards)
    assert (board.get(HASHRATE.plain), board.work_units) == (140_000, SOLUTIONS)


class TestRecorder:
    """With the recorder."""

    @pytest.fixture(autouse=True)
    def _custom_integrations(
        self, recorder_mock: Recorder, enable_custom_integrations: None
    ) -> None:
        """Start the recorder before everything else, as it has to be."""

    async def test_statistics(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        source: HistoriedSource,
    ) -> None:
        """Other work needs no repair; with its unit the statistics begin again."""
        source.values = {HASHRATE.plain: 90e6}
        entry = await async_add_rig(hass)
        sensor = entity_id(hass, "sensor", "hashrate")
        await async_wait_recording_done(hass)
        do_adhoc_statistics(hass, start=None)
        await async_wait_recording_done(hass)
        source.values, source.work_units = {HASHRATE.plain: 60.0}, SOLUTIONS
        await async_pass(hass, freezer)
        await async_units_offered(hass, entry, "Sol/s")
        await async_wait_recording_done(hass)
        assert recorded(hass, sensor) == (None, [])
        freezer.tick(timedelta(minutes=5))
        do_adhoc_statistics(hass, start=None)
        await async_wait_recording_done(hass)
        assert shown(hass) == ("60.0", "Sol/s")
        assert not ir.async_get(hass).issues

    @pytest.mark.parametrize("kept", [None, "MH/s"])
    async def test_past(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        source: HistoriedSource,
        kept: str | None,
    ) -> None:
        """What a source knows of the past is of its work; else it is left out."""
        freezer.move_to("2026-11-01 12:30:00+00:00")
        channel: Channel[float] = HASHRATE.plain
        source.values = {channel: 60e3 if kept is None else 90e6}
        source.work_units = SOLUTIONS if kept is None else {}
        start = datetime(2026, 11, 1, 10, tzinfo=UTC)
        points = [(start + timedelta(minutes=5 * n), 50e3) for n in range(12)]
        source.past = [
            HistorySeries(
                part=RIG, channel=channel, interval=timedelta(minutes=5), points=points
            )
        ]
        entry = await async_add_rig(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        await async_wait_recording_done(hass)
        unique_id = f"{ID_ROOT}_rig_hashrate"
        known = statistic_id(unique_id)
        if kept is None:
            unit, rows = recorded(hass, known)
            assert unit == "kSol/s"
            assert [row[1] for row in rows] == [50]
            return
        # The unit of hashes is kept, so that the past of the other work has no place.
        unit, before = recorded(hass, known)
        source.values, source.work_units = {channel: 60e3}, SOLUTIONS
        points += [(p + timedelta(hours=1), 50e3) for p, _ in points]
        freezer.tick(timedelta(hours=1))
        await async_pass(hass, freezer)
        await async_wait_recording_done(hass)
        assert recorded(hass, known) == (unit, before)
        assert er.async_get(hass).async_get_entity_id(
            "sensor", "mining_rig", unique_id
        ), entry
