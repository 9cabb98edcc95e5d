"""Where a pool or its identity server is: always behind TLS, as money hangs on it."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ..address import parse_address

POOL: Final = "pool.headframe.io"
SIGN_IN: Final = "relaxed-wescoff-eywmz1r7og.projects.oryapis.com"
"""Derived from the name of the pool's cookie; not confirmed (wire facts: headframe)."""

_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class Place:
    """A server, and the path below which it answers."""

    host: str
    port: int = _HTTPS_PORT
    prefix: str = ""
    ssl: bool = True

    @property
    def url(self) -> str:
        """Return the address of its first page, for a person."""
        scheme = "https" if self.ssl else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.ssl and self.port == _HTTPS_PORT
        return f"{scheme}://{host}{'' if usual else f':{self.port}'}{self.prefix}"


def parse_place(text: str) -> Place:
    """Read a host, or an address with a port and a path.

    Raises ValueError for what is none, and for an address without TLS unless it is on
    this machine (a simulator).
    """
    address = parse_address(text)
    ssl = address.ssl is not False
    if not ssl and not _is_here(address.host):
        raise ValueError("only https is asked")
    rest = text.strip().partition("://")[2] or text.strip()
    return Place(
        host=address.host,
        port=address.port or (_HTTPS_PORT if ssl else 80),
        prefix=urlsplit(f"//{rest}").path.rstrip("/"),
        ssl=ssl,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
