"""The last step of adding a rig: its power, where nothing measures it."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import Platform, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_POWER_METER, CONF_RATED_POWER, DOMAIN
from ..derive import Derivation
from ..model import Snapshot
from ..plausible import plausible
from ..readings import ENERGY, POWER
from ..sources import KINDS
from ..sources.common.contract import Identity, Polled, Source
from .forms import Answers
from .network import Errors

MOST_POWER: Final = 100_000
"""W; more than one rig at home can draw."""

WATTS: Final = NumberSelector(
    NumberSelectorConfig(
        min=0,
        max=MOST_POWER,
        step="any",
        unit_of_measurement=UnitOfPower.WATT,
        mode=NumberSelectorMode.BOX,
    )
)


def meter_selector(exclude: Iterable[str]) -> EntitySelector:
    """Return the choice of a power sensor, without some entities."""
    return EntitySelector(
        EntitySelectorConfig(
            domain=Platform.SENSOR,
            device_class=SensorDeviceClass.POWER,
            exclude_entities=[*exclude],
        )
    )


@callback
def power_schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form of the step: all of it can be left empty.

    What a mining rig reports of itself is no meter of another one.
    """
    own = (
        e.entity_id
        for e in er.async_get(hass).entities.values()
        if e.platform == DOMAIN
    )
    return vol.Schema(
        {
            vol.Optional(CONF_POWER_METER): meter_selector(own),
            vol.Optional(CONF_RATED_POWER): WATTS,
        },
        # A script that only knows the forms before it, and answers with a name, goes on.
        extra=vol.REMOVE_EXTRA,
    )


def without_zero_watts(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers without a rated power of 0 W, which is none."""
    return {k: v for k, v in answers.items() if k != CONF_RATED_POWER or v}


def is_measured(snapshot: Snapshot) -> bool:
    """Return whether a rig measures the power or the energy of all that mines."""
    rig = Derivation().complete(plausible(snapshot)).rig
    return POWER.plain in rig.values or ENERGY.plain in rig.values


async def async_lacks_power(source: Source) -> bool:
    """Return whether a rig reports no power. Raises SourceError."""
    if not isinstance(source, Polled):
        return False
    return not is_measured(await source.read(dt_util.utcnow()))


class PowerFlow(ConfigFlow):
    """A dialog whose last step may be the power of the rig."""

    _kind: str
    _answers: Answers
    _identity: Identity | None
    _options: dict[str, Any]
    """The options of the entry that is created; set by steps."""
    _name: str = ""

    async def _async_named(self, name: str, identity: Identity) -> ConfigFlowResult:
        """Ask for the power where nothing measures it, else create the entry."""
        facts, self._name = KINDS[self._kind], name
        if facts.draws_power and not facts.pushes:
            if (await self._async_ask(self._kind, self._answers, async_lacks_power))[0]:
                return await self.async_step_power()
        return self._create(name, identity)

    async def async_step_power(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a meter or rated watts, or neither; the options have them as well."""
        assert self._identity is not None
        if user_input is not None:
            self._options |= without_zero_watts(user_input)
            return self._create(self._name, self._identity)
        return self.async_show_form(
            step_id="power",
            data_schema=power_schema(self.hass),
            description_placeholders={"rig": self._name},
        )

    @abstractmethod
    async def _async_ask[T](
        self, kind: str, data: Answers, ask: Callable[[Source], Awaitable[T]]
    ) -> tuple[T | None, Errors]:
        """Connect and ask the rig. Returns its answer, or errors by field."""

    @abstractmethod
    def _create(self, name: str, identity: Identity) -> ConfigFlowResult:
        """Create the entry."""
