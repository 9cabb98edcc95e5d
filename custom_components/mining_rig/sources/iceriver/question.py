"""How an IceRiver is recognised at its own port."""

from typing import Final

from ..common.cgminer_decoding import CgminerAnswer
from ..common.decoding import Fields
from ..common.detection import Question, Recognised, SocketQuestion
from .parse import model, reported


def _recognise(answer: CgminerAnswer) -> Recognised | None:
    found = Fields(reported(answer))
    if not found.has("rtpow"):
        return None
    name = model(found)
    return Recognised(title=name and f"IceRiver {name}")


QUESTION: Final = Question(
    title="IceRiver",
    socket=SocketQuestion(lines=({"id": "boardpow"},), recognise=_recognise),
)
