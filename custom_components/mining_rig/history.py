"""The history that a source provides, as statistics of Home Assistant's recorder.

They stand beside the sensor's statistics and never replace them: a pool's averages of
an hour that Home Assistant saw itself are not what Home Assistant saw. That is why they
are "external" and have ids of their own, `mining_rig:<unique id of the sensor>`. They
stay when the entry is removed, as a sensor's do: a pool does not provide it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN, LOGGER, RECORDER
from .coordinator import RigConfigEntry
from .entity import translation_key
from .entity_options import UNIT, async_set_entity_option, kept_unit
from .hashrate import factor, suited_unit, work_unit
from .model import RIG, Channel, Quantity
from .platforms import SENSORS
from .sources.common.contract import HistoryProvider, HistorySeries, SourceError

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import (
        StatisticData,
        StatisticMetaData,
    )

HOUR: Final = timedelta(hours=1)
_LATE: Final = timedelta(minutes=5)
"""A pool needs some time until it has the end of an hour."""


def statistic_id(unique_id: str) -> str:
    """Return the statistic id of the history of the sensor with that unique id."""
    return f"{DOMAIN}:{slugify(unique_id)}"


def hourly(
    points: Iterable[tuple[datetime, float]], interval: timedelta, now: datetime
) -> list[StatisticData]:
    """Return mean, least and greatest value of each full hour that has enough points.

    Hours are UTC. Half of the points of an hour are enough; the hour that is not over
    has not. Nothing comes of intervals longer than an hour: none could be filled
    honestly.
    """
    if not timedelta() < interval <= HOUR:
        return []
    enough = HOUR / interval / 2
    # A point that is there twice counts once.
    ordered = sorted(dict(points).items())
    rows: list[StatisticData] = []
    for start, group in groupby(ordered, key=lambda point: _full_hour(point[0])):
        values = [value for _, value in group]
        if start < _full_hour(now) and len(values) >= enough:
            mean = sum(values) / len(values)
            rows.append(
                {"start": start, "mean": mean, "min": min(values), "max": max(values)}
            )
    return rows


def _full_hour(moment: datetime) -> datetime:
    utc = dt_util.as_utc(moment)
    return utc.replace(minute=0, second=0, microsecond=0)


@callback
def async_watch_history(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    """Fetch the history of a rig that provides it: now, and what is missing every hour."""
    source = entry.runtime_data.source
    if isinstance(source, HistoryProvider) and RECORDER in hass.config.components:
        history = History(hass, entry, source)
        entry.async_on_unload(entry.runtime_data.async_add_listener(history.async_look))
        history.async_look()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the recorder has of one channel's history."""

    unit: str | None
    last: datetime | None
    """The start of the newest hour."""


class History:
    """The history of one rig."""

    def __init__(
        self, hass: HomeAssistant, entry: RigConfigEntry, source: HistoryProvider
    ) -> None:
        """Bind to an entry; nothing is fetched yet."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._source = source
        self._fetched: datetime | None = None

    @callback
    def async_look(self) -> None:
        """Fetch what is missing, once in each hour in which the rig answers."""
        hour = _full_hour(dt_util.utcnow() - _LATE)
        if hour != self._fetched and self._coordinator.online:
            self._fetched = hour
            self._entry.async_create_background_task(
                self._hass, self._async_fetch(), f"{self._entry.title}: history"
            )

    async def _async_fetch(self) -> None:
        # The recorder need not be installed.
        from homeassistant.components.recorder.statistics import (
            async_add_external_statistics,
        )

        now = dt_util.utcnow()
        recorder = get_instance(self._hass)
        # What is on its way into the recorder, such as a change of unit, comes first.
        await recorder.async_block_till_done()
        recorded = await recorder.async_add_executor_job(self._recorded)
        since = max((r.last for r in recorded.values() if r.last), default=None)
        if since is not None and since >= _full_hour(now) - HOUR:
            return
        try:
            series = await self._source.history(since, now)
        except SourceError as err:
            LOGGER.debug("%s: no history: %s", self._entry.title, err)
            return
        names = await async_get_translations(
            self._hass, self._hass.config.language, "entity", [DOMAIN]
        )
        for past in series:
            # A week of minutes is too much to be added up between two events.
            rows = await self._hass.async_add_executor_job(
                hourly, past.points, past.interval, now
            )
            unique_id = self._coordinator.devices.unique_id(past.part, past.channel.key)
            known = recorded.get(statistic_id(unique_id), Recorded(None, None))
            if known.last is not None:
                # The newest may have been fetched before its hour was complete.
                rows = [row for row in rows if row["start"] >= known.last]
            if rows:
                base = self._base(past)
                unit = known.unit or self._unit(past.channel, base, unique_id, rows)
                if (shown := _in_unit(rows, base, unit)) is not None:
                    async_add_external_statistics(
                        self._hass, self._metadata(past, unique_id, unit, names), shown
                    )

    def _recorded(self) -> dict[str, Recorded]:
        """Return what the recorder has of the rig's history, by statistic id."""
        from homeassistant.components.recorder.statistics import (
            get_last_statistics,
            get_metadata,
        )

        def last(known: str) -> datetime | None:
            rows = get_last_statistics(self._hass, 1, known, False, {"mean"})
            return next(
                (
                    dt_util.utc_from_timestamp(row["start"])
                    for row in rows.get(known, ())
                ),
                None,
            )

        own = f"{statistic_id(self._coordinator.devices.id_root)}_"
        return {
            known: Recorded(metadata["unit_of_measurement"], last(known))
            for known, (_, metadata) in get_metadata(
                self._hass, statistic_source=DOMAIN
            ).items()
            if known.startswith(own)
        }

    def _base(self, past: HistorySeries) -> str | None:
        """Return the unit of the values; only hashrates come in several sizes."""
        if past.channel.reading.quantity is not Quantity.HASHRATE:
            return None
        known = self._coordinator.known_parts.parts.get(past.part)
        return work_unit(past.channel, known)

    def _unit(
        self,
        channel: Channel[Any],
        base: str | None,
        unique_id: str,
        rows: list[StatisticData],
    ) -> str | None:
        """Return the unit of the sensor, else one that suits; it is kept for ever."""
        registry = er.async_get(self._hass)
        at = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        sensor = registry.async_get(at) if at is not None else None
        reading = channel.reading
        if base is not None:
            if sensor is not None and (unit := kept_unit(sensor)) is not None:
                return unit
            greatest = max(row["max"] for row in rows)
            unit = suited_unit(greatest, base)
            if at is not None:
                async_set_entity_option(registry, at, UNIT, unit)
            return unit
        return SENSORS[reading.quantity].unit or reading.unit

    def _metadata(
        self,
        past: HistorySeries,
        unique_id: str,
        unit: str | None,
        names: Mapping[str, str],
    ) -> StatisticMetaData:
        from homeassistant.components.recorder.models import StatisticMeanType

        part = self._coordinator.known_parts.parts.get(past.part)
        of = part.name if part is not None and past.part != RIG else None
        key = translation_key(past.channel)
        name = names.get(f"component.{DOMAIN}.entity.{Platform.SENSOR}.{key}.name")
        words = (self._entry.title, of, name or past.channel.key)
        return {
            "mean_type": StatisticMeanType.ARITHMETIC,
            "has_sum": False,
            "name": " ".join(word for word in words if word),
            "source": DOMAIN,
            "statistic_id": statistic_id(unique_id),
            "unit_class": None,
            "unit_of_measurement": unit,
        }


def _in_unit(
    rows: list[StatisticData], base: str | None, unit: str | None
) -> list[StatisticData] | None:
    """Return rows in the unit that is shown; None for one of other work."""
    if base is None or unit is None:
        return rows
    if (size := factor(unit, base)) is None:
        return None
    return [
        {
            "start": row["start"],
            "mean": row["mean"] / size,
            "min": row["min"] / size,
            "max": row["max"] / size,
        }
        for row in rows
    ]
