"""JSON over HTTP with limits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import logging
import ssl
import traceback
from typing import Any
from unittest.mock import patch

from aiohttp import ClientError, ClientSession, web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from simulator.xmrig import SimulatedXMRig

from .conftest import Serve

SECRET = "s3cr3t-Passw0rd"


@asynccontextmanager
async def raw_server(
    *pieces: bytes, reads: bool = True, waits: bool = False
) -> AsyncIterator[int]:
    """Serve bytes as they are and yield the port; `waits` never closes."""
    ended = asyncio.Event()

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if reads:
            await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if waits:
            await ended.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()


def head(length: int, content_type: str = "application/json") -> bytes:
    """Return the head of an answer."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


async def failure(asking: Awaitable[Any]) -> SourceError:
    """Return the error that asking ends with; it holds no secret, nor leads to one."""
    with pytest.raises(SourceError) as caught:
        await asking
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return caught.value


def ask(session: ClientSession, port: int, **options: Any) -> Awaitable[Answer]:
    """Ask a server on loopback for a path with a secret in its query."""
    http = JsonHttp(session, "127.0.0.1", port, **options)
    return http.get("/login", query={"password": SECRET})


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/html", "x", "text/plain; charset=klingon"],
)
async def test_content_type_is_not_believed(
    session: ClientSession, content_type: str
) -> None:
    """What counts is the body."""
    body = '{"name": "büro"}'.encode()
    async with raw_server(head(len(body), content_type), body) as port:
        answer = await ask(session, port)
    assert answer.status == 200
    assert answer.json() == {"name": "büro"}


async def test_request_goes_out_as_asked(session: ClientSession, serve: Serve) -> None:
    """Method, path, query, headers and body arrive; the content type is exact."""
    seen: list[tuple[str, str, str | None, str | None, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(
            (
                request.method,
                request.raw_path,
                request.headers.get("Content-Type"),
                request.headers.get("Authorization"),
                await request.read(),
            )
        )
        return web.json_response({})

    server = await serve(handle)
    http = JsonHttp(session, "127.0.0.1", server.port or 0)
    await http.get("/2/summary")
    await http.request(
        "PUT",
        "/config",
        query={"sid": "a b&c"},
        headers={"Authorization": "Bearer x"},
        body={"ä": [1, None]},
    )
    assert seen == [
        ("GET", "/2/summary", None, None, b""),
        (
            "PUT",
            "/config?sid=a+b%26c",
            "application/json",
            "Bearer x",
            '{"ä":[1,null]}'.encode(),
        ),
    ]


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 500])
async def test_status_is_the_callers_business(
    session: ClientSession, serve: Serve, status: int
) -> None:
    """Statuses mean different things to different miners."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=status)

    server = await serve(handle)
    assert (await ask(session, server.port or 0)).status == status


@pytest.mark.parametrize(
    ("body", "other_device"),
    [
        (b'{"hashrate": [', False),
        (b' \r\n {"a": 1', False),
        (b"[1, 2", False),
        (b'{"a": "\xff"', False),
        (b'{"a": NaN}', False),
        (b'{"a": 1e999}', False),
        (b"[" * 100_000, False),
        (b"<!DOCTYPE html><html></html>", True),
        (b"\x00\xff", True),
        (b"", True),
        ("{}".encode("utf-16"), True),
    ],
)
async def test_no_json(
    session: ClientSession, body: bytes, *, other_device: bool
) -> None:
    """What began like an answer was cut; anything else is not from a miner."""
    async with raw_server(head(len(body)), body) as port:
        answer = await ask(session, port)
    with pytest.raises(SourceGarbled) as caught:
        answer.json()
    assert caught.value.other_device is other_device


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b'{"name": "\xcf\xca-1", "rate": 2}', 2),
        (b'{"name": "caf\xe9", "rate": 2}', 2),
        # A character that was cut, and half of a surrogate pair.
        (b'{"name": "\xf0\x9f\x94", "rate": 2}', 2),
        (b'{"name": "\xed\xa0\x80", "rate": 2}', 2),
        (b'{"name": "a\x00b\tc", "rate": 2}', 2),
        (b'\xef\xbb\xbf{"name": "x", "rate": 2}', 2),
    ],
)
def test_a_strange_byte_costs_its_text_only(body: bytes, rest: int) -> None:
    """The other values are those that were sent; all of it can be sent on."""
    for found in (Answer(200, body).json(), Answer(200, body).exact_json()):
        assert found["rate"] == rest
        assert found["name"].encode().decode().isprintable()


def test_names_that_differ_in_strange_bytes_stay_two() -> None:
    """Each byte is replaced by a character of its own; UTF-8 stays as it is."""
    names = [bytes([byte]) for byte in range(0x80, 0x100)]
    body = b'["' + b'","'.join([*names, "büro �".encode()]) + b'"]'
    found = Answer(200, body).json()
    assert len(set(found)) == len(names) + 1
    assert found[-1] == "büro �"


async def test_too_large(session: ClientSession) -> None:
    """An answer over the limit is not read to its end."""
    body = b"[" + b"1," * 5000 + b"1]"
    async with raw_server(head(len(body)), body) as port:
        assert (await ask(session, port, limit=len(body))).status == 200
    async with raw_server(head(len(body)), body) as port:
        error = await failure(ask(session, port, limit=len(body) - 1))
    assert isinstance(error, SourceGarbled)
    assert not error.other_device


async def test_endless_answer(session: ClientSession) -> None:
    """One that never ends is given up at the limit, not at the time-out."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    async with raw_server(start, *[chunk] * 20, waits=True) as port:
        error = await failure(ask(session, port, limit=40_000))
    assert isinstance(error, SourceGarbled)


async def test_compressed_answers_count_unpacked(
    session: ClientSession, serve: Serve
) -> None:
    """A small answer that becomes a large one is too large."""

    async def handle(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        response = web.Response(body=b"[" + b"0" * 3_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["Content-Encoding"] = "gzip"
        return response

    server = await serve(handle)
    error = await failure(ask(session, server.port or 0, limit=1_000_000))
    assert isinstance(error, SourceGarbled)


async def test_cut_short(session: ClientSession) -> None:
    """A body that is shorter than announced is garbled."""
    async with raw_server(head(100), b'{"a": 1}') as port:
        error = await failure(ask(session, port))
    assert isinstance(error, SourceGarbled)
    assert not error.other_device


@pytest.mark.parametrize(
    "location", ["/other", "https://127.0.0.1/x", "http://example.com/"]
)
async def test_redirects_are_not_followed(
    session: ClientSession, serve: Serve, location: str
) -> None:
    """Miners redirect nobody, and a token must not travel."""
    paths = []

    async def handle(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=302, headers={"Location": location})

    server = await serve(handle)
    error = await failure(ask(session, server.port or 0))
    assert isinstance(error, SourceGarbled)
    assert error.other_device
    assert paths == ["/login"]


async def test_no_http(session: ClientSession) -> None:
    """A port of another protocol is another device."""
    async with raw_server(b"SSH-2.0-OpenSSH_9.2\r\n", reads=False) as port:
        error = await failure(ask(session, port))
    assert isinstance(error, SourceGarbled)
    assert error.other_device


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Wed, 01 Jan 2025 12:01:30 GMT"}, 90),
        ({"Retry-After": "Wed, 01 Jan 2025 12:01:30 -0000"}, 90),
        ({"Retry-After": "Wed, 01 Jan 2025 11:00:00 GMT"}, 0),
        (
            {
                "Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT",
                "Date": "Thu, 01 Jan 1970 00:00:20 GMT",
            },
            40,
        ),
        ({"Retry-After": "9" * 40}, 3600),
        ({"Retry-After": "9" * 400}, 3600),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": ""}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_busy(
    session: ClientSession,
    freezer: FrozenDateTimeFactory,
    status: int,
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    """Retry-After comes in seconds or as a date, by the far side's own clock."""
    freezer.move_to("2025-01-01 12:00:00+00:00")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = f"HTTP/1.1 {status} Busy\r\n{lines}Content-Length: 0\r\n\r\n".encode()
    async with raw_server(answer) as port:
        error = await failure(ask(session, port))
    assert isinstance(error, SourceBusy)
    assert error.retry_after == seconds


async def test_time_out(session: ClientSession) -> None:
    """A rig that takes too long is told from one that is not there."""
    async with raw_server(head(100), b"{", waits=True) as port:
        error = await failure(ask(session, port, timeout=0.05))
    assert isinstance(error, SourceUnreachable)
    assert error.timed_out
    assert "0.05 s" in str(error)


async def test_refused(session: ClientSession) -> None:
    """Nobody listens."""
    async with raw_server() as port:
        pass
    error = await failure(ask(session, port))
    assert isinstance(error, SourceUnreachable)
    assert not error.timed_out
    assert f"http://127.0.0.1:{port}" in str(error)


async def test_connection_lost(session: ClientSession) -> None:
    """The connection ends before the answer."""
    async with raw_server() as port:
        error = await failure(ask(session, port))
    assert isinstance(error, SourceUnreachable)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (OSError(None, "Domain name not found"), "the host name cannot be resolved"),
        (UnicodeError(f"label too long in {SECRET}"), "not valid"),
    ],
)
async def test_unknown_name(
    session: ClientSession, reason: Exception, text: str
) -> None:
    """No server knows the name, or none can be asked for it."""
    http = JsonHttp(session, "rig.invalid", 80)
    with patch.object(session.connector, "_resolver") as resolver:
        resolver.resolve.side_effect = reason
        error = await failure(http.get("/", query={"password": SECRET}))
    assert isinstance(error, SourceUnreachable)
    assert text in str(error)


async def test_errors_of_other_kinds(session: ClientSession) -> None:
    """What the library adds in future is no secret's way out either."""
    http = JsonHttp(session, "rig.lan", 80)
    with patch.object(session, "request", side_effect=ClientError(SECRET)):
        error = await failure(http.get("/"))
    assert isinstance(error, SourceGarbled)


@pytest.mark.parametrize("host", ["", " ", "a b", "rig/x", "[]"])
async def test_host_that_is_none(session: ClientSession, host: str) -> None:
    """What cannot be a host is nobody."""
    with pytest.raises(SourceUnreachable):
        JsonHttp(session, host, 80)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("::1", "https://[::1]:8443"),
        ("[::1]", "https://[::1]:8443"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]:8443"),
        ("rig.lan", "https://rig.lan:8443"),
    ],
)
async def test_address_is_shown_without_secrets(
    session: ClientSession, host: str, shown: str
) -> None:
    """An address can be shown anywhere."""
    http = JsonHttp(session, host, 8443, ssl=True)
    assert str(http) == shown
    assert repr(http) == f"JsonHttp({shown})"
    assert http.url("/2/summary") == f"{shown}/2/summary"
    assert SECRET not in repr(Answer(200, SECRET.encode()))


async def test_secure_connection(session: ClientSession) -> None:
    """A certificate that nobody signed is taken only by a session that verifies none."""
    async with SimulatedXMRig(tls=True) as rig:
        plain = JsonHttp(session, "127.0.0.1", rig.port)
        secure = JsonHttp(session, "127.0.0.1", rig.port, ssl=True)
        assert (await plain.get("/2/summary")).status == 200
        error = await failure(secure.get("/", query={"password": SECRET}))
        assert isinstance(error, SourceUnreachable)
        assert "secure" in str(error)

        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with patch.object(session.connector, "_ssl", context):
            assert (await secure.get("/2/summary")).status == 200


async def test_secure_connection_to_a_plain_port(session: ClientSession) -> None:
    """A port without TLS is unreachable by https."""
    async with SimulatedXMRig() as rig:
        http = JsonHttp(session, "127.0.0.1", rig.port, ssl=True, timeout=0.2)
        error = await failure(http.get("/", query={"password": SECRET}))
    assert isinstance(error, SourceUnreachable)


async def test_doubled_answer(session: ClientSession) -> None:
    """Two answers to one request are no HTTP."""
    answer = head(2) + b"{}"
    async with raw_server(answer + answer) as port:
        error = await failure(ask(session, port))
    assert isinstance(error, SourceGarbled)


async def test_nothing_is_logged(
    session: ClientSession,
    caplog: pytest.LogCaptureFixture,
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    """Not even at debug level does a secret get into a log."""
    caplog.set_level(logging.DEBUG)
    async with raw_server(head(2), b"{}") as port:
        await ask(session, port)
    await failure(ask(session, unused_tcp_port_factory()))
    assert SECRET not in caplog.text
