"""The CGI pages of an Antminer: digest sign-in, one request at a time."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from aiohttp import DigestAuthMiddleware

from ..common.cgminer_decoding import decode, with_numbers
from ..common.contract import (
    CommandRefused,
    JsonObject,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
)
from ..common.decoding import Fields
from ..common.http import Answer, JsonHttp
from .parse import watts

_LIMIT: Final = 256 * 1024
_TIMEOUT: Final = 5.0
_REFUSED: Final = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


class AntminerPages:
    """The web server of one machine."""

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form. Raises SourceUnreachable."""
        data = context.data
        user, password = data.get("username"), data.get("password")
        self.has_credentials = bool(user and password)
        signs_in = (
            [DigestAuthMiddleware(str(user), str(password))]
            if self.has_credentials
            else []
        )
        self._http = JsonHttp(
            context.session,
            data["host"],
            int(data["port"]),
            timeout=_TIMEOUT,
            limit=_LIMIT,
            middlewares=signs_in,
        )
        self._power = JsonHttp(
            context.session,
            data["host"],
            int(data.get("power_port") or 6060),
            timeout=_TIMEOUT,
            limit=_LIMIT,
        )
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """The URL of the machine's own page."""
        return self._http.url("/")

    @property
    def name(self) -> str:
        """Scheme, host and port."""
        return str(self._http)

    async def page(self, name: str) -> Fields:
        """Return the content of a page, numbers in text as numbers.

        Raises a SourceError: MinerStarting while the mining program restarts.
        """
        return Fields(with_numbers(await self.raw_page(name)))

    async def raw_page(self, name: str) -> JsonObject:
        """Return the content of a page as it was sent. Raises a SourceError."""
        answer = await self._request("GET", name)
        if answer.status != HTTPStatus.OK:
            raise SourceGarbled(
                f"{self._http} has no page of an Antminer", other_device=True
            )
        return decode(answer.body).data

    async def is_web_server(self) -> bool:
        """Return whether the web server of an Antminer answers; nothing is signed in."""
        try:
            answer = await self._request("GET", "get_system_info.cgi")
        except SourceRefused:
            return True
        except SourceError:
            return False
        return answer.status == HTTPStatus.OK

    async def post(self, name: str, body: JsonObject) -> JsonObject:
        """Send an order and return the answer. Raises a SourceError."""
        answer = await self._request("POST", name, body)
        if answer.status != HTTPStatus.OK:
            raise CommandRefused("antminer_refused", {"code": str(answer.status)})
        try:
            return decode(answer.body).data
        except SourceGarbled:
            return {}

    async def call(self, name: str) -> None:
        """Call a page that does something; the machine may be gone afterwards.

        Raises a SourceError.
        """
        answer = await self._request("GET", name)
        if answer.status != HTTPStatus.OK:
            raise CommandRefused("antminer_refused", {"code": str(answer.status)})

    async def watts(self) -> float | None:
        """Return the power in W; None where the machine does not report it."""
        try:
            answer = await self._power.get("/miner_power")
        except SourceError:
            return None
        return watts(answer.body[:200].decode(errors="replace"))

    async def _request(self, method: str, name: str, body: Any = None) -> Answer:
        async with self._turn:
            answer = await self._http.request(method, f"/cgi-bin/{name}", body=body)
        if answer.status in _REFUSED:
            raise SourceRefused(f"{self._http} wants another user name or password")
        return answer
