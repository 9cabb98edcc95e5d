"""The XMRig source against a simulated miner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from aiohttp import ClientSession
from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.mining_rig.model import (
    RIG,
    Action,
    Channel,
    Control,
    Snapshot,
    Value,
)
from custom_components.mining_rig.readings import (
    HASHRATE,
    MINING,
    MINING_ALLOWED,
    STOP,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Configured,
    InMemoryNotes,
    Polled,
    Pressable,
    Source,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.xmrig.api import XmrigApi
from custom_components.mining_rig.sources.xmrig.miner import (
    XmrigSource,
    async_open,
    readings,
)
from custom_components.mining_rig.sources.xmrig.summary import DONATE_LEVEL
from simulator.clock import ManualClock
from simulator.faults import Fault
from simulator.hardware import Card
from simulator.models import RTX_3070, RX_7800_XT
from simulator.rig import SimulatedRig
from simulator.xmrig import Habits, SimulatedXMRig

from .spoil import check, spoilt
from .test_xmrig_parse import BACKENDS, CONFIG, CPU_RIG

TOKEN = "s3cr3t-t0ken"
CARDS = (Card(model=RTX_3070), Card(model=RX_7800_XT))
POOLS = (
    {"url": "stratum+ssl://first.example:443", "user": "WALLET", "tls": True},
    {"url": "second.example:3333", "user": "WALLET"},
    {"url": "third.example:3333", "user": "WALLET", "enabled": False},
)
READINGS_AFTER = 8
"""How often a command is read back, as the coordinator does."""


class Bench:
    """A source at a rig, with one clock for both."""

    def __init__(self, rig: SimulatedXMRig, source: XmrigSource, clock: ManualClock):
        """Take both."""
        self.rig = rig
        self.source = source
        self.clock = clock

    @property
    def now(self) -> datetime:
        """The present of the rig."""
        return datetime.fromtimestamp(self.clock(), UTC)

    async def read(self, seconds: float = 10) -> Snapshot:
        """Poll after so many seconds."""
        self.clock.advance(seconds)
        self.rig.requests.clear()
        snapshot = await self.source.read(self.now)
        check(snapshot)
        return snapshot

    async def polls(self, count: int) -> Snapshot:
        """Poll several times."""
        for _ in range(count):
            snapshot = await self.read()
        return snapshot

    async def order(self, channel: Channel[Any], value: Value) -> bool:
        """Write a control of the rig and tell whether the rig then shows it."""
        control = (await self.read()).rig.controls[channel]
        await self.source.write(RIG, control, value)
        return await self.shows(channel, value)

    async def shows(self, channel: Channel[Any], value: Value) -> bool:
        """Read back as often as the coordinator does."""
        for _ in range(READINGS_AFTER):
            if (await self.read(0.7)).rig.get(channel) == value:
                return True
        return False

    @property
    def asked(self) -> list[str]:
        """Method and path of what the last reading asked for."""
        return [f"{request.method} {request.path}" for request in self.rig.requests]

    @property
    def puts(self) -> int:
        """How often the configuration was written since the last reading."""
        return sum(request.method == "PUT" for request in self.rig.requests)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """Return the one clock; who sleeps moves it."""
    clock = ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp())
    sleep = asyncio.sleep

    async def move(seconds: float) -> None:
        clock.advance(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", move)
    return clock


@pytest.fixture
async def bench(
    session: ClientSession, clock: ManualClock
) -> AsyncIterator[Callable[..., Awaitable[Bench]]]:
    """Return what sets up a rig that takes commands, with other traits if asked."""
    rigs: list[SimulatedRig] = []

    async def make(notes: InMemoryNotes | None = None, **traits: Any) -> Bench:
        defaults = {"token": TOKEN, "restricted": False, "clock": clock}
        rig = SimulatedXMRig(**{**defaults, **traits})
        await rig.start()
        rigs.append(rig)
        form = {"host": rig.host, "port": rig.port}
        if rig.token:
            form["access_token"] = rig.token
        context = SourceContext(
            data=form, session=session, notes=notes or InMemoryNotes()
        )
        return Bench(rig, await async_open(context), clock)

    yield make
    for rig in rigs:
        await rig.stop()


type Make = Callable[..., Awaitable[Bench]]


# ---- who is there


async def test_protocols(bench: Make) -> None:
    """It can be asked, commanded and configured."""
    there = await bench()
    assert isinstance(there.source, Source)
    assert isinstance(there.source, Polled)
    for protocol in (Writable, Pressable):
        assert isinstance(there.source, protocol)
    assert isinstance(there.source, Configured)
    assert there.source.address is None
    await there.source.close()


async def test_identity(bench: Make) -> None:
    """The id may change, so it is no id_root."""
    there = await bench(rig_id="0123456789abcdef", worker_id="attic")
    identity = await there.source.identify()
    assert identity.rig_id == "0123456789abcdef"
    assert not identity.stable
    assert identity.title == "attic"
    assert identity.model == "Intel Core i7-9700"
    assert identity.version == "6.26.0"
    assert (await there.read()).rig_id == "0123456789abcdef"


async def test_identity_of_a_rig_without_one(bench: Make) -> None:
    """Some have no id; a name that is not told is the host's."""
    there = await bench(rig_id="")
    assert (await there.source.identify()).rig_id is None
    assert (await there.read()).rig_id is None
    there.rig.answers["/2/summary"] = {"kind": "cpu", "id": 5}
    identity = await there.source.identify()
    assert identity.title == "127.0.0.1"
    assert identity.model == "XMRig"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.WRONG_TOKEN, SourceRefused),
        (Fault.OTHER_DEVICE, SourceGarbled),
        (Fault.OFF, SourceUnreachable),
    ],
)
async def test_nobody_of_the_kind(
    bench: Make, fault: Fault, error: type[SourceError]
) -> None:
    """Whoever else answers is told apart."""
    there = await bench()
    there.rig.fault(fault)
    with pytest.raises(error):
        await there.source.identify()
    with pytest.raises(error):
        await there.read()


async def test_ipv6_and_tls_are_passed_on(session: ClientSession) -> None:
    """The form's answers make the address."""
    data = {"host": "fe80::1", "port": 8080.0, "ssl": True}
    source = await async_open(SourceContext(data=data, session=session))
    assert source.address == "https://[fe80::1]:8080/2/summary"
    data["access_token"] = TOKEN
    source = await async_open(SourceContext(data=data, session=session))
    # A browser cannot send the token, so there is nothing to visit.
    assert source.address is None
    assert TOKEN not in repr(vars(source))


@pytest.mark.parametrize(
    "version",
    ["6.26.0", "6.22.1", "5.0.0", "3.0.0", "2.99.0", "2.16.0", "2.6.0", "2.4.0"],
)
async def test_versions(bench: Make, version: str) -> None:
    """Every version is read."""
    there = await bench(version=version, token=None, restricted=True)
    snapshot = await there.polls(3)
    assert snapshot.rig.get(HASHRATE.plain)
    assert snapshot.rig.get(MINING.plain)
    assert snapshot.rig.version == version
    assert snapshot.unparsed == ()
    assert not snapshot.rig.controls


# ---- what is asked for when


async def test_requests_of_a_rig_with_cards(bench: Make) -> None:
    """The summary at each poll, the backends every 30 s, the configuration seldom."""
    there = await bench(cards=CARDS)
    await there.read()
    assert there.asked == ["GET /2/summary", "GET /2/backends", "GET /2/config"]
    backends, configs = 0, 0
    for _ in range(60):
        await there.read()
        assert there.asked[0] == "GET /2/summary"
        backends += "GET /2/backends" in there.asked
        configs += "GET /2/config" in there.asked
    assert backends == 20
    assert configs == 2


async def test_requests_of_a_rig_without_cards(bench: Make) -> None:
    """There the backends tell little, and a restricted rig has no configuration."""
    there = await bench(restricted=True)
    await there.read()
    assert there.asked == ["GET /2/summary", "GET /2/backends"]
    asked: list[str] = []
    for _ in range(59):
        await there.read()
        asked += there.asked
    assert asked == ["GET /2/summary"] * 59
    await there.read()
    assert there.asked == ["GET /2/summary", "GET /2/backends"]


async def test_no_path_is_asked_in_vain(bench: Make) -> None:
    """Each 404 leaves a line on the miner's console."""
    there = await bench(version="2.16.0", token=None, restricted=True)
    await there.read()
    assert there.asked == ["GET /2/summary", "GET /1/summary", "GET /2/backends"]
    for _ in range(120):
        await there.read()
        assert there.asked == ["GET /1/summary"]


async def test_clock_set_back(bench: Make) -> None:
    """What was due keeps being asked for."""
    there = await bench(cards=CARDS)
    await there.read()
    assert there.asked == ["GET /2/summary", "GET /2/backends", "GET /2/config"]
    there.rig.requests.clear()
    await there.source.read(there.now - timedelta(days=1))
    assert there.asked == ["GET /2/summary", "GET /2/backends", "GET /2/config"]


async def test_restart_is_noticed(bench: Make) -> None:
    """Another process has other backends and another configuration."""
    there = await bench(cards=CARDS)
    await there.polls(2)
    there.rig.restart()
    await there.read(5)
    assert there.asked == ["GET /2/summary", "GET /2/backends", "GET /2/config"]


async def test_backends_that_fail(bench: Make) -> None:
    """The summary holds; what the cards told holds for a while."""
    there = await bench(cards=CARDS)
    assert "01:00.0" in (await there.read()).parts
    there.rig.answers["/2/backends"] = b"[{"
    failed = 0
    for _ in range(9):
        snapshot = await there.read()
        assert snapshot.parts["01:00.0"].get(TEMPERATURE.plain)
        assert snapshot.rig.get(HASHRATE.plain)
        failed += "backends" in snapshot.unparsed
    assert failed == 3
    snapshot = await there.polls(3)
    assert list(snapshot.parts) == [RIG]
    del there.rig.answers["/2/backends"]
    assert "01:00.0" in (await there.polls(3)).parts


async def test_backends_before_an_interruption(bench: Make) -> None:
    """What the cards told is not shown again after the miner did not answer."""
    there = await bench(cards=CARDS)
    assert "01:00.0" in (await there.read()).parts
    there.rig.answers |= {"/2/summary": b"[{", "/2/backends": b"[{"}
    with pytest.raises(SourceError):
        await there.read()
    del there.rig.answers["/2/summary"]
    assert list((await there.read()).parts) == [RIG]


async def test_backends_that_hang(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that hangs costs the health of the cards, not the rest."""
    monkeypatch.setattr(
        "custom_components.mining_rig.sources.common.poll_budget.EXTRAS_END", 0.05
    )
    there = await bench(cards=CARDS)
    hang = asyncio.Event()
    get = there.source._api.get

    async def slow(path: str) -> Any:
        await hang.wait()
        return await get(path)

    monkeypatch.setattr(there.source._api, "get", slow)
    snapshot = await there.read()
    assert snapshot.rig.get(HASHRATE.plain)
    assert snapshot.unparsed == ("backends", "config")
    hang.set()


async def test_the_summary_wins_the_poll(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it took all the time, the rig is there without its extras."""
    monkeypatch.setattr(
        "custom_components.mining_rig.sources.common.poll_budget.EXTRAS_END", 0.0
    )
    there = await bench(cards=CARDS)
    for _ in range(3):
        snapshot = await there.read(60)
        assert snapshot.rig.get(HASHRATE.plain)
        assert list(snapshot.parts) == [RIG]
        assert snapshot.unparsed == ("backends", "config")
        assert MINING_ALLOWED.plain in snapshot.rig.controls


async def test_an_extra_that_hangs_costs_no_other(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are read although the backends take all the time."""
    there = await bench(cards=CARDS)
    get = there.source._api.get
    has_config = asyncio.Event()

    async def hang(path: str) -> Any:
        if path == "/2/backends":
            await has_config.wait()
            raise TimeoutError
        found = await get(path)
        has_config.set()
        return found

    monkeypatch.setattr(there.source._api, "get", hang)
    snapshot = await there.read()
    assert snapshot.unparsed == ("backends",)
    assert snapshot.rig.get(readings.CPU.plain) is True


async def test_no_hashrate_of_before_a_pause(bench: Make) -> None:
    """Backends that cannot be read again belong to a state that is over."""
    there = await bench(cards=CARDS)
    assert (await there.read()).parts["01:00.0"].get(HASHRATE.plain)
    there.rig.answers["/2/backends"] = b"[{"
    there.rig.pause()
    assert list((await there.read()).parts) == [RIG]


async def test_config_that_fails(bench: Make) -> None:
    """Settings hold until they are seen to be different."""
    there = await bench()
    await there.read()
    there.rig.answers["/2/config"] = "nonsense"
    failed = 0
    for _ in range(60):
        snapshot = await there.read()
        assert snapshot.rig.get(readings.CPU.plain) is True
        assert readings.CPU.plain in snapshot.rig.controls
        failed += snapshot.unparsed == ("config",)
    assert failed == 11


async def test_restricted_rig(bench: Make) -> None:
    """It can be watched, and says how it is opened."""
    there = await bench(restricted=True)
    snapshot = await there.read()
    assert snapshot.read_only == "xmrig_restricted"
    assert not snapshot.rig.controls
    assert not snapshot.rig.actions
    assert snapshot.rig.get(MINING_ALLOWED.plain) is True
    assert snapshot.rig.get(DONATE_LEVEL.plain) == 1
    assert readings.CPU.plain not in snapshot.rig.values


async def test_rig_is_restricted_later(bench: Make) -> None:
    """Its owner may change that at any time, in both directions."""
    there = await bench()
    assert (await there.read()).rig.controls
    there.rig.configure({"http": {"restricted": True}})
    there.clock.advance(1)
    snapshot = await there.read()
    assert snapshot.read_only
    assert not snapshot.rig.controls
    there.rig.configure({"http": {"restricted": False}})
    there.clock.advance(1)
    snapshot = await there.read()
    assert snapshot.read_only is None
    assert readings.CPU.plain in snapshot.rig.controls


# ---- mining


async def test_pause_and_resume(bench: Make) -> None:
    """Off is a pause; hashrates of rig and cards are 0 at once."""
    there = await bench(cards=CARDS)
    assert await there.order(MINING_ALLOWED.plain, False)
    assert there.rig.paused
    snapshot = await there.read()
    assert snapshot.rig.get(MINING.plain) is False
    for part in snapshot.parts.values():
        assert part.get(HASHRATE.plain) == 0
    assert await there.order(MINING_ALLOWED.plain, True)
    assert not there.rig.paused
    assert there.puts == 0
    assert (await there.polls(2)).rig.get(MINING.plain) is True


async def test_resume_after_a_long_pause(bench: Make) -> None:
    """Empty windows are no sign that the workers are gone."""
    there = await bench()
    assert await there.order(MINING_ALLOWED.plain, False)
    await there.polls(120)
    there.rig.requests.clear()
    assert await there.order(MINING_ALLOWED.plain, True)
    assert there.rig.hashing
    assert there.puts == 0


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (["pause-on-battery"], "xmrig_paused_on_battery"),
        (["pause-on-active"], "xmrig_paused_in_use"),
        (["pause-on-active", "pause-on-battery"], "xmrig_paused_by_itself"),
    ],
)
async def test_resume_during_a_pause_of_the_miner_itself(
    bench: Make, options: list[str], key: str
) -> None:
    """The miner answers OK and stays paused: the refusal names its reason."""
    there = await bench(config=dict.fromkeys(options, True))
    await there.read()
    there.rig.on_battery = there.rig.user_active = True
    assert (await there.read()).rig.get(MINING_ALLOWED.plain) is False
    with pytest.raises(CommandRefused) as caught:
        await there.order(MINING_ALLOWED.plain, True)
    assert caught.value.translation_key == key
    there.rig.on_battery = there.rig.user_active = False
    there.rig.pause()
    assert await there.order(MINING_ALLOWED.plain, True)


async def test_stop_and_start(bench: Make) -> None:
    """After `stop`, on brings the workers back by writing the configuration."""
    there = await bench(habits=Habits(job_interval=None))
    snapshot = await there.read()
    (stop,) = snapshot.rig.actions
    assert not stop.enabled
    await there.source.press(RIG, stop)
    assert there.rig.stopped
    snapshot = await there.read(1)
    assert snapshot.rig.get(MINING_ALLOWED.plain) is False
    assert snapshot.rig.get(MINING.plain) is False
    assert snapshot.rig.get(readings.PAUSED.plain) is False
    await there.polls(20)
    assert there.rig.stopped

    control = snapshot.rig.controls[MINING_ALLOWED.plain]
    there.rig.requests.clear()
    before = there.rig.config
    await there.source.write(RIG, control, True)
    assert there.puts == 1
    assert [
        orjson.loads(request.body)["method"]
        for request in there.rig.requests
        if request.path == "/json_rpc"
    ] == ["resume", "start"]
    assert await there.shows(MINING_ALLOWED.plain, True)
    assert there.rig.hashing
    assert there.rig.config == before


async def test_start_where_it_is_known(bench: Make) -> None:
    """A version that knows `start` needs no configuration."""
    there = await bench(habits=Habits(job_interval=None, knows_start=True))
    await there.source.press(RIG, STOP)
    assert await there.order(MINING_ALLOWED.plain, True)
    assert there.rig.hashing
    assert there.puts == 0


async def test_start_is_not_tried_twice(bench: Make) -> None:
    """Where the miner can be heard to refuse it, it is not asked again."""
    there = await bench(version="5.5.0", habits=Habits(job_interval=None))
    methods: list[str] = []
    for _ in range(2):
        await there.source.press(RIG, STOP)
        control = (await there.read(1)).rig.controls[MINING_ALLOWED.plain]
        there.rig.requests.clear()
        await there.source.write(RIG, control, True)
        methods += [
            orjson.loads(request.body)["method"]
            for request in there.rig.requests
            if request.path == "/json_rpc"
        ]
        assert await there.shows(MINING_ALLOWED.plain, True)
    assert methods == ["resume", "start", "resume"]


async def test_workers_that_do_not_come_back(bench: Make) -> None:
    """Then the order is not confirmed."""
    there = await bench(habits=Habits(job_interval=None))
    await there.source.press(RIG, STOP)
    there.rig.configure({"cpu": {"rx": False, "enabled": False}})
    there.clock.advance(1)
    assert not await there.order(MINING_ALLOWED.plain, True)


async def test_next_job_ends_a_stop(bench: Make) -> None:
    """The pool's next job starts the workers; the switch follows."""
    there = await bench(habits=Habits(job_interval=60))
    await there.read()
    await there.source.press(RIG, STOP)
    assert (await there.read(1)).rig.get(MINING_ALLOWED.plain) is False
    assert (await there.polls(9)).rig.get(MINING_ALLOWED.plain) is True


async def test_on_without_a_pool(bench: Make) -> None:
    """There is nothing to bring back: the next pool's job starts the workers."""
    there = await bench(habits=Habits(job_interval=None))
    await there.source.press(RIG, STOP)
    there.rig.fault(Fault.NO_POOL)
    assert await there.order(MINING_ALLOWED.plain, True)
    assert there.puts == 0


@pytest.mark.parametrize("version", ["6.26.0", "6.22.1"])
async def test_stop_by_somebody_else(bench: Make, version: str) -> None:
    """It is noticed after a while; a restart forgets it."""
    there = await bench(version=version, habits=Habits(job_interval=None))
    await there.polls(2)
    there.rig.stop_workers()
    assert (await there.polls(4)).rig.get(MINING_ALLOWED.plain) is True
    snapshot = await there.polls(8)
    assert snapshot.rig.get(MINING_ALLOWED.plain) is False
    assert snapshot.rig.get(MINING.plain) is False
    assert await there.order(MINING_ALLOWED.plain, True)
    assert there.rig.hashing

    there.rig.stop_workers()
    await there.polls(12)
    there.rig.restart()
    assert (await there.polls(2)).rig.get(MINING_ALLOWED.plain) is True


@pytest.mark.parametrize("version", ["6.26.0", "6.22.1"])
async def test_on_while_the_memory_is_prepared(bench: Make, version: str) -> None:
    """No threads for 80 s are not threads that were ended: nothing is rewritten."""
    there = await bench(version=version, habits=Habits(job_interval=None))
    assert (await there.read()).rig.get(readings.THREADS_HINT.plain) == 100
    # The summary and the backends are those of a miner that prepares.
    there.rig.stop_workers()
    for _ in range(7):
        assert await there.order(MINING_ALLOWED.plain, True)
        assert not there.rig.hashing
        assert there.puts == 0


async def test_threads_are_started_once(bench: Make) -> None:
    """They prepare after that; to turn it on again does not restart them."""
    there = await bench(habits=Habits(job_interval=None))
    control = (await there.read()).rig.controls[MINING_ALLOWED.plain]
    await there.source.press(RIG, STOP)
    await there.source.write(RIG, control, True)
    assert there.puts == 1
    there.rig.stop_workers()
    there.source._stop.stopped = True
    there.rig.requests.clear()
    await there.source.write(RIG, control, True)
    assert there.puts == 0


async def test_pausing_needs_no_configuration(bench: Make) -> None:
    """It is one request, whatever waits for the configuration."""
    there = await bench(habits=Habits(job_interval=None))
    control = (await there.read()).rig.controls[MINING_ALLOWED.plain]
    there.rig.answers["/2/config"] = b"["
    there.rig.requests.clear()
    async with there.source._editor._turn:
        await there.source.write(RIG, control, False)
        assert there.asked == ["POST /json_rpc"]
        assert there.rig.paused
        await there.source.write(RIG, control, True)
    assert not there.rig.paused


async def test_miner_that_only_begins(bench: Make) -> None:
    """Without a pool, or without having hashed, nothing was stopped."""
    there = await bench()
    there.rig.fault(Fault.NO_POOL)
    snapshot = await there.polls(20)
    assert snapshot.rig.get(MINING_ALLOWED.plain) is True
    assert snapshot.rig.get(MINING.plain) is False

    there = await bench(running_for=0)
    for _ in range(20):
        assert (await there.read(2)).rig.get(MINING_ALLOWED.plain) is True

    there = await bench(config={"cpu": {"enabled": False}}, running_for=0)
    snapshot = await there.polls(20)
    assert snapshot.rig.get(MINING_ALLOWED.plain) is True
    assert snapshot.rig.get(MINING.plain) is False


async def test_unknown_action(bench: Make) -> None:
    """What XMRig does not know is refused."""
    there = await bench()
    with pytest.raises(CommandRefused):
        await there.source.press(RIG, Action("reboot"))
    with pytest.raises(CommandRefused):
        await there.source.write(RIG, Control(channel=HASHRATE.plain), 5.0)
    assert there.puts == 0


# ---- settings


@pytest.mark.parametrize(
    ("channel", "value", "path", "wire"),
    [
        (readings.CPU.plain, False, ("cpu", "enabled"), False),
        (readings.OPENCL.plain, False, ("opencl", "enabled"), False),
        (readings.CUDA.plain, False, ("cuda", "enabled"), False),
        (DONATE_LEVEL.plain, 5.0, ("donate-level",), 5),
        (readings.CPU_PRIORITY.plain, "high", ("cpu", "priority"), 4),
        (readings.PAUSE_ON_BATTERY.plain, True, ("pause-on-battery",), True),
        (readings.PAUSE_ON_ACTIVE.plain, True, ("pause-on-active",), True),
    ],
)
@pytest.mark.parametrize("watch", [True, False])
async def test_settings(
    bench: Make,
    channel: Channel[Any],
    value: Value,
    path: tuple[str, ...],
    wire: Any,
    *,
    watch: bool,
) -> None:
    """One key changes, the miner shows it, and no other key is lost."""
    there = await bench(cards=CARDS, config={"watch": watch})
    expected = there.rig.config
    place = expected
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = wire
    assert await there.order(channel, value)
    assert there.rig.config == expected


async def test_active_pool(bench: Make) -> None:
    """The chosen pool becomes the first; no wallet is shown."""
    there = await bench(pools=POOLS)
    snapshot = await there.read()
    control = snapshot.rig.controls[readings.ACTIVE_POOL.plain]
    assert control.options == (
        "first.example:443",
        "second.example:3333",
        "third.example:3333",
    )
    assert snapshot.rig.get(readings.ACTIVE_POOL.plain) == "first.example:443"
    before = there.rig.config["pools"]
    assert await there.order(readings.ACTIVE_POOL.plain, "third.example:3333")
    after = there.rig.config["pools"]
    assert [pool["url"] for pool in after] == [
        before[2]["url"],
        before[0]["url"],
        before[1]["url"],
    ]
    assert after[1:] == before[:2]
    assert "WALLET" not in str(snapshot)


async def test_seconds_of_pause_on_active_are_kept(bench: Make) -> None:
    """Off and on again waits as long as the owner wanted."""
    there = await bench(config={"pause-on-active": 120})
    assert await there.order(readings.PAUSE_ON_ACTIVE.plain, False)
    assert there.rig.config["pause-on-active"] is False
    assert await there.order(readings.PAUSE_ON_ACTIVE.plain, True)
    assert there.rig.config["pause-on-active"] == 120


async def test_value_that_the_miner_does_not_take(bench: Make) -> None:
    """It is replaced by the default without a word; the old one is sent again."""
    there = await bench()
    control = (await there.read()).rig.controls[DONATE_LEVEL.plain]
    before = there.rig.config
    with pytest.raises(CommandRefused) as caught:
        await there.source.write(RIG, control, 150)
    assert caught.value.translation_key == "xmrig_config_not_taken"
    assert there.rig.config == before


async def test_writes_keep_their_distance(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most one change in 10 s, none at the same time, none lost."""
    there = await bench()
    controls = (await there.read()).rig.controls
    times: list[float] = []
    request = there.source._api._http.request

    async def note(method: str, path: str, **more: Any) -> Answer:
        if method == "PUT":
            times.append(there.clock())
        return await request(method, path, **more)

    monkeypatch.setattr(there.source._api._http, "request", note)
    there.rig.requests.clear()
    await asyncio.gather(
        there.source.write(RIG, controls[DONATE_LEVEL.plain], 3),
        there.source.write(RIG, controls[readings.CPU_PRIORITY.plain], "low"),
        there.source.write(RIG, controls[readings.PAUSE_ON_BATTERY.plain], True),
    )
    methods = [request.method for request in there.rig.requests]
    assert [m for m, _ in groupby(methods)] == ["GET", "PUT"] * 3 + ["GET"]
    assert all(b - a > 9.9 for a, b in pairwise(times))
    there.clock.advance(1)
    config = there.rig.config
    assert config["donate-level"] == 3
    assert config["cpu"]["priority"] == 1
    assert config["pause-on-battery"] is True


@pytest.mark.parametrize(
    ("restrict", "fault", "error"),
    [
        (True, None, CommandRefused),
        (False, Fault.WRONG_TOKEN, SourceRefused),
        (False, Fault.OFF, SourceUnreachable),
        (False, Fault.GARBAGE, SourceGarbled),
    ],
)
async def test_settings_that_fail(
    bench: Make, fault: Fault | None, error: type[SourceError], *, restrict: bool
) -> None:
    """A refusal, and every way not to be there."""
    there = await bench()
    controls = (await there.read()).rig.controls
    if restrict:
        there.rig.configure({"http": {"restricted": True}})
        there.clock.advance(1)
    if fault:
        there.rig.fault(fault)
    for channel, value in (
        (readings.CPU.plain, False),
        (readings.THREADS_HINT.plain, 50.0),
    ):
        with pytest.raises(error):
            await there.source.write(RIG, controls[channel], value)
    if fault is not Fault.GARBAGE:
        # What a call says is not trusted; reading back would tell.
        with pytest.raises(error):
            await there.source.write(RIG, controls[MINING_ALLOWED.plain], False)


# ---- the hint for threads

TUNED = {
    "rx": [0, 2, 4],
    "rx/wow": [1, 3],
    "cn": [[1, 0], [1, 2]],
    "argon2": {"intensity": 1, "threads": 4, "affinity": -1},
    "cn/upx2": [[2, 0]],
    "ghostrider": [[8, 0]],
    "rx/arq": "rx",
    "cn-lite/0": False,
}


async def test_threads_hint(bench: Make) -> None:
    """The owner's profiles go, are kept, and come back."""
    notes = InMemoryNotes()
    there = await bench(notes, config={"cpu": TUNED})
    original = there.rig.config
    assert (await there.read()).rig.get(readings.THREADS_HINT.plain) == 100

    assert await there.order(readings.THREADS_HINT.plain, 50.0)
    changed = there.rig.config
    assert changed["cpu"]["rx"] == [0, 1, 2]
    assert changed["cpu"]["cn-lite/0"] is False
    assert {k: v for k, v in changed.items() if k != "cpu"} == {
        k: v for k, v in original.items() if k != "cpu"
    }
    assert await there.order(readings.THREADS_HINT.plain, 20.0)
    assert len(there.rig.config["cpu"]["rx"]) == 2

    # Another run of Home Assistant knows it from the notes.
    context = SourceContext(
        data={"host": there.rig.host, "port": there.rig.port, "access_token": TOKEN},
        session=there.source._api._http._session,
        notes=notes,
    )
    there.source = await async_open(context)
    assert (await there.read()).rig.get(readings.THREADS_HINT.plain) == 20

    assert await there.order(readings.THREADS_HINT.plain, 100.0)
    assert there.rig.config == original
    assert not any(notes.kept.values())


async def test_hint_without_a_cpu(bench: Make) -> None:
    """A configuration that has no CPU any more is left alone."""
    there = await bench()
    control = (await there.read()).rig.controls[readings.THREADS_HINT.plain]
    there.rig.answers["/2/config"] = {"pools": []}
    with pytest.raises(CommandRefused):
        await there.source.write(RIG, control, 50.0)
    assert readings.THREADS_HINT.plain not in (await there.read()).rig.controls


async def test_hint_that_changes_nothing(bench: Make) -> None:
    """A few percent less are as many threads; the hint is in force all the same."""
    there = await bench()
    original = there.rig.config
    assert await there.order(readings.THREADS_HINT.plain, 99.0)
    assert there.rig.config == original
    assert (await there.polls(60)).rig.get(readings.THREADS_HINT.plain) == 99
    assert await there.order(readings.THREADS_HINT.plain, 100.0)


async def test_same_hint_is_not_written(bench: Make) -> None:
    """What is in force needs no writing."""
    there = await bench()
    assert await there.order(readings.THREADS_HINT.plain, 100.0)
    assert there.puts == 0


async def test_hint_while_the_cpu_is_off(bench: Make) -> None:
    """Then the miner shows the hint itself, having made no profiles."""
    there = await bench(config={"cpu": {"enabled": False}})
    there.rig.answers["/2/config"] = CONFIG
    assert (await there.read()).rig.get(readings.THREADS_HINT.plain) == 100
    config = deepcopy(CONFIG)
    config["cpu"]["max-threads-hint"] = 40
    control = Control(channel=readings.THREADS_HINT.plain)
    del there.rig.answers["/2/config"]
    await there.source.write(RIG, control, 40.0)
    there.rig.answers["/2/config"] = config
    assert (await there.read()).rig.get(readings.THREADS_HINT.plain) == 40


async def test_new_profiles_of_the_owner(bench: Make) -> None:
    """Somebody who edits them ends the hint; the new ones are what is kept."""
    there = await bench(config={"cpu": TUNED})
    assert await there.order(readings.THREADS_HINT.plain, 50.0)
    there.rig.configure({"cpu": {"rx": [7]}})
    assert (await there.polls(31)).rig.get(readings.THREADS_HINT.plain) == 100
    assert await there.order(readings.THREADS_HINT.plain, 50.0)
    assert await there.order(readings.THREADS_HINT.plain, 100.0)
    assert there.rig.config["cpu"]["rx"] == [7]


async def test_refused_hint_keeps_the_notes(bench: Make) -> None:
    """Nothing was sent, so nothing has changed."""
    notes = InMemoryNotes()
    there = await bench(notes, config={"cpu": TUNED})
    control = (await there.read()).rig.controls[readings.THREADS_HINT.plain]
    there.rig.configure({"http": {"restricted": True}})
    there.clock.advance(1)
    with pytest.raises(CommandRefused):
        await there.source.write(RIG, control, 50.0)
    assert not any(notes.kept.values())


async def test_hint_of_which_nothing_is_heard(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rig vanishes with the answer: the profiles stay in the notes."""
    notes = InMemoryNotes()
    there = await bench(notes, config={"cpu": TUNED})
    original = there.rig.config
    control = (await there.read()).rig.controls[readings.THREADS_HINT.plain]
    put = there.source._api.put_config

    async def put_and_vanish(config: Any) -> None:
        await put(config)
        there.rig.fault(Fault.UNPLUGGED)

    monkeypatch.setattr(there.source._api, "put_config", put_and_vanish)
    await there.source.write(RIG, control, 50.0)
    monkeypatch.setattr(there.source._api, "put_config", put)
    there.rig.fault("on")
    there.clock.advance(60)
    snapshot = await there.read()
    assert readings.THREADS_HINT.plain not in snapshot.rig.values
    assert readings.THREADS_HINT.plain in snapshot.rig.controls
    await there.source.write(RIG, control, 100.0)
    there.clock.advance(10)
    assert there.rig.config == original


# ---- the configuration, for administrators


async def test_get_config(bench: Make) -> None:
    """Everything but secrets."""
    there = await bench(pools=POOLS)
    config = await there.source.get_config()
    assert config.keys() == there.rig.config.keys()
    assert TOKEN not in str(config)
    assert "WALLET" not in str(config)


async def test_set_config(bench: Make) -> None:
    """It returns when the miner shows the change."""
    there = await bench(pools=POOLS)
    expected = there.rig.config
    expected["print-time"] = 30
    expected["cpu"]["yield"] = False
    expected["pools"][1]["enabled"] = False
    changes = {
        "print-time": 30,
        "cpu": {"yield": False},
        "pools": [{}, {"enabled": False}],
    }
    await there.source.set_config(changes)
    assert there.rig.config == expected
    there.rig.requests.clear()
    await there.source.set_config(changes)
    assert there.puts == 0


@pytest.mark.parametrize(
    ("changes", "key", "placeholders"),
    [
        ({"http": {"port": 1}}, "config_key_refused", {"key": "http"}),
        ({"pools": [{"user": "x"}]}, "config_key_refused", {"key": "pools.0.user"}),
        (
            {"pools": [{"enabled": False}, {"enabled": False}]},
            "xmrig_config_rejected",
            {},
        ),
        ({"donate-level": 150}, "xmrig_config_not_taken", {"keys": "donate-level"}),
        (
            {"cpu": {"x": 2, "y": 3, "yield": False}},
            "xmrig_config_not_taken",
            {"keys": "cpu.x, cpu.y"},
        ),
        ({"new": 1}, "xmrig_config_unknown", {"key": "new"}),
        ({"randomx": True}, "xmrig_config_type", {"key": "randomx"}),
        ({"title": {1}}, "xmrig_config_rejected", {}),
    ],
)
async def test_set_config_that_fails(
    bench: Make, changes: Any, key: str, placeholders: dict[str, str]
) -> None:
    """What is refused, what the miner rejects, and what it drops."""
    there = await bench(pools=POOLS)
    before = there.rig.config
    with pytest.raises(CommandRefused) as caught:
        await there.source.set_config(changes)
    assert caught.value.translation_key == key
    assert caught.value.placeholders == placeholders
    assert there.rig.config == before


async def test_set_config_of_a_rig_that_vanishes(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read back is not taken for done."""
    there = await bench()
    put = there.source._api.put_config

    async def put_and_vanish(config: Any) -> None:
        await put(config)
        there.rig.fault(Fault.UNPLUGGED)

    monkeypatch.setattr(there.source._api, "put_config", put_and_vanish)
    with pytest.raises(CommandRefused) as caught:
        await there.source.set_config({"print-time": 30})
    assert caught.value.placeholders == {"keys": "print-time"}


# ---- anything at all


class Prepared:
    """An HTTP server that has an answer for every path."""

    def __init__(self, answers: dict[str, Any]) -> None:
        """Take decoded answers by path."""
        self.answers = answers

    def url(self, path: str) -> str:
        """Return an address."""
        return f"http://rig{path}"

    async def get(self, path: str, **more: Any) -> Answer:
        """Answer."""
        if path not in self.answers:
            return Answer(404, b"")
        return Answer(200, orjson.dumps(self.answers[path]))

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        """Answer a command."""
        return await self.get(path) if method == "POST" else Answer(204, b"")


@pytest.fixture(scope="module")
def no_waits() -> Iterator[None]:
    """Let edits wait for nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("custom_components.mining_rig.sources.xmrig.editor.PUT_GAP", 0.0)
        patch.setattr(
            "custom_components.mining_rig.sources.xmrig.editor.APPLIED_AFTER", ()
        )
        patch.setattr(
            "custom_components.mining_rig.sources.xmrig.miner._OWN_PAUSE_SHOWS", (0.0,)
        )
        yield


@pytest.mark.usefixtures("no_waits")
@given(st.data())
async def test_any_answer(data: st.DataObject) -> None:
    """Nothing but a SourceError leaves the source, and nothing wrong comes out."""
    http: Any = Prepared(
        {
            "/2/summary": data.draw(spoilt({**CPU_RIG, "paused": False})),
            "/2/backends": data.draw(spoilt(BACKENDS)),
            "/2/config": data.draw(spoilt({**CONFIG, "pools": list(POOLS)})),
            "/json_rpc": data.draw(spoilt({"result": {"status": "OK"}, "id": 1})),
        }
    )
    api: Any = XmrigApi(http, TOKEN, kinds=frozenset(("miner",)))
    source = XmrigSource(api, "rig", InMemoryNotes())
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    try:
        identity = await source.identify()
        assert identity.title
        snapshot = await source.read(now)
    except SourceError:
        return
    check(snapshot)
    for control in snapshot.rig.controls.values():
        value = data.draw(st.sampled_from((True, False, 5, "high", *control.options)))
        with suppress(SourceError):
            await source.write(RIG, control, value)
    check(await source.read(now + timedelta(minutes=20)))
