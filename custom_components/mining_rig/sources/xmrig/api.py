"""The HTTP API that XMRig and xmrig-proxy share: it is the same code in both.

As XMRig 6.26 behaves:
- The token is sent as `Bearer`; a miner without one answers 401 to any such header.
- 401: the header is missing, or the miner has no token, or it is unrestricted without
  one. 403 on the summary: a wrong token. 403 elsewhere: a wrong token or `restricted`.
- JSON-RPC answers are sent twice on one connection, which aiohttp reports as an error
  although the command was carried out. Neither outcome proves anything.
- PUT takes the whole configuration; a key that is left out falls back to its default.
  With `watch` it is applied about 0.5 s after the answer.
"""

from http import HTTPStatus
from typing import Any, Final, override

from aiohttp import hdrs

from ..common.contract import CommandRefused, JsonObject, SourceGarbled, SourceRefused
from ..common.decoding import Fields
from ..common.detection import Question, Recognised
from ..common.http import Answer, JsonHttp

SUMMARIES: Final = ("/2/summary", "/1/summary", "/api.json")
"""The paths of the summary in different versions, the newest first."""

MINERS: Final = frozenset(("miner", "cpu", "amd", "nvidia"))
"""The values of `kind` in the miner's versions."""
PROXIES: Final = frozenset(("proxy",))

_KINDS: Final = {
    **dict.fromkeys(MINERS, "xmrig"),
    **dict.fromkeys(PROXIES, "xmrig_proxy"),
}
_PROXY_KEYS: Final = frozenset(("miners", "upstreams"))
_METHOD_NOT_FOUND: Final = -32601
_BROWSER_SCHEMES: Final = ("basic", "digest")


class XmrigApi:
    """One miner's or proxy's API."""

    def __init__(
        self,
        http: JsonHttp,
        token: str | None,
        *,
        kinds: frozenset[str],
        summaries: tuple[str, ...] = SUMMARIES,
    ) -> None:
        """Take the token, if there is one, and the accepted values of `kind`."""
        self._http = http
        self._token = (token or "").strip()
        self._kinds = kinds
        self._summaries = summaries
        self._found: str | None = None

    @override
    def __str__(self) -> str:
        """Show scheme, host and port."""
        return str(self._http)

    @property
    def address(self) -> str | None:
        """The URL of the summary; None with a token, which a browser cannot send."""
        return (
            None if self._token else self._http.url(self._found or self._summaries[0])
        )

    async def is_reachable(self) -> bool:
        """Return whether the program accepts a connection."""
        return await self._http.is_reachable()

    async def summary(self) -> JsonObject:
        """Return the summary of a miner of the right kind. Raises a SourceError."""
        if self._found is not None:
            answer = await self._get(self._found)
            if answer.status != HTTPStatus.NOT_FOUND:
                return self._summary(answer)
            # Another version or another product answers now.
            self._found = None
        for path in self._summaries:
            answer = await self._get(path)
            if answer.status != HTTPStatus.NOT_FOUND:
                summary = self._summary(answer)
                self._found = path
                return summary
        raise SourceGarbled(f"{self._http} has no summary", other_device=True)

    def _summary(self, answer: Answer) -> JsonObject:
        match answer.status:
            case HTTPStatus.OK:
                pass
            case HTTPStatus.UNAUTHORIZED:
                raise self._unauthorized(answer)
            case HTTPStatus.FORBIDDEN:
                raise SourceRefused(f"{self._http} does not accept this access token")
            case status:
                raise SourceGarbled(f"{self._http} answers with status {status}")
        found = answer.json()
        kind = _kind(found)
        if kind is None or kind not in self._kinds:
            raise SourceGarbled(
                f"{self._http} is not such a miner",
                other_device=True,
                kind=_KINDS.get(kind or ""),
            )
        summary: JsonObject = found
        return summary

    def _unauthorized(self, answer: Answer) -> SourceRefused | SourceGarbled:
        """Return the error for a 401, which has three reasons, and other senders."""
        challenge = answer.headers.get(hdrs.WWW_AUTHENTICATE, "").lower()
        if challenge.startswith(_BROWSER_SCHEMES):
            return SourceGarbled(f"{self._http} is not such a miner", other_device=True)
        if self._token:
            return SourceRefused(
                f"{self._http} has no access token and accepts none, or is unrestricted"
                " without one"
            )
        return SourceRefused(f"{self._http} requires an access token")

    async def get(self, path: str) -> Any:
        """Return the answer of a path, None where this version does not have it.

        Raises a SourceError; CommandRefused where the miner is restricted.
        """
        answer = await self._get(path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        await self._check(answer)
        return answer.json()

    async def config(self) -> JsonObject:
        """Return the whole configuration, secrets included. Raises as `get`."""
        found = await self.get(self._config_path)
        if not isinstance(found, dict):
            raise SourceGarbled(f"{self._http} returns no configuration")
        return found

    async def put_config(self, config: JsonObject) -> None:
        """Replace the whole configuration; what comes of it must be read back.

        Raises as `get`; CommandRefused also where the program keeps the old one.
        """
        answer = await self._http.request(
            hdrs.METH_PUT, self._config_path, headers=self._headers(), body=config
        )
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise CommandRefused("xmrig_config_rejected")
        await self._check(answer)

    async def call(self, method: str) -> None:
        """Call a JSON-RPC method; its effect must be read back.

        Raises a SourceError; CommandRefused where the miner refuses.
        """
        try:
            answer = await self._http.request(
                hdrs.METH_POST,
                "/json_rpc",
                headers=self._headers(),
                body={"method": method, "id": 1},
            )
            if answer.status == HTTPStatus.NOT_FOUND:
                raise CommandRefused("xmrig_unknown_command", {"command": method})
            await self._check(answer)
            found = answer.json()
        except SourceGarbled:
            # The second copy of the answer: the command was sent, its outcome is unknown.
            return
        error = found.get("error") if isinstance(found, dict) else None
        if isinstance(error, dict) and error.get("code") == _METHOD_NOT_FOUND:
            raise CommandRefused("xmrig_unknown_command", {"command": method})

    @property
    def _config_path(self) -> str:
        summary = self._found or self._summaries[0]
        return "/2/config" if summary == SUMMARIES[0] else "/1/config"

    def _headers(self) -> dict[str, str]:
        # A miner without a token refuses requests with one.
        if not self._token:
            return {}
        if not self._token.isprintable():
            raise SourceRefused("The access token cannot be sent")
        return {hdrs.AUTHORIZATION: f"Bearer {self._token}"}

    async def _get(self, path: str) -> Answer:
        return await self._http.get(path, headers=self._headers())

    async def _check(self, answer: Answer) -> None:
        """Raise for the status of an answer that is not a summary."""
        match answer.status:
            case HTTPStatus.OK | HTTPStatus.NO_CONTENT:
                return
            case HTTPStatus.UNAUTHORIZED:
                raise self._unauthorized(answer)
            case HTTPStatus.FORBIDDEN:
                # A wrong token, for which the summary raises, or a restricted API.
                await self.summary()
                raise CommandRefused("xmrig_restricted")
            case status:
                raise SourceGarbled(f"{self._http} answers with status {status}")


def _kind(summary: Any) -> str | None:
    """Return the `kind` of a summary; without one, a proxy is known by its keys."""
    if not isinstance(summary, dict):
        return None
    kind = summary.get("kind")
    if kind is None and summary.keys() >= _PROXY_KEYS:
        return "proxy"
    return kind if isinstance(kind, str) else None


def _question(title: str, kinds: frozenset[str]) -> Question:
    """Return the question for a program with these values of `kind`."""

    def recognise(answer: Answer, data: Any) -> Recognised | None:
        if answer.status == HTTPStatus.OK and _kind(data) in kinds:
            fields = Fields(data)
            return Recognised(
                version=fields.text("version"), model=fields.text("cpu", "brand")
            )
        # Without a token, miner and proxy answer alike.
        if isinstance(data, dict) and data.get("error") == "UNAUTHORIZED":
            return Recognised(needs=frozenset(("access_token",)))
        return None

    return Question(
        title=title, paths=SUMMARIES, recognise=recognise, pages=("/json_rpc",)
    )


QUESTIONS: Final = {
    "xmrig": _question("XMRig", MINERS),
    "xmrig_proxy": _question("xmrig-proxy", PROXIES),
}
