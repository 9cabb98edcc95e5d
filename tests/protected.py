"""Rigs under thermal protection: one that is polled, and one that pushes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    setup_test_component_platform,
)

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.model import Control
from custom_components.mining_rig.readings import HASHRATE, HOTTEST, MINING_ALLOWED
from custom_components.mining_rig.sources.common.contract import SourceUnreachable

from .pushing import async_set_up_rigs, body, pushing_entry
from .rigs import entity_id, state
from .scripted import ScriptedSource, async_add, async_open

LIMIT = 80
HOT = 85.0
COOL = 50.0
PLUG = "switch.plug"
STEP = 10
"""Seconds between two polls or logs."""
KINDS = ("polled", "pushing")


class Plug(SwitchEntity):
    """A smart plug."""

    _attr_should_poll = False

    def __init__(self) -> None:
        """Be on."""
        self.entity_id = PLUG
        self._attr_is_on = True
        self.told: list[str] = []
        self.is_stuck = False
        self.on_told: Callable[[], None] = lambda: None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self._turn(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        self.told.append("on" if on else "off")
        self.on_told()
        if not self.is_stuck:
            self._attr_is_on = on
            self.async_write_ha_state()


async def async_plug(hass: HomeAssistant) -> Plug:
    """Add a plug that is on."""
    plug = Plug()
    setup_test_component_platform(hass, "switch", [plug])
    assert await async_setup_component(hass, "switch", {"switch": {"platform": "test"}})
    await hass.async_block_till_done()
    return plug


async def async_call(
    hass: HomeAssistant, platform: str, service: str, key: str, **data: Any
) -> None:
    """Call a service of one of the rig's entities."""
    await hass.services.async_call(
        platform,
        service,
        {"entity_id": entity_id(hass, platform, key), **data},
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)


class Protected:
    """A rig that heats up as the test says, and obeys unless it is deaf."""

    patience: int
    """Seconds that the first stage has."""
    entry: MockConfigEntry

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Be cool, and mine."""
        self.hass = hass
        self.freezer = freezer
        self.celsius: float | None = COOL
        self.is_deaf = False
        self.is_silent = False
        self.is_frozen = False
        """Whether it always measures the same."""
        self.plug: Plug | None = None
        self._steps = 0

    async def async_start(self, *, plug: bool = True, **options: Any) -> None:
        """Set up the rig, choose a limit, and switch protection on."""
        if plug:
            self.plug = await async_plug(self.hass)
            options["power_switch"] = PLUG
        await self.async_add(options)
        await self.async_pass(STEP)
        await async_call(
            self.hass, "number", "set_value", "protection_limit", value=LIMIT
        )
        if not plug:
            await self.async_prove()
        await async_call(self.hass, "switch", "turn_on", "thermal_protection")

    async def async_prove(self) -> None:
        """Turn it off and on, so that its "off" is known to work."""
        await async_call(self.hass, "switch", "turn_off", self.order_key)
        await self.async_pass(STEP)
        await async_call(self.hass, "switch", "turn_on", self.order_key)
        await self.async_pass(STEP)

    async def async_add(self, options: dict[str, Any]) -> None:
        """Set up the rig."""
        raise NotImplementedError

    async def async_restart(self) -> None:
        """Restart Home Assistant, as far as the rig is concerned."""
        raise NotImplementedError

    def report(self) -> None:
        """Let the rig measure."""
        raise NotImplementedError

    @property
    def is_ordered(self) -> bool:
        """Whether it may mine by its last order."""
        raise NotImplementedError

    def start_by_itself(self) -> None:
        """Mine although that is not allowed."""
        raise NotImplementedError

    def obey_again(self) -> None:
        """Do what is allowed from now on."""

    @property
    def order_key(self) -> str:
        """The key of its switch."""
        return "mining_allowed"

    async def async_pass(self, seconds: int) -> None:
        """Let time pass in steps, each with a poll or a log."""
        for _ in range(seconds // STEP):
            self.freezer.tick(timedelta(seconds=STEP))
            self._steps += 1
            self.report()
            await self.async_settle()

    async def async_settle(self) -> None:
        """Let what is due happen."""
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def async_trip(self) -> None:
        """Get hot, and stay so for the hold time."""
        self.celsius = HOT
        await self.async_pass(STEP)
        assert self.state == "hot"
        await self.async_pass(20)

    @property
    def _is_away(self) -> bool:
        return self.is_silent or (self.plug is not None and not self.plug.is_on)

    @property
    def state(self) -> str:
        """What protection is doing, as it is stored."""
        kept: str = self.entry.runtime_data.store.protection["memory"]["state"]
        return kept

    @property
    def told(self) -> str | None:
        """The last event."""
        found: str | None = state(self.hass, "event", "protection").attributes[
            "event_type"
        ]
        return found

    def has_issue(self, key: str) -> bool:
        """Return whether a repair is shown."""
        registry = ir.async_get(self.hass)
        issue = f"protection_{key}_{self.entry.entry_id}"
        return registry.async_get_issue(DOMAIN, issue) is not None

    @property
    def plug_told(self) -> list[str]:
        """What the plug was told."""
        return [] if self.plug is None else self.plug.told


class Polled(Protected):
    """A rig that is polled every ten seconds."""

    patience = 20

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Be cool, and mine."""
        super().__init__(hass, freezer)
        self.source = ScriptedSource(
            {MINING_ALLOWED.plain: True, HASHRATE.plain: 1e6, HOTTEST.plain: COOL},
            Control(channel=MINING_ALLOWED.plain),
        )

    @override
    async def async_add(self, options: dict[str, Any]) -> None:
        self.entry = await async_add(self.hass, self.source, **options)

    @override
    async def async_restart(self) -> None:
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        self.report()
        await async_open(self.hass, self.entry, self.source)

    @override
    def report(self) -> None:
        self.source.deaf = self.is_deaf
        self.source.error = SourceUnreachable("gone") if self._is_away else None
        values = {**self.source.values}
        values.pop(HOTTEST.plain, None)
        if self.celsius is not None:
            values[HOTTEST.plain] = self.celsius
        values[HASHRATE.plain] = 1e6 + (0 if self.is_frozen else self._steps)
        self.source.values = values

    @property
    @override
    def is_ordered(self) -> bool:
        return self.source.values[MINING_ALLOWED.plain] is True

    @override
    def start_by_itself(self) -> None:
        self.source.values = {**self.source.values, MINING_ALLOWED.plain: True}


class Pushing(Protected):
    """An ASIC whose agent sends its log every ten seconds."""

    patience = 120

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Be cool, and mine."""
        super().__init__(hass, freezer)
        self._runs_anyway = False

    @property
    @override
    def order_key(self) -> str:
        return "rig_monitor_power"

    @override
    async def async_add(self, options: dict[str, Any]) -> None:
        self.entry = pushing_entry("asic", title="Office PC", options=options)
        await async_set_up_rigs(self.hass, self.entry)
        self.report()
        await self.async_settle()

    @override
    async def async_restart(self) -> None:
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        self.report()
        await self.async_settle()

    @override
    def report(self) -> None:
        if self._is_away:
            return
        log = body("asic_log_ks5l.request")
        runs = self.is_ordered or self.is_deaf or self._runs_anyway
        for key in log:
            if "temp" in key:
                log[key] = self.celsius
            elif "hashrate" in key and "uom" not in key and not runs:
                log[key] = 0
        if runs and not self.is_frozen:
            log["hashrate_5_min"] += self._steps
        rig = self.entry.runtime_data
        rig.source.receive(log, dt_util.utcnow())
        rig.async_receive()

    @property
    @override
    def is_ordered(self) -> bool:
        return state(self.hass, "switch", self.order_key).state == "on"

    @override
    def start_by_itself(self) -> None:
        self._runs_anyway = True

    @override
    def obey_again(self) -> None:
        self._runs_anyway = False


def protected(
    kind: str, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> Protected:
    """Return a rig of either kind."""
    makers: dict[str, type[Protected]] = {"polled": Polled, "pushing": Pushing}
    return makers[kind](hass, freezer)
