"""The units that hashrates usually have, for a 0 that says nothing about its size.

A unit is chosen at the first value above 0. Until then the algorithm decides, else the
kind of rig, else what the part is.
"""

from collections.abc import Iterable, Mapping
import re
from typing import Final

from .hashrate import factor
from .model import PartKind

_PER_ALGORITHM: Final[Mapping[str, tuple[str, ...]]] = {
    # The beginnings of names in lower case, without what separates their words.
    "H/s": (
        "beamhash",
        "cortex",
        "cuckaroo",
        "cuckatoo",
        "equi",
        "verushash",
        "yescrypt",
        "yespower",
        "zelhash",
        "zhash",
    ),
    "kH/s": (
        "argon2",
        "astrobwt",
        "cn",
        "cryptonight",
        "ghostrider",
        "gr",
        "panthera",
        "randomx",
        "rx",
        "tensority",
        "xelis",
    ),
    "MH/s": (
        "autolykos",
        "dagger",
        "dynexsolve",
        "etchash",
        "ethash",
        "evrprogpow",
        "firopow",
        "fishhash",
        "kawpow",
        "lyra2",
        "meowpow",
        "mtp",
        "neoscrypt",
        "nexapow",
        "octopus",
        "progpow",
        "ubqhash",
        "verthash",
        "x16",
        "x21",
        "x22",
        "x25",
    ),
    "GH/s": (
        "blake3",
        "groestl",
        "karlsenhash",
        "pyrinhash",
        "qubit",
        "radiant",
        "scrypt",
        "sha512256d",
        "skein",
        "x11",
    ),
    "TH/s": (
        "blake2b",
        "blake256",
        "decred",
        "eaglesong",
        "handshake",
        "kaspa",
        "kheavyhash",
        "lbry",
        "sha256",
        "sia",
    ),
}
_ALGORITHMS: Final = sorted(
    ((name, unit) for unit, names in _PER_ALGORITHM.items() for name in names),
    key=lambda row: len(row[0]),
    reverse=True,
)
"""The longest first, as "x16" and "x11" begin alike."""
_WORD: Final = re.compile(r"[^a-z0-9]+")

_PER_PART: Final[Mapping[PartKind, str]] = {
    # The first one that a rig has decides for the rig itself.
    PartKind.HASHBOARD: "TH/s",
    PartKind.GPU: "MH/s",
    PartKind.CPU: "kH/s",
}


def unit_of_algorithm(algorithm: str) -> str | None:
    """Return the usual unit of an algorithm in any spelling: `rx/0`, `KawPow`."""
    word = _WORD.sub("", algorithm.lower())
    return next((unit for name, unit in _ALGORITHMS if word.startswith(name)), None)


def unit_of_parts(kinds: Iterable[PartKind]) -> str | None:
    """Return the usual unit of what a rig is made of; None where that says nothing."""
    found = frozenset(kinds)
    return next((unit for kind, unit in _PER_PART.items() if kind in found), None)


def usual_unit(base: str, *candidates: str | None) -> str:
    """Return the first candidate that is a form of the base unit, else the base."""
    fitting = (unit for unit in candidates if unit and factor(unit, base) is not None)
    return next(fitting, base)
