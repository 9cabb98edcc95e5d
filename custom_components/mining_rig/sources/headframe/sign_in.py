"""Signing in with e-mail and password, and a second factor (Ory Kratos, native flow).

Neither cookie nor origin is sent: Kratos takes an API flow from no browser. Wire facts:
headframe §1.4.
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

_TOKEN: Final = "X-Session-Token"
_TOTP: Final = re.compile(r"\d{6}", re.ASCII)
_FACTORS: Final = {"totp": "totp_code", "lookup_secret": "lookup_secret"}
"""What the second factor can be, and the key of the code in the answer to it."""

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
"""Kratos's messages by their ids; their texts are never shown."""


class SignInRefused(SourceError):
    """The identity server does not let this person in."""

    def __init__(self, key: str) -> None:
        """Take the key of the text that says why."""
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Session:
    """What a sign-in gives; good for everything the person may do, so never shown."""

    token: str = field(repr=False)
    complete: bool
    """No second factor is asked for, as far as the identity server tells."""


class SignIn:
    """The identity server of a pool."""

    def __init__(self, session: ClientSession, place: Server) -> None:
        """Take a session that keeps no cookies."""
        self._place = place
        self._http = JsonHttp(session, place.host, place.port, ssl=place.ssl)

    async def with_password(self, email: str, password: str) -> Session:
        """Sign in. Raises SignInRefused or another SourceError."""
        body = {"method": "password", "identifier": email, "password": password}
        answer = await self._submit(None, body)
        session = _session(answer)
        if not Fields(answer).has("session", "identity"):
            return Session(session, complete=False)
        try:
            checked = await self._ask(_WHOAMI, token=session)
        except SourceError:
            # The session is there and has to be ended; the pool tells what it is good
            # for.
            return Session(session, complete=True)
        return Session(session, complete=checked.status != HTTPStatus.FORBIDDEN)

    async def with_code(self, session: Session, code: str) -> Session:
        """Give the second factor: six digits of an app, or a recovery code.

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
            await self._ask(_LOGOUT, body={"session_token": session.token})
        except SourceError:
            # It ends by itself.
            return

    async def _start(self, token: str | None) -> Fields:
        """Begin a flow: for a password, or with a session for a second factor."""
        query = {"aal": "aal2"} if token else {}
        answer = await self._ask(_FLOW, token=token, query=query)
        flow = Fields(_decoded(answer))
        if answer.status != HTTPStatus.OK:
            raise SignInRefused(
                "headframe_no_second_factor" if token else _problem(flow)
            )
        if flow.text("id") is None:
            raise SourceGarbled("No sign-in is offered there", other_device=True)
        return flow

    async def _submit(
        self, token: str | None, body: Mapping[str, str], flow: Fields | None = None
    ) -> Any:
        """Answer a flow; one that has expired is begun again once."""
        for last in (False, True):
            flow = flow or await self._start(token)
            # Built here rather than taken from `ui.action`, which could lead elsewhere.
            answer = await self._ask(
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

    async def _ask(
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
            f"{self._place.prefix}{operation.path}",
            query=query,
            headers=headers,
            body=body,
        )
        if answer.status >= 500:
            raise SourceUnreachable(f"The sign-in fails (status {answer.status})")
        return answer


def _decoded(answer: Answer) -> Any:
    return answer.json() if answer.body.strip() else None


def _session(answer: Any) -> str:
    token = Fields(answer).text("session_token", longest=4096)
    if token is None:
        raise SourceGarbled("The sign-in gave no session", other_device=True)
    return token


def _problem(flow: Fields) -> str:
    """Return the key of the text for the first message that is known."""
    ui = flow.inside("ui")
    ids = [message.raw("id") for message in ui.each("messages")]
    for node in ui.each("nodes"):
        ids += [message.raw("id") for message in node.each("messages")]
    known = (_PROBLEMS.get(number) for number in ids if isinstance(number, int))
    return next((key for key in known if key), "headframe_sign_in_failed")
