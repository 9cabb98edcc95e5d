"""The simulated miner programs, as the integration reads them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import ClientSession
import pytest

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import PartKind, Snapshot
from custom_components.mining_rig.sources.common.contract import (
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.miners.read_only import ReadOnlyMiner
from simulator.clock import ManualClock
from simulator.programs import PROGRAMS, SimulatedProgram, SimulatedSrbMiner
from tests.sources.miner_programs import KINDS, module

HASHRATE = readings.HASHRATE.plain
PLACES = (
    *("/", "/api/v1/status", "/api/v2/status", "/stat", "/stats", "/status"),
    *("/summary", "devs", "getstat", "miner_getstat1", "summary"),
)
NO_CLOCKS = frozenset({"claymore", "nanominer", "onezerominer"})


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session."""
    async with ClientSession() as opened:
        yield opened


async def source_of(rig: SimulatedProgram, session: ClientSession) -> ReadOnlyMiner:
    """Return the integration's source of a rig."""
    context = SourceContext(data=rig.form, session=session)
    source: ReadOnlyMiner = await module(rig.kind).async_open(context)
    return source


async def read(rig: SimulatedProgram, session: ClientSession) -> Snapshot:
    """Return what the integration reads of a rig."""
    now = datetime.fromtimestamp(rig.clock(), tz=UTC)
    return await (await source_of(rig, session)).read(now)


def test_every_program() -> None:
    """All that the integration knows are simulated."""
    assert {*PROGRAMS} == {*KINDS}


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_read(kind: str, clock: ManualClock, session: ClientSession) -> None:
    """Every value arrives as the rig has it."""
    async with PROGRAMS[kind](clock=clock) as rig:
        source = await source_of(rig, session)
        identity = await source.identify()
        assert rig.version in (identity.version or "")
        snapshot = await read(rig, session)
        assert not snapshot.unparsed
        cards = [p for p in snapshot.parts.values() if p.kind is PartKind.GPU]
        assert len(cards) == len(rig.cards) == 2
        for card, status in zip(cards, rig.cards, strict=True):
            assert card.get(HASHRATE) == pytest.approx(status.rate, rel=1e-4)
            assert 1e7 < status.rate < 1e8
            assert card.get(readings.TEMPERATURE.plain) == status.temperature > 40
            assert card.get(readings.FAN_LEVEL.plain) == status.fan
            if kind not in {"claymore", "teamredminer"}:
                watts = card.get(readings.POWER.plain)
                assert watts == pytest.approx(status.power, abs=0.5)
                assert card.key == f"{status.bus:02x}:00"
            if kind not in NO_CLOCKS:
                assert card.get(readings.CORE_CLOCK.plain) == status.core_clock
            if kind != "claymore":
                assert card.get(readings.ACCEPTED.plain) == status.accepted > 500
        if kind != "onezerominer":
            assert snapshot.rig.get(readings.POOL.plain) == "rvn.2miners.com:6060"
        started = snapshot.rig.get(readings.STARTED.plain)
        assert started is not None
        assert abs(clock() - started.timestamp() - 7200) < 60
        assert rig.power > 200
        rig.answers = dict.fromkeys(PLACES, "?")
        with pytest.raises(SourceError):
            await source.read(datetime.now(UTC))


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_faults(kind: str, clock: ManualClock, session: ClientSession) -> None:
    """Off, spoilt answers and another device are what they are of any rig."""
    async with PROGRAMS[kind](clock=clock) as rig:
        for fault in ("garbage", "truncated", "cut", "other_device"):
            rig.fault(fault)
            with pytest.raises(SourceError) as wrong:
                await read(rig, session)
            assert isinstance(wrong.value, SourceGarbled | SourceUnreachable)
            rig.clear(fault)
        rig.fault("off")
        with pytest.raises(SourceUnreachable):
            await read(rig, session)
        assert rig.power == 0
        clock.advance(600)
        rig.fault("on")
        assert not any(card.rate for card in rig.cards)
        assert not any(card.accepted for card in rig.cards)
        clock.advance(60)
        assert all(card.rate > 1e7 for card in rig.cards)
        rig.fault("no_pool")
        before = [card.accepted for card in rig.cards]
        clock.advance(600)
        assert not any(card.rate for card in rig.cards)
        assert [card.accepted for card in rig.cards] == before
        snapshot = await read(rig, session)
        assert not snapshot.rig.get(HASHRATE)
        warm = rig.cards[0].temperature
        rig.fault("hot")
        rig.clear("no_pool")
        clock.advance(600)
        assert rig.cards[0].temperature > warm + 20


async def test_srbminer_with_cpu(clock: ManualClock, session: ClientSession) -> None:
    """The CPU's algorithm is the second one."""
    async with SimulatedSrbMiner(clock=clock, cpu_algorithm="rx/0") as rig:
        snapshot = await read(rig, session)
        second = snapshot.rig.get(readings.HASHRATE.channel(number=2))
        assert second == pytest.approx(rig.cpu_rate)
        assert second == pytest.approx(7320, rel=0.02)
        algorithm = readings.ALGORITHM.channel(number=2)
        assert snapshot.rig.get(algorithm) == "randomx"


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_other_places(
    kind: str, clock: ManualClock, session: ClientSession
) -> None:
    """What a program does not know is an error of its kind, and nothing crashes."""
    rig = PROGRAMS[kind](clock=clock)
    said = rig.say("/favicon.ico")
    assert said is None or "nknown" in str(said) or "nvalid" in str(said)
