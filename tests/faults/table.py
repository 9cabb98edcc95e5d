"""What an owner sees of each fault, as data; `python -m tests.faults` prints it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

STALE: Final = 30
"""Seconds within which a rig that is polled every 10 s is seen to be away."""
BACK: Final = 12
"""Seconds until it is back, where a bare connection shows that the fault is over."""
LONGEST_BACK: Final = 61
"""The same where only a poll does."""


class Seen(Enum):
    """What a fault of some minutes does to a rig that is polled."""

    KEEPS = "keeps"
    """Connected, with readings that are renewed."""
    PARTLY = "in part"
    """Connected; what the answer has not got is unknown."""
    AWAY = "away"
    """Unavailable in time, status offline; one line down, one line up."""
    ASKS = "asks"
    """As AWAY, and a dialog asks for credentials until the next accepted poll."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and what is seen of it."""

    words: str
    seen: Seen = Seen.AWAY
    but: Mapping[str, Seen | None] = field(default_factory=dict)
    """By kind, where it is something else; None where there is no such fault."""
    seconds: int | None = None
    """How long it lasts; None: for minutes."""
    tried: bool = False
    """Whether a bare connection shows that it is over."""


_K, _P, _A, _R = Seen.KEEPS, Seen.PARTLY, Seen.AWAY, Seen.ASKS
_HTTP_ONLY: Final[dict[str, Seen | None]] = {"iceriver": None}
_ASKING: Final = dict.fromkeys(("t_rex", "xmrig", "xmrig_proxy"), _R)
"""The kinds that have a password or a token."""

FAULTS: Final[Mapping[str, Fault]] = {
    "off": Fault("the port is shut: off, crashed, stopped", tried=True),
    "no route": Fault("no route to it: unplugged, another network", tried=True),
    "no connection": Fault("connections are not answered at all", tried=True),
    "hung": Fault("it accepts connections and never answers", tried=True),
    "slow": Fault("each answer takes 7 s", _K, {"iceriver": _A}),
    "extras hang": Fault(
        "only its less important answers hang", _K, {"srbminer": None}
    ),
    "restart": Fault("the miner restarts for 15 s", _K, seconds=15),
    "garbage": Fault("bytes that are no JSON"),
    "truncated": Fault("JSON that stops in the middle"),
    "cut": Fault("fewer bytes than announced"),
    "huge": Fault("6 MiB"),
    "page": Fault("the page of a router"),
    "401": Fault("status 401", but=_HTTP_ONLY | _ASKING),
    "403": Fault("status 403", but=_HTTP_ONLY | _ASKING),
    "404": Fault("status 404", but=_HTTP_ONLY),
    "429": Fault("status 429, wait a day", but=_HTTP_ONLY),
    "500": Fault("status 500", but=_HTTP_ONLY),
    "503": Fault("status 503, wait a day", but=_HTTP_ONLY),
    "redirect": Fault("a redirect", but=_HTTP_ONLY),
    "another rig": Fault(
        "another rig of the kind",
        but=dict.fromkeys(("iceriver", "srbminer", "t_rex", "xmrig")),
    ),
    "wrong types": Fault(
        "each value of a wrong type", but={"axeos": _P, "iceriver": _P}
    ),
    "strange bytes": Fault("a name that is not UTF-8", _K),
    "empty object": Fault("`{}`"),
    "null": Fault("`null`"),
    "no content": Fault("status 204", but=_HTTP_ONLY),
    "clock": Fault("Home Assistant's clock is set back 2 h", _K),
}

NAMES: Final = {
    "axeos": "AxeOS",
    "iceriver": "IceRiver",
    "srbminer": "SRBMiner",
    "t_rex": "T-Rex",
    "xmrig": "XMRig",
    "xmrig_proxy": "xmrig-proxy",
}
_HEAD: Final = (
    "| Fault | Back within | " + " | ".join(NAMES.values()) + " |",
    "| --- | --- |" + " --- |" * len(NAMES),
)


def printed() -> str:
    """Return the table for the documentation."""
    return "\n".join((*_HEAD, *map(_line, FAULTS.values()))) + "\n"


def _line(fault: Fault) -> str:
    seen = [fault.but.get(kind, fault.seen) for kind in NAMES]
    words = ["—" if one is None else one.value for one in seen]
    has_gone = {Seen.AWAY, Seen.ASKS} & {*seen}
    back = f"{BACK if fault.tried else LONGEST_BACK} s" if has_gone else "—"
    return f"| {' | '.join((fault.words, back, *words))} |"
