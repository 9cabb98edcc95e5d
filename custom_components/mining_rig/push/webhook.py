"""The webhook of a rig, for scripts: it takes all messages and answers the orders."""

from http import HTTPStatus

from aiohttp import hdrs, web
from homeassistant.core import HomeAssistant

from ..sources.common.contract import JsonObject
from ..store import StoreUnreadable
from .door import PushingRig
from .guard import Guard
from .http import Refusal, async_read_body, json_response, not_known
from .receive import async_receive


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
    try:
        if not (is_cloudhook or rig.allow_public):
            guard.require_private(request)
        if request.method == hdrs.METH_POST:
            fields = rig.api.clean(await async_read_body(request))
            await async_receive(hass, rig, _message(rig, fields), fields)
        await rig.store.async_load()
        return json_response(
            rig.api.webhook_answer(rig.rig_type, rig.store, rig.entry.title)
        )
    except StoreUnreadable:
        return not_known().response
    except Refusal as refusal:
        return refusal.response
