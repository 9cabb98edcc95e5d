"""The addresses of a pool and of its identity server.

TLS is required, but for servers on this machine or in a private network: a simulator, or
a mock server generated from the API's description.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ..common.address import parse_address

POOL: Final = "pool.headframe.io"
SIGN_IN: Final = "relaxed-wescoff-eywmz1r7og.projects.oryapis.com"
"""Inferred, not published by the pool.

Ory Network names its cookies `ory_session_` and the project's name without dashes;
Headframe's is `ory_session_relaxedwescoffeywmz1r7og`.
"""

API: Final = "/api/backend/v0.1"
"""The base path of a pool's API."""

_HTTPS_PORT: Final = 443
_LOCAL: Final = ("localhost", "local", "internal", "lan", "home.arpa")
"""Last labels of names that no public server has."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and the base path of its API."""

    host: str
    port: int = _HTTPS_PORT
    prefix: str = ""
    ssl: bool = True

    @property
    def url(self) -> str:
        """Return its address, for people."""
        scheme = "https" if self.ssl else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.ssl and self.port == _HTTPS_PORT
        return f"{scheme}://{host}{'' if usual else f':{self.port}'}{self.prefix}"

    @property
    def bases(self) -> tuple[str, ...]:
        """Return the base paths to try, in order.

        Without TLS it may be a mock server that leaves out the usual path.
        """
        if self.prefix.endswith(API):
            return (self.prefix,)
        usual = f"{self.prefix}{API}"
        return (usual,) if self.ssl else (usual, self.prefix)


def parse_server(text: str) -> Server:
    """Parse a host, or a URL with a port and a path.

    Raises ValueError for what is neither, and for http unless the host is on this
    machine or in a private network.
    """
    address = parse_address(text)
    ssl = address.ssl is not False
    if not ssl and not _is_local(address.host):
        raise ValueError("https is required")
    rest = text.strip().partition("://")[2] or text.strip()
    return Server(
        host=address.host,
        port=address.port or (_HTTPS_PORT if ssl else 80),
        prefix=urlsplit(f"//{rest}").path.rstrip("/"),
        ssl=ssl,
    )


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{name}" for name in _LOCAL))
    return address.is_private and not address.is_unspecified
