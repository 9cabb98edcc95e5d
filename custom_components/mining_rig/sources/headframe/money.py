"""The money of one account: earnings, payments, wallets and fees."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...model import RIG, Control, PartEvent
from ..common.contract import Notes
from ..common.decoding import Fields, Values
from . import readings
from .operations import OPERATIONS
from .parse import money as parse
from .parse.money import Payment
from .results import AccountResults

_REWARD_DAYS: Final = timedelta(days=7)
_REMEMBERED: Final = 200
"""Payments whose ids are stored, so that each causes one event only."""
_NOTE_PAYMENTS: Final = "headframe_payments"
_MOST_BITCOIN: Final = 21.0
"""The upper limit of the payout threshold in BTC; the pool documents none."""


def wallet_number(index: int) -> int | None:
    """Return the number in a wallet's channels; the first wallet has none."""
    return None if index == 0 else index + 1


class MoneyReader:
    """Reads the groups about money."""

    def __init__(self, results: AccountResults, notes: Notes) -> None:
        """Start without payments."""
        self._results = results
        self._notes = notes
        self._payout: Payment | None = None
        self._reward: Payment | None = None
        self._events: list[PartEvent] = []

    def take_events(self) -> list[PartEvent]:
        """Return the new payments since the last call."""
        events, self._events = self._events, []
        return events

    async def read_earnings(self, now: datetime) -> AsyncGenerator[None]:
        """Read what is earned and not credited yet."""
        fields = await self._results.fetch_object(self._results.kind.earnings)
        self._results.record("earnings", parse.parse_earnings(fields), fields)
        yield

    async def read_balance(self, now: datetime) -> AsyncGenerator[None]:
        """Read what is credited and not paid out yet."""
        fields = await self._results.fetch_object(OPERATIONS["miner_balance"])
        values = parse.parse_amount(fields, readings.BALANCE.plain)
        self._results.record("balance", values, fields)
        yield

    async def read_lifetime(self, now: datetime) -> AsyncGenerator[None]:
        """Read what was earned since the account was opened."""
        fields = await self._results.fetch_object(OPERATIONS["miner_earned_all_time"])
        values = parse.parse_amount(fields, readings.EARNED_ALL_TIME.plain)
        self._results.record("lifetime", values, fields)
        yield

    async def read_payments(self, now: datetime) -> AsyncGenerator[None]:
        """Read the newest payments, back to one that is known."""
        stored: list[str] | None = self._notes.get(_NOTE_PAYMENTS)
        seen = set(stored or ())
        found: list[Payment] = []
        unparsed: list[str] = []
        async for items, _ in self._results.api.each_page(
            self._results.kind.payments, path=self._results.path, most=5
        ):
            fields = Fields({"data": items}, unparsed=unparsed)
            page = parse.parse_payments(fields.each("data"))
            found = page + found
            yield
            if stored is None or any(payment.id in seen for payment in page):
                break
        new = [payment for payment in found if payment.id not in seen]
        if stored is not None:
            self._events += [_event_of(payment) for payment in new]
        if new or stored is None:
            ids = [*(stored or ()), *(payment.id for payment in new)]
            remembered = list(dict.fromkeys(ids))[-_REMEMBERED:]
            await self._notes.keep(_NOTE_PAYMENTS, remembered)
        newest = {payment.type: payment for payment in found}
        self._reward = newest.get("reward", self._reward)
        self._payout = newest.get("payout", self._payout)
        if self._payout is None:
            # Rewards come daily, payouts rarely: the last one may be pages away.
            self._payout = await self._fetch_last_payout()
            yield
        values = parse.payment_values(self._reward, self._payout)
        self._results.record("payments", values, Fields({}))
        self._results.unparsed["payments"] = unparsed

    async def _fetch_last_payout(self) -> Payment | None:
        answer = await self._results.api.call(
            self._results.kind.payments,
            path=self._results.path,
            query={"type": ["payout"], "limit": "1", "offset": "0"},
        )
        found = parse.parse_payments(Fields(answer).each("data"))
        return next((p for p in reversed(found) if p.type == "payout"), None)

    # ---- wallets

    def _wallets(self) -> list[tuple[int | None, Mapping[str, str]]]:
        """Return the number and the path of each wallet; a new account has none."""
        details = self._results.details
        wallets = details.wallets if details is not None else ()
        return [
            (wallet_number(index), {"wallet_id": wallet})
            for index, wallet in enumerate(wallets)
        ]

    async def read_addresses(self, now: datetime) -> AsyncGenerator[None]:
        """Read the payout address of each wallet."""
        values, unparsed = Values(), Fields({})
        for number, wallet in self._wallets():
            operation = OPERATIONS["wallet_addresses"]
            fields = await self._results.fetch_object(operation, wallet)
            values.update(parse.address_values(fields, now, number))
            unparsed.unparsed.extend(fields.unparsed)
            yield
        self._results.record("addresses", values, unparsed)

    async def read_thresholds(self, now: datetime) -> AsyncGenerator[None]:
        """Read the payout threshold of each wallet."""
        values, unparsed = Values(), Fields({})
        controls: list[Control[Any]] = []
        writes = self._results.writes
        for number, wallet in self._wallets():
            operation = OPERATIONS["wallet_min_payments"]
            fields = await self._results.fetch_object(operation, wallet)
            values.update(parse.threshold_values(fields, now, number, settable=writes))
            unparsed.unparsed.extend(fields.unparsed)
            if writes:
                controls.append(
                    Control(
                        channel=readings.THRESHOLD_SET.channel(number=number),
                        minimum=0.001,
                        maximum=_MOST_BITCOIN,
                        step=0.00000001,
                    )
                )
            yield
        self._results.record("thresholds", values, unparsed, *controls)

    # ---- fees and rates

    async def read_fees(self, now: datetime) -> AsyncGenerator[None]:
        """Read the pool's fee."""
        operation, path = OPERATIONS["miner_fees"], self._results.path
        fields = await self._results.fetch_list(operation, path)
        fees = parse.parse_fees(fields.each("data"), now)
        self._results.record("fees", parse.fee_values(fees), fields)
        yield

    async def read_operator_fees(self, now: datetime) -> AsyncGenerator[None]:
        """Read the operator's fee, where there is an operator."""
        details = self._results.details
        if details is None or details.operator is None:
            return
        path = {**self._results.path, "operator_id": details.operator}
        operation = OPERATIONS["operator_miner_fees"]
        fields = await self._results.fetch_list(operation, path)
        values = Values()
        fees = parse.parse_fees(fields.each("data"), now)
        values.put(readings.OPERATOR_FEE.plain, fees.current)
        self._results.record("operator_fees", values, fields)
        yield

    async def read_reward_rate(self, now: datetime) -> AsyncGenerator[None]:
        """Read what 1 TH/s earned lately."""
        answer = await self._results.api.call(
            OPERATIONS["reward_rates"],
            query={
                "from": (now - _REWARD_DAYS).date().isoformat(),
                "to": now.date().isoformat(),
                "currency": readings.BTC,
            },
        )
        fields = Fields(answer)
        self._results.record("reward_rate", parse.parse_reward_rate(fields), fields)
        yield


def _event_of(payment: Payment) -> PartEvent:
    kind = payment.type if payment.type in readings.PAYMENT.types else "other"
    attributes: dict[str, str] = {"payment": payment.type, "currency": readings.BTC}
    if payment.amount is not None:
        attributes["amount"] = f"{payment.amount:f}"
    if payment.at is not None:
        attributes["time"] = payment.at.isoformat()
    if payment.direction is not None:
        attributes["direction"] = payment.direction
    if payment.status is not None:
        attributes["status"] = payment.status
    return PartEvent(part=RIG, kind=readings.PAYMENT, type=kind, attributes=attributes)
