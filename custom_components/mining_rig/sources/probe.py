"""Which machine answers at an address, by one read-only question a port.

For machines that are found rather than typed. Nothing is signed in and nothing changed;
a port that says anything else is left alone. `SEARCHED` are the only ports.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
import re
from typing import Final

from aiohttp import ClientSession

from .antminer.parse import kind_of
from .avalon.models import machine as avalon_of
from .avalon.parse import is_avalon, modules
from .axeos.models import is_axeos, machine as axeos_of
from .common.cgminer import CgminerClient
from .common.cgminer_decoding import CgminerAnswer
from .common.cgminer_rig import as_fields
from .common.contract import SourceError
from .common.decoding import Fields
from .common.detection import Found
from .common.http import JsonHttp
from .common.public_text import public_name
from .iceriver.parse import reported

WEB: Final = 80
CGMINER: Final = 4028
WHATSMINER: Final = 4433
ICERIVER: Final = 4111
SEARCHED: Final = (WEB, CGMINER, WHATSMINER, ICERIVER)
"""The ports of machines, in the order in which they are asked."""
KNOWN_BY_MAC: Final = frozenset(("antminer", "axeos", "iceriver"))
"""Kinds whose rigs have no other id than their MAC address."""
_TIMEOUT: Final = 3.0
"""Seconds for one question."""
_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read."""
_SIGN_IN: Final = frozenset(("username", "password"))
_DIGEST: Final = re.compile(
    r'digest\b.*\brealm="antMiner Configuration"', re.IGNORECASE | re.DOTALL
)
_ICERIVER_FACTS: Final = frozenset(("softver1", "softver2", "model"))

type _Ask = Callable[[ClientSession, str, int], Awaitable[Found | None]]


async def async_probe(
    session: ClientSession, host: str, ports: Iterable[int] = SEARCHED
) -> Found | None:
    """Return the first machine that answers at the ports of a host. Raises nothing.

    `Found.needs` has the fields that its owner is asked for before anything more is read.
    `ports` are asked one after the other, as these machines answer.
    """
    for port in ports:
        if (ask := _QUESTIONS.get(port, _ask_web)) is None:
            continue
        try:
            if (found := await ask(session, host, port)) is not None:
                return found
        except SourceError:
            continue
    return None


async def _ask_web(session: ClientSession, host: str, port: int) -> Found | None:
    """Recognise AxeOS, and the page of an Antminer by how it wants a password."""
    http = JsonHttp(session, host, port, timeout=_TIMEOUT, limit=_LIMIT)
    answer = await http.get("/api/system/info")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        wants = ", ".join(answer.headers.getall("WWW-Authenticate", []))
        return _antminer(None, port) if _DIGEST.search(wants) else None
    if answer.status != HTTPStatus.OK:
        return None
    fields = Fields(answer.json())
    if not is_axeos(fields):
        return None
    known = axeos_of(fields)
    return _found("axeos", port, known.model or known.maker, known.version)


async def _ask_cgminer(_: ClientSession, host: str, port: int) -> Found | None:
    """Recognise Avalon and Antminer by the version, where they tell it, else by stats."""
    client = CgminerClient(host, port, timeout=_TIMEOUT, limit=_LIMIT)
    version = await client.ask("version", check=False)
    records = as_fields(version.sent.get("VERSION")) or [Fields({})]
    if is_avalon([], records[0]):
        known = avalon_of(records[0], None)
        return _found("avalon", port, known.name or "Avalon", known.version)
    if (model := kind_of(*records)) and model.casefold().startswith("antminer"):
        return _antminer(model, WEB)
    return _by_stats(await client.ask("stats", check=False), port)


def _by_stats(answer: CgminerAnswer, port: int) -> Found | None:
    stats = as_fields(answer.sections.get("STATS"))
    if found := modules(stats):
        known = avalon_of(Fields({}), found[0].version)
        return _found("avalon", port, known.name or "Avalon", known.version)
    model = next((text for record in stats if (text := record.text("Type"))), None)
    return _antminer(model, WEB) if model else None


async def _ask_iceriver(_: ClientSession, host: str, port: int) -> Found | None:
    """Recognise IceRiver, by its hashrate where it does not tell its software."""
    client = CgminerClient(host, port, timeout=_TIMEOUT, limit=_LIMIT)
    told = reported(await client.ask_json({"id": "info"}, check=False))
    if not _ICERIVER_FACTS & told.keys():
        told = reported(await client.ask_json({"id": "boardpow"}, check=False))
        if "rtpow" not in told:
            return None
    fields = Fields(told)
    return _found(
        "iceriver",
        port,
        f"IceRiver {fields.text('model') or ''}".strip(),
        fields.text("softver1"),
    )


_QUESTIONS: Final[Mapping[int, _Ask | None]] = {
    CGMINER: _ask_cgminer,
    ICERIVER: _ask_iceriver,
    # No kind reads these machines yet.
    WHATSMINER: None,
}
"""By port; at any other is a web server."""


def _found(kind: str, port: int, title: str, version: str | None) -> Found:
    return Found(
        kind=kind,
        title=public_name(title) or kind,
        ports={"port": port},
        version=public_name(version),
    )


def _antminer(model: str | None, port: int) -> Found:
    """Return an Antminer, whose owner is asked for the password of its web page."""
    return Found(
        kind="antminer",
        title=public_name(model) or "Antminer",
        ports={"port": port},
        needs=_SIGN_IN,
    )
