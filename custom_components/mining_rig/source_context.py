"""What Home Assistant gives a source: sessions, notes, an entry's data and options."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.const import CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import (
    async_create_clientsession,
    async_get_clientsession,
)
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .sources import Kind
from .sources.common.contract import InMemoryNotes, Notes, SourceContext

_COOKIELESS: Final[HassKey[ClientSession]] = HassKey(f"{DOMAIN}_cookieless")


def async_cookieless_session(hass: HomeAssistant) -> ClientSession:
    """Return the session for servers that sign people in.

    A cookie in the session that all integrations share could sign in as another user.
    """
    if (session := hass.data.get(_COOKIELESS)) is None:
        # Its connections are Home Assistant's, so it needs no end of its own.
        session = hass.data[_COOKIELESS] = async_create_clientsession(
            hass, auto_cleanup=False, cookie_jar=DummyCookieJar()
        )
    return session


def source_context_for(
    hass: HomeAssistant,
    kind: Kind,
    data: Mapping[str, Any],
    notes: Notes | None = None,
    options: Mapping[str, Any] | None = None,
) -> SourceContext:
    """Return the context for an entry's data; a flow has no notes to keep yet."""
    return SourceContext(
        data=data,
        session=async_get_clientsession(
            hass, verify_ssl=data.get(CONF_VERIFY_SSL, True)
        )
        if kind.cookies
        else async_cookieless_session(hass),
        notes=notes or InMemoryNotes(),
        options={**kind.options.defaults, **(options or {})},
    )
