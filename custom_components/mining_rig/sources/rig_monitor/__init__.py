"""Rigs that push: the agents of Mining Rig Monitor, and scripts that use its API.

`push/` receives what they send and answers what they fetch, as `routes` declares. Orders,
specifications and playbooks are notes on disk; the last log is only kept in memory.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from ...clock import steady
from ...model import RIG, Channel, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import LOCATE, MINING_ALLOWED, NOT_FOLLOWING, STARTED
from ..common.contract import CommandRefused, Identity, JsonObject, Notes, SourceContext
from ..common.decoding import Values
from . import playbooks, readings
from .asic import with_rated_power
from .frozen import FreezeDetector
from .log import Log, ShareTotals
from .orders import ORDERS_NOTE, Orders, keep_orders, orders_of
from .parse import parse_log
from .protocol import CPU, RigType
from .shared_code import AlternatingAddresses
from .specs import SPECS_NOTE, Specs, parse_specs
from .stale_hashrate import Doubt, StaleHashrate, without_rates, without_values

CONF_RIG_TYPE: Final = "rig_type"

# Options, in seconds.
CONF_STALE_AFTER: Final = "stale_after"
CONF_OFF_TAKES: Final = "off_takes"
CONF_ON_TAKES: Final = "on_takes"
CONF_RATED_POWER: Final = "rated_power"

SHORTEST_SILENCE: Final = timedelta(seconds=150)
"""ASIC Sentry reads rig after rig: one that is off delays the others by two minutes."""

_SHORTEST_HOLD: Final = timedelta(seconds=30)
_PUSHES_UNTIL_STALE: Final = 3
_INTERVALS_SEEN: Final = 5
_ROUNDS_UNTIL_STALE: Final = 1.5
_LONGEST_ROUND: Final = 900.0
"""Seconds; ASIC Sentry waits for each ASIC that hangs. A longer gap was an interruption."""
_START_JITTER: Final = timedelta(minutes=2)
"""The uptime of a computer is reported in minutes, and not always updated."""

_MINING: Final = Control(channel=MINING_ALLOWED.plain)
_POWER: Final = Control(channel=readings.POWER_ORDER.plain)
_LIGHT: Final = Control(channel=LOCATE.plain)
_FIELDS: Final[Mapping[Channel[Any], str]] = {
    MINING_ALLOWED.plain: "mining",
    readings.POWER_ORDER.plain: "power",
    LOCATE.plain: "light",
    readings.PLAYBOOK_SET.plain: "playbook_set",
}


async def async_open(context: SourceContext) -> RigMonitorSource:
    """Return the source of one rig."""
    return RigMonitorSource(
        RigType(context.data[CONF_RIG_TYPE]), context.notes, context.options
    )


class RigMonitorSource:
    """One rig: its orders, its last log, and what is derived from both over time."""

    address: str | None = None

    def __init__(
        self, rig_type: RigType, notes: Notes, options: Mapping[str, Any]
    ) -> None:
        """Take the rig's notes and options."""
        self.rig_type = rig_type
        self._notes = notes
        self._silence: float | None = options.get(CONF_STALE_AFTER)
        self._rated: float | None = options.get(CONF_RATED_POWER)
        self._takes = {
            False: timedelta(seconds=options[CONF_OFF_TAKES]),
            True: timedelta(seconds=options[CONF_ON_TAKES]),
        }
        self.agent_is_busy: Callable[[], bool] = bool
        self._log: Log | None = None
        self._received: datetime | None = None
        self._gaps: deque[float] = deque(maxlen=_INTERVALS_SEEN)
        self._kinds: dict[str, PartKind] = {}
        self._shares = ShareTotals()
        self._totals = Values()
        self._started: datetime | None = None
        self._order: tuple[bool, bool] | None = None
        self._ordered_at: datetime | None = None
        self._is_new_order = False
        self._last_values_at: datetime | None = None
        self._last_mined_at: datetime | None = None
        self._stale_hashrate = StaleHashrate()
        self._addresses = AlternatingAddresses()
        self._freeze = FreezeDetector()
        self._specs: tuple[Any, Specs] = (None, Specs())
        """The note of the specifications and what was parsed from it."""

    async def identify(self) -> Identity:
        """Return no id: the rig's code is a secret."""
        return Identity(rig_id=None, title="Mining Rig Monitor")

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    # ---- what is pushed

    def receive(self, body: JsonObject, now: datetime) -> None:
        """Take a cleaned log."""
        log = parse_log(self.rig_type, body, now)
        now = steady(now)
        was_silent = self._received is None or now - self._received > self.stale_after
        if self._received is not None and now > self._received:
            self._gaps.append((now - self._received).total_seconds())
        self._addresses.take(log.parts[RIG].get(readings.LAN_ADDRESS.plain), now)
        if self.rig_type is RigType.CPU_GPU:
            log = self._with_proven_rates(log, now, silent=was_silent)
        self._log, self._received = log, now
        self._totals = self._shares.add(log.shares)
        for key in log.parts:
            if key in log.kinds:
                self._kinds[key] = log.kinds[key]
        if not log.is_empty:
            self._last_values_at = now
        if log.works:
            self._last_mined_at = now
        self._freeze.take(self.rig_type, log, now, is_first=was_silent)

    def _with_proven_rates(self, log: Log, now: datetime, *, silent: bool) -> Log:
        """Return the log without rates that the agent may only repeat."""
        # An order that was lost is not known; it is not "off" then.
        mining = orders_of(self._notes).mining is not False
        has_playbook = bool(playbooks.stored(self._notes.get(playbooks.NOTE)))
        rates = self._stale_hashrate
        rates.take(
            log,
            now,
            served=mining and has_playbook,
            # A rig without an order and without a playbook may be a script's.
            silent=silent
            and not (self._received is None and mining and not has_playbook),
        )
        if rates.doubt is None:
            return log
        stopped = not mining or not has_playbook
        is_off = stopped or rates.doubt is Doubt.REPEATED
        return without_rates(log, stopped=stopped, mines=False if is_off else None)

    def shared_by(self, now: datetime) -> tuple[str, ...]:
        """Return the addresses of rigs that push with one code; none normally."""
        return self._addresses.found(steady(now))

    @property
    def stale_after(self) -> timedelta:
        """Three of the intervals between pushes, and not less than 150 s.

        A rig whose agent was delayed by others lately is waited for half as long again.
        """
        if self._silence:
            return timedelta(seconds=self._silence)
        if not self._gaps:
            return SHORTEST_SILENCE
        rounds = [gap for gap in self._gaps if gap <= _LONGEST_ROUND]
        delayed = max(rounds, default=0) * _ROUNDS_UNTIL_STALE
        if self.agent_is_busy():
            delayed = _LONGEST_ROUND
        return max(
            self._three_intervals(), timedelta(seconds=delayed), SHORTEST_SILENCE
        )

    @property
    def _holds_for(self) -> timedelta:
        """How long the values of a log are present ones: three intervals, at least 30 s."""
        if not self._gaps:
            return self.stale_after
        return max(self._three_intervals(), _SHORTEST_HOLD)

    def _three_intervals(self) -> timedelta:
        # The median, as a single late push does not change the interval.
        return timedelta(seconds=median(self._gaps) * _PUSHES_UNTIL_STALE)

    def _present_log(self, now: datetime, *, online: bool) -> Log | None:
        """Return the last log; without its values once they are no present ones.

        The rates of an ASIC whose power was ordered off are 0 then: its silence is the
        only sign that its relay has followed.
        """
        if not online or self._log is None or self._received is None:
            return None
        if now - self._received <= self._holds_for:
            return self._log
        is_asic = self.rig_type is RigType.ASIC
        return without_values(
            self._log, off=is_asic and orders_of(self._notes).power is False
        )

    # ---- what is known

    def present(self, now: datetime, *, online: bool) -> Snapshot:
        """Return orders and problems, and the last log while the rig is online."""
        now = steady(now)
        orders = orders_of(self._notes)
        specs = self._parsed_specs()
        rig = Values(specs.values)
        rig.put(NOT_FOLLOWING.plain, self._ignores_order(orders, now, online=online))
        controls = self._put_orders(rig, orders)
        log = self._present_log(now, online=online)
        if log is self._log and log is not None:
            rig.update(self._rig_values(log))
            rig[readings.FROZEN.plain] = self._freeze.is_frozen(now)
        elif log is not None:
            rig.update(log.parts[RIG])
        parts = [
            Part(
                kind=PartKind.RIG,
                key=RIG,
                manufacturer=specs.manufacturer,
                model=specs.model,
                version=specs.version,
                values=rig,
                controls=controls,
            )
        ]
        if log is not None:
            parts += self._parts(log, specs)
        return Snapshot(
            parts=part_map(*parts), unparsed=() if log is None else log.unparsed
        )

    def _parsed_specs(self) -> Specs:
        kept = self._notes.get(SPECS_NOTE)
        if self._specs[0] is not kept:
            self._specs = (kept, parse_specs(self.rig_type, kept))
        return self._specs[1]

    def _put_orders(
        self, rig: Values, orders: Orders
    ) -> dict[Channel[Any], Control[Any]]:
        """Put the orders in force; return what can be ordered."""
        if self.rig_type is RigType.ASIC:
            rig.put(readings.POWER_ORDER.plain, orders.power)
            rig.put(LOCATE.plain, orders.light)
            return {c.channel: c for c in (_POWER, _LIGHT)}
        rig.put(MINING_ALLOWED.plain, orders.mining)
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

    def _parts(self, log: Log, specs: Specs) -> list[Part]:
        """Return all parts that a log or the specifications ever had values of."""
        kinds = {**self._kinds}
        for key in specs.names:
            kinds.setdefault(key, PartKind.CPU if key == CPU else PartKind.GPU)
        return [
            Part(
                kind=kinds[key],
                key=key,
                name=specs.names.get(key),
                values=log.parts.get(key, {}),
            )
            for key in sorted(kinds, key=_by_number)
        ]

    # ---- whether the rig follows its orders

    def _ignores_order(
        self, orders: Orders, now: datetime, *, online: bool
    ) -> bool | None:
        """Return whether the rig does not follow its order; None if not known."""
        is_asic = self.rig_type is RigType.ASIC
        wanted = orders.power if is_asic else orders.mining
        if wanted is None:
            self._order = None
            return None
        can = is_asic or bool(playbooks.stored(self._notes.get(playbooks.NOTE)))
        if self._order != (wanted, can) or self._ordered_at is None:
            # The first one was perhaps given long before Home Assistant started.
            self._is_new_order = self._order is not None
            self._order, self._ordered_at = (wanted, can), now
        since, takes = self._ordered_at, self._takes[wanted]
        if is_asic and not wanted:
            # A relay cuts its power, so an ASIC that follows stops sending values.
            last = self._last_values_at
            return online and last is not None and last - since >= takes
        if not is_asic and not online:
            # A computer that is off cannot follow an order about mining.
            return None
        if not wanted:
            mined = self._last_mined_at
            return (
                bool(self._log and self._log.works)
                and mined is not None
                and mined - since >= takes
            )
        if not can:
            return False
        return now - max(since, self._last_mined_at or since) >= takes

    def pending_order(self, now: datetime, *, online: bool) -> bool | None:
        """Return the order that the rig has yet to follow; None without one."""
        orders = orders_of(self._notes)
        if self._ignores_order(orders, steady(now), online=online):
            return None
        if self._order is None:
            # What was ordered is not known.
            return None
        wanted, can = self._order
        log = self._present_log(now, online=online)
        if not wanted:
            is_asic = self.rig_type is RigType.ASIC
            still = log is not None and (not log.is_empty if is_asic else log.works)
            return False if still else None
        if not self._is_new_order or not can or self._ordered_at is None:
            return None
        mined = self._last_mined_at
        return True if mined is None or mined <= self._ordered_at else None

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Store an order; it is on disk when this returns."""
        key = _FIELDS[control.channel]
        if key == "playbook_set" and value not in control.options:
            raise CommandRefused("rig_monitor_unknown_set", {"set": str(value)})
        order: dict[str, Any] = {key: value}
        await keep_orders(self._notes, replace(orders_of(self._notes), **order))

    def hold(self, control: Control[Any], value: Value) -> None:
        """Let an order hold at once, whether or not it can be stored."""
        order: dict[str, Any] = {_FIELDS[control.channel]: value}
        orders = replace(orders_of(self._notes), **order)
        self._notes.put(ORDERS_NOTE, orders.dump())


def _by_number(key: str) -> tuple[str, int]:
    kind, _, number = key.rpartition("_")
    return (kind, int(number)) if kind else (key, 0)
