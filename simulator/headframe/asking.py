"""What was asked, by whom, and how a pool says no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
import json
import re
from typing import Any
from urllib.parse import parse_qs

from .accounts import PAYMENTS, Account, Link, Miner, User

type Json = dict[str, Any]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Refusal(Exception):
    """An answer that is an error of the pool."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Say it in the pool's shape."""
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message}}


def invalid(message: str) -> Refusal:
    """Return the refusal of wrong input."""
    return Refusal(400, "invalid_input", message)


def not_found() -> Refusal:
    """Return the refusal of something that is not there."""
    return Refusal(404, "not_found", "The requested page does not exist")


def unauthorized() -> Refusal:
    """Return the refusal of somebody unknown."""
    return Refusal(401, "unauthorized", "Session is not active")


def forbidden() -> Refusal:
    """Return the refusal of somebody known."""
    return Refusal(403, "forbidden", "You have no access to this resource")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a person, or somebody with a watcher link."""

    user: User | None = None
    link: tuple[Miner, Link] | None = None
    payments_closed: bool = False
    """Whether links may see no payments, whatever they were given."""

    def roles(self, account: Account) -> Sequence[str]:
        """Return a person's roles at an account."""
        return self.user.roles.get(account.id, ()) if self.user else ()

    def require_read(self, account: Account) -> None:
        """Refuse who may not see an account."""
        if not (self._watches(account) or self.roles(account)):
            raise forbidden()

    def require_money(self, account: Account) -> None:
        """Refuse who may not see an account's money."""
        if self._watches(account):
            if PAYMENTS not in self.access:
                raise forbidden()
        elif not {*self.roles(account)} - {"viewer"}:
            raise forbidden()

    def require_write(self, account: Account) -> None:
        """Refuse who may not change an account."""
        if not {"owner", "admin"} & {*self.roles(account)}:
            raise forbidden()

    def require_user(self) -> User:
        """Refuse who is no person: a watcher token is no sign-in here."""
        if self.user is None:
            raise unauthorized()
        return self.user

    @property
    def access(self) -> list[str]:
        """What a watcher link may do besides reading."""
        if self.link is None or not self.link[1].accountant or self.payments_closed:
            return []
        return [PAYMENTS]

    def _watches(self, account: Account) -> bool:
        return self.link is not None and self.link[0] is account


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, taken apart; what is wrong in it is a Refusal."""

    path: Mapping[str, str]
    """What stands in the path, by name."""
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    content: bytes
    now: float

    @classmethod
    def read(
        cls,
        path: Mapping[str, str],
        query: str,
        headers: Mapping[str, str],
        content: bytes,
        now: float,
    ) -> Asked:
        """Take the query apart."""
        return cls(
            path=path,
            query=parse_qs(query, keep_blank_values=True),
            headers=headers,
            content=content,
            now=now,
        )

    @property
    def body(self) -> Json:
        """The body."""
        if not self.headers.get("content-type", "").startswith("application/json"):
            raise invalid("content type: must be application/json")
        try:
            body = json.loads(self.content)
        except ValueError:
            raise invalid("json: cannot decode the body") from None
        if not isinstance(body, dict):
            raise invalid("json: cannot unmarshal the body into struct")
        return body

    def text(self, name: str, pattern: str = ".+") -> str:
        """Return a text of the body."""
        value = self.body.get(name)
        if not isinstance(value, str):
            kind = "number" if isinstance(value, int | float) else "value"
            raise invalid(
                f"json: cannot unmarshal {kind} into struct field {name} of type string"
            )
        if not re.fullmatch(pattern, value, re.DOTALL):
            raise invalid(f"{name}: must be in a valid format")
        return value

    def one(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return one word of the query."""
        value = self.query.get(name, [default])[-1]
        if value not in allowed:
            raise invalid(f"{name}: must be a valid value")
        return value

    def several(self, name: str, allowed: Sequence[str]) -> list[str]:
        """Return all words of the query of one name."""
        values = list(self.query.get(name, ()))
        if {*values} - {*allowed}:
            raise invalid(f"{name}: must be a valid value")
        return values

    @property
    def ids(self) -> list[str]:
        """The ids of the query."""
        ids = list(self.query.get("id", ()))
        if not ids:
            raise invalid("id: cannot be blank")
        if not all(_UUID.fullmatch(found) for found in ids):
            raise invalid("id: must be a valid UUID")
        return ids

    def page(self, rows: Sequence[object]) -> Json:
        """Return the part of a list that was asked for."""
        limit = self._number("limit", 10, most=100, least=1)
        offset = self._number("offset", 0, most=10**9, least=0)
        return {
            "data": list(rows[offset : offset + limit]),
            "pagination": {
                "limit": limit,
                "offset": offset,
                "total_count": len(rows),
            },
        }

    def day(self, name: str, default: float) -> float:
        """Return a date of the query as the moment it begins."""
        if name not in self.query:
            return default
        try:
            day = date.fromisoformat(self.query[name][-1])
        except ValueError:
            raise invalid(f"{name}: must be a valid date") from None
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()

    def moment(self, name: str, default: float) -> float:
        """Return a date-time of the query."""
        if name not in self.query:
            return default
        try:
            moment = datetime.fromisoformat(self.query[name][-1])
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise invalid(f"{name}: must be a valid date-time")
        return moment.timestamp()

    def _number(self, name: str, default: int, *, most: int, least: int) -> int:
        text = self.query.get(name, [str(default)])[-1]
        if not text.isdecimal():
            raise invalid(f"{name}: must be an integer")
        if not least <= int(text) <= most:
            raise invalid(f"{name}: must be between {least} and {most}")
        return int(text)


def is_uuid(text: str) -> bool:
    """Whether a text is an id."""
    return _UUID.fullmatch(text) is not None
