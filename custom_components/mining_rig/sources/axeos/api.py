"""The HTTP API of AxeOS: one request at a time, no redirects, no `Origin`."""

import asyncio
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ...problem import Problem
from ..common.cgminer_decoding import decode, with_numbers
from ..common.contract import (
    CommandRefused,
    JsonObject,
    SourceContext,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.http import Answer, http_for
from .models import is_axeos
from .one_time_code import STEP, code_at, secret_from

_PRIVATE_ONLY: Final = Problem(
    "axeos_private_only", "a-rig-refuses-the-address-of-home-assistant"
)
_INFO: Final = "/api/system/info"
_SESSIONS: Final = ("/api/v2/otp/session", "/api/otp/session")
_SESSION_HEADER: Final = "X-OTP-Session"
_TEXTS: Final = frozenset(
    (
        "boardVersion",
        "hostname",
        "ssid",
        "version",
        "axeOSVersion",
        "deviceModel",
        "minerModel",
        "stratumURL",
        "fallbackStratumURL",
    )
)
"""Keys whose values may look like numbers and are none."""
_CODE_HEADER: Final = "X-TOTP"
_LONGEST_SESSION: Final = 24 * 3600.0
_SPARE: Final = 60.0
"""Seconds before its end in which a session is not used any more."""


class AxeOsApi:
    """One miner. Its web server serves one request after the other."""

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form; the secret of codes is an option."""
        self._http = http_for(context)
        self._turn = asyncio.Lock()
        self._secret = secret_from(str(context.options.get("code_secret") or ""))
        self._session: tuple[str, float] | None = None
        """A token and the moment at which it ends."""
        self._used_step = 0

    @property
    def address(self) -> str:
        """The URL of the miner's own page."""
        return self._http.url("/")

    @property
    def has_secret(self) -> bool:
        """Whether codes can be made."""
        return self._secret is not None

    async def is_reachable(self) -> bool:
        """Return whether a connection is accepted."""
        return await self._http.is_reachable()

    async def info(self) -> Fields:
        """Return the miner's state. Raises a SourceError."""
        answer = await self._request("GET", _INFO)
        self._check(answer)
        fields = Fields(_with_numbers(_decoded(answer)))
        if not is_axeos(fields):
            raise SourceGarbled(f"{self._http} is no AxeOS", other_device=True)
        return fields

    async def asic(self) -> Fields:
        """Return the limits of the board; empty where it reports none."""
        answer = await self._request("GET", "/api/system/asic")
        return Fields(answer.json() if answer.status == HTTPStatus.OK else {})

    async def patch(self, changes: JsonObject, *, needs_code: bool) -> None:
        """Change settings. A 200 proves nothing. Raises a SourceError."""
        await self._command("PATCH", "/api/system", changes, needs_code=needs_code)

    async def post(
        self,
        name: str,
        body: Any = None,
        *,
        needs_code: bool = False,
        waits: bool = True,
    ) -> None:
        """Send a command, after the request under way if it `waits` for that.

        Raises a SourceError.
        """
        path = f"/api/system/{name}"
        await self._command("POST", path, body, needs_code=needs_code, waits=waits)

    async def _command(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        needs_code: bool,
        waits: bool = True,
    ) -> None:
        headers = await self._code_headers() if needs_code else {}
        send = self._request if waits else self._http_request
        answer = await send(method, path, headers, body)
        if answer.status == HTTPStatus.UNAUTHORIZED and needs_code:
            # The session ended early: the miner restarted.
            self._session = None
            raise CommandRefused("axeos_code_refused")
        self._check(answer)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise CommandRefused("not_offered")
        if answer.status != HTTPStatus.OK:
            raise CommandRefused("axeos_refused", {"status": str(answer.status)})

    async def _code_headers(self) -> dict[str, str]:
        """Return the headers of a session; open one where there is none."""
        if self._secret is None:
            raise CommandRefused("axeos_code_missing")
        if self._session is None or monotonic() > self._session[1]:
            self._session = await self._open_session(self._secret)
        return {_SESSION_HEADER: self._session[0]}

    async def _open_session(self, secret: bytes) -> tuple[str, float]:
        step = int(dt_util.utcnow().timestamp()) // STEP
        if step <= self._used_step:
            # The miner takes each code once, and locks after five wrong ones.
            raise CommandRefused("axeos_code_wait")
        self._used_step = step
        headers = {_CODE_HEADER: code_at(secret, step)}
        for path in _SESSIONS:
            answer = await self._request("POST", path, headers)
            if answer.status == HTTPStatus.OK:
                fields = Fields(answer.json())
                if token := fields.text("token", longest=4096):
                    seconds = fields.number("ttlMs", scale=0.001) or _LONGEST_SESSION
                    lasts = min(seconds, _LONGEST_SESSION) - _SPARE
                    return token, monotonic() + lasts
            if answer.status == HTTPStatus.UNAUTHORIZED:
                break
        raise CommandRefused("axeos_code_refused")

    async def _request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        async with self._turn:
            return await self._http_request(method, path, headers, body)

    async def _http_request(
        self, method: str, path: str, headers: dict[str, str] | None, body: Any
    ) -> Answer:
        return await self._http.request(method, path, headers=headers, body=body)

    def _check(self, answer: Answer) -> None:
        """Raise for the answer to a client that is not on a private network."""
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise SourceUnreachable(
                f"{self._http} answers private IPv4 addresses only",
                reason=_PRIVATE_ONLY.key,
                problem=_PRIVATE_ONLY,
            )


def _decoded(answer: Answer) -> Any:
    """Return the content; what some forks write wrong is mended. Raises SourceGarbled."""
    try:
        return answer.json()
    except SourceGarbled as err:
        if err.other_device:
            raise
    return decode(answer.body).data


def _with_numbers(data: Any) -> Any:
    """Return an answer whose numbers are no texts, as some forks write them."""
    if not isinstance(data, dict):
        return data
    return {
        key: value if type(value) is not str or key in _TEXTS else with_numbers(value)
        for key, value in data.items()
    }
