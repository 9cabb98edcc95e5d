"""Which machine answers at an address, by one read-only question a port.

For machines that are found rather than typed; how each is recognised, its kind declares.
Nothing is signed in and nothing changed; a port that says anything else is left alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiohttp import ClientSession

from .common.detection import Found, Question, async_ask
from .detect import USUAL

_PATH: Final = "/api/system/info"
"""What any web server is asked: a machine that does not let in answers it as well."""
KNOWN_BY_MAC: Final = frozenset(("antminer", "axeos", "iceriver"))
"""Kinds whose rigs have no other id than their MAC address."""
WEB: Final = 80
_WHATSMINER: Final = 4433
"""A port that is looked at and asked nothing: no kind reads these machines yet."""


def _searched() -> dict[int, dict[str, Question]]:
    searched: dict[int, dict[str, Question]] = {}
    for kind in ("axeos", "antminer", "avalon", "iceriver"):
        for port, question in USUAL[kind].items():
            paths = tuple(path for path in question.paths if path == _PATH)
            searched.setdefault(port, {})[kind] = replace(question, paths=paths)
    return searched


QUESTIONS: Final = _searched()
"""The questions of kinds by port; at any other port is a web server."""
SEARCHED: Final = (WEB, 4028, _WHATSMINER, 4111)
"""The only ports, in the order in which they are asked."""


async def async_probe(
    session: ClientSession, host: str, ports: Iterable[int] = SEARCHED
) -> Found | None:
    """Return the first machine that answers at the ports of a host. Raises nothing.

    `Found.needs` has the fields that its owner is asked for before anything more is read.
    `ports` are asked one after the other, as these machines answer.
    """
    for port in ports:
        if port == _WHATSMINER:
            continue
        asked = QUESTIONS.get(port, QUESTIONS[WEB])
        if found := await async_ask(session, host, {port: asked}, tls=False):
            return found[0]
    return None
