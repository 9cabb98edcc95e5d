"""T-Rex's HTTP API: the session, and the meaning of refusals.

- Answers are JSON; `success` and `error` show a failure, the HTTP status does not.
- A miner with an API key requires a session: `/login` returns a `sid` for the password
  of which the key was made; each query must have it. When it expires is not documented.
- A miner without a key answers every command with "API readonly mode is activated".
- `success` only means that the request was understood.
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
from ..common.decoding import Fields
from ..common.detection import Question, Recognised
from ..common.http import Answer, JsonHttp

_NO_ACCESS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_UNAUTHORIZED: Final = {"error": "unauthorized request", "success": 0}
_LOG_OUT_TIMEOUT: Final = 3.0
_LONGEST_ERROR: Final = 120


class TRexApi:
    """One miner's API. Password and session id are in queries and nowhere else."""

    def __init__(self, http: JsonHttp, password: str | None) -> None:
        """Take the password, if there is one; it is sent when the miner requires it."""
        self._http = http
        self._password = (password or "").strip()
        self._sid: str | None = None

    @property
    def address(self) -> str:
        """The URL of the miner's own page."""
        return self._http.url("/trex")

    async def is_reachable(self) -> bool:
        """Return whether the miner accepts a connection."""
        return await self._http.is_reachable()

    async def summary(self) -> JsonObject:
        """Return the summary. Raises a SourceError."""
        found = await self._request("/summary")
        if _is_summary(found):
            return found
        if (error := self._error(found)) is not None:
            raise SourceGarbled(f"{self._http} has no summary: {error}")
        raise SourceGarbled(f"{self._http} is not a T-Rex", other_device=True)

    async def config(self) -> JsonObject:
        """Return the whole configuration, secrets included. Raises a SourceError."""
        found = await self._request("/config")
        if (error := self._error(found)) is not None:
            raise SourceGarbled(f"{self._http} has no configuration: {error}")
        return found

    async def command(self, path: str, **query: str) -> None:
        """Send a command; its effect must be read back.

        Raises a SourceError; CommandRefused where the miner refuses.
        """
        self._check(await self._request(path, query))

    async def change_config(self, changes: JsonObject) -> None:
        """Send changes of the configuration. Raises as `command`."""
        self._check(await self._request("/config", body=changes))

    async def log_out(self) -> None:
        """End the session, if there is one; raises nothing."""
        if self._sid is None:
            return
        with suppress(SourceError, TimeoutError):
            async with asyncio.timeout(_LOG_OUT_TIMEOUT):
                await self._http.get("/logout", query={"sid": self._sid})
        self._sid = None

    async def _request(
        self, path: str, query: dict[str, str] | None = None, *, body: Any = None
    ) -> JsonObject:
        """Send a request, with a new session where the miner requires one."""
        sent = self._sid
        found = await self._exchange(path, query, body)
        if not _is_unauthorized(found):
            return found
        if self._sid == sent:
            await self._log_in()
        sent = self._sid
        found = await self._exchange(path, query, body)
        if _is_unauthorized(found) and self._sid != sent:
            # A request beside this one has begun another session.
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
            return {} if answer.status not in _NO_ACCESS else dict(_UNAUTHORIZED)
        found = answer.json()
        if not isinstance(found, dict):
            raise SourceGarbled(f"{self._http} is not a T-Rex", other_device=True)
        return found

    async def _log_in(self) -> None:
        """Begin a session. Raises SourceRefused where the password is wrong."""
        self._sid = None
        if not self._password:
            raise SourceRefused(f"{self._http} requires a password")
        if not self._password.isprintable():
            raise SourceRefused("The password cannot be sent")
        answer = await self._http.get("/login", query={"password": self._password})
        found = {} if answer.status in _NO_ACCESS else self._object(answer)
        sid = found.get("sid")
        if found.get("success") != 1 or not isinstance(sid, str) or not sid:
            raise SourceRefused(f"{self._http} does not accept this password")
        self._sid = sid

    def _check(self, found: JsonObject) -> None:
        """Raise CommandRefused for an answer with an error."""
        if (error := self._error(found)) is None:
            return
        if "readonly" in error.lower().replace("-", "").replace(" ", ""):
            raise CommandRefused("t_rex_readonly")
        raise CommandRefused("t_rex_refused", {"error": error})

    def _error(self, found: JsonObject) -> str | None:
        """Return the error of an answer without secrets, None where there is none."""
        error = found.get("error")
        if isinstance(error, str) and error.strip():
            for secret in filter(None, (self._password, self._sid)):
                error = error.replace(secret, "…")
            return "".join(filter(str.isprintable, error))[:_LONGEST_ERROR]
        # The configuration and old versions' answers have no `success`.
        return "?" if found.get("success", 1) in (0, "0") else None


def _is_summary(found: JsonObject) -> bool:
    return found.get("name") == "t-rex" or "T-Rex" in str(found.get("description"))


def _recognise(answer: Answer, data: Any) -> Recognised | None:
    """Recognise a summary, or the refusal of a miner with an API key."""
    if not isinstance(data, dict):
        return None
    if _is_summary(data):
        return Recognised(version=Fields(data).text("version"))
    # XMRig, too, says that it is not authorized, in capitals.
    if data.get("error") == _UNAUTHORIZED["error"]:
        return Recognised(needs=frozenset(("password",)))
    return None


QUESTION: Final = Question(
    title="T-Rex",
    paths=("/summary",),
    recognise=_recognise,
    pages=("/trex", "/config", "/login"),
)


def _is_unauthorized(found: JsonObject) -> bool:
    error = found.get("error")
    return isinstance(error, str) and "unauthorized" in error.lower()
