"""A message that a rig pushed: to its notes or to its source."""

from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..sources.common.contract import JsonObject
from ..sources.common.push import Receiver
from ..store import StoreUnreadable
from .door import PushingRig
from .http import Refusal, not_known
from .issues import async_manage_shared_code


async def async_receive(
    hass: HomeAssistant, rig: PushingRig, message: str, body: Any
) -> None:
    """Take the decoded body of a message. Raises a Refusal.

    What is there is taken, even where a required field is missing: agents do not send a
    message again because it was refused.
    """
    if not rig.pace.take():
        raise Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            {"message": "Too many requests"},
            {hdrs.RETRY_AFTER: "1"},
        )
    fields = rig.api.clean(body)
    missing = rig.api.missing(rig.rig_type, message, fields)
    await async_load_notes(rig)
    if message == rig.api.specs_message:
        await _async_keep_specs(rig, rig.api.specs_to_keep(fields))
    elif missing and not rig.api.has_any(rig.rig_type, message, fields):
        pass
    elif rig.entry.state is ConfigEntryState.LOADED:
        coordinator = rig.entry.runtime_data
        source = coordinator.source
        assert isinstance(source, Receiver)
        if rig.address:
            rig.rounds.note(f"{rig.rig_type} {rig.address}", rig.entry.entry_id)
        source.agent_is_busy = partial(rig.rounds.is_under_way, rig.entry.entry_id)
        now = dt_util.utcnow()
        source.receive(fields, now)
        coordinator.async_receive()
        if (shared_by := tuple(source.shared_by(now))) != rig.shared_by:
            rig.shared_by = shared_by
            async_manage_shared_code(hass, rig.entry, shared_by)
    # A log of an entry that is not set up is dropped: the next one comes in seconds.
    if missing:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            {"errors": {key: ["can't be blank"] for key in missing}},
        )


async def async_load_notes(rig: PushingRig) -> None:
    """Read the notes of a rig, once. Raises a Refusal while they cannot be read.

    An agent must not be given the orders of a rig that never had any.
    """
    try:
        await rig.store.async_load()
    except StoreUnreadable as err:
        LOGGER.debug("%s: %s", rig.entry.title, err)
        raise not_known() from err


async def _async_keep_specs(rig: PushingRig, specs: JsonObject) -> None:
    if not specs or rig.store.get(rig.api.specs_note) == specs:
        return
    try:
        await rig.store.keep(rig.api.specs_note, specs)
    except HomeAssistantError as err:
        # The request is right, and an agent that gets no 200 sends it again.
        LOGGER.error("%s: %s", rig.entry.title, err)
        raise Refusal(
            HTTPStatus.INSUFFICIENT_STORAGE, {"message": "Not stored"}
        ) from err
