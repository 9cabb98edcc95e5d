"""The orders that a rig has yet to follow, and the readings that depend on them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..model import RIG, Channel, Control, PartEvent, Snapshot, Value
from ..readings import (
    COMMAND,
    COMMAND_CONFIRMED,
    COMMAND_NOT_FOLLOWED,
    MINING,
    MINING_ALLOWED,
    NOT_FOLLOWING,
    STATUS,
)
from ..sources.common.contract import OrderTracker, Source
from ..status import status_of

LONGEST_WAIT: Final = 10.0
"""Seconds that the call of a service waits for its order to be confirmed."""


class OrderState(Enum):
    """What has become of an order."""

    PENDING = auto()
    CONFIRMED = auto()
    NOT_FOLLOWED = auto()
    DROPPED = auto()
    """A newer order took its place, its time was too short to stay, or the rig was unloaded."""


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """A value that was sent to a control."""

    part: str
    control: Control[Any]
    value: Value
    state: OrderState = OrderState.PENDING
    number: int = 0
    """How many orders of the rig had been sent, this one included."""
    proof: Callable[[Snapshot], bool] | None = None
    """Whether a reading shows the order, where its channel's value does not prove it."""
    has_returned: bool = False
    """Whether the call that gave it has returned, with the order pending."""
    stop_timer: CALLBACK_TYPE | None = None

    def is_settled(self) -> bool:
        """Return whether it is not pending any more."""
        return self.state is not OrderState.PENDING

    @property
    def may_outlast_call(self) -> bool:
        """Whether the rig may take longer than the call waits."""
        return self.control.seconds_for(self.value) > LONGEST_WAIT

    @property
    def starts_mining(self) -> bool:
        """Whether it is the order to mine of the whole rig."""
        is_mining = self.control.channel is MINING_ALLOWED.plain
        return self.part == RIG and is_mining and self.value is True

    def is_shown(self, snapshot: Snapshot) -> bool:
        """Return whether a snapshot shows the value, numbers to half a step."""
        if self.proof is not None:
            return self.proof(snapshot)
        found = snapshot.parts.get(self.part)
        return found is not None and _same(
            found.get(self.control.channel), self.value, self.control.step
        )


class Orders:
    """The newest order of each control, from when it is sent until it is followed.

    They are not kept over a restart of Home Assistant.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        source: Source,
        dispatch: Callable[[Iterable[PartEvent]], None],
        changed: Callable[[], None],
    ) -> None:
        """Take what delivers events, and what is called when time has changed an order."""
        self._hass = hass
        self._source = source
        self._dispatch = dispatch
        self._changed = changed
        self._orders: dict[tuple[str, Channel[Any]], Order] = {}
        self._reported: tuple[Value | None, Value | None] = (None, None)
        """Status and "not following" as the source reported them last."""

    # ---- the life of an order

    @callback
    def async_add(
        self,
        part: str,
        control: Control[Any],
        value: Value,
        number: int,
        proof: Callable[[Snapshot], bool] | None = None,
    ) -> Order:
        """Add an order that was sent; it takes the place of an older one."""
        self.drop(part, control.channel)
        order = Order(
            part=part, control=control, value=value, number=number, proof=proof
        )
        self._orders[part, control.channel] = order
        if order.may_outlast_call:
            order.stop_timer = async_call_later(
                self._hass,
                control.seconds_for(value),
                callback(lambda _now: self._expire(order)),
            )
        return order

    def drop(self, part: str, channel: Channel[Any]) -> None:
        """Forget the order of a control, if there is one."""
        if (order := self._orders.get((part, channel))) is not None:
            if order.state is OrderState.PENDING:
                order.state = OrderState.DROPPED
            self._remove(order)

    def discard(self, order: Order) -> None:
        """Forget an order, unless a newer one has taken its place."""
        if self._orders.get((order.part, order.control.channel)) is order:
            self.drop(order.part, order.control.channel)

    def close(self) -> None:
        """Forget all orders and stop their timers."""
        for part, channel in list(self._orders):
            self.drop(part, channel)

    def check(self, snapshot: Snapshot, sent: int | None) -> None:
        """Compare the orders with a new reading.

        `sent` is how many had been sent when it began: it says nothing about later ones.
        None: it shows all.
        """
        mines = bool(snapshot.rig.get(MINING.plain))
        for order in list(self._orders.values()):
            if sent is not None and order.number > sent:
                continue
            is_shown = order.is_shown(snapshot)
            if order.state is OrderState.CONFIRMED:
                # A miner that may mine again still has to prepare its work.
                if mines or not is_shown:
                    self._remove(order)
            elif is_shown:
                if order.has_returned and order.state is OrderState.PENDING:
                    self._report(order, COMMAND_CONFIRMED)
                order.state = OrderState.CONFIRMED
                if mines or not order.starts_mining or order.stop_timer is None:
                    self._remove(order)

    def check_away(self) -> None:
        """Take that the rig does not answer: what stops its program has stopped it."""
        for order in list(self._orders.values()):
            if order.proof is not None and order.value is False:
                if order.has_returned and order.state is OrderState.PENDING:
                    self._report(order, COMMAND_CONFIRMED)
                order.state = OrderState.CONFIRMED
                self._remove(order)

    def _expire(self, order: Order) -> None:
        order.stop_timer = None
        if order.state is OrderState.PENDING:
            order.state = OrderState.NOT_FOLLOWED
            self._report(order, COMMAND_NOT_FOLLOWED)
        else:
            self._remove(order)
        self._changed()

    def _remove(self, order: Order) -> None:
        if order.stop_timer is not None:
            order.stop_timer()
            order.stop_timer = None
        self._orders.pop((order.part, order.control.channel), None)

    def _report(self, order: Order, kind: str) -> None:
        """Deliver the event; the rig's own, whichever part the order is of."""
        facts = {"control": order.control.key, "part": order.part, "value": order.value}
        attributes = {
            key: fact if isinstance(fact, bool | int | float) else str(fact)
            for key, fact in facts.items()
        }
        event = PartEvent(part=RIG, kind=COMMAND, type=kind, attributes=attributes)
        self._dispatch([event])

    # ---- what is known of them

    def pending(self, part: str, channel: Channel[Any]) -> bool:
        """Return whether the order of a control is not confirmed yet."""
        order = self._orders.get((part, channel))
        return order is not None and order.state is OrderState.PENDING

    def any_pending(self, *, online: bool) -> bool:
        """Return whether the rig has yet to follow an order, or prepares to mine."""
        return (
            any(o.state is not OrderState.NOT_FOLLOWED for o in self._orders.values())
            or self._fetched(online=online) is not None
        )

    def _fetched(self, *, online: bool) -> bool | None:
        """Return the pending order of a rig that fetches its orders."""
        if not isinstance(self._source, OrderTracker):
            return None
        return self._source.pending_order(dt_util.utcnow(), online=online)

    def _ordered(self) -> bool | None:
        """Return the order to mine or not that an online rig has yet to follow."""
        order = self._orders.get((RIG, MINING_ALLOWED.plain))
        if order is not None and order.state is not OrderState.NOT_FOLLOWED:
            return bool(order.value)
        return self._fetched(online=True)

    # ---- readings

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Return a source's snapshot of an online rig with what follows from orders."""
        values = snapshot.rig.values
        self._reported = (values.get(STATUS.plain), values.get(NOT_FOLLOWING.plain))
        return self.complete_again(snapshot)

    def complete_again(self, snapshot: Snapshot) -> Snapshot:
        """Return a completed snapshot of an online rig as the orders are now."""
        rig = snapshot.rig
        values = dict(rig.values)
        channels: tuple[Channel[Any], ...] = (STATUS.plain, NOT_FOLLOWING.plain)
        for channel, value in zip(channels, self._reported, strict=True):
            values.pop(channel, None)
            if value is not None:
                values[channel] = value
        events = rig.events
        if _has_slow_controls(snapshot):
            values.setdefault(NOT_FOLLOWING.plain, self._is_not_followed())
            if COMMAND not in events:
                events = (*events, COMMAND)
        parts = snapshot.parts.values()
        status = status_of(values, parts, ordered=self._ordered())
        values.pop(STATUS.plain, None)
        if status is not None:
            values[STATUS.plain] = status.value
        rig = replace(rig, values=values, events=events)
        return replace(snapshot, parts={**snapshot.parts, RIG: rig})

    def _is_not_followed(self) -> bool:
        return any(o.state is OrderState.NOT_FOLLOWED for o in self._orders.values())


def _has_slow_controls(snapshot: Snapshot) -> bool:
    """Return whether an order of the rig may outlast its call."""
    return any(
        control.confirm_within > LONGEST_WAIT
        for part in snapshot.parts.values()
        for control in part.controls.values()
    )


def _same(found: Value | None, wanted: Value, step: float) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) < step / 2
    return found == wanted
