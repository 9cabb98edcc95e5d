"""Signing in with e-mail and password, and a second factor (Ory Kratos, native flow).

Neither a cookie nor an origin is sent: Kratos refuses both in a native (API) flow. The
server's address is inferred, so a password is only sent to a server that has just
started a login flow of Kratos. See https://www.ory.com/docs/kratos.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import re
from typing import Any, Final

from aiohttp import ClientSession, hdrs

from ..common.contract import SourceError, SourceGarbled, SourceUnreachable
from ..common.decoding import Fields
from ..common.http import Answer, JsonHttp
from .operations import OPERATIONS, Operation
from .server import Server

_FLOW: Final = OPERATIONS["login_flow"]
_SUBMIT: Final = OPERATIONS["submit_login"]
_WHOAMI: Final = OPERATIONS["whoami"]
_LOGOUT: Final = OPERATIONS["logout"]

_FLOW_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUBMIT_TO: Final = re.compile(r"https?://[^?#]+/self-service/login\?flow=")
_TOKEN: Final = "X-Session-Token"
_TOTP: Final = re.compile(r"\d{6}", re.ASCII)
_FACTORS: Final = {"totp": "totp_code", "lookup_secret": "lookup_secret"}
"""The kinds of second factors, and the key of the code in the request."""

_EXPIRED: Final = 4010001
_PROBLEMS: Final = {
    4000006: "invalid_auth",
    4000037: "invalid_auth",
    4000008: "headframe_code_wrong",
    4000016: "headframe_code_wrong",
    4000012: "headframe_code_used",
    4000011: "headframe_no_second_factor",
    4000010: "headframe_address_not_verified",
    4000038: "headframe_captcha",
    4010011: "headframe_identity_disabled",
    _EXPIRED: "headframe_sign_in_expired",
}
"""By the ids of Kratos's messages (`text/id.go` of ory/kratos); their texts are not
shown."""


class SignInRefused(SourceError):
    """The identity server refuses the sign-in."""

    def __init__(self, key: str) -> None:
        """Take the key of the error text."""
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Session:
    """A session, with all permissions of the user; its token is never shown."""

    token: str = field(repr=False)
    complete: bool
    """Whether the identity server demands no second factor."""


class SignIn:
    """The identity server of a pool."""

    def __init__(self, session: ClientSession, server: Server) -> None:
        """Take a session without a cookie jar."""
        self._prefix = server.prefix
        self._http = JsonHttp(session, server.host, server.port, ssl=server.ssl)

    async def check(self) -> None:
        """Check that a login flow of Kratos answers there, without a secret.

        Raises SourceGarbled for another server, or another SourceError.
        """
        try:
            await self._start(None)
        except SignInRefused:
            raise SourceGarbled("It starts no login flow", other_device=True) from None

    async def with_password(self, email: str, password: str) -> Session:
        """Sign in. Raises SignInRefused or another SourceError.

        The password is sent to a server that passes `check` and to no other.
        """
        body = {"method": "password", "identifier": email, "password": password}
        answer = await self._submit(None, body)
        session = _session(answer)
        if not Fields(answer).has("session", "identity"):
            return Session(session, complete=False)
        try:
            checked = await self._request(_WHOAMI, token=session)
        except SourceError:
            # The session exists and must be ended later; the pool decides whether it
            # is sufficient.
            return Session(session, complete=True)
        return Session(session, complete=checked.status != HTTPStatus.FORBIDDEN)

    async def with_code(self, session: Session, code: str) -> Session:
        """Send the second factor: six digits of an app, or a recovery code.

        Raises SignInRefused or another SourceError.
        """
        code = "".join(code.split())
        flow = await self._start(session.token)
        groups = {node.text("group") for node in flow.inside("ui").each("nodes")}
        known = [factor for factor in _FACTORS if factor in groups]
        if not known:
            raise SignInRefused("headframe_no_second_factor")
        method = known[0] if _TOTP.fullmatch(code) else known[-1]
        body = {"method": method, _FACTORS[method]: code}
        answer = await self._submit(session.token, body, flow)
        return Session(_session(answer), complete=True)

    async def end(self, session: Session) -> None:
        """Sign out; raises nothing."""
        try:
            await self._request(_LOGOUT, body={"session_token": session.token})
        except SourceError:
            # It expires.
            return

    async def _start(self, token: str | None) -> Fields:
        """Start a flow: for a password, or with a session for a second factor.

        Raises SourceGarbled where the answer to the former is no flow of Kratos.
        """
        query = {"aal": "aal2"} if token else {}
        answer = await self._request(_FLOW, token=token, query=query)
        flow = Fields(_decoded(answer))
        if answer.status != HTTPStatus.OK:
            raise SignInRefused(
                "headframe_no_second_factor" if token else _problem(flow)
            )
        if token is None and not _is_login_flow(flow):
            raise SourceGarbled("No login flow of Kratos is there", other_device=True)
        return flow

    async def _submit(
        self, token: str | None, body: Mapping[str, str], flow: Fields | None = None
    ) -> Any:
        """Submit a flow; an expired one is started again once."""
        for last in (False, True):
            flow = flow or await self._start(token)
            # Not `ui.action`, which could lead to another server.
            answer = await self._request(
                _SUBMIT, token=token, query={"flow": flow.text("id") or ""}, body=body
            )
            decoded = _decoded(answer)
            if answer.status == HTTPStatus.OK:
                return decoded
            problem = _problem(Fields(decoded))
            expired = answer.status == HTTPStatus.GONE or problem == _PROBLEMS[_EXPIRED]
            if last or not expired:
                raise SignInRefused(problem)
            flow = None
        raise AssertionError

    async def _request(
        self,
        operation: Operation,
        *,
        token: str | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        headers: dict[str, str] = {hdrs.ACCEPT: "application/json"}
        if token is not None:
            headers[_TOKEN] = token
        answer = await self._http.request(
            operation.method,
            f"{self._prefix}{operation.path}",
            query=query,
            headers=headers,
            body=body,
        )
        if answer.status >= 500:
            raise SourceUnreachable(
                f"The sign-in server fails (status {answer.status})"
            )
        return answer


def _is_login_flow(flow: Fields) -> bool:
    """Return whether an answer is a new login flow of Kratos for native apps."""
    return (
        flow.text("type") == "api"
        and _FLOW_ID.fullmatch(flow.text("id") or "") is not None
        and flow.moment("expires_at") is not None
        and _SUBMIT_TO.match(flow.text("ui", "action") or "") is not None
        and isinstance(flow.raw("ui", "nodes"), list)
    )


def _decoded(answer: Answer) -> Any:
    return answer.json() if answer.body.strip() else None


def _session(answer: Any) -> str:
    token = Fields(answer).text("session_token", longest=4096)
    if token is None:
        raise SourceGarbled("The sign-in gave no session", other_device=True)
    return token


def _problem(flow: Fields) -> str:
    """Return the key of the error text for the first known message."""
    ui = flow.inside("ui")
    ids = [message.raw("id") for message in ui.each("messages")]
    for node in ui.each("nodes"):
        ids += [message.raw("id") for message in node.each("messages")]
    known = (_PROBLEMS.get(number) for number in ids if isinstance(number, int))
    return next((key for key in known if key), "headframe_sign_in_failed")
