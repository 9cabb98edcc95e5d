"""A simulated Headframe: a mining pool's accounts, and the server where one signs in.

It answers at the paths of the OpenAPI description in tests/fixtures/headframe on one
port; it shares no code with the integration.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
import json
from typing import ClassVar, override
from urllib.parse import unquote, urlsplit

from ..clock import Clock, wall_clock
from ..faults import Fault
from ..rig import SimulatedRig
from ..server import Reply, Request
from . import money, people, working
from .accounts import Miner, User, Wallet, make_token
from .asking import Asked, Caller, Refusal, not_found, unauthorized
from .faults import DESCRIPTIONS, PoolFault
from .home import build
from .kratos import Kratos, Session
from .mining import Machine
from .routes import OPERATIONS, Operation, Pool, find

__all__ = ["OPERATIONS", "PoolFault", "SimulatedHeadframe"]

BASE = "/api/backend/v0.1"
COOKIE = "ory_session_relaxedwescoffeywmz1r7og"
_LIMIT_SECONDS = 60.0
_LONGEST_ADDRESS = 4096
_SUBJECTS = (money, people, working)
"""The modules that register the operations."""
_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    414: "URI Too Long",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}
_GATEWAY = b"""<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center></body></html>
"""
_HTML = {"Content-Type": "text/html", "Connection": "close"}
_LIMITS = (PoolFault.LIMITED, PoolFault.LIMITED_UNTIL, PoolFault.LIMITED_SILENTLY)


class SimulatedHeadframe(SimulatedRig):
    """A pool with one account whose machines mine as the time passes."""

    kind: ClassVar[str] = "headframe"
    rig_type: ClassVar[str] = "pool"
    descriptions: ClassVar[Mapping[str, str]] = DESCRIPTIONS

    def __init__(
        self,
        name: str = "HomeGarage",
        *,
        days: int = 45,
        workers: int | None = None,
        totp: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        tls: bool = False,
        session_seconds: float = 86400.0,
        second_factor_status: int = 403,
    ) -> None:
        """Prepare an account that was opened `days` ago.

        It has so many `workers`, or the four of a home. `totp` is the code that is
        asked after the password, if any. `second_factor_status` is what the pool
        answers to a session that still lacks it.
        """
        super().__init__(name, host=host, port=port, clock=clock, tls=tls)
        now = clock()
        self.registry = build(name, now, days=days, count=workers)
        self.user.totp = totp
        pool = next(group for group in self.registry.groups if group.type == "pool")
        self.pool = Pool(
            registry=self.registry,
            id=pool.id,
            title=pool.title,
            domain=host,
        )
        self.kratos = Kratos(
            self.registry.users, lambda: self.url, session_seconds=session_seconds
        )
        self.missing: set[str] = set()
        """Operations whose path is another one, by their numbers."""
        self.replies: dict[str, object] = {}
        """JSON that replaces what an operation answers, by its number."""
        self.pool_faults: set[PoolFault] = set()
        self._second_factor_status = second_factor_status
        self._limited_until = 0.0
        self._silent: Machine | None = None

    # What tests and farms look at

    @property
    @override
    def form(self) -> dict[str, object]:
        """What a person enters who has a watcher link."""
        return {"watcher_link": self.link}

    @property
    def account(self) -> Miner:
        """The account that is watched."""
        return self.registry.miners[0]

    @property
    def user(self) -> User:
        """Its owner."""
        return self.registry.users[0]

    @property
    def token(self) -> str:
        """The token of a link that may see payments."""
        return make_token(self.name)

    @property
    def guest_token(self) -> str:
        """The token of a link that may not."""
        return make_token(self.name, "guest")

    @property
    def link(self) -> str:
        """A watcher link as a person copies it from the pool's page."""
        return f"{self.url}/watcher/{self.token}"

    @property
    def api_key(self) -> str:
        """The owner's key."""
        return next(iter(self.user.api_keys))

    @property
    def wallet(self) -> Wallet:
        """The account's wallet."""
        return self.account.wallets[0]

    @property
    @override
    def troubles(self) -> list[str]:
        """Everything that is wrong at present."""
        self._let_in_again()
        return sorted([*self.faults, *self.pool_faults])

    def machine(self, name: str) -> Machine:
        """Return a machine by its name; StopIteration if there is none."""
        return next(one for one in self.account.machines if one.name == name)

    def calls(self, number: str | int | None = None) -> list[Request]:
        """Return the requests of an operation, or all of the pool's interface."""
        found = []
        for request in self.requests:
            path = unquote(urlsplit(request.path).path)
            if not path.startswith(BASE):
                continue
            route = find(request.method, path.removeprefix(BASE))
            if number is None or (route and route[0].number == str(number)):
                found.append(request)
        return found

    # What tests and farms do to it

    @override
    def fault(self, name: str, *, seconds: float | None = None) -> None:
        """Begin a fault, or obey a command; ValueError if unknown.

        `seconds` is also for how long there are too many requests.
        """
        if name not in {*PoolFault}:
            if name == "normal":
                for fault in [*self.pool_faults]:
                    self.clear(fault)
            super().fault(name, seconds=seconds)
            return
        fault = PoolFault(name)
        self.pool_faults.add(fault)
        now = self.clock()
        if fault in _LIMITS:
            self._limited_until = now + (seconds or _LIMIT_SECONDS)
        elif fault is PoolFault.SESSION_EXPIRED:
            self.kratos.sessions.clear()
        elif fault is PoolFault.LINK_DELETED:
            self.account.links.clear()
        elif fault is PoolFault.WORKER_OFF:
            self._silent = self.account.machines[0]
            self._silent.switch(now, on=False)
        elif fault is PoolFault.ADDRESS_CHANGED:
            money.change_address(self.wallet, now)

    @override
    def clear(self, name: str) -> None:
        """End one fault; ValueError if unknown.

        What was deleted stays so; only the demo's own link is there again.
        """
        if name not in {*PoolFault}:
            super().clear(name)
            return
        self.pool_faults.discard(PoolFault(name))
        now = self.clock()
        if name in _LIMITS:
            self._limited_until = now
        elif name == PoolFault.WORKER_OFF and self._silent is not None:
            self._silent.switch(now, on=True)
        elif name == PoolFault.LINK_DELETED and not self.account.links:
            self.account.add_link(self.token, "Home", now, accountant=True)

    def sign_in(self, *methods: str) -> Session:
        """Sign the owner in, as if on another device."""
        return self.kratos.sign_in(self.user, self.clock(), *methods)

    # Inside

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        """Let the machines mine on: only the pool's interface is gone."""

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    @override
    def _answer(self, request: Request) -> Reply | None:
        now = self.clock()
        parts = urlsplit(request.path)
        if not parts.path.startswith(BASE):
            return self.kratos.answer(request, now) or self._web_page()
        if (reply := self._trouble(now)) is not None:
            return reply
        if len(request.path) > _LONGEST_ADDRESS:
            return Reply(status=414, reason=_REASONS[414], headers=_HTML, body=_GATEWAY)
        try:
            return self._ask(request, parts.path.removeprefix(BASE), parts.query, now)
        except Refusal as refusal:
            return self._error(refusal)

    def _ask(self, request: Request, path: str, query: str, now: float) -> Reply:
        found = find(request.method, path)
        if found is None or self._is_missing(found[0]):
            raise not_found()
        operation, values = found
        if operation.number in self.replies:
            reply = self.replies[operation.number]
            return self._json_reply(json.dumps(reply).encode())
        caller = self._caller(request, now)
        if caller is None and not operation.is_open:
            raise unauthorized()
        asked = Asked.read(
            {name: unquote(value) for name, value in values.items()},
            query,
            request.headers,
            request.body,
            now,
        )
        answer = operation.handler(self.pool, asked, caller or self._nobody)
        match answer:
            case Reply():
                return answer
            case None:
                return Reply(
                    status=204, reason=_REASONS[204], headers={"Connection": "close"}
                )
            case _:
                return self._json_reply(
                    json.dumps(answer, separators=(",", ":")).encode()
                )

    def _is_missing(self, operation: Operation) -> bool:
        guesses_wrong = PoolFault.GUESSES_WRONG in self.pool_faults
        return operation.number in self.missing or (
            guesses_wrong and not operation.known
        )

    @property
    def _nobody(self) -> Caller:
        return Caller(payments_closed=PoolFault.PAYMENTS_CLOSED in self.pool_faults)

    def _caller(self, request: Request, now: float) -> Caller | None:
        """Return who asks; None if nobody whom the pool knows.

        A session token goes before a cookie, and that before a key.
        """
        headers = request.headers
        if "x-session-token" in headers:
            return self._of_session(headers["x-session-token"], now)
        for cookie in headers.get("cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == COOKIE:
                # The envelope of a browser's cookie holds the token.
                return self._of_session(value.removeprefix("MTcw"), now)
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            for user in self.registry.users:
                if key in user.api_keys:
                    return Caller(user=user)
            return None
        link = self.registry.of_link(headers.get("x-watcher-token", ""))
        return None if link is None else replace(self._nobody, link=link)

    def _of_session(self, token: str, now: float) -> Caller | None:
        session = self.kratos.session(token, now)
        if session is None:
            return None
        if not session.complete:
            raise Refusal(
                self._second_factor_status,
                "second_factor_required",
                "Session does not fulfill the requested assurance level",
            )
        return Caller(user=session.user)

    def _trouble(self, now: float) -> Reply | None:
        """Return what is answered to whatever is asked."""
        self._let_in_again()
        if PoolFault.BAD_GATEWAY in self.pool_faults:
            return Reply(status=502, reason=_REASONS[502], headers=_HTML, body=_GATEWAY)
        if PoolFault.SERVER_ERROR in self.pool_faults:
            return self._error(
                Refusal(500, "internal_error", "An internal error occurred")
            )
        if now >= self._limited_until:
            return None
        reply = self._error(Refusal(429, "too_many_requests", "Too many requests"))
        headers = dict(reply.headers)
        if PoolFault.LIMITED in self.pool_faults:
            headers["Retry-After"] = str(round(self._limited_until - now + 0.5))
        elif PoolFault.LIMITED_UNTIL in self.pool_faults:
            until = datetime.fromtimestamp(self._limited_until // 1 + 1, UTC)
            headers["Retry-After"] = format_datetime(until, usegmt=True)
        return replace(reply, headers=headers)

    def _let_in_again(self) -> None:
        if self.clock() >= self._limited_until:
            self.pool_faults.difference_update(_LIMITS)

    def _error(self, refusal: Refusal) -> Reply:
        return replace(
            self._json_reply(json.dumps(refusal.body).encode()),
            status=refusal.status,
            reason=_REASONS[refusal.status],
        )

    def _web_page(self) -> Reply:
        """Return the page of the web application, whatever the address is."""
        page = (
            f"<!DOCTYPE html><html><head><title>{self.pool.title}</title></head></html>"
        )
        return Reply(status=200, reason="OK", headers=_HTML, body=page.encode())
