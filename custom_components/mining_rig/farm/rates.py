"""The hashrates of a rig by algorithm, and the names of algorithms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import Any, Final

from ..hashrate import HASHES, work_unit
from ..model import Channel, Part, PartKind, Snapshot, channel_from
from ..readings import ALGORITHM, COIN, HASHRATE
from ..sources.common.public_text import plain_text, public_text

_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME: Final = 40

_SAME: Final[Mapping[str, str]] = {
    "blake3alephium": "blake3",
    "daggerhashimoto": "ethash",
    "heavyhash": "kheavyhash",
    "kaspa": "kheavyhash",
    "randomx": "rx0",
    "randomxmonero": "rx0",
    "scryptn1024": "scrypt",
    "sha256asicboost": "sha256",
    "sha256d": "sha256",
}
"""Other names of an algorithm, without what separates their words."""
_NAMES: Final[Mapping[str, str]] = {
    "autolykos2": "Autolykos2",
    "blake3": "Blake3",
    "equihash": "Equihash",
    "etchash": "Etchash",
    "ethash": "Ethash",
    "ghostrider": "GhostRider",
    "kawpow": "KawPow",
    "kheavyhash": "kHeavyHash",
    "octopus": "Octopus",
    "rx0": "RandomX",
    "scrypt": "Scrypt",
    "sha256": "SHA-256",
    "sha512256d": "SHA512/256d",
    "x11": "X11",
}
"""How they are shown, whichever spelling came first."""
ALGORITHM_NAMES: Final = tuple(sorted(_NAMES.values(), key=str.casefold))
"""Algorithms that are well known, as they are shown."""
_OF_COIN: Final[Mapping[str, str]] = {
    "bch": "sha256",
    "bitcoin": "sha256",
    "bitcoincash": "sha256",
    "btc": "sha256",
    "dash": "x11",
    "doge": "scrypt",
    "dogecoin": "scrypt",
    "etc": "etchash",
    "kas": "kheavyhash",
    "kaspa": "kheavyhash",
    "litecoin": "scrypt",
    "ltc": "scrypt",
    "monero": "rx0",
    "xmr": "rx0",
}
"""Where a rig names its coin only."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm in one unit of work; hashes and solutions are never the same."""

    key: str
    """For unique ids, for ever."""
    name: str = field(compare=False)
    work: str = HASHES
    """The base unit of its hashrates: H/s, Sol/s, g/s."""


@lru_cache
def algorithm(spelled: str, work: str = HASHES) -> Algorithm | None:
    """Return the algorithm of a name in any spelling: `rx/0`, `RandomX`, `KAWPOW`.

    None for what is no such name: it becomes part of unique ids and names.
    """
    spelled = plain_text(spelled)
    if spelled != public_text(spelled) or len(spelled) > _LONGEST_NAME:
        return None
    word = _SEPARATORS.sub("", spelled.lower())
    if not word:
        return None
    key = _SAME.get(word, word)
    name = _NAMES.get(key, spelled)
    if work != HASHES:
        key = f"{key}_{_SEPARATORS.sub('', work.lower()).removesuffix('s')}"
    return Algorithm(key, name, work)


def rates_of(snapshot: Snapshot) -> tuple[dict[Algorithm, float], bool]:
    """Return a rig's hashrates by algorithm, and whether one's algorithm is not known.

    They are those of the rig where it names the algorithm, else those of its parts, each
    of which may do other work. Rates are in base units.
    """
    rig = snapshot.rig
    parts = [
        part
        for part in snapshot.parts.values()
        if part is not rig and not part.kind.stands_alone
    ]
    found: dict[Algorithm, float] = {}
    unknown = False
    for channel in _channels():
        if not any(channel in part.values for part in (rig, *parts)):
            continue
        rate = _number(rig, channel)
        of_rig = _own_algorithm(rig, channel) or _of_coin(channel, rig)
        named = any(_own_algorithm(part, channel) for part in parts)
        if rate is not None and of_rig is not None and not named:
            found[of_rig] = found.get(of_rig, 0.0) + rate
            continue
        inside = [(part, _number(part, channel)) for part in parts]
        rates = [(part, value) for part, value in inside if value is not None]
        if not rates and rate is not None:
            rates = [(rig, rate)]
        for part, value in rates:
            if (key := _algorithm(part, rig, channel)) is not None:
                found[key] = found.get(key, 0.0) + value
            elif value:
                unknown = True
    return found, unknown


def _channels() -> Iterator[Channel[float]]:
    """Go through the present hashrates of a part; agents have some by unit of work."""
    for number in (None, 2, 3):
        yield HASHRATE.channel(number=number)
        for key in ("rig_monitor_solutions", "rig_monitor_graphs"):
            channel: Channel[float] | None = channel_from(key, None, number)
            if channel is not None:
                yield channel


def _number(part: Part, channel: Channel[float]) -> float | None:
    value: Any = part.values.get(channel)
    return float(value) if isinstance(value, int | float) else None


def _own_algorithm(part: Part, channel: Channel[float]) -> Algorithm | None:
    name = part.get(ALGORITHM.channel(number=channel.number))
    return None if name is None else algorithm(name, work_unit(channel, part))


def _algorithm(part: Part, rig: Part, channel: Channel[float]) -> Algorithm | None:
    """Return the algorithm of a part's hashrate: its own, the rig's, or its coin's."""
    work = work_unit(channel, part, rig)
    names = [p.get(ALGORITHM.channel(number=channel.number)) for p in (part, rig)]
    # An agent names those of all graphics cards at the rig.
    of_cards: Channel[str] | None = channel_from(
        "rig_monitor_gpu_algorithm", None, channel.number or 1
    )
    if of_cards is not None and part.kind is PartKind.GPU:
        names.append(rig.get(of_cards))
    own = (found for name in names if name and (found := algorithm(name, work)))
    return next(own, None) or _of_coin(channel, part, rig)


def _of_coin(channel: Channel[float], *parts: Part) -> Algorithm | None:
    """Return the algorithm of the coin that the first of the parts names."""
    if channel.number is not None:
        return None
    for part in parts:
        if (coin := part.get(COIN.plain)) is not None:
            name = _OF_COIN.get(_SEPARATORS.sub("", coin.lower()))
            return algorithm(name or "", work_unit(channel, *parts))
    return None
