"""How an IceRiver is recognised at its own port."""

from typing import Final

from ..common.cgminer_decoding import CgminerAnswer
from ..common.decoding import Fields
from ..common.detection import Question, Recognised, SocketQuestion
from ..common.public_text import public_name
from .parse import model, reported

_KEYS: Final = ("softver1", "softver2", "rtpow")


def _recognise(answer: CgminerAnswer) -> Recognised | None:
    found = Fields(reported(answer))
    if not any(found.has(key) for key in _KEYS):
        return None
    name = model(found)
    return Recognised(
        title=name and f"IceRiver {name}", version=public_name(found.text("softver1"))
    )


QUESTION: Final = Question(
    title="IceRiver",
    socket=SocketQuestion(
        lines=({"id": "info"}, {"id": "boardpow"}), recognise=_recognise
    ),
)
