"""Which kinds can be detected, and the detection of all of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiohttp import ClientSession

from . import KINDS
from .antminer.question import QUESTION as ANTMINER
from .avalon.question import QUESTION as AVALON
from .axeos.question import QUESTION as AXEOS
from .common.detection import Found, Question, async_ask
from .iceriver.question import QUESTION as ICERIVER
from .miners import (
    bzminer,
    ccminer,
    claymore,
    gminer,
    lolminer,
    miniz,
    nanominer,
    nbminer,
    onezerominer,
    rigel,
    srbminer,
    teamredminer,
    wildrig,
)
from .t_rex.api import QUESTION as T_REX
from .xmrig.api import QUESTIONS as XMRIG

QUESTIONS: Final[dict[str, Question]] = {
    "antminer": ANTMINER,
    "avalon": AVALON,
    "axeos": AXEOS,
    "bzminer": bzminer.QUESTION,
    "ccminer": ccminer.QUESTION,
    "claymore": claymore.QUESTION,
    "gminer": gminer.QUESTION,
    "iceriver": ICERIVER,
    "lolminer": lolminer.QUESTION,
    "miniz": miniz.QUESTION,
    "nanominer": nanominer.QUESTION,
    "nbminer": nbminer.QUESTION,
    "onezerominer": onezerominer.QUESTION,
    "rigel": rigel.QUESTION,
    "srbminer": srbminer.QUESTION,
    "t_rex": T_REX,
    "teamredminer": teamredminer.QUESTION,
    "wildrig": wildrig.QUESTION,
    **XMRIG,
}
"""By kind."""

OWN_PATHS: Final = frozenset(
    path.strip("/").partition("/")[0]
    for question in QUESTIONS.values()
    for path in (*question.paths, *question.pages)
)
"""First steps of the paths of an address that say nothing: the programs' own."""


def _usual(kind: str) -> dict[int, Question]:
    """Return what is asked at the ports of a kind unless its owner chose others."""
    question, ports = QUESTIONS[kind], KINDS[kind].form.defaults
    usual: dict[int, Question] = {}
    if question.paths and (port := ports.get("port")) is not None:
        usual[port] = replace(question, socket=None)
    if question.socket is not None:
        usual[ports[question.socket.port_key]] = replace(question, paths=())
    return usual


USUAL: Final = {kind: _usual(kind) for kind in QUESTIONS}
"""What is asked at the usual ports of each kind, by port; some kinds have none."""


async def async_detect(
    session: ClientSession, host: str, ports: Iterable[int]
) -> list[Found]:
    """Return what answers at the ports of a host. Raises nothing.

    `session` does not verify certificates; no secret is sent. Kinds that usually answer
    at a port are asked for first.
    """
    asked = {
        port: dict(
            sorted(QUESTIONS.items(), key=lambda one: port not in USUAL.get(one[0], ()))
        )
        for port in ports
    }
    return await async_ask(session, host, asked)


async def async_detect_usual(session: ClientSession, host: str) -> list[Found]:
    """Return what answers at its usual port, as `async_detect`."""
    asked: dict[int, dict[str, Question]] = {}
    for kind, usual in USUAL.items():
        for port, question in usual.items():
            asked.setdefault(port, {})[kind] = question
    return await async_ask(session, host, asked)
