"""T-Rex's HTTP API: the session, and what its refusals mean.

Wire facts:
- Everything is JSON over GET; the status says nothing, `success` and `error` do.
- A miner with an API key wants a session: `/login` gives a `sid` for the password that
  the key was made of, which then stands in every query. Nobody knows how long it holds.
- A miner without a key answers every command with "API readonly mode is activated".
- `success` only says that the request was understood.
"""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs

from ..common.contract import (
    CommandRefused,
    JsonObject,
    SourceError,
    SourceGarbled,
    SourceRefused,
)
from ..common.http import Answer, JsonHttp

_CLOSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_UNAUTHORIZED: Final = {"error": "unauthorized request", "success": 0}
_LOG_OUT_TIMEOUT: Final = 3.0
_LONGEST_ERROR: Final = 120


class TRexApi:
    """One miner's API. Password and session id never leave it but in queries."""

    def __init__(self, http: JsonHttp, password: str | None) -> None:
        """Take the password, if the owner gave one; it is used when it is asked for."""
        self._http = http
        self._password = (password or "").strip()
        self._sid: str | None = None

    @property
    def address(self) -> str:
        """Where the miner's own page is."""
        return self._http.url("/trex")

    async def summary(self) -> JsonObject:
        """Return the summary. Raises a SourceError."""
        found = await self._ask("/summary")
        if found.get("name") == "t-rex" or "T-Rex" in str(found.get("description")):
            return found
        if (error := self._error(found)) is not None:
            raise SourceGarbled(f"{self._http} has no summary: {error}")
        raise SourceGarbled(f"{self._http} is no T-Rex", other_device=True)

    async def config(self) -> JsonObject:
        """Return the whole configuration, secrets included. Raises a SourceError."""
        found = await self._ask("/config")
        if (error := self._error(found)) is not None:
            raise SourceGarbled(f"{self._http} has no configuration: {error}")
        return found

    async def command(self, path: str, **query: str) -> None:
        """Send something to be done; what came of it must be read back.

        Raises a SourceError; CommandRefused where the miner said that it will not.
        """
        self._check(await self._ask(path, query))

    async def change_config(self, changes: JsonObject) -> None:
        """Send changes of the configuration. Raises as `command`."""
        self._check(await self._ask("/config", body=changes))

    async def log_out(self) -> None:
        """End the session, if there is one; raises nothing."""
        if self._sid is None:
            return
        with suppress(SourceError, TimeoutError):
            async with asyncio.timeout(_LOG_OUT_TIMEOUT):
                await self._http.get("/logout", query={"sid": self._sid})
        self._sid = None

    async def _ask(
        self, path: str, query: dict[str, str] | None = None, *, body: Any = None
    ) -> JsonObject:
        """Ask, with a new session where the miner wants one."""
        found = await self._exchange(path, query, body)
        if not _is_unauthorized(found):
            return found
        await self._log_in()
        found = await self._exchange(path, query, body)
        if _is_unauthorized(found):
            raise SourceRefused(f"{self._http} does not accept its own session")
        return found

    async def _exchange(
        self, path: str, query: dict[str, str] | None, body: Any
    ) -> JsonObject:
        whole = dict(query or {})
        if self._sid is not None:
            whole["sid"] = self._sid
        method = hdrs.METH_GET if body is None else hdrs.METH_POST
        return self._object(
            await self._http.request(method, path, query=whole, body=body)
        )

    def _object(self, answer: Answer) -> JsonObject:
        if not answer.body.strip():
            return {} if answer.status not in _CLOSED else dict(_UNAUTHORIZED)
        found = answer.json()
        if not isinstance(found, dict):
            raise SourceGarbled(f"{self._http} is no T-Rex", other_device=True)
        return found

    async def _log_in(self) -> None:
        """Begin a session. Raises SourceRefused where the password is not right."""
        self._sid = None
        if not self._password:
            raise SourceRefused(f"{self._http} wants a password")
        if not self._password.isprintable():
            raise SourceRefused("The password cannot be sent")
        answer = await self._http.get("/login", query={"password": self._password})
        found = {} if answer.status in _CLOSED else self._object(answer)
        sid = found.get("sid")
        if found.get("success") != 1 or not isinstance(sid, str) or not sid:
            raise SourceRefused(f"{self._http} does not accept this password")
        self._sid = sid

    def _check(self, found: JsonObject) -> None:
        """Raise what a refused command means."""
        if (error := self._error(found)) is None:
            return
        if "readonly" in error.lower().replace("-", "").replace(" ", ""):
            raise CommandRefused("t_rex_readonly")
        raise CommandRefused("t_rex_refused", {"error": error})

    def _error(self, found: JsonObject) -> str | None:
        """Return what the miner says is wrong, None where it says nothing."""
        error = found.get("error")
        if isinstance(error, str) and error.strip():
            for secret in filter(None, (self._password, self._sid)):
                error = error.replace(secret, "…")
            return "".join(filter(str.isprintable, error))[:_LONGEST_ERROR]
        # Neither the configuration nor old answers have a word for success.
        return "?" if found.get("success", 1) in (0, "0") else None


def _is_unauthorized(found: JsonObject) -> bool:
    error = found.get("error")
    return isinstance(error, str) and "unauthorized" in error.lower()
