"""What can go wrong with a rig, as data."""

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """A way to fail; a rig can have several at once."""

    OFF = "off"
    UNPLUGGED = "unplugged"
    SLOW = "slow"
    SILENT = "silent"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    CUT = "cut"
    WRONG_TOKEN = "wrong_token"
    OTHER_DEVICE = "other_device"
    OTHER_RIG = "other_rig"
    HOT = "hot"
    NO_POOL = "no_pool"


DESCRIPTIONS: Mapping[str, str] = {
    Fault.OFF: "the rig has no power; its miner starts anew when it is back",
    Fault.UNPLUGGED: "the rig is off the network and goes on mining",
    Fault.SLOW: "answers come late",
    Fault.SILENT: "connections are accepted and never answered",
    Fault.GARBAGE: "answers are no JSON",
    Fault.TRUNCATED: "answers are JSON that stops in the middle",
    Fault.CUT: "answers stop before the length they announced",
    Fault.WRONG_TOKEN: "the rig's token was changed",
    Fault.OTHER_DEVICE: "a router's web page answers at the address",
    Fault.OTHER_RIG: "another rig of the same make answers at the address",
    Fault.HOT: "the air stands still and everything gets hot",
    Fault.NO_POOL: "no pool can be reached",
}

COMMANDS = {
    "on": "power and network are back",
    "normal": "all faults end",
    "reboot": "the rig is off for a moment and starts anew",
}
"""What can be told to a rig besides a fault."""
