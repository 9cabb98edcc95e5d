"""Rigs that push: the agents of Mining Rig Monitor, and scripts that speak like them.

The door (`receiver`) takes what they send and answers what they fetch; here is what it
means. Orders, specifications and playbooks are notes on disk; the last log is not.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from ...model import RIG, Channel, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import MINING_ALLOWED, STARTED
from ..common.contract import CommandRefused, Identity, JsonObject, Notes, SourceContext
from ..common.decoding import Values
from . import playbooks, readings
from .orders import SPECS_NOTE, Orders, keep_orders, orders_of
from .parse import (
    CPU,
    Facts,
    Log,
    RigType,
    ShareTotals,
    parse_log,
    parse_specs,
    sensed,
    with_rated_power,
)
from .shared_code import AddressesInTurn
from .stale_hashrate import StaleHashrate, without_rate

CONF_RIG_TYPE: Final = "rig_type"

# Options, in seconds.
CONF_STALE_AFTER: Final = "stale_after"
CONF_OFF_TAKES: Final = "off_takes"
CONF_ON_TAKES: Final = "on_takes"
CONF_RATED_POWER: Final = "rated_power"

SHORTEST_SILENCE: Final = timedelta(seconds=150)
"""One rig that is off delays all others of its agent by up to two minutes."""

_PUSHES_UNTIL_STALE: Final = 3
_INTERVALS_SEEN: Final = 5
_FROZEN_AFTER: Final = timedelta(minutes=10)
_START_JITTER: Final = timedelta(minutes=2)
"""The uptime of a computer is told in minutes, and not always anew."""

_MINING: Final = Control(channel=MINING_ALLOWED.plain)
_POWER: Final = Control(channel=readings.POWER_ORDER.plain)
_LIGHT: Final = Control(channel=readings.LIGHT_ORDER.plain)
_FIELDS: Final[Mapping[Channel[Any], str]] = {
    MINING_ALLOWED.plain: "mining",
    readings.POWER_ORDER.plain: "power",
    readings.LIGHT_ORDER.plain: "light",
    readings.PLAYBOOK_SET.plain: "playbook_set",
}


async def async_open(context: SourceContext) -> RigMonitorSource:
    """Return the source of one rig; it waits to be told."""
    return RigMonitorSource(
        RigType(context.data[CONF_RIG_TYPE]), context.notes, context.options
    )


class RigMonitorSource:
    """One rig: its orders, its last log, and what follows from both over time."""

    address: str | None = None

    def __init__(
        self, rig_type: RigType, notes: Notes, options: Mapping[str, Any]
    ) -> None:
        """Take what is kept of the rig; of its state nothing is known yet."""
        self.rig_type = rig_type
        self._notes = notes
        self._silence: float | None = options.get(CONF_STALE_AFTER)
        self._rated: float | None = options.get(CONF_RATED_POWER)
        self._takes = {
            False: timedelta(seconds=options[CONF_OFF_TAKES]),
            True: timedelta(seconds=options[CONF_ON_TAKES]),
        }
        self._log: Log | None = None
        self._received: datetime | None = None
        self._gaps: deque[float] = deque(maxlen=_INTERVALS_SEEN)
        self._kinds: dict[str, PartKind] = {}
        self._shares = ShareTotals()
        self._totals = Values()
        self._started: datetime | None = None
        self._order: tuple[bool, bool] | None = None
        self._ordered_at: datetime | None = None
        self._spoke_at: datetime | None = None
        self._worked_at: datetime | None = None
        self._rate = StaleHashrate()
        self._addresses = AddressesInTurn()
        self._sensed: dict[str, tuple[tuple[Any, ...], datetime]] = {}
        self._facts: tuple[Any, Facts] = (None, Facts())

    async def identify(self) -> Identity:
        """Return no id: the rig's code is a secret, not a name."""
        return Identity(rig_id=None, title="Mining Rig Monitor")

    async def close(self) -> None:
        """Give back nothing: the rig comes to us."""

    # ---- what is pushed

    def receive(self, body: JsonObject, now: datetime) -> None:
        """Take a log, cleaned of what is null or blank."""
        log = parse_log(self.rig_type, body, now)
        if self._received is not None and now > self._received:
            self._gaps.append((now - self._received).total_seconds())
        silent = self._received is None or now - self._received > self.stale_after
        self._addresses.take(log.parts[RIG].get(readings.LAN_ADDRESS.plain), now)
        self._rate.take(log, now)
        if not orders_of(self._notes).mining and self._rate.is_repeated(log, now):
            log = without_rate(log)
        self._log, self._received = log, now
        self._totals = self._shares.add(log.shares)
        for key in log.parts:
            if key in log.kinds:
                self._kinds[key] = log.kinds[key]
        if not log.is_empty:
            self._spoke_at = now
        if log.works:
            self._worked_at = now
        seen = sensed(self.rig_type, log)
        before = {} if silent else self._sensed
        self._sensed = {
            key: (values, before[key][1])
            if key in before and before[key][0] == values
            else (values, now)
            for key, values in seen.items()
        }

    def shared_by(self, now: datetime) -> tuple[str, ...]:
        """Return the addresses of rigs that push with one code, none as it should be."""
        return self._addresses.found(now)

    @property
    def stale_after(self) -> timedelta:
        """Three pushes of the interval that was seen, and not less than 150 s."""
        if self._silence:
            return timedelta(seconds=self._silence)
        if not self._gaps:
            return SHORTEST_SILENCE
        # The median: one late push says nothing of the interval.
        seen = timedelta(seconds=median(self._gaps) * _PUSHES_UNTIL_STALE)
        return max(seen, SHORTEST_SILENCE)

    # ---- what is known

    def present(self, now: datetime, *, online: bool) -> Snapshot:
        """Return orders and judgements, and the last log of a rig that is there."""
        orders = orders_of(self._notes)
        facts = self._read_facts()
        rig = Values(facts.values)
        disobeys = self._disobeys(orders, now, online=online)
        rig.put(readings.DISOBEYS.plain, disobeys)
        controls = self._put_orders(rig, orders)
        log = self._log if online else None
        if log is not None:
            rig.update(self._rig_values(log))
            rig[readings.FROZEN.plain] = any(
                now - since >= _FROZEN_AFTER for _, since in self._sensed.values()
            )
        parts = [
            Part(
                kind=PartKind.RIG,
                key=RIG,
                model=facts.model,
                version=facts.version,
                values=rig,
                controls=controls,
            )
        ]
        if log is not None:
            parts += self._parts(log, facts)
        return Snapshot(
            parts=part_map(*parts), unparsed=() if log is None else log.unparsed
        )

    def _read_facts(self) -> Facts:
        kept = self._notes.get(SPECS_NOTE)
        if self._facts[0] is not kept:
            self._facts = (kept, parse_specs(self.rig_type, kept))
        return self._facts[1]

    def _put_orders(
        self, rig: Values, orders: Orders
    ) -> dict[Channel[Any], Control[Any]]:
        """Put the orders in force, and return what can be ordered."""
        if self.rig_type is RigType.ASIC:
            rig[readings.POWER_ORDER.plain] = orders.power
            rig[readings.LIGHT_ORDER.plain] = orders.light
            return {c.channel: c for c in (_POWER, _LIGHT)}
        rig[MINING_ALLOWED.plain] = orders.mining
        controls: dict[Channel[Any], Control[Any]] = {_MINING.channel: _MINING}
        sets = playbooks.sets(self._notes.get(playbooks.NOTE))
        if len(sets) > 1:
            chosen = orders.playbook_set
            rig[readings.PLAYBOOK_SET.plain] = chosen if chosen in sets else sets[0]
            controls[readings.PLAYBOOK_SET.plain] = Control(
                channel=readings.PLAYBOOK_SET.plain, options=sets, free=True
            )
        return controls

    def _rig_values(self, log: Log) -> Values:
        values = Values(log.parts[RIG])
        values.update(self._totals)
        if self.rig_type is RigType.ASIC:
            values = with_rated_power(values, self._rated)
        started = values.get(STARTED.plain)
        if isinstance(started, datetime):
            if self._started is None or abs(started - self._started) > _START_JITTER:
                self._started = started
            values[STARTED.plain] = self._started
        return values

    def _parts(self, log: Log, facts: Facts) -> list[Part]:
        """Return the parts of which anything was ever told; null only is not known."""
        kinds = {**self._kinds}
        for key in facts.names:
            kinds.setdefault(key, PartKind.CPU if key == CPU else PartKind.GPU)
        return [
            Part(
                kind=kinds[key],
                key=key,
                name=facts.names.get(key),
                values=log.parts.get(key, {}),
            )
            for key in sorted(kinds, key=_by_number)
        ]

    # ---- whether the rig follows

    def _disobeys(self, orders: Orders, now: datetime, *, online: bool) -> bool | None:
        """Tell whether the rig does not do what it was told; None if nobody knows."""
        is_asic = self.rig_type is RigType.ASIC
        wanted = orders.power if is_asic else orders.mining
        can = is_asic or bool(playbooks.every(self._notes.get(playbooks.NOTE)))
        if self._order != (wanted, can) or self._ordered_at is None:
            self._order, self._ordered_at = (wanted, can), now
        since, takes = self._ordered_at, self._takes[wanted]
        if is_asic and not wanted:
            # A relay cuts its power, so that it falls silent; that is no disobedience.
            spoke = self._spoke_at
            return online and spoke is not None and spoke - since >= takes
        if not is_asic and not online:
            # A computer that is off can follow no order about mining.
            return None
        if not wanted:
            worked = self._worked_at
            return (
                bool(self._log and self._log.works)
                and worked is not None
                and worked - since >= takes
            )
        if not can:
            return False
        return now - max(since, self._worked_at or since) >= takes

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Give an order; it is on disk when this returns."""
        key = _FIELDS[control.channel]
        if key == "playbook_set" and value not in control.options:
            raise CommandRefused("rig_monitor_unknown_set", {"set": str(value)})
        order: dict[str, Any] = {key: value}
        await keep_orders(self._notes, replace(orders_of(self._notes), **order))


def _by_number(key: str) -> tuple[str, int]:
    kind, _, number = key.rpartition("_")
    return (kind, int(number)) if kind else (key, 0)
