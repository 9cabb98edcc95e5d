"""Which kinds can be detected, and the detection of all of them."""

from collections.abc import Iterable
from typing import Final

from aiohttp import ClientSession

from .common.detection import Found, Question, async_ask
from .miners import (
    bzminer,
    gminer,
    lolminer,
    nanominer,
    nbminer,
    onezerominer,
    rigel,
    srbminer,
    wildrig,
)
from .t_rex.api import QUESTION as T_REX
from .xmrig.api import QUESTIONS as XMRIG

QUESTIONS: Final[dict[str, Question]] = {
    "bzminer": bzminer.QUESTION,
    "gminer": gminer.QUESTION,
    "lolminer": lolminer.QUESTION,
    "nanominer": nanominer.QUESTION,
    "nbminer": nbminer.QUESTION,
    "onezerominer": onezerominer.QUESTION,
    "rigel": rigel.QUESTION,
    "srbminer": srbminer.QUESTION,
    "wildrig": wildrig.QUESTION,
    "t_rex": T_REX,
    **XMRIG,
}
"""By kind."""

OWN_PATHS: Final = frozenset(
    path.strip("/").partition("/")[0]
    for question in QUESTIONS.values()
    for path in (*question.paths, *question.pages)
)
"""First steps of the paths of an address that say nothing: the programs' own."""


async def async_detect(
    session: ClientSession, host: str, ports: Iterable[int]
) -> list[Found]:
    """Return the programs of known kinds at the ports of a host. Raises nothing.

    `session` does not verify certificates; no secret is sent.
    """
    return await async_ask(session, host, ports, QUESTIONS)
