"""The form that all kinds on the network share, and what else answers at its address."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from ..const import DOMAIN
from ..sources import KINDS
from ..sources.common.address import parse_address
from ..sources.common.detection import Found
from ..sources.detect import QUESTIONS, async_detect
from .forms import Answers

type Errors = dict[str, str]

CONF_GO_ON_AS: Final = "go_on_as"
"""The field with the kinds of what answers, where that is not the chosen one."""
_HINT: Final = "network_hint"  # by kind: the texts of a selector that is not shown
_UNCLEAR: Final = frozenset(
    ("cannot_connect", "invalid_auth", "no_tls", "wrong_device")
)
"""Errors whose reason may be that something else answers."""
_NO_CONNECTION: Final = frozenset(("cannot_connect", "no_tls", "timeout"))
"""Those after which it is not known whether to use TLS."""


async def async_network_texts(hass: HomeAssistant, kind: str) -> dict[str, str]:
    """Return a kind's label and hint in Home Assistant's language."""
    texts: dict[str, str] = {}
    for category in ("config", "selector"):
        texts |= await async_get_translations(
            hass, hass.config.language, category, {DOMAIN}
        )
    root = f"component.{DOMAIN}"
    label = texts.get(f"{root}.config.step.user.menu_options.{kind}")
    hint = texts.get(f"{root}.selector.{_HINT}.options.{kind}")
    return {"label": label or KINDS[kind].name, "hint": hint or ""}


async def async_explain(
    hass: HomeAssistant,
    kind: str,
    answers: Answers,
    errors: Errors,
    told: str | None,
) -> tuple[Errors, list[Found]]:
    """Return better errors, and the programs of other kinds that answer there.

    `told` is the kind that the answer itself named, None where it named none. Without
    any, the chosen kind's program may still answer with TLS instead of without.
    """
    host, port = answers[CONF_HOST], int(answers[CONF_PORT])
    ssl = bool(answers.get(CONF_SSL))
    unclear = _UNCLEAR | {"timeout"} if ssl else _UNCLEAR
    if not unclear.intersection(errors.values()):
        return errors, []
    session = async_get_clientsession(hass, verify_ssl=False)
    found = await async_detect(session, host, [port])
    if told is not None:
        named = [f for f in found if f.kind == told]
        title = QUESTIONS[told].title
        found = named or [Found(kind=told, title=title, port=port, ssl=ssl)]
    if ssl and not _NO_CONNECTION.intersection(errors.values()):
        # A port may answer with TLS and without: what was typed is kept.
        found = [replace(one, ssl=ssl) for one in found]
    for one in found:
        if one.kind == kind:
            wrong = "only_https" if one.ssl else "only_http"
            return (errors if one.ssl is ssl else {CONF_HOST: wrong}), []
    return ({CONF_HOST: "other_kind"} if found else errors), found


def found_texts(found: Sequence[Found], **others: str) -> dict[str, str]:
    """Return what answers, for the text of the error, beside a form's other texts."""
    return {"found": " / ".join(one.label for one in found), **others}


def with_choice(schema: vol.Schema, found: Sequence[Found]) -> vol.Schema:
    """Return the form with the choice to go on with what answers."""
    if not found:
        return schema
    choice = SelectSelector(
        SelectSelectorConfig(
            options=[one.kind for one in found], translation_key=CONF_GO_ON_AS
        )
    )
    return schema.extend({vol.Optional(CONF_GO_ON_AS): choice})


def chosen_other(
    user_input: Mapping[str, Any] | None, others: Sequence[Found]
) -> Found | None:
    """Return what answers where the owner chose to go on with it."""
    chosen = (user_input or {}).get(CONF_GO_ON_AS)
    return next((one for one in others if one.kind == chosen), None)


def same_address(data: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    """Return whether host and port are the same."""
    return all(data.get(key) == answers.get(key) for key in (CONF_HOST, CONF_PORT))


def carried_over(user_input: Mapping[str, Any], other: Found) -> dict[str, Any]:
    """Return what was typed as far as the form of the other kind has it."""
    form = KINDS[other.kind].form
    connection = {**user_input.get("connection", {}), CONF_SSL: other.ssl}
    keys = {field.key for field in form.fields if not field.section}
    return {
        **{key: value for key, value in user_input.items() if key in keys},
        CONF_HOST: parse_address(user_input[CONF_HOST]).host,
        CONF_PORT: other.port,
        "connection": connection,
    }
