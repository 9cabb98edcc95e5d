"""What thermal protection has decided on: commands, the power switch, events, issues."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..const import DOMAIN, LOGGER
from ..issues import async_manage_protection
from ..known_parts import KnownParts
from ..model import RIG, Control, PartEvent, Snapshot
from ..protection.data import PROTECTION, Act, Decision, Heat, Observation
from ..sources import Kind
from ..sources.common.contract import Holding, Source
from .availability import Availability
from .commands import Commands
from .events import EventDispatcher
from .power import RigPower
from .power_switch import PowerSwitch
from .protection_choices import stop_of
from .starter import Starter


class Rig(Protocol):
    """What protection reads and calls of the coordinator."""

    hass: HomeAssistant
    name: str
    data: Snapshot
    online: bool
    revision: int
    kind: Kind
    source: Source
    starter: Starter
    availability: Availability
    commands: Commands
    events: EventDispatcher
    power: RigPower

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of."""

    @property
    def stale_after(self) -> timedelta:
        """How long a reading holds."""

    def async_add_listener(self, update_callback: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back at each update."""

    def async_update_listeners(self) -> None:
        """Let the entities show what has changed."""

    def notify_known_parts(self) -> None:
        """Let the platforms look for what is new."""

    async def async_request_refresh(self) -> None:
        """Poll soon."""

    async def async_refresh(self) -> None:
        """Poll now, or show what has changed of a rig that pushes."""


class Acting:
    """Does what is decided, in that order, after it was remembered."""

    def __init__(
        self,
        rig: Rig,
        entry: ConfigEntry,
        plug: PowerSwitch | None,
        *,
        save: Callable[[], Awaitable[None]],
        margin: Callable[[], float],
        note_off: Callable[[str], None],
        refused: Callable[[], None],
    ) -> None:
        """Take what remembers, and what is called before and after a pause."""
        self._rig = rig
        self.name = rig.name
        self._entry = entry
        self._plug = plug
        self._save = save
        self._margin = margin
        self._note_off = note_off
        self._refused = refused
        self._order = asyncio.Lock()
        self._to_resume: set[str] = set()
        """Parts to resume once the rig has power and answers."""

    def carry_out(
        self,
        decisions: tuple[Decision, ...],
        *,
        is_changed: bool,
    ) -> None:
        """Begin to do what was decided; `is_changed` has to be remembered first."""
        self.run(self._async_carry_out(decisions, is_changed=is_changed))

    async def _async_carry_out(
        self, decisions: tuple[Decision, ...], *, is_changed: bool
    ) -> None:
        async with self._order:
            if is_changed:
                await self._save()
            for decision in decisions:
                self._do(decision, [d.act for d in decisions])

    def _do(self, decision: Decision, acts: list[Act]) -> None:
        part = decision.subject
        match decision.act:
            case Act.TELL:
                self._rig.events.dispatch(
                    [
                        PartEvent(
                            part=RIG,
                            kind=PROTECTION,
                            type=part,
                            attributes=_attributes(decision.heat),
                        )
                    ]
                )
            case Act.REPAIR | Act.REPAIR_OVER:
                facts = None
                if decision.act is Act.REPAIR:
                    facts = facts_of(decision.heat, self._margin())
                async_manage_protection(self._rig.hass, self._entry, part, facts)
            case Act.PAUSE:
                self.resume_none()
                self.run(self._async_pause(part))
            case Act.RESUME if Act.POWER_ON in acts and not self._rig.kind.pushes:
                self._to_resume.add(part)
            case Act.RESUME:
                self.run(self._async_resume(part))
            case Act.POWER_OFF | Act.POWER_ON if self._plug is not None:
                is_on = decision.act is Act.POWER_ON
                if not is_on:
                    self._to_resume.clear()
                self.run(self._plug.async_turn(on=is_on))

    def resume_late(self, seen: Observation) -> None:
        """Resume what had to wait until the rig has power and answers, as it does now."""
        if self._to_resume:
            parts, self._to_resume = self._to_resume, set()
            for part in sorted(parts - seen.running):
                self.run(self._async_resume(part))

    async def _async_pause(self, part: str) -> None:
        self._note_off(part)
        source, control = self._rig.source, self._stop_of(part)
        if control is not None and isinstance(source, Holding):
            # Unlike its owner's orders, it does not wait for the disk.
            source.hold(control, False)
            await self._rig.async_refresh()
            await self._save()
            return
        try:
            await self.async_allow(part, is_allowed=False)
        except HomeAssistantError as err:
            LOGGER.warning("%s is too hot and was not paused: %s", self._rig.name, err)
            self._refused()

    async def _async_resume(self, part: str) -> None:
        try:
            await self.async_allow(part, is_allowed=True)
        except HomeAssistantError as err:
            LOGGER.warning("%s does not resume: %s", self._rig.name, err)

    async def async_allow(self, part: str, *, is_allowed: bool) -> None:
        """Let a part work or not; its owner's kept order stays. Raises HomeAssistantError."""
        if (control := self._stop_of(part)) is None:
            raise self.invalid("not_offered")
        await self._rig.commands.async_write(
            part, control.channel, is_allowed, kept=False
        )

    def _stop_of(self, part: str) -> Control[Any] | None:
        known = self._rig.known_parts.parts.get(part)
        return None if known is None else stop_of(known.controls)

    def resume_none(self) -> None:
        """Forget what was to be resumed: somebody else has decided."""
        self._to_resume.clear()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that ends with the entry."""
        self._entry.async_create_background_task(
            self._rig.hass, work, f"{self._rig.name}: thermal protection"
        )

    def invalid(self, key: str, /, **details: str) -> ServiceValidationError:
        """Return a translated error that names the rig."""
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"rig": self._rig.name, **details},
        )


def facts_of(heat: Heat | None, margin: float) -> dict[str, str]:
    """Return what texts say of a heat."""
    if heat is None:
        return {"temperature": "?", "limit": "?", "resume": "?"}
    return {
        "temperature": f"{heat.celsius:g}",
        "limit": f"{heat.limit:g}",
        "resume": f"{heat.limit - margin:g}",
    }


def _attributes(heat: Heat | None) -> dict[str, float | str]:
    if heat is None:
        return {}
    return {
        "part": heat.part,
        "sensor": heat.sensor,
        "temperature": heat.celsius,
        "limit": heat.limit,
    }
