"""What can go wrong with a pool's interface, besides what can with every rig."""

from collections.abc import Mapping
from enum import StrEnum


class PoolFault(StrEnum):
    """A way to fail; several can be there at once."""

    LIMITED = "limited"
    LIMITED_UNTIL = "limited_until"
    LIMITED_SILENTLY = "limited_silently"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    GUESSES_WRONG = "guesses_wrong"
    SESSION_EXPIRED = "session_expired"
    LINK_DELETED = "link_deleted"
    PAYMENTS_CLOSED = "payments_closed"
    WORKER_OFF = "worker_off"
    ADDRESS_CHANGED = "address_changed"


DESCRIPTIONS: Mapping[str, str] = {
    "off": "the pool cannot be reached",
    "slow": "answers come late",
    "silent": "connections are accepted and never answered",
    "garbage": "answers are no JSON",
    "truncated": "answers are JSON that stops in the middle",
    "cut": "answers stop before the length they announced",
    "other_device": "a router's web page answers at the address",
    PoolFault.LIMITED: "too many requests for a minute; it says for how many seconds",
    PoolFault.LIMITED_UNTIL: "too many requests for a minute; it says until when",
    PoolFault.LIMITED_SILENTLY: "too many requests; it does not say for how long",
    PoolFault.SERVER_ERROR: "the pool fails inside",
    PoolFault.BAD_GATEWAY: "a gateway answers with a web page",
    PoolFault.GUESSES_WRONG: "only paths that somebody has seen exist",
    PoolFault.SESSION_EXPIRED: "every session has ended",
    PoolFault.LINK_DELETED: "every watcher link was deleted",
    PoolFault.PAYMENTS_CLOSED: "watcher links may not see payments any more",
    PoolFault.WORKER_OFF: "the first machine has no power",
    PoolFault.ADDRESS_CHANGED: "somebody has changed the payout address",
}
