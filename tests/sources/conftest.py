"""Fixtures of the sources' tests, which need no Home Assistant but a network."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
import pytest

type Serve = Callable[
    [Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[TestServer]
]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let these tests open sockets on loopback."""


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a client's session."""
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts an HTTP server on loopback with one handler for everything."""
    async with AsyncExitStack() as stack:

        async def start(
            handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
        ) -> TestServer:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            server = TestServer(app, host="127.0.0.1")
            stack.push_async_callback(server.close)
            await server.start_server()
            return server

        yield start
