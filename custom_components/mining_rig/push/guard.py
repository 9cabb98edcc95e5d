"""Protection of the door: where requests come from, and how many codes are tried.

Home Assistant's ban is not used: it looks each address up in the DNS and notifies the
owner of each, which strangers with many addresses could use up.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import is_cloud_connection
from homeassistant.util.network import is_local

from ..const import LOGGER
from .budget import Budget, Recent

PUSHES_AT_ONCE: Final = 20.0
PUSHES_PER_SECOND: Final = 10.0
"""What one code may push in the long run; agents push every 5 to 10 s."""

_DAY: Final = 86400.0
_MOST_ADDRESSES: Final = 1024
_MOST_WRONG_CODES: Final = 1024
_MOST_WARNINGS: Final = 64
_MOST_CACHED: Final = 64
_NETWORK_BITS: Final = 64
"""Of an IPv6 address: whoever has one has the rest of its network, too."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """How many wrong codes are looked up: of one address, and of all of that origin."""

    address: tuple[float, float]
    everyone: tuple[float, float]


_ALLOWED: Final = {
    # An agent may serve a hundred rigs that are yet to be added.
    True: _Allowed(address=(200, 2), everyone=(1000, 10)),
    False: _Allowed(address=(10, 0.1), everyone=(100, 1)),
}
"""By whether the address is private: tokens at once, and more of them a second."""


class WrongCodes:
    """Counts wrong codes, each once a day as long as it is remembered.

    An agent that repeats its wrong code tries nothing.
    """

    def __init__(self) -> None:
        """Start with full budgets."""
        self._everyone = {key: Budget(*_ALLOWED[key].everyone) for key in _ALLOWED}
        self._addresses: OrderedDict[str, Budget] = OrderedDict()
        self._counted: Recent[bytes] = Recent(_MOST_WRONG_CODES, _DAY)

    def is_spent(self, origin: Origin) -> bool:
        """Return whether no more codes of an address are looked up now."""
        budget = self._addresses.get(origin.network)
        return self._everyone[origin.is_private].is_spent() or (
            budget is not None and budget.is_spent()
        )

    def count(self, origin: Origin, digest: bytes) -> None:
        """Count a wrong code, unless it was counted before."""
        if digest in self._counted:
            return
        self._counted.note(digest)
        budget = self._addresses.get(origin.network)
        if budget is None:
            budget = Budget(*_ALLOWED[origin.is_private].address)
            self._addresses[origin.network] = budget
            if len(self._addresses) > _MOST_ADDRESSES:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(origin.network)
        budget.take()
        self._everyone[origin.is_private].take()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str
    """As text; empty where the transport has none."""
    network: str
    """The address, or the network of an IPv6 one."""
    is_private: bool


class Guard:
    """Knows where requests come from; logs problems of agents once."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without warnings."""
        self._hass = hass
        self.wrong_codes = WrongCodes()
        self._warned: set[tuple[str, str]] = set()

    def origin(self, request: web.Request) -> Origin:
        """Return where a request comes from.

        Behind a trusted proxy, Home Assistant puts the forwarded address in `remote`.
        """
        address = request.remote or ""
        is_private = not is_cloud_connection(self._hass) and _is_local(address)
        return Origin(address, _network(address), is_private)

    def is_private(self, request: web.Request) -> bool:
        """Return whether a request comes from the local network."""
        return self.origin(request).is_private

    def warn_once(self, address: str, problem: str) -> None:
        """Log a problem of an agent, once per address."""
        key = (address, problem)
        if key not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(key)
            LOGGER.warning("A request from %s %s", address, problem)

    def warn_of_outside(self, address: str) -> None:
        """Log that a rig's own agent is refused for its address."""
        self.warn_once(
            address, "has a good code but comes from outside; see the rig's options"
        )


@lru_cache(maxsize=_MOST_CACHED)
def _is_local(address: str) -> bool:
    """Return whether an address is private; agents use the same few."""
    try:
        return is_local(ip_address(address))
    except ValueError:
        return False


@lru_cache(maxsize=_MOST_CACHED)
def _network(address: str) -> str:
    """Return the network of an IPv6 address, any other address as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return f"{int(found) >> _NETWORK_BITS:x}/{_NETWORK_BITS}"
    return address
