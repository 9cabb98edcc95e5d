"""The T-Rex source against a simulated miner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
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
    MINING_ALLOWED,
    STARTED,
    STOP,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Configured,
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
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from custom_components.mining_rig.sources.t_rex import (
    TRexSource,
    api,
    async_open,
    readings,
)
from custom_components.mining_rig.sources.t_rex.api import TRexApi
from simulator.clock import ManualClock
from simulator.faults import Fault
from simulator.hardware import Card
from simulator.models import GTX_1660_SUPER, RTX_3060_TI, RTX_3070
from simulator.server import Reply, Request
from simulator.t_rex import SimulatedTRex

from .conftest import Serve
from .spoil import check, spoilt
from .test_t_rex_parse import CONFIG, DUAL

MODULE = "custom_components.mining_rig.sources.t_rex"
BUDGET = "custom_components.mining_rig.sources.common.poll_budget"
FIXTURES = Path(__file__).parent.parent / "fixtures" / "t_rex"
PASSWORD = "S3cret&+%#ä"
CARDS = tuple(Card(model=model) for model in (RTX_3070, RTX_3060_TI, GTX_1660_SUPER))
ALLOWED = MINING_ALLOWED.plain
OPEN = {"password": None, "version": "0.22.0"}
"""A miner from before there were keys: everybody may control it."""


class Bench:
    """A source at a rig, with one clock for both."""

    def __init__(self, rig: SimulatedTRex, source: TRexSource, clock: ManualClock):
        """Take both."""
        self.rig = rig
        self.source = source
        self.clock = clock

    async def read(self, seconds: float = 10) -> Snapshot:
        """Poll after so many seconds."""
        self.clock.advance(seconds)
        snapshot = await self.source.read(datetime.fromtimestamp(self.clock(), UTC))
        check(snapshot)
        return snapshot

    async def write(self, channel: Channel[Any], value: Value, part: str = RIG) -> None:
        """Write what the rig offers."""
        control = (await self.read()).parts[part].controls[channel]
        await self.source.write(part, control, value)

    def asked(self) -> list[str]:
        """Return what was asked since the last call, without sessions."""
        paths = [
            f"{request.method} {request.path}".replace("?sid=", "&sid=").split("&sid=")[
                0
            ]
            for request in self.rig.requests
        ]
        self.rig.requests.clear()
        return paths


CUT = Reply(status=200, reason="OK", body=b'{"accepted_c')

type MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often, without waiting in between."""
    monkeypatch.setattr(f"{MODULE}._CARD_PAUSES", (0.0,) * 4)
    monkeypatch.setattr(f"{MODULE}._CONFIG_PAUSES", (0.0,) * 4)


@pytest.fixture
async def bench(session: ClientSession) -> AsyncIterator[MakeBench]:
    """Return what starts a rig with its source; it has a key unless told otherwise."""
    async with AsyncExitStack() as stack:

        async def make(**facts: Any) -> Bench:
            clock = ManualClock()
            given = {"password": PASSWORD, "cards": CARDS, **facts}
            rig = await stack.enter_async_context(SimulatedTRex(clock=clock, **given))
            source = await async_open(SourceContext(data=rig.form, session=session))
            return Bench(rig, source, clock)

        yield make


def refusal(caught: pytest.ExceptionInfo[CommandRefused]) -> tuple[str, dict[str, str]]:
    """Return what a refusal says."""
    return caught.value.translation_key, caught.value.placeholders


# ---- what it is


async def test_what_it_can_do(bench: MakeBench) -> None:
    """It is asked, takes commands and hands out its configuration."""
    source = (await bench()).source
    for protocol in (Source, Polled, Writable, Pressable, Configured):
        assert isinstance(source, protocol)


async def test_identify(bench: MakeBench) -> None:
    """The worker's name is a title; there is no id."""
    at = await bench(worker="Attic")
    found = await at.source.identify()
    assert (found.rig_id, found.stable) == (None, False)
    assert (found.title, found.version) == ("Attic", "0.26.8")
    assert found.model == "T-Rex NVIDIA GPU miner"
    nameless = await bench(worker="")
    assert (await nameless.source.identify()).title == "127.0.0.1"


@pytest.mark.parametrize(
    ("version", "settings", "whole", "single"),
    [
        ("0.6.5", False, False, False),
        ("0.7.0", True, False, False),
        ("0.19.14", True, False, False),
        ("0.20.1", True, True, False),
        ("0.24.6", True, True, True),
        ("0.26.8", True, True, True),
    ],
)
async def test_versions(
    bench: MakeBench, version: str, *, settings: bool, whole: bool, single: bool
) -> None:
    """Every version is understood, and only offers what it can do."""
    at = await bench(version=version)
    found = await at.read()
    assert found.unparsed == ()
    assert len(found.parts) == 4
    assert found.rig.version == version
    assert found.rig.get(HASHRATE.plain)
    assert all(p.get(TEMPERATURE.plain) for p in found.parts.values() if p.key != RIG)
    controls = found.rig.controls
    assert (readings.TEMPERATURE_LIMIT.plain in controls) is settings
    assert (ALLOWED in controls) is whole
    cards = [part for key, part in found.parts.items() if key != RIG]
    assert {ALLOWED in part.controls for part in cards} == {single}


async def test_something_else_answers(session: ClientSession, serve: Serve) -> None:
    """Another product is told from a T-Rex that cannot be understood."""
    answers: list[tuple[Any, bool]] = [
        ({"kind": "miner"}, True),
        ([], True),
        ("", True),
        ({}, True),
        ({"success": 0, "error": "out of memory"}, False),
        ({"success": 0}, False),
    ]
    for answer, other in answers:

        async def respond(_: web.Request, answer: Any = answer) -> web.Response:
            return web.json_response(answer) if answer != "" else web.Response()

        server = await serve(respond)
        data = {"host": server.host, "port": server.port}
        source = await async_open(SourceContext(data=data, session=session))
        with pytest.raises(SourceGarbled) as caught:
            await source.identify()
        assert caught.value.other_device is other


async def test_a_description_is_enough(session: ClientSession, serve: Serve) -> None:
    """A miner that calls itself something else is still one."""

    async def respond(_: web.Request) -> web.Response:
        return web.json_response({"description": "T-Rex NVIDIA GPU miner"}, status=500)

    server = await serve(respond)
    data = {"host": server.host, "port": server.port}
    source = await async_open(SourceContext(data=data, session=session))
    assert (await source.identify()).model == "T-Rex NVIDIA GPU miner"


# ---- the session


async def test_a_session_is_begun_when_it_is_asked_for(bench: MakeBench) -> None:
    """An open miner needs none; a closed one is asked for it once."""
    open_one = await bench(password=None)
    await open_one.read()
    assert open_one.asked() == ["GET /summary", "GET /config"]
    closed = await bench()
    await closed.read()
    assert [path.partition("?")[0] for path in closed.asked()] == [
        "GET /summary",
        "GET /login",
        "GET /summary",
        "GET /config",
    ]
    assert closed.rig.sessions == 1
    await closed.read()
    assert closed.asked() == ["GET /summary"]


async def test_a_session_that_ended_is_renewed_once(bench: MakeBench) -> None:
    """Nobody knows how long it lasts."""
    at = await bench()
    await at.read()
    at.rig.expire_sessions()
    at.asked()
    await at.read()
    assert [path.partition("?")[0] for path in at.asked()] == [
        "GET /summary",
        "GET /login",
        "GET /summary",
    ]
    at.rig.expire_sessions()
    await at.write(ALLOWED, False)
    assert all(at.rig.paused)


async def test_a_password_that_is_not_right(bench: MakeBench) -> None:
    """It is refused, at first and when it was changed on the rig."""
    at = await bench()
    await at.read()
    at.rig.fault("wrong_token")
    for _ in range(2):
        with pytest.raises(SourceRefused) as caught:
            await at.read()
        assert PASSWORD not in str(caught.value)
    at.rig.clear("wrong_token")
    await at.read()


async def test_a_missing_password(bench: MakeBench, session: ClientSession) -> None:
    """The owner has to give it."""
    at = await bench()
    data = {"host": at.rig.host, "port": at.rig.port}
    source = await async_open(SourceContext(data=data, session=session))
    with pytest.raises(SourceRefused, match="requires a password"):
        await source.identify()
    source = await async_open(
        SourceContext(data={**data, "password": "\ud800"}, session=session)
    )
    with pytest.raises(SourceRefused, match="cannot be sent"):
        await source.identify()


@pytest.mark.parametrize(
    "answer",
    [
        {"success": 0, "sid": "x"},
        {"success": 1},
        {"success": 1, "sid": ""},
        {"success": 1, "sid": 7},
        {"sid": "x"},
        Reply(status=401, reason="Unauthorized", body=b"go away"),
        Reply(status=403, reason="Forbidden", body=b"go away"),
    ],
)
async def test_log_ins_that_fail(bench: MakeBench, answer: Any) -> None:
    """Whatever is no session means that the password is not right."""
    at = await bench(password="Abcd1234")
    at.rig.answers["/login?password=Abcd1234"] = answer
    with pytest.raises(SourceRefused, match="does not accept this password"):
        await at.read()


async def test_a_log_in_that_cannot_be_understood(bench: MakeBench) -> None:
    """A cut answer says nothing about the password."""
    at = await bench(password="Abcd1234")
    at.rig.answers["/login?password=Abcd1234"] = b'{"sid":"hj2DG'
    with pytest.raises(SourceGarbled):
        await at.read()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_without_words(bench: MakeBench, status: int) -> None:
    """Nobody documented with which status T-Rex refuses."""
    at = await bench(password=None)
    at.rig.answers["/summary"] = Reply(status=status, reason="No")
    with pytest.raises(SourceRefused, match="requires a password"):
        await at.read()
    at.rig.answers["/summary"] = Reply(status=status, reason="No", body=b"<html>")
    with pytest.raises(SourceGarbled):
        await at.read()


async def test_a_session_that_is_not_accepted(bench: MakeBench) -> None:
    """There is no second try."""
    at = await bench(password="Abcd1234")
    recorded = json.loads((FIXTURES / "login_ok.json").read_text())
    refused = json.loads((FIXTURES / "error_unauthorized.json").read_text())
    at.rig.answers["/login?password=Abcd1234"] = recorded
    at.rig.answers[f"/summary?sid={recorded['sid']}"] = refused
    with pytest.raises(SourceRefused, match="its own session"):
        await at.read()
    assert len(at.rig.requests) == 3


async def test_logging_out(bench: MakeBench) -> None:
    """The miner is told when nobody asks any more; that it is off is no error."""
    at = await bench()
    await at.source.close()
    assert at.asked() == []
    await at.read()
    await at.source.close()
    assert at.rig.sessions == 0
    await at.read()
    at.rig.fault("off")
    await at.source.close()
    at.rig.fault("on")
    at.asked()
    await at.source.close()
    assert at.asked() == []


async def test_logging_out_does_not_wait_for_ever(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rig that hangs must not hold up Home Assistant."""
    monkeypatch.setattr(api, "_LOG_OUT_TIMEOUT", 0.01)
    at = await bench()
    await at.read()
    at.rig.fault("silent")
    await at.source.close()
    at.rig.fault("normal")


async def test_secrets_are_shown_nowhere(
    bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a log, nor in an address, an error or what it looks like."""
    caplog.set_level(logging.DEBUG)
    at = await bench(password="Abcd1234")
    texts = [repr(await at.read()), str(at.source.address), repr(at.source)]
    (sid,) = at.rig._sessions
    at.rig.answers[f"/control?pause=true&sid={sid}"] = {
        "success": 0,
        "error": f"no Abcd1234 {sid}",
    }
    for fault in (Fault.OFF, Fault.GARBAGE, Fault.CUT, Fault.WRONG_TOKEN):
        at.rig.fault(fault)
        with pytest.raises(SourceError) as caught:
            await at.read()
        texts += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
        at.rig.fault("normal")
    at.rig._sessions.add(sid)
    at.source._api._sid = sid
    with pytest.raises(CommandRefused) as refused:
        await at.source.write(RIG, Control(channel=ALLOWED), False)
    texts += [repr(refused.value.placeholders), caplog.text]
    assert at.source.address == f"{at.rig.url}/trex"
    for text in texts:
        assert "Abcd1234" not in text
        assert sid not in text


# ---- reading


async def test_the_configuration_is_read_seldom(bench: MakeBench) -> None:
    """Every five minutes, after changes, and when the miner started anew."""
    at = await bench(password=None)

    async def reads_config(seconds: float = 10) -> bool:
        at.asked()
        await at.read(seconds)
        return "GET /config" in at.asked()

    assert await reads_config()
    assert not await reads_config()
    assert not await reads_config(280)
    assert await reads_config()
    at.rig.crash()
    at.rig.wait_for_watchdog()
    assert await reads_config()
    assert not await reads_config()
    # A clock that is set back puts nothing off.
    assert await reads_config(-86400)


async def test_a_configuration_that_cannot_be_read(bench: MakeBench) -> None:
    """What was chosen holds; it is asked for again."""
    at = await bench(password=None, options={"temperature-limit": 80})
    assert (await at.read()).rig.get(readings.TEMPERATURE_LIMIT.plain) == 80
    for wrong in ([1], {"success": 0, "error": "no"}, b"{", {"success": 0}):
        at.rig.answers["/config"] = wrong
        found = await at.read(400)
        assert "config" in found.unparsed
        assert found.rig.get(readings.TEMPERATURE_LIMIT.plain) == 80
    at.rig.answers.clear()
    assert (await at.read(20)).unparsed == ()
    assert (await at.read(31)).unparsed == ()
    at.asked()
    await at.read()
    assert at.asked() == ["GET /summary"]


async def test_a_poll_has_a_limit(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A summary that came late is not lost to the configuration."""
    monkeypatch.setattr(f"{BUDGET}.EXTRAS_END", 0.0)
    found = await (await bench(password=None)).read()
    assert found.unparsed == ("config",)
    assert found.rig.get(HASHRATE.plain)


async def test_a_hung_card(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rig answers too late, which is no matter of passwords."""
    clock = ManualClock()
    async with SimulatedTRex(password=PASSWORD, clock=clock) as rig:
        http = JsonHttp(session, rig.host, rig.port, timeout=0.1)
        source = TRexSource(TRexApi(http, PASSWORD), rig.host)
        await source.read(datetime.now(UTC))
        rig.hang()
        assert rig.hang_seconds > 20
        for act in (
            lambda: source.read(datetime.now(UTC)),
            lambda: source.write(RIG, Control(channel=ALLOWED), False),
            lambda: source.press(RIG, STOP),
        ):
            with pytest.raises(SourceUnreachable) as caught:
                await act()
            assert caught.value.timed_out
        rig.hang(hung=False)
        await source.read(datetime.now(UTC))


async def test_a_card_that_hangs_when_it_is_told_something(
    session: ClientSession,
) -> None:
    """Nobody waits until all looks have timed out."""
    async with SimulatedTRex(password=PASSWORD, clock=ManualClock()) as rig:
        http = JsonHttp(session, rig.host, rig.port, timeout=0.1)
        source = TRexSource(TRexApi(http, PASSWORD), rig.host)
        await source.read(datetime.now(UTC))
        answer = rig._answer

        def hang_then(request: Request) -> Reply | None:
            if request.path.startswith("/control"):
                rig.hang()
            return answer(request)

        rig._answer = hang_then  # type: ignore[method-assign]  # a card that errs
        rig.requests.clear()
        with pytest.raises(SourceUnreachable) as caught:
            await source.write(RIG, Control(channel=ALLOWED), False)
        assert caught.value.timed_out
        await asyncio.sleep(0)


async def test_the_watchdog_starts_the_miner_again(bench: MakeBench) -> None:
    """Counters begin anew, the session is over, the restart is told."""
    at = await bench()
    before = await at.read()
    at.rig.crash()
    with pytest.raises(SourceUnreachable):
        await at.read(1)
    at.rig.wait_for_watchdog()
    after = await at.read(1)
    assert before.rig.get(readings.RESTARTS.plain) == 0
    assert after.rig.get(readings.RESTARTS.plain) == 1
    started = before.rig.get(STARTED.plain), after.rig.get(STARTED.plain)
    assert started[0] is not None
    assert started[1] is not None
    assert started[0] < started[1]
    assert after.rig.get(readings.TOTAL_ACCEPTED.plain)


async def test_health_that_vanishes(bench: MakeBench) -> None:
    """The cards stay what they are, without what is not known."""
    at = await bench()
    before = await at.read()
    at.rig.nvml = False
    after = await at.read()
    assert [*before.parts] == [*after.parts]
    for key in at.rig.uuids:
        assert TEMPERATURE.plain in before.parts[key].values
        assert TEMPERATURE.plain not in after.parts[key].values
    at.rig.nvml = True
    assert TEMPERATURE.plain in (await at.read()).parts[at.rig.uuids[0]].values


# ---- mining


@pytest.mark.parametrize("version", ["0.20.1", "0.21.6", "0.26.8"])
async def test_the_rig_rests(bench: MakeBench, version: str) -> None:
    """And mines again."""
    at = await bench(version=version)
    await at.write(ALLOWED, False)
    assert all(at.rig.paused)
    assert (await at.read()).rig.get(ALLOWED) is False
    await at.write(ALLOWED, True)
    assert not any(at.rig.paused)
    assert (await at.read()).rig.get(ALLOWED) is True


async def test_a_rig_that_must_be_told_card_by_card(bench: MakeBench) -> None:
    """A whole pause may do nothing; then its cards are named."""
    at = await bench(**OPEN)
    at.rig.answers["/control?pause=true"] = {"success": 1}
    await at.write(ALLOWED, False)
    assert all(at.rig.paused)
    assert "GET /control?pause=true:0,1,2" in at.asked()


async def test_a_rig_that_does_not_follow(bench: MakeBench) -> None:
    """Nothing is claimed; who asked sees that it still mines."""
    at = await bench()
    await at.read()
    at.rig.takes_effect = False
    await at.write(ALLOWED, False)
    assert (await at.read()).rig.get(ALLOWED) is True
    at.rig.answers.clear()
    await at.source.write(at.rig.uuids[0], Control(channel=ALLOWED), False)
    assert not any(at.rig.paused)


async def test_answers_that_are_lost_meanwhile(bench: MakeBench) -> None:
    """A look that fails is not the last one."""
    at = await bench(**OPEN)
    await at.read()
    at.rig.answers["/summary"] = b"{"
    await at.source.write(RIG, Control(channel=ALLOWED), False)
    assert all(at.rig.paused)
    at.rig.answers["/config"] = b"{"
    await at.source.write(RIG, Control(channel=readings.NO_COLOR.plain), True)
    assert at.rig.options["no-color"] is True


async def test_a_look_at_one_card_that_is_lost(bench: MakeBench) -> None:
    """The next one counts."""
    at = await bench()
    await at.read()
    answer, looks = at.rig._answer, 0

    def lose_one(request: Request) -> Reply | None:
        nonlocal looks
        looks += request.path.startswith("/summary")
        return CUT if looks == 2 else answer(request)

    at.rig._answer = lose_one  # type: ignore[method-assign]  # a network that errs
    await at.source.write(at.rig.uuids[1], Control(channel=ALLOWED), False)
    assert at.rig.paused == [False, True, False]
    assert looks == 3


async def test_one_card_rests(bench: MakeBench) -> None:
    """Only this one; the rig goes on until the last one rests."""
    at = await bench()
    for number, key in enumerate(at.rig.uuids):
        assert (await at.read()).rig.get(ALLOWED) is True
        await at.write(ALLOWED, False, key)
        assert at.rig.paused == [n <= number for n in range(3)]
        assert (await at.read()).parts[key].get(ALLOWED) is False
    assert (await at.read()).rig.get(ALLOWED) is False
    await at.write(ALLOWED, True, at.rig.uuids[1])
    assert at.rig.paused == [True, False, True]
    at.asked()
    # What is so already needs no command.
    await at.source.write(at.rig.uuids[1], Control(channel=ALLOWED), True)
    assert at.asked() == ["GET /summary"]


@pytest.mark.parametrize("resting", [True, False])
async def test_another_card_follows(bench: MakeBench, *, resting: bool) -> None:
    """What was done to it is undone, and said."""
    at = await bench(numbering=(1, 2, 0))
    if resting:
        at.rig.pause()
    with pytest.raises(CommandRefused) as caught:
        await at.write(ALLOWED, resting, at.rig.uuids[0])
    assert refusal(caught) == ("t_rex_other_gpu", {"number": "0"})
    assert at.rig.paused == [resting] * 3


async def test_more_cards_follow(bench: MakeBench) -> None:
    """The one that was meant is put back as well."""
    at = await bench()
    await at.read()
    key = at.rig.uuids[0]
    handle = at.rig._pause

    def pause_all(process: Any, method: str, order: str, now: float) -> None:
        handle(process, method, "true" if order == "true:0" else order, now)

    at.rig._pause = pause_all  # type: ignore[method-assign]  # a miner that errs
    with pytest.raises(CommandRefused) as caught:
        await at.source.write(key, Control(channel=ALLOWED), False)
    assert refusal(caught)[0] == "t_rex_other_gpu"
    assert at.rig.paused == [False] * 3


async def test_a_card_that_is_gone(bench: MakeBench) -> None:
    """It cannot be told anything."""
    at = await bench()
    with pytest.raises(CommandRefused) as caught:
        await at.source.write("gone", Control(channel=ALLOWED), False)
    assert refusal(caught)[0] == "not_offered"


# ---- settings

SETTINGS: Mapping[Channel[Any], tuple[str, Value, Value]] = {
    readings.TEMPERATURE_LIMIT.plain: ("temperature-limit", 80.0, 80),
    readings.TEMPERATURE_START.plain: ("temperature-start", 60.0, 60),
    readings.HASHRATE_WINDOW.plain: ("hashrate-avr", 30.0, 30),
    readings.TIME_LIMIT.plain: ("time-limit", 7200.0, 7200),
    readings.PROTOCOL_DUMP.plain: ("protocol-dump", True, True),
    readings.NO_COLOR.plain: ("no-color", True, True),
}


@pytest.mark.parametrize("channel", SETTINGS, ids=str)
async def test_settings(bench: MakeBench, channel: Channel[Any]) -> None:
    """Each is sent, and shown by the next reading."""
    at = await bench()
    key, value, kept = SETTINGS[channel]
    await at.write(channel, value)
    assert at.rig.options[key] == kept
    assert (await at.read(0.5)).rig.get(channel) == kept


@pytest.mark.parametrize(
    "channel",
    [c for c, row in SETTINGS.items() if row[0] in ("hashrate-avr", "no-color")],
    ids=str,
)
async def test_a_setting_that_only_acts_is_kept_too(
    bench: MakeBench, channel: Channel[Any]
) -> None:
    """Where the configuration does not follow a command, it is changed as well."""
    at = await bench(**OPEN)
    key, value, kept = SETTINGS[channel]
    text = str(kept).lower()
    at.rig.answers[f"/control?{key}={text}"] = {"success": 1}
    await at.write(channel, value)
    assert at.asked()[-1] == f"GET /config?{key}={text}"
    assert (await at.read()).rig.get(channel) == kept


async def test_a_time_limit_is_not_kept(bench: MakeBench) -> None:
    """It would end the miner after each start."""
    at = await bench(**OPEN)
    at.rig.answers["/control?time-limit=7200"] = {"success": 1}
    await at.write(readings.TIME_LIMIT.plain, 7200.0)
    assert at.asked()[-1] == "GET /control?time-limit=7200"
    assert (await at.read()).rig.get(readings.TIME_LIMIT.plain) == 0


async def test_a_time_limit_ends_the_miner(bench: MakeBench) -> None:
    """Nothing starts it again from here."""
    at = await bench()
    await at.write(readings.TIME_LIMIT.plain, 60.0)
    at.clock.advance(61)
    assert at.rig.ended
    with pytest.raises(SourceUnreachable):
        await at.read()


async def test_a_temperature_limit_protects(bench: MakeBench) -> None:
    """The card that is too hot rests, and says at which temperature."""
    at = await bench()
    at.rig.fault("hot")
    await at.read(900)
    await at.write(readings.TEMPERATURE_LIMIT.plain, 85.0)
    found = [p for k, p in (await at.read()).parts.items() if k != RIG]
    resting = [part for part in found if part.get(readings.DISABLED.plain)]
    assert resting
    assert all((part.get(readings.DISABLED_AT.plain) or 0) >= 85 for part in resting)


async def test_what_is_not_offered(bench: MakeBench) -> None:
    """Neither other channels nor other actions."""
    at = await bench()
    with pytest.raises(CommandRefused) as caught:
        await at.source.write(RIG, Control(channel=HASHRATE.plain), 1)
    assert refusal(caught)[0] == "not_offered"
    with pytest.raises(CommandRefused) as caught:
        await at.source.press(RIG, Action("reboot"))
    assert refusal(caught)[0] == "not_offered"


# ---- a miner that can only be read


@pytest.mark.parametrize(
    "facts", [{"password": None}, {"read_only": True}], ids=["no key", "read-only"]
)
async def test_a_miner_that_can_only_be_read(
    bench: MakeBench, facts: dict[str, Any]
) -> None:
    """It refuses everything, and says how to open it."""
    at = await bench(**facts)
    found = await at.read()
    # Its configuration says so before anybody tries.
    assert found.read_only == "t_rex_readonly"
    for act in (
        lambda: at.write(ALLOWED, False),
        lambda: at.write(ALLOWED, False, at.rig.uuids[0]),
        lambda: at.write(readings.TEMPERATURE_LIMIT.plain, 70.0),
        lambda: at.write(readings.NO_COLOR.plain, True),
        lambda: at.source.press(RIG, STOP),
        lambda: at.source.press(RIG, readings.INSTALL_UPDATE),
        lambda: at.source.press(RIG, readings.STOP_UPDATE),
        lambda: at.source.set_config({"intensity": "20"}),
    ):
        with pytest.raises(CommandRefused) as caught:
            await act()
        assert refusal(caught) == ("t_rex_readonly", {})
    assert not any(at.rig.paused)
    assert await at.source.get_config()


async def test_what_a_refusal_teaches(bench: MakeBench) -> None:
    """It is remembered until the miner starts anew, or takes a command."""
    at = await bench(password=None)
    at.rig.answers["/config"] = {"algo": "kawpow"}
    assert (await at.read()).read_only is None
    with pytest.raises(CommandRefused):
        await at.write(ALLOWED, False)
    assert (await at.read()).read_only == "t_rex_readonly"
    at.rig.crash()
    at.rig.wait_for_watchdog()
    assert (await at.read(1)).read_only is None

    at.rig.answers["/control?pause=true"] = {"success": 1}
    at.rig.answers["/config"] = {"api_read_only": True}
    assert (await at.read(400)).read_only == "t_rex_readonly"
    await at.source._command("/control", pause="true")
    assert (await at.read()).read_only is None


@pytest.mark.parametrize(
    "text", ["API readonly mode is activated", "Read-Only", "read only"]
)
async def test_spellings_of_a_refusal(bench: MakeBench, text: str) -> None:
    """Versions may word it differently."""
    at = await bench(password=None)
    at.rig.answers["/control?pause=true"] = {"error": text, "success": 0}
    with pytest.raises(CommandRefused) as caught:
        await at.write(ALLOWED, False)
    assert refusal(caught)[0] == "t_rex_readonly"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"success": 0, "error": "busy\n"}, "busy"),
        ({"success": 0}, "?"),
        ({"error": "x" * 500}, "x" * 120),
        ({"success": 0, "error": ""}, "?"),
        ({"success": False, "error": 7}, "?"),
    ],
)
async def test_other_refusals(bench: MakeBench, answer: Any, error: str) -> None:
    """What the miner says is passed on."""
    at = await bench(password=None)
    at.rig.answers["/control?pause=true"] = answer
    with pytest.raises(CommandRefused) as caught:
        await at.write(ALLOWED, False)
    assert refusal(caught) == ("t_rex_refused", {"error": error})


# ---- shutting down, updating


async def test_shutting_down(bench: MakeBench) -> None:
    """The process ends, whether or not it says so."""
    at = await bench()
    await at.source.press(RIG, STOP)
    assert at.rig.ended
    with pytest.raises(SourceUnreachable):
        await at.source.press(RIG, STOP)


async def test_a_shutdown_whose_answer_is_cut(bench: MakeBench) -> None:
    """It was understood all the same."""
    at = await bench(**OPEN)
    at.rig.answers["/control?command=shutdown"] = b'{"succ'
    await at.source.press(RIG, STOP)


async def test_updating(bench: MakeBench) -> None:
    """Progress is told until the new version runs."""
    at = await bench(update="0.27.0")
    release = (await at.read()).rig.release
    assert release is not None
    assert (release.installed, release.latest) == ("0.26.8", "0.27.0")
    assert release.in_progress is False
    assert release.install is not None
    await at.source.press(RIG, release.install)
    seen = []
    for _ in range(3):
        release = (await at.read(5)).rig.release
        assert release is not None
        assert release.in_progress
        seen.append(release.progress)
    assert seen == [25.0, 50.0, 75.0]

    found = await at.read(6)
    assert found.rig.version == "0.27.0"
    assert found.rig.release is not None
    assert found.rig.release.latest == "0.27.0"
    assert readings.STOP_UPDATE not in found.rig.actions


async def test_stopping_an_update(bench: MakeBench) -> None:
    """The old version stays."""
    at = await bench(update="0.27.0")
    await at.source.press(RIG, readings.INSTALL_UPDATE)
    assert (await at.read(5)).rig.get(readings.UPDATE_STATE.plain) == "downloading"
    await at.source.press(RIG, readings.STOP_UPDATE)
    found = (await at.read(60)).rig
    assert found.get(readings.UPDATE_STATE.plain) == "idle"
    assert found.version == "0.26.8"


async def test_an_update_that_fails(bench: MakeBench) -> None:
    """What went wrong is told."""
    at = await bench(update="0.27.0")
    assert at.rig.update is not None
    at.rig.update.fails = True
    await at.source.press(RIG, readings.INSTALL_UPDATE)
    found = (await at.read(60)).rig
    assert found.get(readings.UPDATE_STATE.plain) == "error"
    assert found.get(readings.UPDATE_ERROR.plain) == "connection lost"


async def test_no_update_without_a_watchdog(bench: MakeBench) -> None:
    """Nobody would start the new version."""
    at = await bench(update="0.27.0", watchdog=False)
    release = (await at.read()).rig.release
    assert release is not None
    assert release.install is None


# ---- the configuration


async def test_get_config(bench: MakeBench) -> None:
    """Everything but secrets."""
    at = await bench()
    found = await at.source.get_config()
    assert found["hashrate_avr"] == 60
    assert found["api_key"] == "**REDACTED**"
    assert "DemoWallet" not in str(found)


async def test_set_config(bench: MakeBench) -> None:
    """Keys are changed and shown; all others stay."""
    at = await bench()
    before = at.rig.options
    await at.source.set_config({"hashrate_avr": 120, "intensity": "20,21,22"})
    after = {**before, "hashrate-avr": 120, "intensity": "20,21,22"}
    assert at.rig.options == after


async def test_set_config_into_a_file(bench: MakeBench) -> None:
    """What is written there cannot be read back."""
    at = await bench()
    await at.source.set_config({"config": "night.conf", "hashrate-avr": 10})
    assert at.rig.files["night.conf"]["hashrate-avr"] == 10


async def test_set_config_that_is_not_taken(bench: MakeBench) -> None:
    """The keys are named."""
    at = await bench()
    at.rig.takes_effect = False
    with pytest.raises(CommandRefused) as caught:
        await at.source.set_config({"hashrate-avr": 10, "no-color": False})
    assert refusal(caught) == ("t_rex_config_not_taken", {"keys": "hashrate-avr"})


async def test_set_config_refuses(bench: MakeBench) -> None:
    """Dangerous keys, and what is no JSON."""
    at = await bench()
    with pytest.raises(CommandRefused) as caught:
        await at.source.set_config({"pools": []})
    assert refusal(caught)[0] == "config_key_refused"
    with pytest.raises(CommandRefused) as caught:
        await at.source.set_config({"intensity": {1}})
    assert refusal(caught)[0] == "t_rex_refused"
    assert at.asked() == []


# ---- anything


@given(st.data())
async def test_any_answer_anywhere(data: st.DataObject) -> None:
    """Nothing but a SourceError leaves the source, whatever the miner says."""
    summary = data.draw(spoilt(DUAL))
    config = data.draw(spoilt(CONFIG))
    answers = {"/summary": summary, "/config": config}

    class Wire:
        """Takes the place of the network."""

        def url(self, path: str) -> str:
            return path

        async def request(self, _method: str, path: str, **_: Any) -> Answer:
            return Answer(200, orjson.dumps(answers.get(path, {"success": 1})))

        async def get(self, path: str, **_: Any) -> Answer:
            return await self.request("GET", path)

    source = TRexSource(TRexApi(Wire(), "Abcd1234"), "host")  # type: ignore[arg-type]  # no network
    try:
        check(await source.read(datetime(2026, 1, 1, tzinfo=UTC)))
        await source.identify()
        for part in (RIG, "3c2916092403773bc07439debbf5332f"):
            await source.write(part, Control(channel=ALLOWED), True)
        await source.get_config()
        await source.set_config({"no-color": True})
    except SourceError:
        pass
    await asyncio.sleep(0)
