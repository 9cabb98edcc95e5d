"""How an IceRiver is recognised at its own port."""

from typing import Final

from ..common.cgminer_decoding import CgminerAnswer
from ..common.decoding import Fields
from ..common.detection import Question, Recognised, SocketQuestion
from .parse import model


def _recognise(answer: CgminerAnswer) -> Recognised | None:
    found = Fields(answer.data).inside("ret")
    if not found.has("rtpow"):
        return None
    name = model(found)
    return Recognised(title=name and f"IceRiver {name}")


QUESTION: Final = Question(
    title="IceRiver",
    socket=SocketQuestion(lines=({"id": "boardpow"},), recognise=_recognise),
)
