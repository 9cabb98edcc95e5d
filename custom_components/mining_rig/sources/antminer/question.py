"""How an Antminer is recognised: by its socket, or by how its pages ask for a password."""

from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs

from ..common.cgminer_decoding import CgminerAnswer
from ..common.cgminer_rig import as_fields
from ..common.decoding import Fields
from ..common.detection import Question, Recognised, SocketQuestion
from ..common.http import Answer
from .parse import kind_of

_REALM: Final = "antminer configuration"
_AVALON: Final = "MM ID"


def _recognise(answer: Answer, data: Any) -> Recognised | None:
    """Recognise the request to sign in, and an answer where none is wanted."""
    if answer.status == HTTPStatus.UNAUTHORIZED:
        challenge = answer.headers.get(hdrs.WWW_AUTHENTICATE, "").casefold()
        if challenge.startswith("digest") and _REALM in challenge:
            return Recognised(needs=frozenset(("username", "password")))
    if answer.status == HTTPStatus.OK and (name := Fields(data).text("minertype")):
        return Recognised(title=name)
    return None


def _recognise_socket(answer: CgminerAnswer) -> Recognised | None:
    """Recognise the type, which "stats" has, and "version" too."""
    records = [
        fields
        for section in ("STATS", "VERSION")
        for fields in as_fields(answer.sections.get(section))
    ]
    if any(key.startswith(_AVALON) for fields in records for key in fields.raw()):
        return None
    name = kind_of(*records, Fields(answer.data))
    return None if name is None else Recognised(title=name)


QUESTION: Final = Question(
    title="Antminer",
    # A machine that does not let in answers any path alike.
    paths=("/cgi-bin/get_system_info.cgi", "/api/system/info"),
    recognise=_recognise,
    socket=SocketQuestion(
        lines=({"command": "version"}, {"command": "stats"}),
        recognise=_recognise_socket,
        port_key="socket_port",
    ),
)
