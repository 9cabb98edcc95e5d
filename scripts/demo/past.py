"""A past week of statistics, so that energy page and long graphs have something to show."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
import math
from typing import Any

from .client import HomeAssistant
from .registry import Device, Entity

HOURS = 7 * 24
_LONG_AGO = timedelta(days=3 * 365)
_MEAN, _SUM = 1, 0
"""Home Assistant's numbers of the types of mean: arithmetic, and none."""
_BREAK = range(70, 73)
"""Hours in which the rigs were off, as nothing is perfect."""
_UNIT_CLASSES = {"W": "power", "kWh": "energy", "°C": "temperature"}
_SHOWN = (("hashrate",), ("hottest",), ("power", "power_estimate"))

type Row = dict[str, Any]


def share(hour: int) -> float:
    """Return what an hour of the week had of what is measured now."""
    if hour in _BREAK:
        return 0.0
    return 1 + 0.02 * math.sin(hour / 24 * math.tau) - 0.01 * (hour % 5 == 0)


def means(number: float, end: datetime) -> list[Row]:
    """Return a week of averages around a number, up to an hour."""
    return [
        {
            "start": start.isoformat(),
            "mean": number * share(hour),
            "min": number * share(hour) * 0.98,
            "max": number * share(hour) * 1.01,
        }
        for hour, start in _hours(end)
    ]


def sums(watts: float, end: datetime) -> list[Row]:
    """Return a week of energy in kWh, up to an hour.

    The sums end with 0, at which Home Assistant begins to count on. They begin long
    before the week: Home Assistant takes the first one of all for an increase.
    """
    long_ago = (end - _LONG_AGO).replace(minute=0, second=0, microsecond=0)
    rows: list[Row] = [{"start": long_ago.isoformat(), "state": 0.0, "sum": 0.0}]
    total = 0.0
    for hour, start in _hours(end):
        total += watts * share(hour) / 1000
        rows.append({"start": start.isoformat(), "state": total, "sum": total})
    for row in rows:
        row["sum"] -= total
    return rows


def _hours(end: datetime) -> Iterable[tuple[int, datetime]]:
    end = end.replace(minute=0, second=0, microsecond=0)
    return ((hour, end - timedelta(hours=HOURS - hour)) for hour in range(HOURS))


def week_of(
    rig: Device, units: Mapping[str, str | None], now: datetime
) -> list[tuple[Entity, Row, list[Row]]]:
    """Return the statistics of a rig: entity, metadata and rows of each sensor."""
    found = []
    power = rig.find("sensor", "power", "power_estimate")
    for keys in _SHOWN:
        entity = rig.find("sensor", *keys)
        if entity is not None and entity.number is not None:
            rows = means(entity.number, now)
            found.append((entity, _about(entity, units, mean=True), rows))
    energy = rig.find("sensor", "energy", "energy_estimate")
    if energy is not None and power is not None and power.number is not None:
        about = _about(energy, units, mean=False)
        found.append((energy, about, sums(power.number, now)))
    return found


def _about(entity: Entity, units: Mapping[str, str | None], *, mean: bool) -> Row:
    unit = units.get(entity.entity_id)
    return {
        "mean_type": _MEAN if mean else _SUM,
        "has_sum": not mean,
        "name": None,
        "source": "recorder",
        "statistic_id": entity.entity_id,
        "unit_class": _UNIT_CLASSES.get(unit or ""),
        "unit_of_measurement": unit,
    }


async def fill(home: HomeAssistant, rigs: Sequence[Device], now: datetime) -> None:
    """Give each rig its past week, unless Home Assistant has recorded it already."""
    units = {
        state["entity_id"]: state["attributes"].get("unit_of_measurement")
        for state in await home.command("get_states")
    }
    found = [week for rig in rigs for week in week_of(rig, units, now)]
    if not found:
        return
    known = await home.command(
        "recorder/statistics_during_period",
        start_time=(now - timedelta(hours=HOURS + 24)).isoformat(),
        statistic_ids=[entity.entity_id for entity, *_ in found],
        period="day",
        types=["mean", "sum"],
    )
    for entity, about, rows in found:
        if entity.entity_id not in known:
            await home.command("recorder/import_statistics", metadata=about, stats=rows)
