"""A Home Assistant, as a browser on this computer talks to it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Self

import aiohttp

from .errors import DemoError

_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)


class Disconnected(Exception):
    """Home Assistant has closed the connection, or never opened it."""


class HomeAssistant:
    """HTTP and web socket of a Home Assistant whose network trusts this computer."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        token: str,
    ) -> None:
        """Take over a session, an authenticated web socket and an access token."""
        self._session = session
        self._socket = socket
        self._token = token
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changes = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str) -> AsyncIterator[Self]:
        """Log in as the only user; Disconnected if nobody answers (yet)."""
        async with aiohttp.ClientSession(url, timeout=_REQUEST_TIMEOUT) as session:
            try:
                token = await _log_in(session, url)
                socket = await _open_socket(session, token)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                raise Disconnected from error
            client = cls(session, socket, token)
            reader = asyncio.create_task(client._read())
            try:
                yield client
            finally:
                reader.cancel()
                await socket.close()

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send a web socket command; return its result, DemoError if it is refused."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            if self._socket.closed:
                raise Disconnected
            await self._socket.send_json({"id": number, "type": kind, **fields})
            return await answer
        except aiohttp.ClientError as error:
            raise Disconnected from error
        finally:
            self._answers.pop(number, None)

    async def watch(self, *events: str) -> None:
        """Have `changed` notice these events from now on."""
        for event in events:
            await self.command("subscribe_events", event_type=event)

    async def changed(self) -> None:
        """Wait for a watched event since the last call."""
        await self._changes.wait()
        self._changes.clear()
        if self._socket.closed:
            raise Disconnected

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON to the HTTP API; return its JSON, DemoError if it is refused."""
        return await self._request("POST", path, body)

    async def delete(self, path: str) -> None:
        """Delete something by the HTTP API; DemoError if it is refused."""
        await self._request("DELETE", path, None)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.request(
                method, path, json=body, headers=headers
            ) as response:
                if not response.ok:
                    raise DemoError(
                        f"Home Assistant refuses {path} ({response.status}): "
                        f"{await response.text()}"
                    )
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Disconnected from error

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.json())
        finally:
            self._changes.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Disconnected())

    def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "event":
            self._changes.set()
            return
        answer = self._answers.get(message["id"])
        if answer is None or answer.done():
            return
        if message["success"]:
            answer.set_result(message["result"])
        else:
            error = message["error"]
            answer.set_exception(DemoError(f"Home Assistant: {error['message']}"))


async def _log_in(session: aiohttp.ClientSession, url: str) -> str:
    """Do as the log-in page does, which asks nothing of a trusted network."""
    client_id = f"{url}/"
    flow = {
        "client_id": client_id,
        "handler": ["trusted_networks", None],
        "redirect_uri": client_id,
    }
    async with session.post("/auth/login_flow", json=flow) as response:
        response.raise_for_status()
        code = (await response.json())["result"]
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
    }
    async with session.post("/auth/token", data=grant) as response:
        response.raise_for_status()
        token: str = (await response.json())["access_token"]
        return token


async def _open_socket(
    session: aiohttp.ClientSession, token: str
) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect("/api/websocket", max_msg_size=0, heartbeat=30)
    await socket.receive_json()
    await socket.send_json({"type": "auth", "access_token": token})
    if (await socket.receive_json())["type"] != "auth_ok":
        raise ValueError("not let in")
    return socket
