"""How the simulated XMRig speaks HTTP."""

import aiohttp
import pytest

from simulator.clock import ManualClock
from simulator.xmrig import SimulatedXMRig

from .wire import ask, exchange, get, split

READS = ("/2/summary", "/2/backends", "/2/dmi")


async def test_head_and_layout_of_an_answer() -> None:
    """The headers stand in the miner's order, the body is laid out by its writer."""
    async with SimulatedXMRig() as rig:
        raw = await exchange(rig, b"GET /2/summary HTTP/1.1\r\n\r\n")
    [response] = split(raw)
    assert response.status_line == "HTTP/1.1 200 OK"
    assert response.headers == [
        ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
        ("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE"),
        ("Access-Control-Allow-Origin", "*"),
        ("Connection", "close"),
        ("Content-Length", str(len(response.body))),
        ("Content-Type", "application/json"),
    ]
    lines = response.body.decode().split("\n")
    assert lines[0] == "{"
    assert lines[1].startswith('    "id": "')
    assert (
        '    "features": ["api", "asm", "http", "hwloc", "tls", "opencl", "cuda"],'
        in (lines)
    )
    assert lines[-1] == "}"


async def test_arrays_of_objects_are_on_several_lines() -> None:
    """Only arrays of plain values are on one line."""
    async with SimulatedXMRig() as rig:
        [response] = await ask(rig, "GET", "/2/backends")
    assert response.body.startswith(b'[\n    {\n        "type": "cpu",\n')
    assert b'        "threads": [\n            {\n' in response.body


@pytest.mark.parametrize(
    ("version", "copies"), [("6.26.0", 2), ("5.5.1", 2), ("5.5.0", 1), ("4.0.0", 1)]
)
async def test_json_rpc_is_answered_twice(version: str, copies: int) -> None:
    """The whole answer comes twice on one connection since 5.5.1."""
    async with SimulatedXMRig(version=version, token="t", restricted=False) as rig:
        call = {"method": "pause", "id": 7}
        responses = await ask(rig, "POST", "/json_rpc", token="t", body=call)
    assert len(responses) == copies
    assert all(response == responses[0] for response in responses)
    assert responses[0].json() == {
        "result": {"status": "OK"},
        "jsonrpc": "2.0",
        "id": 7,
    }
    assert dict(responses[0].headers)["Connection"] == "close"


async def test_aiohttp_raises_although_the_command_was_done() -> None:
    """The second copy of an answer is an error for aiohttp."""
    async with (
        SimulatedXMRig(token="t", restricted=False) as rig,
        aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session,
    ):
        with pytest.raises(aiohttp.ClientResponseError, match="Connection: close"):
            async with session.post(f"{rig.url}/json_rpc", json={"method": "pause"}):
                pass
        assert rig.paused
        async with session.get(f"{rig.url}/2/summary") as response:
            assert (await response.json())["paused"] is True


@pytest.mark.parametrize(
    ("token", "restricted", "header", "read", "control"),
    [
        (None, True, None, 200, 403),
        (None, True, "Bearer any", 401, 401),
        (None, False, None, 401, 401),
        (None, False, "Bearer any", 401, 401),
        ("right", True, None, 401, 401),
        ("right", True, "Bearer wrong", 403, 403),
        ("right", True, "Bearer right", 200, 403),
        ("right", False, None, 401, 401),
        ("right", False, "Bearer wrong", 403, 403),
        ("right", False, "Bearer right", 200, 200),
        ("right", False, "bearer right", 403, 403),
        ("right", False, "Bearer  right", 403, 403),
        ("right", False, "Basic right", 403, 403),
        ("", True, None, 401, 401),
        ("", True, "Bearer ", 403, 403),
    ],
)
async def test_who_may_do_what(
    token: str | None, restricted: bool, header: str | None, read: int, control: int
) -> None:
    """401 and 403 mean what they mean to the miner, which is several things."""
    headers = {} if header is None else {"Authorization": header}
    async with SimulatedXMRig(token=token, restricted=restricted) as rig:
        for path in READS:
            [response] = await ask(rig, "GET", path, headers=headers)
            assert response.status == read
        [response] = await ask(rig, "GET", "/2/config", headers=headers)
        assert response.status == control
        body = rig.config
        [response] = await ask(rig, "PUT", "/2/config", headers=headers, body=body)
        assert response.status == (204 if control == 200 else control)
        call = {"method": "resume", "id": 1}
        for response in await ask(rig, "POST", "/json_rpc", headers=headers, body=call):
            assert response.status == control


@pytest.mark.parametrize(
    ("version", "status_line", "error"),
    [
        ("6.26.0", "HTTP/1.1 401 UNAUTHORIZED", "UNAUTHORIZED"),
        ("6.9.0", "HTTP/1.1 401 Unauthorized", "Unauthorized"),
    ],
)
async def test_errors_have_a_body(version: str, status_line: str, error: str) -> None:
    """The name of an error is spelled as its version does."""
    async with SimulatedXMRig(token="t", version=version) as rig:
        [response] = await ask(rig, "GET", "/2/summary")
    assert response.status_line == status_line
    assert response.json() == {"status": 401, "error": error}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "has_body"),
    [
        ("OPTIONS", "/2/config", {}, 200, False),
        ("GET", "/favicon.ico", {}, 404, False),
        ("PATCH", "/2/config", {}, 405, True),
        ("GET", "/nowhere", {}, 401, True),
        ("HEAD", "/2/summary", {}, 401, True),
        ("HEAD", "/2/summary", {"Authorization": "Bearer t"}, 415, True),
        ("GET", "/2/summary/", {"Authorization": "Bearer t"}, 404, True),
        ("GET", "/2/summary?x=1", {"Authorization": "Bearer t"}, 404, True),
        ("GET", "/", {"Authorization": "Bearer t"}, 404, True),
        ("GET", "/1/backends", {"Authorization": "Bearer t"}, 404, True),
        ("GET", "/1/threads", {"Authorization": "Bearer t"}, 404, True),
        ("GET", "/json_rpc", {"Authorization": "Bearer t"}, 404, True),
        ("DELETE", "/2/config", {"Authorization": "Bearer t"}, 415, True),
        (
            "DELETE",
            "/2/config",
            {"Authorization": "Bearer t", "Content-Type": "application/json"},
            404,
            True,
        ),
        (
            "POST",
            "/json_rpc",
            {
                "Authorization": "Bearer t",
                "Content-Type": "application/json; charset=utf-8",
            },
            415,
            True,
        ),
        ("POST", "/nowhere", {"Authorization": "Bearer t"}, 415, True),
    ],
)
async def test_order_of_the_checks(
    method: str, path: str, headers: dict[str, str], status: int, has_body: bool
) -> None:
    """Method, then token, then restriction, then type, then path."""
    async with SimulatedXMRig(token="t", restricted=False) as rig:
        [response] = await ask(rig, method, path, headers=headers)
    assert response.status == status
    assert bool(response.body) is has_body
    assert ("Content-Length" in dict(response.headers)) is has_body


async def test_head_of_a_restricted_miner_is_forbidden() -> None:
    """HEAD counts as a write."""
    async with SimulatedXMRig() as rig:
        [response] = await ask(rig, "HEAD", "/2/summary")
    assert response.status == 403


async def test_a_connection_carries_one_request() -> None:
    """A pipelined second request is never answered."""
    async with SimulatedXMRig() as rig:
        raw = await exchange(rig, b"GET /2/dmi HTTP/1.1\r\n\r\n" * 2)
    assert len(split(raw)) == 1
    assert len(rig.requests) == 1


async def test_http_1_0_is_answered_with_1_1() -> None:
    """The version of the request does not matter."""
    async with SimulatedXMRig() as rig:
        raw = await exchange(rig, b"GET /2/dmi HTTP/1.0\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_chunked_requests_are_understood() -> None:
    """A body may come in chunks."""
    raw = (
        b"POST /json_rpc HTTP/1.1\r\nAuthorization: Bearer t\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'9\r\n{"method"\r\n9\r\n:"pause"}\r\n0\r\n\r\n'
    )
    async with SimulatedXMRig(token="t", restricted=False) as rig:
        await exchange(rig, raw)
        assert rig.paused
    assert rig.requests[0].body == b'{"method":"pause"}'


@pytest.mark.parametrize(
    "raw", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
async def test_nonsense_is_not_answered(raw: bytes) -> None:
    """What is no HTTP request gets no answer."""
    async with SimulatedXMRig() as rig:
        assert await exchange(rig, raw) == b""
    assert rig.requests == []


@pytest.mark.parametrize(
    ("body", "code", "identity"),
    [
        (b'{"method":"start","id":1}', -32601, 1),
        (b'{"method":"Pause","id":"a"}', -32601, "a"),
        (b'{"id":3}', -32600, 3),
        (b'{"method":5}', -32600, None),
        (b"[]", -32600, None),
        (b"{nonsense", -32700, None),
        (b"", -32600, None),
    ],
)
async def test_json_rpc_errors(body: bytes, code: int, identity: object) -> None:
    """Errors come with status 200 and echo the id."""
    async with SimulatedXMRig(token="t", restricted=False) as rig:
        response, _ = await ask(rig, "POST", "/json_rpc", token="t", body=body)
        assert not rig.paused
    assert response.status == 200
    answer = response.json()
    assert answer["error"]["code"] == code
    assert answer["id"] == identity


async def test_port_speaks_http_and_https() -> None:
    """With TLS the first byte decides; the certificate is the miner's own."""
    async with (
        SimulatedXMRig(tls=True) as rig,
        aiohttp.ClientSession() as session,
    ):
        assert rig.form["connection"] == {"ssl": True, "verify_ssl": False}
        async with session.get(f"{rig.url}/2/summary", ssl=False) as response:
            assert (await response.json())["kind"] == "miner"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{rig.url}/2/summary")
        assert (await get(rig, "/2/summary"))["kind"] == "miner"


async def test_form_and_record(clock: ManualClock) -> None:
    """A test sees what to type in and what was asked."""
    async with SimulatedXMRig(token="t", clock=clock) as rig:
        assert rig.form == {"host": "127.0.0.1", "port": rig.port, "access_token": "t"}
        await get(rig, "/2/summary", "t")
        assert [(r.method, r.path) for r in rig.requests] == [("GET", "/2/summary")]
        assert rig.requests[0].headers["authorization"] == "Bearer t"
        assert rig.requests[0].at == clock()
        assert rig.most_at_once == 1
    async with SimulatedXMRig() as rig:
        assert "access_token" not in rig.form
