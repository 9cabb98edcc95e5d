"""Schemas of the forms that sources declare, and the submitted answers."""

from collections.abc import Container, Mapping
from itertools import chain, count
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import slugify
import voluptuous as vol

from ..sources.common.address import parse_address, path_of
from ..sources.common.forms import Field, FieldKind, Form
from ..sources.detect import OWN_PATHS

type Answers = dict[str, Any]
"""Answers by field key, sections flattened; empty ones left out."""

FORGET: Final = "forget_"
"""Prefix of a secret's key: the checkbox that deletes the stored secret."""
NEW_ID: Final = "new_id"
"""The checkbox to accept a changed id of the same rig."""

_PORT: Final = vol.All(
    NumberSelector(
        NumberSelectorConfig(min=1, max=65535, step=1, mode=NumberSelectorMode.BOX)
    ),
    vol.Coerce(int),
)
_SECONDS: Final = NumberSelector(
    NumberSelectorConfig(
        min=10,
        max=86400,
        step=1,
        unit_of_measurement=UnitOfTime.SECONDS,
        mode=NumberSelectorMode.BOX,
    )
)
_SELECTORS: Final[Mapping[FieldKind, Any]] = {
    FieldKind.HOST: TextSelector(),
    FieldKind.PORT: _PORT,
    FieldKind.SECRET: TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
    FieldKind.TEXT: TextSelector(),
    FieldKind.FLAG: BooleanSelector(),
    FieldKind.SECONDS: _SECONDS,
}


class FormError(Exception):
    """An invalid answer: the keys of its field and of the error's text."""

    def __init__(self, field: str, error: str) -> None:
        """Take the keys of the field and of the error's text."""
        super().__init__(error)
        self.field = field
        self.error = error


def form_schema(
    form: Form,
    stored: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> vol.Schema:
    """Return the schema of a form; all its sections are optional.

    `stored` gives the defaults, without secrets. `shown` is the submitted input of a
    form that is shown again.
    """
    stored, shown = stored or {}, shown or {}
    schema: dict[Any, Any] = {}
    sections: dict[str, dict[Any, Any]] = {}
    for field in form.fields:
        group = sections.setdefault(field.section, {}) if field.section else schema
        group[_marker(field, stored)] = _selector(field)
    for name, fields in sections.items():
        # The frontend takes the default of a section for its fields, too, and would show
        # every switch as off.
        inside = {
            str(key): key.default()
            for key in fields
            if key.default is not vol.UNDEFINED
        }
        marker = vol.Optional(
            name,
            default=dict,
            description={"suggested_value": inside | shown.get(name, {})},
        )
        schema[marker] = section(vol.Schema(fields), {"collapsed": True})
    return vol.Schema(schema)


def secrets_schema(form: Form) -> vol.Schema:
    """Return the schema of a form's secrets only."""
    return vol.Schema(
        {
            _marker(field, {}): _selector(field)
            for field in form.fields
            if field.kind is FieldKind.SECRET
        }
    )


def reconfigure_schema(
    form: Form,
    stored: Mapping[str, Any],
    shown: Mapping[str, Any] | None,
    *,
    has_id: bool,
) -> vol.Schema:
    """Return a form that is shown again, with what can be deleted or accepted."""
    flags = [FORGET + key for key in sorted(form.secrets & stored.keys())]
    if has_id:
        flags.append(NEW_ID)
    return form_schema(form, stored, shown).extend(
        {vol.Optional(flag, default=False): BooleanSelector() for flag in flags}
    )


def _marker(field: Field, stored: Mapping[str, Any]) -> vol.Marker:
    """Return whether a field is required, and its default.

    A port is optional: a pasted URL may contain it.
    """
    if field.kind is FieldKind.SECRET:
        return vol.Optional(field.key)
    known = stored.get(field.key, field.default)
    if field.kind is FieldKind.TEXT and not field.required:
        # A default could not be cleared.
        return vol.Optional(field.key, description={"suggested_value": known})
    default = vol.UNDEFINED if known is None else known
    if field.required and field.kind is not FieldKind.PORT:
        return vol.Required(field.key, default=default)
    return vol.Optional(field.key, default=default)


def _selector(field: Field) -> Any:
    if field.kind is FieldKind.CHOICE:
        return SelectSelector(
            SelectSelectorConfig(options=list(field.choices), translation_key=field.key)
        )
    return _SELECTORS[field.kind]


def flat(form: Form, user_input: Mapping[str, Any]) -> Answers:
    """Return a form's answers, sections flattened and empty ones left out."""
    answers: Answers = {}
    for field in form.fields:
        group = user_input.get(field.section, {}) if field.section else user_input
        answer = group.get(field.key)
        if isinstance(answer, str):
            answer = answer.strip()
        if answer not in (None, ""):
            answers[field.key] = answer
    return answers


def free_name(title: str, taken: Container[str]) -> str:
    """Return a name that is not taken (as a slug), numbered if need be."""
    names = chain([title], (f"{title} {number}" for number in count(2)))
    return next(name for name in names if slugify(name) not in taken)


def with_address(form: Form, answers: Answers, before: Mapping[str, Any]) -> Answers:
    """Return the answers with the host split into host, port and TLS.

    The host may be a pasted URL. Its port and scheme are used unless the owner entered
    other values than `before`, which the form showed. Raises FormError.
    """
    keys = {field.key for field in form.fields}
    if CONF_HOST not in keys:
        return answers
    try:
        address = parse_address(answers.get(CONF_HOST, ""))
    except ValueError as err:
        raise FormError(CONF_HOST, "invalid_host") from err
    if path_of(answers[CONF_HOST]).strip("/").partition("/")[0] not in {"", *OWN_PATHS}:
        # It leads to another program behind the same port, which could not be reached.
        raise FormError(CONF_HOST, "path")
    complete = {**answers, CONF_HOST: address.host}
    for key, parsed in ((CONF_PORT, address.port), (CONF_SSL, address.ssl)):
        if key in keys and parsed is not None:
            if complete.get(key) in (None, before.get(key)):
                complete[key] = parsed
    needs_port = any(f.key == CONF_PORT and f.required for f in form.fields)
    if needs_port and CONF_PORT not in complete:
        raise FormError(CONF_PORT, "no_port")
    return complete
