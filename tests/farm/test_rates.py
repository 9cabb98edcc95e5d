"""The hashrates of a rig by algorithm."""

from typing import Any

import pytest

from custom_components.mining_rig.farm.rates import algorithm, rates_of
from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Snapshot,
    Value,
    part_map,
)
from custom_components.mining_rig.readings import ALGORITHM, COIN, HASHRATE
from custom_components.mining_rig.sources.rig_monitor.readings import (
    GPU_ALGORITHM,
    GRAPHS,
    SOLUTIONS,
)

type Values = dict[Channel[Any], Value]


def rates(rig: Values, *parts: Part, **units: str) -> dict[str, float]:
    """Return the rates by the key of their algorithm; "?" for one that is not known."""
    work = {None: units["unit"]} if "unit" in units else {}
    whole = Part(kind=PartKind.RIG, key=RIG, values=rig, work_units=work)
    found, unknown = rates_of(Snapshot(parts=part_map(whole, *parts)))
    return {key.key: rate for key, rate in found.items()} | (
        {"?": 0.0} if unknown else {}
    )


def part(kind: PartKind, key: str, values: Values) -> Part:
    """Return a part."""
    return Part(kind=kind, key=key, values=values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rx/0", "RandomX"),
        ("KAWPOW", "KawPow"),
        ("sha256d", "SHA-256"),
        ("heavyhash", "kHeavyHash"),
        ("daggerhashimoto", "Ethash"),
        ("FooHash", "foo-hash"),
    ],
)
def test_spellings(one: str, other: str) -> None:
    """An algorithm is the same in each."""
    assert algorithm(one) == algorithm(other)


def test_other_algorithms() -> None:
    """Names that begin alike, and other work, are other algorithms."""
    assert algorithm("rx/0") != algorithm("rx/wow")
    assert algorithm("equihash") != algorithm("equihash", "Sol/s")
    assert algorithm("ethash") != algorithm("etchash")
    assert algorithm(" / ") is None


@pytest.mark.parametrize(
    "name", ["x" * 41, "https://user:secret@pool/kawpow", "password=hunter2hunter2"]
)
def test_no_algorithms(name: str) -> None:
    """What is a secret, or no name, does not get into ids."""
    assert algorithm(name) is None


def test_of_the_rig() -> None:
    """What the rig says itself, not its parts once more."""
    card = part(PartKind.GPU, "a", {HASHRATE.plain: 4.0})
    assert rates({HASHRATE.plain: 5.0, ALGORITHM.plain: "kawpow"}, card) == {
        "kawpow": 5.0
    }


def test_of_two_algorithms_at_once() -> None:
    """The second one has its number."""
    second = HASHRATE.channel(number=2)
    values: Values = {
        HASHRATE.plain: 5.0,
        ALGORITHM.plain: "etchash",
        second: 7.0,
        ALGORITHM.channel(number=2): "kheavyhash",
    }
    assert rates(values) == {"etchash": 5.0, "kheavyhash": 7.0}


def test_of_parts() -> None:
    """Parts that name what they do are not added up with others."""
    parts = [
        part(PartKind.CPU, "c", {HASHRATE.plain: 2.0, ALGORITHM.plain: "rx/0"}),
        part(PartKind.GPU, "a", {HASHRATE.plain: 3.0, ALGORITHM.plain: "kawpow"}),
        part(PartKind.GPU, "b", {HASHRATE.plain: 4.0, ALGORITHM.plain: "kawpow"}),
        part(PartKind.WORKER, "w", {HASHRATE.plain: 9.0, ALGORITHM.plain: "kawpow"}),
    ]
    assert rates({HASHRATE.plain: 9.0}, *parts) == {"rx0": 2.0, "kawpow": 7.0}


def test_of_an_agent() -> None:
    """It names the algorithm of all cards at the rig, which is not the processor's."""
    values: Values = {HASHRATE.plain: 5.0, GPU_ALGORITHM.channel(number=1): "KawPow"}
    cpu = part(PartKind.CPU, "cpu", {HASHRATE.plain: 2.0})
    gpu = part(PartKind.GPU, "gpu_1", {HASHRATE.plain: 3.0})
    assert rates(values, cpu, gpu) == {"kawpow": 3.0, "?": 0.0}
    named = cpu.with_values({**cpu.values, COIN.plain: "XMR"})
    assert rates(values, named, gpu) == {"kawpow": 3.0, "rx0": 2.0}


@pytest.mark.parametrize(
    ("coin", "found"),
    [("BTC", {"sha256": 5.0}), ("LTC", {"scrypt": 5.0}), ("NEW", {"?": 0.0})],
)
def test_of_a_coin(coin: str, found: dict[str, float]) -> None:
    """Where nothing names the algorithm, a coin that is known does."""
    assert rates({HASHRATE.plain: 5.0, COIN.plain: coin}) == found


def test_of_other_work() -> None:
    """Solutions and graphs are never added to hashes."""
    assert rates({HASHRATE.plain: 5.0, ALGORITHM.plain: "equihash"}, unit="Sol/s") == {
        "equihash_sol": 5.0
    }
    assert rates({SOLUTIONS.plain: 5.0, ALGORITHM.plain: "equihash"}) == {
        "equihash_sol": 5.0
    }
    assert rates({GRAPHS.plain: 5.0, ALGORITHM.plain: "cuckatoo32"}) == {
        "cuckatoo32_g": 5.0
    }


def test_nothing() -> None:
    """A rig without a hashrate has none, and a 0 of unknown work is nothing unknown."""
    assert rates({}) == {}
    assert rates({HASHRATE.plain: 0.0}) == {}
    assert rates({HASHRATE.plain: 0.0, ALGORITHM.plain: "rx/0"}) == {"rx0": 0.0}
