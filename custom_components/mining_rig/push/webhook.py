"""The webhook of a rig, for scripts: it takes all messages and answers the orders."""

from http import HTTPStatus

from aiohttp import hdrs, web
from homeassistant.core import HomeAssistant

from ..sources.common.contract import JsonObject
from .bodies import async_read_body
from .door import PushingRig
from .guard import Guard
from .http import Refusal, json_response
from .receive import async_load_notes, async_receive


def _message(rig: PushingRig, fields: JsonObject) -> str:
    """Return what a rig pushed. Raises a Refusal."""
    message = rig.api.recognize(rig.rig_type, fields)
    if message is None:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            {"errors": {"detail": "A rig of the other sort says this"}},
        )
    return message


async def async_handle_webhook(
    guard: Guard,
    rig: PushingRig,
    hass: HomeAssistant,
    webhook_id: str,
    request: web.Request,
) -> web.Response:
    """Answer a request to a rig's webhook."""
    # Home Assistant Cloud forwards requests to its address without a remote one.
    is_cloudhook = rig.has_cloudhook and request.remote is None
    if not (is_cloudhook or rig.allow_public or guard.is_private(request)):
        guard.warn_of_outside(request.remote or "")
        # What Home Assistant answers for an id that no webhook has.
        return web.Response()
    try:
        if request.method == hdrs.METH_POST:
            fields = rig.api.clean(await async_read_body(request))
            await async_receive(hass, rig, _message(rig, fields), fields)
        await async_load_notes(rig)
        return json_response(
            rig.api.webhook_answer(rig.rig_type, rig.store, rig.entry.title)
        )
    except Refusal as refusal:
        return refusal.response
