"""The identity server of a pool: native sign-in as Ory Kratos does it.

Its API is public: https://www.ory.sh/docs/kratos/reference/api.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import json
import secrets
from urllib.parse import parse_qs, urlsplit

from ..server import Reply, Request
from .accounts import User, make_id
from .asking import Json
from .shapes import time

FLOW_SECONDS = 3600.0
_LET_THROUGH = ("__cf", "_cf", "cf_")
WRONG_CREDENTIALS = 4000006
WRONG_TOTP = 4000008
NO_TOTP = 4000011
USED_RECOVERY_CODE = 4000012
WRONG_RECOVERY_CODE = 4000016
_MESSAGES = {
    WRONG_CREDENTIALS: "The provided credentials are invalid, check for spelling "
    "mistakes in your password or username, email address, or phone number.",
    WRONG_TOTP: "The provided authentication code is invalid, please try again.",
    NO_TOTP: "You have no TOTP device set up.",
    USED_RECOVERY_CODE: "This backup recovery code has already been used.",
    WRONG_RECOVERY_CODE: "The backup recovery code is not valid.",
}


@dataclass(kw_only=True)
class Session:
    """Somebody who is signed in."""

    id: str
    token: str
    user: User
    issued_at: float
    expires_at: float
    methods: list[tuple[str, str, float]] = field(default_factory=list)
    """Method, level and time of each step."""

    @property
    def level(self) -> str:
        """How sure it is that he is who he says."""
        return self.methods[-1][1]

    @property
    def complete(self) -> bool:
        """Whether no second factor is pending."""
        return self.level == "aal2" or not self.user.wants_second_factor


@dataclass(kw_only=True)
class _Flow:
    id: str
    level: str
    issued_at: float
    session: Session | None = None

    @property
    def expires_at(self) -> float:
        return self.issued_at + FLOW_SECONDS


class Kratos:
    """Flows and sessions."""

    def __init__(
        self,
        users: Sequence[User],
        url: Callable[[], str],
        *,
        session_seconds: float = 86400.0,
    ) -> None:
        """Know the people; `url` says where it answers."""
        self.sessions: dict[str, Session] = {}
        """By token."""
        self.session_seconds = session_seconds
        self._users = users
        self._url = url
        self._flows: dict[str, _Flow] = {}

    def session(self, token: str, now: float) -> Session | None:
        """Return the session of a token, None if there is none or it has ended."""
        found = self.sessions.get(token)
        return found if found is not None and now < found.expires_at else None

    def sign_in(self, user: User, now: float, *methods: str) -> Session:
        """Sign somebody in without asking; for a test that starts there."""
        session = self._open(user, now)
        if "totp" in methods:
            session.methods.append(("totp", "aal2", now))
        return session

    def answer(self, request: Request, now: float) -> Reply | None:
        """Answer a request; None if it is for somebody else."""
        parts = urlsplit(request.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        token = request.headers.get("x-session-token", "")
        match request.method, parts.path:
            case "GET", "/self-service/login/api":
                return self._browser(request) or self._begin(query, token, now)
            case "POST", "/self-service/login":
                return self._browser(request) or self._submit(
                    query, _body(request), token, now
                )
            case "GET", "/sessions/whoami":
                return self._whoami(token, now)
            case "DELETE", "/self-service/logout/api":
                return self._sign_out(_body(request))
            case _:
                return None

    def _browser(self, request: Request) -> Reply | None:
        """Refuse what looks like a browser."""
        cookies = [
            name
            for cookie in request.headers.get("cookie", "").split(";")
            if (name := cookie.strip()) and not name.startswith(_LET_THROUGH)
        ]
        if cookies or "origin" in request.headers:
            return _error(
                400,
                "Bad Request",
                'The HTTP Request Header included the "Cookie" or "Origin" key, '
                "indicating that this request was made by a Browser.",
            )
        return None

    def _begin(self, query: Json, token: str, now: float) -> Reply:
        level = query.get("aal", "aal1")
        session = self.session(token, now)
        if level == "aal2" and session is None:
            return _error(401, "session_aal1_required", "Please log in first.")
        if session is not None and (level == "aal1" or session.level == "aal2"):
            return _error(
                400, "session_already_available", "A valid session was detected."
            )
        flow = _Flow(
            id=make_id("flow", secrets.token_hex(8)),
            level=level,
            issued_at=now,
            session=session,
        )
        self._flows[flow.id] = flow
        return _say(200, self._shape(flow))

    def _submit(self, query: Json, body: Json | None, token: str, now: float) -> Reply:
        flow = self._flows.get(query.get("flow", ""))
        if flow is None:
            return _error(404, "Not Found", "The flow could not be found.")
        if now >= flow.expires_at:
            fresh = _Flow(
                id=make_id("flow", secrets.token_hex(8)),
                level=flow.level,
                issued_at=now,
                session=flow.session,
            )
            self._flows[fresh.id] = fresh
            return _error(
                410,
                "self_service_flow_expired",
                "The self-service flow has expired.",
                use_flow_id=fresh.id,
                expired_at=time(flow.expires_at),
            )
        if body is None:
            return _error(400, "Bad Request", "The body could not be decoded.")
        if flow.level == "aal1":
            return self._check_password(flow, body, now)
        session = self.session(token, now)
        if session is None or session is not flow.session:
            return _error(401, "session_aal1_required", "Please log in first.")
        return self._check_second(flow, session, body, now)

    def _check_password(self, flow: _Flow, body: Json, now: float) -> Reply:
        user = next(
            (user for user in self._users if user.email == body.get("identifier")),
            None,
        )
        if (
            body.get("method") != "password"
            or user is None
            or user.password != body.get("password")
        ):
            return self._again(flow, WRONG_CREDENTIALS)
        session = self._open(user, now)
        del self._flows[flow.id]
        return self._signed_in(session)

    def _check_second(
        self, flow: _Flow, session: Session, body: Json, now: float
    ) -> Reply:
        user = session.user
        method = body.get("method")
        if method == "totp":
            if user.totp is None:
                return self._again(flow, NO_TOTP)
            if body.get("totp_code") != user.totp:
                return self._again(flow, WRONG_TOTP)
        else:
            code = str(body.get("lookup_secret"))
            if code not in user.recovery_codes:
                return self._again(flow, WRONG_RECOVERY_CODE)
            if user.recovery_codes[code]:
                return self._again(flow, USED_RECOVERY_CODE)
            user.recovery_codes[code] = True
        session.methods.append((str(method), "aal2", now))
        del self._flows[flow.id]
        return self._signed_in(session)

    def _open(self, user: User, now: float) -> Session:
        session = Session(
            id=make_id("session", secrets.token_hex(8)),
            token=f"ory_st_{secrets.token_urlsafe(24).replace('-', 'x')}",
            user=user,
            issued_at=now,
            expires_at=now + self.session_seconds,
            methods=[("password", "aal1", now)],
        )
        self.sessions[session.token] = session
        return session

    def _signed_in(self, session: Session) -> Reply:
        shape = self._session_shape(session, with_identity=session.complete)
        return _say(200, {"session_token": session.token, "session": shape})

    def _whoami(self, token: str, now: float) -> Reply:
        session = self.session(token, now)
        if session is None:
            return _error(
                401,
                "session_inactive",
                "No active session was found in this request.",
            )
        if not session.complete:
            return _error(
                403,
                "session_aal2_required",
                "An active session was found but it does not fulfil the requested "
                "Authenticator Assurance Level.",
                redirect_browser_to=f"{self._url()}/self-service/login/browser?aal=aal2",
            )
        return _say(200, self._session_shape(session, with_identity=True))

    def _sign_out(self, body: Json | None) -> Reply:
        token = (body or {}).get("session_token")
        if not isinstance(token, str) or not token:
            return _error(400, "Bad Request", "The session token is missing.")
        if self.sessions.pop(token, None) is None:
            return _error(403, "Forbidden", "The session token is invalid.")
        return Reply(status=204, reason="No Content", headers={"Connection": "close"})

    def _again(self, flow: _Flow, message: int) -> Reply:
        shape = self._shape(flow)
        shape["ui"]["messages"] = [
            {"id": message, "text": _MESSAGES[message], "type": "error"}
        ]
        return _say(400, shape)

    def _shape(self, flow: _Flow) -> Json:
        base = self._url()
        asked = "?aal=aal2" if flow.level == "aal2" else ""
        return {
            "id": flow.id,
            "type": "api",
            "expires_at": time(flow.expires_at),
            "issued_at": time(flow.issued_at),
            "request_url": f"{base}/self-service/login/api{asked}",
            "ui": {
                "action": f"{base}/self-service/login?flow={flow.id}",
                "method": "POST",
                "nodes": [
                    _node("default", "csrf_token", "hidden", value=""),
                    *self._questions(flow),
                ],
            },
            "refresh": False,
            "requested_aal": flow.level,
            "state": "choose_method",
        }

    def _questions(self, flow: _Flow) -> list[Json]:
        if flow.level == "aal1" or flow.session is None:
            return [
                _node("default", "identifier", "text"),
                _node("password", "password", "password"),
                _node("password", "method", "submit", value="password"),
            ]
        nodes = []
        if flow.session.user.totp is not None:
            nodes += [
                _node("totp", "totp_code", "text"),
                _node("totp", "method", "submit", value="totp"),
            ]
        if flow.session.user.recovery_codes:
            nodes += [
                _node("lookup_secret", "lookup_secret", "text"),
                _node("lookup_secret", "method", "submit", value="lookup_secret"),
            ]
        return nodes

    def _session_shape(self, session: Session, *, with_identity: bool) -> Json:
        shape: Json = {
            "id": session.id,
            "active": True,
            "expires_at": time(session.expires_at),
            "authenticated_at": time(session.methods[-1][2]),
            "authenticator_assurance_level": session.level,
            "authentication_methods": [
                {"method": method, "aal": level, "completed_at": time(at)}
                for method, level, at in session.methods
            ],
            "issued_at": time(session.issued_at),
            "devices": [
                {
                    "id": make_id("device", session.id),
                    "ip_address": "203.0.113.7",
                    "user_agent": "unknown",
                    "location": "",
                }
            ],
        }
        if with_identity:
            shape["identity"] = {
                "id": session.user.id,
                "schema_id": "default",
                "schema_url": f"{self._url()}/schemas/default",
                "state": "active",
                "traits": {"email": session.user.email},
            }
        return shape


def _node(group: str, name: str, kind: str, **more: str) -> Json:
    return {
        "type": "input",
        "group": group,
        "attributes": {
            "name": name,
            "type": kind,
            "disabled": False,
            "node_type": "input",
            **more,
        },
        "messages": [],
        "meta": {},
    }


def _body(request: Request) -> Json | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _say(status: int, body: Json) -> Reply:
    reasons = {200: "OK", 400: "Bad Request"}
    return Reply(
        status=status,
        reason=reasons[status],
        headers={"Content-Type": "application/json", "Connection": "close"},
        body=json.dumps(body, separators=(",", ":")).encode(),
    )


_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
}


def _error(status: int, word: str, reason: str, **more: str) -> Reply:
    body: Json = {
        "error": {
            "id": word,
            "code": status,
            "status": _REASONS[status],
            "reason": reason,
            "message": reason,
        },
        **more,
    }
    return Reply(
        status=status,
        reason=_REASONS[status],
        headers={"Content-Type": "application/json", "Connection": "close"},
        body=json.dumps(body, separators=(",", ":")).encode(),
    )
