"""Parsing the address of a rig as people paste it."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
import re
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

_SCHEMES: Final = {"http": False, "https": True}
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class Address:
    """Host, port and scheme of a rig; None where the text does not have them."""

    host: str
    """A name in lower case (punycode), or an address; IPv6 without brackets."""
    port: int | None = None
    ssl: bool | None = None


def parse_address(text: str) -> Address:
    """Read a host, a host with its port, or a whole URL.

    User, path, query and fragment of a URL are dropped. Raises ValueError for what
    cannot be the address of an HTTP server.
    """
    text = text.strip()
    if any(char.isspace() for char in text):
        raise ValueError("an address contains no white space")
    if (bare := _ipv6(text)) is not None:
        return Address(bare)
    scheme, divider, rest = text.partition("://")
    if not divider:
        rest = text
    elif scheme.lower() not in _SCHEMES:
        raise ValueError("only http and https are supported")
    parts = urlsplit(f"//{rest}")
    if parts.port == 0:
        raise ValueError("port 0 cannot be reached")
    if "[" in parts.netloc and _ipv6(parts.hostname or "") is None:
        raise ValueError("only an IPv6 address is written in brackets")
    return Address(
        _host(parts.hostname or ""),
        parts.port,
        _SCHEMES[scheme.lower()] if divider else None,
    )


def path_of(text: str) -> str:
    """Return the path of a whole URL, "" where there is none."""
    return urlsplit(f"//{text.strip().rpartition('://')[2]}").path


def _ipv6(text: str) -> str | None:
    """Return an IPv6 address in its canonical form, None for any other text."""
    try:
        return str(IPv6Address(text))
    except ValueError:
        return None


def _host(text: str) -> str:
    """Return a host in its canonical form. Raises ValueError where it is none."""
    if (address := _ipv6(text)) is not None:
        return address
    name = URL.build(scheme="http", host=text).raw_host or ""
    labels = name.removesuffix(".").split(".")
    if labels[-1].isdecimal():
        # A host name cannot end in a number: 192.168.1.300, 192.168.1, 8080.
        return str(ip_address(name))
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("this is not a host name")
    return ".".join(labels)
