"""What a farm earns, from accounts and from typed incomes."""

from decimal import Decimal
from typing import Any

import pytest

from custom_components.mining_rig.farm.earnings import (
    account_of,
    income_per_day,
    read_incomes,
)
from custom_components.mining_rig.farm.rates import Algorithm, algorithm
from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common.earnings import Earnings
from custom_components.mining_rig.sources.headframe import readings

HEADFRAME = KINDS["headframe"].earnings
assert HEADFRAME is not None


def _algorithm(name: str, work: str = "H/s") -> Algorithm:
    found = algorithm(name, work)
    assert found is not None
    return found


def _account(**amounts: Any) -> Snapshot:
    values = {getattr(readings, name).plain: value for name, value in amounts.items()}
    return Snapshot(parts={RIG: Part(kind=PartKind.ACCOUNT, key=RIG, values=values)})


def test_an_income_is_for_one_unit_of_hashrate() -> None:
    """0.05 for a TH/s a day are 10 for 200 TH/s."""
    incomes = read_incomes(
        [
            {"algorithm": "SHA-256", "amount": 0.05, "per": "TH/s"},
            {"algorithm": "kawpow", "amount": 0.01, "per": "MH/s"},
            {"algorithm": "equihash", "amount": 0.02, "per": "kSol/s"},
        ]
    )
    hashrates = {
        _algorithm("sha256d"): 200e12,
        _algorithm("KawPow"): 30e6,
        _algorithm("Equihash", "Sol/s"): 50_000,
        # No income is known for it, nor for hashes at an algorithm of solutions.
        _algorithm("rx/0"): 10_000,
        _algorithm("Equihash"): 50_000,
    }
    assert income_per_day(hashrates, incomes) == pytest.approx(10 + 0.3 + 1)
    assert income_per_day({}, incomes) == 0


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "x",
        [None],
        [{}],
        [{"algorithm": 5, "amount": 1, "per": "TH/s"}],
        [{"algorithm": " - ", "amount": 1, "per": "TH/s"}],
        [{"algorithm": "kawpow", "amount": -1, "per": "TH/s"}],
        [{"algorithm": "kawpow", "amount": 1e12, "per": "TH/s"}],
        [{"algorithm": "kawpow", "amount": "x", "per": "TH/s"}],
        [{"algorithm": "kawpow", "amount": 1, "per": "EUR"}],
        [{"algorithm": "kawpow", "amount": 1}],
    ],
)
def test_what_is_no_income_is_left_out(stored: object) -> None:
    """Entered by hand or spoilt: it earns nothing."""
    assert read_incomes(stored) == ()


def test_the_last_income_of_an_algorithm_counts() -> None:
    """Two spellings of one algorithm do not earn twice."""
    incomes = read_incomes(
        [
            {"algorithm": "rx/0", "amount": 1, "per": "H/s"},
            {"algorithm": "RandomX", "amount": 2, "per": "H/s"},
        ]
    )
    assert income_per_day({_algorithm("randomx"): 10}, incomes) == 20


def test_an_account_tells_its_credits_and_its_last_day() -> None:
    """Until yesterday is credited it is the last day, then the reward is."""
    account = account_of(
        _account(
            EARNED_ALL_TIME=Decimal("1.25"),
            EARNINGS_YESTERDAY=Decimal("0.002"),
            LAST_REWARD=Decimal("0.001"),
        ),
        HEADFRAME,
    )
    assert (account.coin, account.total, account.last_day) == ("BTC", 1.25, 0.002)
    account = account_of(
        _account(EARNINGS_YESTERDAY=Decimal(0), LAST_REWARD=Decimal("0.001")), HEADFRAME
    )
    assert (account.total, account.last_day) == (None, 0.001)
    account = account_of(_account(EARNINGS_YESTERDAY=Decimal(0)), HEADFRAME)
    assert account.last_day == 0
    assert account_of(_account(), HEADFRAME).last_day is None


def test_amounts_that_are_none_are_not_known() -> None:
    """A reading that no loaded kind has, or that is no amount, is not 0."""
    strange = Earnings(coin="BTC", total="no_such_reading", last_day=())
    assert account_of(_account(), strange).total is None
    for amount in (Decimal(-1), Decimal("NaN"), Decimal("Infinity"), "5", True):
        assert account_of(_account(EARNED_ALL_TIME=amount), HEADFRAME).total is None


def test_every_kind_declares_readings_that_exist() -> None:
    """The keys in the registry are those of readings of money in that coin."""
    declared = [kind.earnings for kind in KINDS.values() if kind.earnings is not None]
    assert declared
    for earnings in declared:
        for key in (earnings.total, *earnings.last_day):
            reading = next(
                r for r in vars(readings).values() if getattr(r, "key", "") == key
            )
            assert (reading.quantity, reading.unit) == ("money", earnings.coin)
