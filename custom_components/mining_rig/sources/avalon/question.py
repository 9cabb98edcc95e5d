"""How an Avalon is recognised over the cgminer socket."""

from typing import Final

from ..common.cgminer_decoding import CgminerAnswer
from ..common.cgminer_rig import as_fields
from ..common.decoding import Fields
from ..common.detection import Question, Recognised, SocketQuestion
from .models import machine
from .parse import is_avalon, modules

_TITLE: Final = "Avalon"


def _recognise(answer: CgminerAnswer) -> Recognised | None:
    """Recognise the modules, else the name that very old machines report."""
    found = modules(as_fields(answer.sections.get("STATS")))
    versions = as_fields(answer.sent.get("VERSION"))
    version = versions[0] if versions else Fields({})
    if not found and not is_avalon([], version):
        return None
    return Recognised(title=machine(version, found[0].version if found else None).name)


QUESTION: Final = Question(
    title=_TITLE,
    socket=SocketQuestion(
        lines=({"command": "version"}, {"command": "stats"}), recognise=_recognise
    ),
)
