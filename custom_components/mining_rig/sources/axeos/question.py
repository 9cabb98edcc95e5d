"""How a miner with AxeOS is recognised."""

from http import HTTPStatus
from typing import Any, Final

from ..common.decoding import Fields
from ..common.detection import Question, Recognised
from ..common.http import Answer
from .models import is_axeos, machine


def _recognise(answer: Answer, data: Any) -> Recognised | None:
    fields = Fields(data)
    if answer.status != HTTPStatus.OK or not is_axeos(fields):
        return None
    found = machine(fields)
    is_named = found.model.startswith(found.maker)
    return Recognised(
        title=found.model if is_named else f"{found.maker} {found.model}",
        version=found.version,
    )


QUESTION: Final = Question(
    title="AxeOS", paths=("/api/system/info",), recognise=_recognise
)
