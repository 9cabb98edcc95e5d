"""The xmrig-proxy source against a simulated proxy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Control,
    Part,
    Snapshot,
    Value,
)
from custom_components.mining_rig.readings import ACCEPTED, CONNECTED, HASHRATE, MINING
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Configured,
    InMemoryNotes,
    Polled,
    Source,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.xmrig.miner import (
    async_open as async_open_xmrig,
)
from custom_components.mining_rig.sources.xmrig.proxy import (
    XmrigProxySource,
    async_open,
    readings,
)
from simulator.clock import ManualClock
from simulator.faults import Fault
from simulator.server import Reply
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import Client, SimulatedXmrigProxy, some_clients

from .spoil import check

TOKEN = "s3cr3t-t0ken"
DIFFICULTY = readings.CUSTOM_DIFFICULTY.plain
VERBOSE = readings.VERBOSE.plain


class Bench:
    """A source at a proxy, with one clock for both."""

    def __init__(
        self,
        proxy: SimulatedXmrigProxy,
        source: XmrigProxySource,
        clock: ManualClock,
    ) -> None:
        """Take both."""
        self.proxy = proxy
        self.source = source
        self.clock = clock

    async def read(self, seconds: float = 10) -> Snapshot:
        """Poll after so many seconds."""
        self.clock.advance(seconds)
        self.proxy.requests.clear()
        now = datetime.fromtimestamp(self.clock(), UTC)
        snapshot = await self.source.read(now)
        check(snapshot)
        assert "/1/miners" not in {request.path for request in self.proxy.requests}
        return snapshot

    async def workers(self, seconds: float = 10) -> dict[str, Part]:
        """Poll and return the workers by their names."""
        parts = (await self.read(seconds)).parts
        return {str(part.name): part for key, part in parts.items() if key != RIG}

    async def order(self, channel: Channel[Any], value: Value) -> Value | None:
        """Write a control and return what the proxy then shows."""
        control = (await self.read()).rig.controls[channel]
        await self.source.write(RIG, control, value)
        return (await self.read(1)).rig.get(channel)

    @property
    def asked(self) -> list[str]:
        """What the last reading asked for."""
        return [f"{r.method} {r.path}" for r in self.proxy.requests]


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


type Make = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def bench(session: ClientSession, clock: ManualClock) -> AsyncIterator[Make]:
    """Return what sets up a proxy that takes commands, with other traits if asked."""
    proxies: list[SimulatedXmrigProxy] = []

    async def make(notes: InMemoryNotes | None = None, **traits: Any) -> Bench:
        defaults = {"token": TOKEN, "restricted": False, "clock": clock}
        proxy = SimulatedXmrigProxy(**{**defaults, **traits})
        await proxy.start()
        proxies.append(proxy)
        context = SourceContext(
            data=dict(proxy.form), session=session, notes=notes or InMemoryNotes()
        )
        return Bench(proxy, await async_open(context), clock)

    yield make
    for proxy in proxies:
        await proxy.stop()


# ---- who is there


async def test_protocols_and_identity(bench: Make) -> None:
    """It can be asked, commanded and configured; its id may change."""
    there = await bench(rig_id="0123456789abcdef", name="Hall")
    for protocol in (Source, Polled, Writable, Configured):
        assert isinstance(there.source, protocol)
    identity = await there.source.identify()
    assert (identity.rig_id, identity.stable) == ("0123456789abcdef", False)
    assert (identity.title, identity.model) == ("hall", "xmrig-proxy")
    assert identity.version == "6.26.0"
    # A browser cannot send the token.
    assert there.source.address is None
    await there.source.close()
    anybody = await bench(token=None, restricted=True)
    assert anybody.source.address == f"{anybody.proxy.url}/1/summary"


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
    there.proxy.fault(fault)
    with pytest.raises(error):
        await there.source.identify()
    with pytest.raises(error):
        await there.read()


async def test_the_wrong_kind(bench: Make, session: ClientSession) -> None:
    """A miner is no proxy, a proxy is no miner, and both are known."""
    async with SimulatedXMRig(token=TOKEN) as miner:
        source = await async_open(SourceContext(data=dict(miner.form), session=session))
        with pytest.raises(SourceGarbled) as wrong:
            await source.identify()
        assert wrong.value.kind == "xmrig"
    there = await bench()
    context = SourceContext(data=dict(there.proxy.form), session=session)
    with pytest.raises(SourceGarbled) as wrong:
        await (await async_open_xmrig(context)).identify()
    assert wrong.value.kind == "xmrig_proxy"
    there.proxy.answers["/1/summary"] = {"kind": "toaster"}
    with pytest.raises(SourceGarbled) as wrong:
        await there.source.identify()
    assert wrong.value.kind is None
    # A proxy that does not say what it is can be seen to be one.
    there.proxy.answers["/1/summary"] = {"miners": {"now": 2}, "upstreams": 1}
    assert (await there.read()).rig.get(readings.MINERS.plain) == 2


@pytest.mark.parametrize(
    "version",
    [
        "6.26.0",
        "5.7.0",
        "3.0.0",
        "2.99.0",
        "2.16.0",
        "2.9.0",
        "2.6.0",
        "2.5.0",
        "2.4.0",
    ],
)
async def test_versions(bench: Make, version: str) -> None:
    """Every version is read, its workers too."""
    there = await bench(version=version, token=None, restricted=True)
    await there.read()
    snapshot = await there.read()
    assert snapshot.rig.get(HASHRATE.plain)
    assert snapshot.rig.get(MINING.plain)
    assert snapshot.rig.version == version
    assert snapshot.unparsed == ()
    assert not snapshot.rig.controls
    assert len(snapshot.parts) == 4
    known = readings.HASHRATE_TOTAL.plain in snapshot.rig.values
    assert known is (version != "2.4.0")


async def test_a_proxy_of_old_paths_only(bench: Make) -> None:
    """Where nothing else is there, `/` is the summary."""
    there = await bench(token=None, restricted=True)
    gone = Reply(status=404, reason="NOT_FOUND")
    there.proxy.answers |= {
        "/1/summary": gone,
        "/2/summary": gone,
        "/1/workers": gone,
        "/": {"kind": "proxy", "version": "2.4.0", "upstreams": 3, "uptime": 99},
        "/workers.json": {"workers": [["x", "192.0.2.1", 1]]},
    }
    snapshot = await there.read()
    assert snapshot.rig.get(readings.UPSTREAMS_ACTIVE.plain) == 3
    assert snapshot.parts["worker_x"].get(CONNECTED.plain) is True


# ---- what is asked for when


async def test_requests(bench: Make) -> None:
    """The summary at each poll, workers every 30 s, the configuration seldom."""
    there = await bench()
    await there.read()
    assert there.asked == ["GET /1/summary", "GET /1/workers", "GET /1/config"]
    asked: list[str] = []
    for _ in range(60):
        await there.read()
        assert there.asked[0] == "GET /1/summary"
        asked += there.asked
    assert asked.count("GET /1/summary") == 60
    assert asked.count("GET /1/workers") == 20
    assert asked.count("GET /1/config") == 2


async def test_who_comes_and_goes_is_seen_at_once(bench: Make) -> None:
    """The next poll asks for the workers, too."""
    there = await bench()
    await there.read()
    await there.read()
    assert there.asked == ["GET /1/summary"]
    newcomer = Client(rig_id="newcomer", rate=500)
    there.proxy.connect(newcomer)
    assert (await there.workers())["newcomer"].get(CONNECTED.plain) is True
    there.proxy.disconnect(newcomer)
    gone = (await there.workers())["newcomer"]
    assert gone.get(CONNECTED.plain) is False
    assert gone.get(readings.CONNECTIONS.plain) == 0
    there.proxy.connect(newcomer)
    there.proxy.connect(Client(rig_id="newcomer", rate=500))
    both = (await there.workers())["newcomer"]
    assert both.get(readings.CONNECTIONS.plain) == 2


async def test_hundreds(bench: Make) -> None:
    """Each is a part of its own."""
    there = await bench(clients=some_clients(300), running_for=60)
    assert len(await there.workers()) == 300


async def test_workers_that_cannot_be_read(bench: Make) -> None:
    """What was known of them holds for a while; the proxy itself is told of."""
    there = await bench()
    assert len(await there.workers()) == 3
    there.proxy.answers["/1/workers"] = "cut {"
    unparsed: set[str] = set()
    for _ in range(8):
        snapshot = await there.read()
        unparsed.update(snapshot.unparsed)
        assert snapshot.rig.get(HASHRATE.plain)
    assert len(snapshot.parts) == 4
    assert unparsed == {"workers"}
    for _ in range(8):
        snapshot = await there.read()
    assert len(snapshot.parts) == 1
    # An answer that is none of workers is no reason to forget where they are.
    there.proxy.answers["/1/workers"] = {}
    await there.read(40)
    del there.proxy.answers["/1/workers"]
    assert len(await there.workers(40)) == 3


async def test_workers_before_an_interruption(bench: Make) -> None:
    """Nobody is shown again who was there before the proxy did not answer."""
    there = await bench()
    assert len(await there.workers()) == 3
    there.proxy.answers |= {"/1/summary": "cut {", "/1/workers": "cut {"}
    with pytest.raises(SourceError):
        await there.read()
    del there.proxy.answers["/1/summary"]
    assert len((await there.read()).parts) == 1


async def test_the_summary_wins_the_poll(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it took all the time, the proxy is there without its extras."""
    monkeypatch.setattr(
        "custom_components.mining_rig.sources.common.poll_budget.EXTRAS_END", 0.0
    )
    there = await bench()
    snapshot = await there.read()
    assert snapshot.rig.get(HASHRATE.plain)
    assert list(snapshot.parts) == [RIG]
    assert set(snapshot.unparsed) == {"workers", "config"}


async def test_a_proxy_without_workers(bench: Make) -> None:
    """A path that is not there is not asked for over and over."""
    there = await bench(config={"workers": False})
    assert await there.workers() == {}
    for path in ("/1/workers", "/workers.json"):
        there.proxy.answers[path] = Reply(status=404, reason="NOT_FOUND")
    there.proxy.restart()
    asked: list[str] = []
    for _ in range(30):
        await there.read()
        asked += there.asked
    assert asked.count("GET /1/workers") <= 3


async def test_restart(bench: Make) -> None:
    """Counters begin anew; a worker that is not back is only missing."""
    there = await bench()
    before = await there.workers()
    for client in list(there.proxy.proxy.clients)[1:]:
        there.proxy.disconnect(client)
    there.proxy.restart()
    await there.read(1)
    snapshot = await there.read(2)
    assert HASHRATE.plain not in snapshot.rig.values
    after = await there.workers(30)
    assert len(before) == 3
    assert [*after] == ["rig-001"]
    accepted = after["rig-001"].get(ACCEPTED.plain)
    assert accepted is not None
    assert accepted < (before["rig-001"].get(ACCEPTED.plain) or 0)


async def test_no_pool(bench: Make) -> None:
    """That the pool is away is a problem, and nobody mines meanwhile."""
    there = await bench()
    rig = (await there.read()).rig
    assert rig.get(readings.POOL_UNREACHABLE.plain) is False
    there.proxy.fault("no_pool")
    rig = (await there.read()).rig
    assert rig.get(readings.POOL_UNREACHABLE.plain) is True
    assert rig.get(MINING.plain) is False
    there.proxy.fault("normal")
    assert (await there.read()).rig.get(MINING.plain) is True


# ---- names


async def test_names_by_mode(bench: Make) -> None:
    """Another way of naming makes other workers; passwords are never shown."""
    clients = [
        Client(rig_id="one", rate=900, password="hunter2!", user="alice.w1"),
        Client(rig_id=None, rate=900, password="correct horse", user="bob@example.com"),
    ]
    there = await bench(clients=clients)
    first = await there.workers()
    assert "one" in first
    assert "bob@example.com" not in first
    for mode in ("user", "password"):
        there.proxy.configure({"workers": mode})
        found = await there.workers(40)
        assert len(found) == 2
        shown = repr([(part.key, part.name) for part in found.values()])
        for secret in ("hunter2!", "correct horse", "alice.w1", "bob@example.com"):
            assert secret not in shown
    there.proxy.configure({"workers": "ip"})
    assert [*await there.workers(40)] == ["192.0.2.10"]


async def test_a_user_is_hidden_in_every_mode(bench: Make) -> None:
    """A miner without a rig id has the account of the pool as its name."""
    notes = InMemoryNotes()
    traits: dict[str, Any] = {
        "clients": [Client(rig_id=None, rate=900, user="alice.w1")],
        "config": {"pools": [{"url": "pool.example:1", "user": "alice"}]},
    }
    there = await bench(notes, **traits)
    [worker] = (await there.workers()).values()
    assert "alice" not in f"{worker.key} {worker.name}"
    there.proxy.configure({"workers": "user"})
    [again] = (await there.workers(40)).values()
    assert (again.key, again.name) == (worker.key, worker.name)
    # At the next start the configuration cannot be read yet.
    there = await bench(notes, **traits)
    there.proxy.answers["/1/config"] = "cut {"
    [again] = (await there.workers()).values()
    assert again.key == worker.key
    assert "alice" not in repr(notes.kept)


async def test_the_key_of_the_digests_is_kept(bench: Make) -> None:
    """A restart of Home Assistant gives a hidden worker no other id."""
    notes = InMemoryNotes()
    traits = {"clients": [Client(rig_id="4" * 95, rate=900)], "seed": 7}
    [first] = (await (await bench(notes, **traits)).workers()).values()
    [again] = (await (await bench(notes, **traits)).workers()).values()
    [other] = (await (await bench(**traits)).workers()).values()
    assert first.key == again.key != other.key


# ---- commands


async def test_settings(bench: Make) -> None:
    """They take effect, nothing else changes, and they are read back."""
    there = await bench(config={"mode": "simple", "donate-level": 2})
    before = there.proxy.config
    assert await there.order(DIFFICULTY, 25000.0) == 25000
    assert await there.order(VERBOSE, True) is True
    assert there.proxy.config == {**before, "custom-diff": 25000, "verbose": True}
    assert await there.order(DIFFICULTY, 0.0) == 0
    assert await there.order(VERBOSE, False) is False
    assert there.proxy.config == before


async def test_refusals(bench: Make) -> None:
    """What cannot be is refused before anything is sent."""
    there = await bench()
    controls = (await there.read()).rig.controls
    assert [*controls] == [DIFFICULTY, VERBOSE]
    with pytest.raises(CommandRefused) as refused:
        await there.source.write(RIG, controls[DIFFICULTY], 50.0)
    assert refused.value.translation_key == "xmrig_proxy_difficulty"
    with pytest.raises(CommandRefused) as refused:
        await there.source.write(RIG, Control(channel=readings.MODE.plain), "simple")
    assert refused.value.translation_key == "not_offered"
    assert "PUT" not in {request.method for request in there.proxy.requests}


async def test_restricted(bench: Make) -> None:
    """Where it takes no commands, it offers none and says why."""
    there = await bench(restricted=True)
    snapshot = await there.read()
    assert not snapshot.rig.controls
    assert snapshot.read_only == "xmrig_restricted"
    with pytest.raises(CommandRefused) as refused:
        await there.source.get_config()
    assert refused.value.translation_key == "xmrig_restricted"


async def test_config_that_cannot_be_read(bench: Make) -> None:
    """What was set holds until something else is seen."""
    there = await bench(config={"custom-diff": 5000})
    assert (await there.read()).rig.get(DIFFICULTY) == 5000
    there.proxy.answers["/1/config"] = "cut {"
    snapshot = await there.read(400)
    assert snapshot.rig.get(DIFFICULTY) == 5000
    assert "config" in snapshot.unparsed


async def test_configuration(bench: Make) -> None:
    """Administrators read it without secrets and change what is safe."""
    there = await bench(config={"access-password": "let-me-in"})
    await there.read()
    config = await there.source.get_config()
    for secret in (TOKEN, "let-me-in", "YOUR_WALLET_ADDRESS"):
        assert secret not in repr(config)
    await there.source.set_config({"mode": "extra_nonce", "retries": 7})
    assert there.proxy.config["mode"] == "extra_nonce"
    assert there.proxy.config["retries"] == 7
    for key in ("http", "bind", "access-password", "tls", "api"):
        with pytest.raises(CommandRefused) as refused:
            await there.source.set_config({key: {}})
        assert refused.value.placeholders == {"key": key}
    with pytest.raises(CommandRefused) as refused:
        await there.source.set_config({"custom-diff": 5})
    assert refused.value.translation_key == "xmrig_config_not_taken"
