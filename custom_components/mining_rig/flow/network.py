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

from ..const import CONF_KIND, DOMAIN
from ..sources import KINDS
from ..sources.common.address import parse_address
from ..sources.common.detection import Found
from ..sources.common.forms import FieldKind
from ..sources.detect import QUESTIONS, async_detect
from .forms import Answers

type Errors = dict[str, str]

CONF_GO_ON_AS: Final = "go_on_as"
"""The field with the kinds of what answers, where that is not the chosen one."""
_FOUND: Final = "found"  # words for what was found
_UNCLEAR: Final = frozenset(
    ("cannot_connect", "invalid_auth", "no_tls", "timeout", "wrong_device")
)
"""Errors whose reason may be that something else answers."""
_NO_CONNECTION: Final = frozenset(("cannot_connect", "no_tls", "timeout"))
"""Those after which it is not known whether to use TLS."""


async def async_label(hass: HomeAssistant, kind: str, detected: Found | None) -> str:
    """Return what is added: what was found, else the kind, in Home Assistant's language."""
    if detected is not None and detected.kind == kind:
        return await async_found_text(hass, detected, locked=True)
    return await _async_text(hass, CONF_KIND, kind) or KINDS[kind].name


async def async_found_text(
    hass: HomeAssistant, found: Found, *, locked: bool = False
) -> str:
    """Return what was found in words: "XMRig 6.26.0 on AMD Ryzen 5 3600".

    `locked`: it is added if it asks for a password.
    """
    text = found.label
    if found.model is not None:
        words = await _async_text(hass, _FOUND, "runs_on")
        text = words.format(found=text, model=found.model) or text
    if locked and found.needs:
        words = await _async_text(hass, _FOUND, "is_locked")
        text = words.format(found=text) or text
    return text


async def _async_text(hass: HomeAssistant, selector: str, option: str) -> str:
    """Return an option's text in Home Assistant's language, "" where there is none."""
    texts = await async_get_translations(
        hass, hass.config.language, "selector", {DOMAIN}
    )
    return texts.get(f"component.{DOMAIN}.selector.{selector}.options.{option}", "")


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
    form = KINDS[kind].form
    host, port = answers[CONF_HOST], int(answers[CONF_PORT])
    ssl = bool(answers.get(CONF_SSL))
    if not _UNCLEAR.intersection(errors.values()):
        return errors, []
    session = async_get_clientsession(hass, verify_ssl=False)
    entered = (field.key for field in form.fields if field.kind is FieldKind.PORT)
    ports = [port, *(int(answers[key]) for key in entered if key in answers)]
    found = await async_detect(session, host, dict.fromkeys(ports))
    if told is not None:
        named = [f for f in found if f.kind == told]
        title = QUESTIONS[told].title
        ports_of = {CONF_PORT: port}
        found = named or [Found(kind=told, title=title, ports=ports_of, ssl=ssl)]
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
            options=[one.kind for one in found], translation_key=CONF_KIND
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
    """Return what was typed as far as the form of the other kind has it.

    The ports are those at which it answers, else the usual ones.
    """
    typed = {**user_input, **user_input.get("connection", {}), CONF_SSL: other.ssl}
    typed[CONF_HOST] = parse_address(user_input[CONF_HOST]).host
    form = KINDS[other.kind].form
    kept: dict[str, Any] = {}
    for field in form.fields:
        given = other.ports if field.kind is FieldKind.PORT else typed
        if (value := given.get(field.key, field.default)) is not None:
            group = kept.setdefault(field.section, {}) if field.section else kept
            group[field.key] = value
    return kept
