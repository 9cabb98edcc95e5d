"""The config flow steps that all kinds of rigs share; per-kind flows inherit them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, override
from uuid import uuid4

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector
from homeassistant.requirements import RequirementsNotFound
from homeassistant.util import slugify
import voluptuous as vol

from ..const import CONF_ID_ROOT, CONF_KIND, LOGGER
from ..coordinator import READ_TIMEOUT
from ..source_context import source_context_for
from ..sources import KINDS, async_source_factory, rig_unique_id
from ..sources.common.contract import (
    Identity,
    Source,
    SourceBusy,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from ..sources.common.detection import Found
from . import network
from .forms import (
    FORGET,
    NEW_ID,
    Answers,
    FormError,
    flat,
    form_schema,
    free_name,
    reconfigure_schema,
    secrets_schema,
    with_address,
)
from .network import Errors
from .options import RigOptionsFlow
from .power import PowerFlow

type KindStep = Callable[..., Awaitable[ConfigFlowResult]]


class RigFlow(PowerFlow):
    """Adding, re-authenticating and reconfiguring a rig of any kind.

    A kind with steps of its own is a subclass, whose steps are named
    `async_step_<kind>...`; `kinds` generates those of all others.
    """

    def __init__(self) -> None:
        """Start an empty flow."""
        self._kind = ""
        self._answers: Answers = {}
        self._identity: Identity | None = None
        self._options: dict[str, Any] = {}
        self._told: str | None = None
        """The kind that the last answer named, where it is another than the chosen."""
        self._others: list[Found] = []
        """What answered, or answered instead of the chosen kind."""
        self._detected: Found | None = None
        """What was found at the address, where the owner chose no kind."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> RigOptionsFlow:
        """Return the options flow."""
        return RigOptionsFlow()

    async def _async_identify(
        self, kind: str, data: Answers
    ) -> tuple[Identity | None, Errors]:
        """Connect and identify the rig. Returns the identity, or errors by field."""
        return await self._async_ask(kind, data, lambda source: source.identify())

    @override
    async def _async_ask[T](
        self, kind: str, data: Answers, ask: Callable[[Source], Awaitable[T]]
    ) -> tuple[T | None, Errors]:
        """Connect and ask the rig. Returns its answer, or errors by field."""
        form = KINDS[kind].form
        host = CONF_HOST if form.has(CONF_HOST) else "base"
        try:
            open_source = await async_source_factory(self.hass, kind)
            source = await open_source(source_context_for(self.hass, KINDS[kind], data))
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    return await ask(source), {}
            finally:
                await source.close()
        except TimeoutError:
            return None, {host: "timeout"}
        except RequirementsNotFound:
            return None, {"base": "not_installed"}
        except SourceUnreachable as err:
            why = "timeout" if err.timed_out else "cannot_connect"
            return None, {host: err.reason or why}
        except SourceRefused:
            return None, {min(form.secrets, default=host): "invalid_auth"}
        except SourceBusy:
            return None, {host: "busy"}
        except SourceGarbled as err:
            self._told = err.kind
            return None, {host: "wrong_device"}
        except Exception:  # noqa: BLE001 - shown as "unknown"; logged
            LOGGER.exception("Unexpected error while connecting to a rig")
            return None, {"base": "unknown"}

    async def _async_submitted(
        self, kind: str, user_input: dict[str, Any], stored: Mapping[str, Any]
    ) -> tuple[Answers, Identity | None, Errors]:
        """Connect with the submitted form; empty secrets keep their stored values."""
        form = KINDS[kind].form
        kept = {
            key: stored[key]
            for key in form.secrets & stored.keys()
            if not user_input.get(FORGET + key)
        }
        answers = kept | flat(form, user_input)
        try:
            answers = with_address(form, answers, {**form.defaults, **stored})
        except FormError as err:
            return answers, None, {err.field: err.error}
        self._told, self._others = None, []
        identity, errors = await self._async_identify(kind, answers)
        if errors and form.has(CONF_HOST):
            errors, self._others = await network.async_explain(
                self.hass, kind, answers, errors, self._told
            )
        return answers, identity, errors

    # ---- adding a rig

    async def _async_step_form(
        self, kind: str, user_input: dict[str, Any] | None, *, complete: bool = True
    ) -> ConfigFlowResult:
        """Show the form of a kind and connect, unless the answers are not complete."""
        errors: Errors = {}
        if other := network.chosen_other(user_input, self._others):
            return await self._async_go_on_as(other, user_input or {})
        if user_input is not None and complete:
            answers, identity, errors = await self._async_submitted(
                kind, user_input, {}
            )
            if identity is not None:
                return await self._async_found(kind, answers, identity)
        self._kind = kind
        label = await network.async_label(self.hass, kind, self._detected)
        schema = form_schema(KINDS[kind].form, shown=user_input)
        return self.async_show_form(
            step_id=kind,
            data_schema=self.add_suggested_values_to_schema(
                network.with_choice(schema, self._others), user_input
            ),
            errors=errors,
            description_placeholders=network.found_texts(self._others, label=label),
        )

    async def _async_go_on_as(
        self, other: Found, typed: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Go on with what answers, and connect unless something is missing."""
        kept = network.carried_over(typed, other)
        self._others = []
        return await self._async_step_form(
            other.kind, kept, complete=other.needs <= kept.keys()
        )

    async def _async_found(
        self, kind: str, answers: Answers, identity: Identity
    ) -> ConfigFlowResult:
        """Continue with the identified rig unless it is already configured."""
        unique_id = unique_id_of(kind, identity)
        await self.async_set_unique_id(unique_id, raise_on_progress=False)
        known = self._entry_of(kind, unique_id, answers)
        if known is not None:
            return await self._async_known(known, answers)
        self._kind, self._answers, self._identity = kind, answers, identity
        return await self.async_step_name()

    def _entry_of(
        self, kind: str, unique_id: str | None, answers: Answers
    ) -> ConfigEntry | None:
        """Return another entry of the same rig: same id, or same address without one."""
        for entry in self._async_current_entries():
            if entry.data[CONF_KIND] != kind:
                continue
            if entry.entry_id == self.context.get("entry_id"):
                continue
            if unique_id is None or entry.unique_id is None:
                if network.same_address(entry.data, answers):
                    return entry
            elif entry.unique_id == unique_id:
                return entry
        return None

    async def _async_known(
        self, entry: ConfigEntry, answers: Answers
    ) -> ConfigFlowResult:
        """Update the address of an entry unless its rig still answers at the old one.

        Cloned disks and containers exist: the same id may answer at two addresses.
        """
        about = {"rig": entry.title, "host": str(entry.data.get(CONF_HOST))}
        if network.same_address(entry.data, answers):
            return self.async_abort(
                reason="already_configured", description_placeholders=about
            )
        kind = entry.data[CONF_KIND]
        old, _ = await self._async_identify(kind, dict(entry.data))
        if old is not None and unique_id_of(kind, old) == entry.unique_id:
            return self.async_abort(
                reason="same_id_elsewhere", description_placeholders=about
            )
        form = KINDS[kind].form
        kept = {k: v for k, v in entry.data.items() if k not in form.connection_keys}
        moved = {k: v for k, v in answers.items() if k in form.connection_keys}
        self.hass.config_entries.async_update_entry(entry, data=kept | moved)
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        about["host"] = str(answers.get(CONF_HOST))
        return self.async_abort(
            reason="address_updated", description_placeholders=about
        )

    async def async_step_name(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the name; it is part of the entity ids and must be unique."""
        assert self._identity is not None
        errors: Errors = {}
        taken = {slugify(entry.title) for entry in self._async_current_entries()}
        if user_input is None:
            title = self._identity.title.strip() or KINDS[self._kind].name
            name = free_name(title, taken)
        else:
            name = user_input[CONF_NAME].strip()
            if not name:
                errors[CONF_NAME] = "name_empty"
            elif slugify(name) in taken:
                errors[CONF_NAME] = "name_taken"
            else:
                return await self._async_named(name, self._identity)
        schema = vol.Schema({vol.Required(CONF_NAME): TextSelector()})
        model = self._identity.model or KINDS[self._kind].name
        version = self._identity.version
        found = f"{model} ({version})" if version else model
        if self._detected is not None and self._detected.kind == self._kind:
            found = await network.async_found_text(self.hass, self._detected)
        return self.async_show_form(
            step_id="name",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_NAME: name}),
            errors=errors,
            description_placeholders={"model": found},
        )

    @override
    def _create(self, name: str, identity: Identity) -> ConfigFlowResult:
        """Create the entry."""
        # Another flow may have added the rig in the meantime.
        known = self._entry_of(self._kind, self.unique_id, self._answers)
        if known is not None:
            return self.async_abort(
                reason="already_configured",
                description_placeholders={"rig": known.title},
            )
        id_roots = {e.data[CONF_ID_ROOT] for e in self._async_current_entries()}
        id_root = self.unique_id if identity.stable else None
        if id_root is None or id_root in id_roots:
            id_root = uuid4().hex
        return self.async_create_entry(
            title=name,
            data={CONF_KIND: self._kind, CONF_ID_ROOT: id_root, **self._answers},
            options=self._options,
        )

    # ---- new credentials, another address

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Start after a rig refused the stored credentials."""
        if (step := self._kind_step(entry_data[CONF_KIND], "reauth")) is not None:
            return await step()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials; one left empty is deleted."""
        entry = self._get_reauth_entry()
        form = KINDS[entry.data[CONF_KIND]].form
        errors: Errors = {}
        if user_input is not None:
            data = {k: v for k, v in entry.data.items() if k not in form.secrets}
            data |= flat(form, user_input)
            identity, errors = await self._async_identify(entry.data[CONF_KIND], data)
            if identity is not None:
                return self._changed(entry, data, identity)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=secrets_schema(form),
            errors=errors,
            description_placeholders={"rig": entry.title},
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the form again; a secret left empty keeps its stored value."""
        entry = self._get_reconfigure_entry()
        kind = entry.data[CONF_KIND]
        if (step := self._kind_step(kind, "reconfigure")) is not None:
            return await step(user_input)
        form = KINDS[kind].form
        if not form.fields:
            return self.async_abort(
                reason="nothing_to_change",
                description_placeholders={"rig": entry.title},
            )
        errors: Errors = {}
        if user_input is not None:
            answers, identity, errors = await self._async_submitted(
                kind, user_input, entry.data
            )
            if identity is not None:
                data = {key: entry.data[key] for key in (CONF_KIND, CONF_ID_ROOT)}
                return self._changed(
                    entry,
                    data | answers,
                    identity,
                    id_may_differ=user_input.get(NEW_ID, False),
                )
        schema = reconfigure_schema(
            form, entry.data, user_input, has_id=entry.unique_id is not None
        )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders=network.found_texts(self._others, rig=entry.title),
        )

    def _kind_step(self, kind: str, purpose: str) -> KindStep | None:
        """Return a kind's own step for re-authentication or reconfiguration, if any."""
        step: KindStep | None = getattr(self, f"async_step_{kind}_{purpose}", None)
        return step

    def _changed(
        self,
        entry: ConfigEntry,
        data: Answers,
        identity: Identity,
        *,
        id_may_differ: bool = False,
    ) -> ConfigFlowResult:
        """Update the entry, provided that the same rig answered.

        Some miners derive their id from the port or the network card;
        `id_may_differ` accepts the new id.
        """
        about = {"rig": entry.title, "host": str(data.get(CONF_HOST))}
        found = unique_id_of(entry.data[CONF_KIND], identity)
        unique_id = found or entry.unique_id
        if entry.unique_id not in (None, unique_id) and not id_may_differ:
            return self.async_abort(
                reason="unique_id_mismatch", description_placeholders=about
            )
        known = self._entry_of(entry.data[CONF_KIND], unique_id, data)
        if known is not None:
            return self.async_abort(
                reason="already_configured",
                description_placeholders={**about, "rig": known.title},
            )
        return self.async_update_reload_and_abort(entry, unique_id=unique_id, data=data)


def unique_id_of(kind: str, identity: Identity) -> str | None:
    """Return the unique id of an entry, None where the rig reports no id."""
    return None if identity.rig_id is None else rig_unique_id(kind, identity.rig_id)
