"""What may be shown of texts from a wire: one line, short enough, without secrets.

Miners put wallets, users, passwords and tokens into addresses, names and error texts.
What looks like one is replaced by `MASK`. Ids of hardware (UUIDs, PCI and MAC addresses,
serial numbers), hashes of blocks and versions are no secrets and stay as they are.
"""

from functools import lru_cache
from ipaddress import ip_address
import re
from typing import Final

from .decoding import LONGEST_TEXT, WALLET

MASK: Final = "…"
LONGEST_NAME: Final = 64
"""Characters of a name; entity ids, which begin with it, have at most 255."""
_LONGEST_READ: Final = 4 * LONGEST_TEXT
"""Characters that are searched for secrets; more could not be shown anyway."""

_URL: Final = re.compile(
    r"((?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{0,30}://)([^\s\"'<>]+)"
)
_AUTHORITY: Final = re.compile(r"(?:\[[0-9A-Za-z:.%]+\]|[^:\[\]]*)(?::\d*)?")
_SECRET_KEYS: Final = (
    r"pass(?:word|wd|phrase)?|pwd|token|secret|sid|session|authorization|api[_ -]?key"
    r"|private[_ -]?key|wallet(?:[_ -]?address)?|user(?:name)?|login|e-?mail"
)
_ASSIGNED: Final = re.compile(
    rf"(?<![A-Za-z])((?:[A-Za-z]{{1,20}}[_.-]){{0,3}}(?:{_SECRET_KEYS})[\"']?\s*=\s*[\"']?"
    rf"|[\"'](?:[A-Za-z]{{1,20}}[_.-]){{0,3}}(?:{_SECRET_KEYS})[\"']\s*:\s*[\"']?"
    r"|(?:pass(?:word)?|pwd|token|secret|api[_ -]?key|wallet|user(?:name)?|login"
    r"|authorization)\s*:\s*(?!//)"
    rf"|--(?:{_SECRET_KEYS})\s+"
    r"|(?<!\S)-[up]\s+"
    r"|bearer\s+(?=\S{8}))"
    r"(?:(?:bearer|basic)\s+)?[^\s\"',;&}]+",
    re.IGNORECASE,
)
_WITH_USER: Final = re.compile(
    r"(?<!\S)\S*[^\s@]@(?!\d+(?:\.\d+)?\s?(?:[GMk]?Hz|m?V|W|°?C|%|x)?(?:[\s),;]|$))[^\s@]\S*"
)
"""An e-mail address or `user:password@host`; not the clock in "i7@3.6GHz"."""
_TOKENS: Final = re.compile(
    r"\beyJ[\w-]{8,}(?:\.[\w-]+)+"  # JSON Web Token
    r"|\b[EUk0]Q[\w-]{46}(?![\w-])"  # wallet of TON
    r"|\bNQ\d\d(?: [0-9A-Z]{4}){8}\b"  # wallet of Nimiq
)
_BLOCK_HASH: Final = re.compile(r"0x[0-9a-f]{64}|0{8}[0-9a-f]{56}", re.IGNORECASE)
_PLAIN_WORD: Final = re.compile(r"[A-Z]?[a-z]+|\d+")

_PORT: Final = re.compile(r"(.*?)(?::(\d{1,5}))?")
_HOST: Final = re.compile(r"[\w.-]+")
_DIVIDERS: Final = frozenset("@:/?#")
_BETWEEN: Final = re.compile(r"[\s,;|]+")


def one_line(text: str) -> str:
    """Return a text on one line, without what cannot be printed."""
    if text.isprintable():
        return text.strip()
    words = " ".join(text.split())
    return "".join(filter(str.isprintable, words)).strip()


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that is no longer than that; one that was cut ends in `MASK`."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + MASK


def plain_text(text: str) -> str:
    """Return a text as a state, with all that is in it."""
    return cut(one_line(text[:_LONGEST_READ]))


@lru_cache(maxsize=4096)
def public_text(text: str) -> str:
    """Return a text as a state, without secrets."""
    return cut(_without_secrets(one_line(text[:_LONGEST_READ])))


@lru_cache(maxsize=64)
def public_lines(text: str) -> str:
    """Return a text of several lines without secrets; very long lines are cut."""
    lines = (
        "".join(filter(str.isprintable, line[:_LONGEST_READ]))
        for line in text.splitlines()
    )
    return "\n".join(map(_without_secrets, lines))


def public_name(text: str | None) -> str | None:
    """Return a name without secrets, None where nothing is left of it."""
    if text is None:
        return None
    name = cut(public_text(text), LONGEST_NAME)
    return name if name.strip(f"{MASK} .,:;/_-") else None


@lru_cache(maxsize=1024)
def public_address(text: str) -> str:
    """Return host and port of an address, without scheme, user, path and query.

    Of several addresses, each one's; a name without any of that stays. `MASK` where it
    cannot be told which part is the host, "" for a blank text.
    """
    text = one_line(text[:_LONGEST_READ])
    if not _DIVIDERS.intersection(text):
        return public_text(text)
    several = [*map(_host_and_port, filter(None, _BETWEEN.split(text)))]
    if len(several) > 1 and all(one and ":" in one for one in several):
        return cut(", ".join(filter(None, several)))
    return cut(_host_and_port(text) or MASK)


def _host_and_port(text: str) -> str | None:
    """Return host and port of one address, None where it is none, or not clear."""
    rest = text.partition("://")[2] or text
    # A password may contain every divider, and so may what comes after the host.
    first = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    last = re.split(r"[/?#]", rest.rpartition("@")[2], maxsplit=1)[0]
    found = {
        place: port for place in (first, last) if (port := _port_of(place)) is not None
    }
    sure = [place for place, port in found.items() if port]
    places = sure[:1] or [*found]
    return places[0] if len(places) == 1 else None


def _port_of(place: str) -> str | None:
    """Return the port of host and port, "" without one, None where it is no host."""
    if _is_address(place):
        return ""
    match = _PORT.fullmatch(place)
    assert match is not None
    host, port = match[1], match[2] or ""
    if host.startswith("[") and host.endswith("]"):
        return port if _is_address(host[1:-1]) else None
    return port if _HOST.fullmatch(host) and not _has_secret(host) else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _without_secrets(text: str) -> str:
    text = _URL.sub(_public_url, text)
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    text = _WITH_USER.sub(MASK, text)
    return WALLET.sub(_masked, _TOKENS.sub(MASK, text))


def _public_url(match: re.Match[str]) -> str:
    """Return a URL without user and query; what its path says is no secret."""
    scheme, rest = match[1], match[2]
    if "@" in rest:
        return scheme + public_address(rest)
    rest, divider, _ = re.split(r"([?#])|$", rest, maxsplit=1)
    authority = rest.partition("/")[0].rstrip(":.,;)")
    if not _AUTHORITY.fullmatch(authority):
        return scheme + MASK
    return scheme + rest + (MASK if divider else "")


def _masked(match: re.Match[str]) -> str:
    word = match[0]
    harmless = _PLAIN_WORD.fullmatch(word) or _BLOCK_HASH.fullmatch(word)
    return word if harmless else MASK


def _has_secret(text: str) -> bool:
    return _without_secrets(text) != text
