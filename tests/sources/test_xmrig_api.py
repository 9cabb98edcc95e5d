"""The HTTP API of XMRig and xmrig-proxy: who may ask what, and where."""

from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.http import JsonHttp
from custom_components.mining_rig.sources.xmrig.api import XmrigApi
from simulator.faults import Fault
from simulator.rig import SimulatedRig
from simulator.xmrig import SimulatedXMRig

from .conftest import Serve

TOKEN = "s3cr3t-t0ken"
KINDS = frozenset(("miner", "cpu"))


def api_of(
    session: ClientSession, rig: SimulatedRig, token: str | None = TOKEN
) -> XmrigApi:
    """Return the API of a simulated miner."""
    http = JsonHttp(session, rig.host, rig.port, timeout=2)
    return XmrigApi(http, token, kinds=KINDS)


async def outcome(asking: Any) -> type[SourceError] | None:
    """Return how asking ends; no error shows the token."""
    error: SourceError | None = None
    try:
        await asking
    except SourceError as err:
        error = err
    assert TOKEN not in repr(error)
    return type(error) if error else None


@pytest.mark.parametrize(
    ("configured", "restricted", "given", "summary", "config"),
    [
        (None, True, None, None, CommandRefused),
        (None, True, TOKEN, SourceRefused, SourceRefused),
        (None, False, None, SourceRefused, SourceRefused),
        (None, False, TOKEN, SourceRefused, SourceRefused),
        (TOKEN, True, None, SourceRefused, SourceRefused),
        (TOKEN, True, "wrong", SourceRefused, SourceRefused),
        (TOKEN, True, TOKEN, None, CommandRefused),
        (TOKEN, True, f" {TOKEN}\n", None, CommandRefused),
        (TOKEN, False, None, SourceRefused, SourceRefused),
        (TOKEN, False, "", SourceRefused, SourceRefused),
        (TOKEN, False, "wrong", SourceRefused, SourceRefused),
        (TOKEN, False, TOKEN, None, None),
    ],
)
async def test_who_may_ask(
    session: ClientSession,
    configured: str | None,
    given: str | None,
    summary: type[SourceError] | None,
    config: type[SourceError] | None,
    *,
    restricted: bool,
) -> None:
    """Every row of the miner's table of 401 and 403."""
    async with SimulatedXMRig(token=configured, restricted=restricted) as rig:
        api = api_of(session, rig, given)
        assert await outcome(api.summary()) is summary
        assert await outcome(api.get("/2/backends")) is summary
        assert await outcome(api.config()) is config
        assert await outcome(api.call("pause")) is config
        assert rig.paused is (config is None)


async def test_restricted_is_said(session: ClientSession) -> None:
    """A 403 after a good summary is what the owner can change."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        with pytest.raises(CommandRefused) as caught:
            await api_of(session, rig).call("pause")
    assert caught.value.translation_key == "xmrig_restricted"


async def test_token_that_cannot_be_sent(session: ClientSession) -> None:
    """Nothing gets into a request beside the token."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        api = api_of(session, rig, f"{TOKEN}\r\nX-Other: 1")
        assert await outcome(api.summary()) is SourceRefused
        assert not rig.requests


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("6.26.0", "/2/summary"),
        ("2.99.0", "/2/summary"),
        ("2.16.0", "/1/summary"),
        # Before 2.15.1 every path has the summary.
        ("2.6.0", "/2/summary"),
        ("2.4.0", "/2/summary"),
    ],
)
async def test_versions(session: ClientSession, version: str, path: str) -> None:
    """The newest summary that a version has is found once and then kept."""
    async with SimulatedXMRig(version=version) as rig:
        api = api_of(session, rig, None)
        assert (await api.summary())["version"] == version
        rig.requests.clear()
        await api.summary()
        assert [request.path for request in rig.requests] == [path]
        assert api.address == f"{rig.url}{path}"


async def test_version_changes(session: ClientSession) -> None:
    """A miner that was exchanged for an older one is looked for again."""
    async with SimulatedXMRig() as rig:
        api = api_of(session, rig, None)
        await api.summary()
        async with SimulatedXMRig(version="2.16.0") as old:
            api._http = JsonHttp(session, old.host, old.port)
            assert (await api.summary())["version"] == "2.16.0"
            assert api.address == f"{old.url}/1/summary"


@pytest.mark.parametrize(
    ("fault", "error", "other_device"),
    [
        (Fault.OTHER_DEVICE, SourceGarbled, True),
        (Fault.GARBAGE, SourceGarbled, True),
        (Fault.TRUNCATED, SourceGarbled, False),
        (Fault.CUT, SourceGarbled, False),
        (Fault.OFF, SourceUnreachable, None),
        (Fault.WRONG_TOKEN, SourceRefused, None),
    ],
)
async def test_faults(
    session: ClientSession,
    fault: Fault,
    error: type[SourceError],
    *,
    other_device: bool | None,
) -> None:
    """Each way to fail is one of the errors."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        api = api_of(session, rig)
        await api.summary()
        rig.fault(fault)
        with pytest.raises(SourceError) as caught:
            await api.summary()
    assert type(caught.value) is error
    assert getattr(caught.value, "other_device", None) is other_device


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "proxy", "version": "6.26.0"},
        {"kind": ["miner"]},
        {"kind": None},
        {"name": "t-rex", "version": "0.26.8"},
        [],
        "miner",
        None,
    ],
)
async def test_other_products(session: ClientSession, answer: Any) -> None:
    """What is no XMRig is another device."""
    async with SimulatedXMRig() as rig:
        rig.answers["/2/summary"] = answer
        with pytest.raises(SourceGarbled) as caught:
            await api_of(session, rig, None).summary()
    assert caught.value.other_device


@pytest.mark.parametrize(
    ("status", "headers", "error", "other_device"),
    [
        (404, {}, SourceGarbled, True),
        (500, {}, SourceGarbled, False),
        (401, {"WWW-Authenticate": 'Basic realm="router"'}, SourceGarbled, True),
        (401, {"WWW-Authenticate": "Digest x"}, SourceGarbled, True),
        (401, {}, SourceRefused, None),
        (503, {}, SourceBusy, None),
    ],
)
async def test_other_servers(
    session: ClientSession,
    serve: Serve,
    status: int,
    headers: dict[str, str],
    error: type[SourceError],
    *,
    other_device: bool | None,
) -> None:
    """A router that wants a password has nothing to do with the miner's token."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({}, status=status, headers=headers)

    server = await serve(handle)
    http = JsonHttp(session, "127.0.0.1", server.port or 0)
    with pytest.raises(SourceError) as caught:
        await XmrigApi(http, None, kinds=KINDS).summary()
    assert type(caught.value) is error
    assert getattr(caught.value, "other_device", None) is other_device


async def test_what_is_not_there(session: ClientSession) -> None:
    """A path that a version does not have is None; a configuration has to be there."""
    async with SimulatedXMRig(version="2.16.0", token=TOKEN, restricted=False) as rig:
        api = api_of(session, rig)
        await api.summary()
        assert await api.get("/2/backends") is None
        # It asks where this version has it.
        assert "pools" in await api.config()
        rig.answers["/1/config"] = []
        assert await outcome(api.config()) is SourceGarbled


async def test_other_statuses(session: ClientSession, serve: Serve) -> None:
    """A status that makes no sense is garbled."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=500)

    server = await serve(handle)
    http = JsonHttp(session, "127.0.0.1", server.port or 0)
    api = XmrigApi(http, None, kinds=KINDS)
    assert await outcome(api.get("/2/backends")) is SourceGarbled


# ---- commands


@pytest.mark.parametrize("version", ["6.26.0", "5.5.0"])
async def test_calls(session: ClientSession, version: str) -> None:
    """A call is carried out, whether its answer comes once or twice."""
    async with SimulatedXMRig(version=version, token=TOKEN, restricted=False) as rig:
        api = api_of(session, rig)
        for _ in range(5):
            await api.call("pause")
            assert rig.paused
            await api.call("resume")
            assert not rig.paused


@pytest.mark.parametrize("version", ["5.5.0", "2.99.0"])
async def test_unknown_calls(session: ClientSession, version: str) -> None:
    """Where the answer can be read, what a version does not know is refused."""
    async with SimulatedXMRig(version=version, token=TOKEN, restricted=False) as rig:
        with pytest.raises(CommandRefused) as caught:
            await api_of(session, rig).call("start")
    assert caught.value.translation_key == "xmrig_unknown_command"
    assert caught.value.placeholders == {"command": "start"}


@pytest.mark.parametrize("fault", [Fault.OFF, Fault.SILENT])
async def test_call_without_a_miner(session: ClientSession, fault: Fault) -> None:
    """A call that nobody answers is said so."""
    async with SimulatedXMRig(token=TOKEN, restricted=False) as rig:
        http = JsonHttp(session, rig.host, rig.port, timeout=0.1)
        api = XmrigApi(http, TOKEN, kinds=KINDS)
        rig.fault(fault)
        assert await outcome(api.call("pause")) is SourceUnreachable


# ---- the configuration


async def test_rejected_configuration(session: ClientSession) -> None:
    """A configuration that the miner cannot use is refused."""
    async with SimulatedXMRig(token=TOKEN, restricted=False) as rig:
        before = rig.config
        with pytest.raises(CommandRefused) as caught:
            await api_of(session, rig).put_config({**before, "pools": []})
        assert rig.config == before
    assert caught.value.translation_key == "xmrig_config_rejected"
