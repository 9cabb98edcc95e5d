"""Where a pool or its identity server is: behind TLS, as money hangs on it.

Without TLS only what is on this machine or in this network is asked: a simulator, or a
server made from a description of the interface.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ..common.address import parse_address

POOL: Final = "pool.headframe.io"
SIGN_IN: Final = "relaxed-wescoff-eywmz1r7og.projects.oryapis.com"
"""Derived from the name of the pool's cookie; not confirmed (wire facts: headframe)."""

API: Final = "/api/backend/v0.1"
"""Where a pool's interface begins (wire facts: headframe §1.2)."""

_HTTPS_PORT: Final = 443
_LOCAL: Final = ("localhost", "local", "internal", "lan", "home.arpa")
"""Last labels of names that no public server has."""


@dataclass(frozen=True, slots=True)
class Server:
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

    @property
    def bases(self) -> tuple[str, ...]:
        """Return where the interface may begin; a later one where nothing is found.

        A server that was made from the interface's description may leave out the usual
        path; a pool does not.
        """
        if self.prefix.endswith(API):
            return (self.prefix,)
        usual = f"{self.prefix}{API}"
        return (usual,) if self.ssl else (usual, self.prefix)


def parse_server(text: str) -> Server:
    """Read a host, or an address with a port and a path.

    Raises ValueError for what is none, and for an address without TLS unless it is on
    this machine or in a private network (a simulator).
    """
    address = parse_address(text)
    ssl = address.ssl is not False
    if not ssl and not _is_near(address.host):
        raise ValueError("only https is asked")
    rest = text.strip().partition("://")[2] or text.strip()
    return Server(
        host=address.host,
        port=address.port or (_HTTPS_PORT if ssl else 80),
        prefix=urlsplit(f"//{rest}").path.rstrip("/"),
        ssl=ssl,
    )


def _is_near(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{name}" for name in _LOCAL))
    return address.is_private and not address.is_unspecified
