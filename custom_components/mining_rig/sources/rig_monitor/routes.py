"""The endpoints of the Mining Rig Monitor API 5.0.0; see docs/rig_monitor.md.

Only what ASIC Sentry 3.1.0, CPU/GPU Sentry 1.1.0 and scripts need of it is served.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from aiohttp import hdrs

from ..common.contract import JsonObject, Notes
from ..common.push import (
    Endpoint,
    Fetch,
    FetchMany,
    NoteSubentries,
    Ping,
    Push,
    PushApi,
)
from . import CONF_RIG_TYPE, playbooks
from .orders import expected_status, served_playbooks
from .protocol import Message, RigType, cleaned, has_any, missing, recognize
from .specs import SPECS_NOTE, specs_to_keep

BASE: Final = "v1"
_MOST_CODES: Final = 1000
"""How many codes of one bulk request are looked up."""


def _codes(body: Any) -> list[str]:
    """Return the codes in the body of a bulk request."""
    fields = body if isinstance(body, dict) else {}
    lists = [
        found
        for key in ("api_code_list", "asic_api_code_list")
        if isinstance(found := fields.get(key), list)
    ]
    codes = dict.fromkeys(c for found in lists for c in found if type(c) is str)
    return [*codes][:_MOST_CODES]


_ASIC_STATUS: Final = partial(expected_status, RigType.ASIC)
_ENDPOINTS: Final[Mapping[tuple[str, tuple[str, ...]], Endpoint]] = {
    (hdrs.METH_GET, ("ping",)): Ping({"message": "pong"}),
    **{
        (hdrs.METH_POST, (f"{rig_type}_miners", path)): Push(rig_type, message)
        for rig_type in RigType
        for path, message in (("specs", Message.SPECS), ("logs", Message.LOG))
    },
    (hdrs.METH_GET, ("asic_miners", "expected_status")): Fetch(
        RigType.ASIC, _ASIC_STATUS
    ),
    (hdrs.METH_POST, ("asic_miners", "expected_status_bulk")): FetchMany(
        RigType.ASIC, _codes, _ASIC_STATUS
    ),
    (hdrs.METH_GET, ("cpu_gpu_miners", "playbooks")): Fetch(
        RigType.CPU_GPU, served_playbooks
    ),
    # A module would be code for the rig to run; agents do not fetch it.
    (hdrs.METH_GET, ("cpu_gpu_miners", "playbooks", "*", "module")): Fetch(
        RigType.CPU_GPU, None
    ),
}


def _rig_type(data: Mapping[str, Any]) -> str:
    return RigType(data[CONF_RIG_TYPE])


def _recognize(rig_type: str, fields: JsonObject) -> str | None:
    return recognize(RigType(rig_type), fields)


def _missing(rig_type: str, message: str, fields: JsonObject) -> list[str]:
    return missing(RigType(rig_type), Message(message), fields)


def _has_any(rig_type: str, message: str, fields: JsonObject) -> bool:
    return has_any(RigType(rig_type), Message(message), fields)


def _webhook_answer(rig_type: str, notes: Notes, name: str) -> JsonObject:
    return expected_status(RigType(rig_type), notes, name)


API: Final = PushApi(
    base=BASE,
    endpoints=_ENDPOINTS,
    # Some proxies drop headers whose names have underscores.
    code_headers=("api_code", "api-code", "x-api-code"),
    no_code={"message": "API_CODE does not exist in request header."},
    unknown_code={"message": "Invalid API_CODE"},
    rig_type=_rig_type,
    clean=cleaned,
    recognize=_recognize,
    missing=_missing,
    has_any=_has_any,
    webhook_answer=_webhook_answer,
    specs_message=Message.SPECS,
    specs_note=SPECS_NOTE,
    specs_to_keep=specs_to_keep,
    subentries=NoteSubentries(
        subentry_type=playbooks.SUBENTRY,
        id_key=playbooks.CONF_PLAYBOOK_ID,
        note=playbooks.NOTE,
        titles=playbooks.titles,
        only=playbooks.without_others,
    ),
)
