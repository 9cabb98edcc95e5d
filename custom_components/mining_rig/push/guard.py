"""Protection of the door: pace of pushes, private addresses, counts of wrong codes."""

from collections import OrderedDict
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
import time
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http.ban import process_wrong_login
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import is_cloud_connection
from homeassistant.util import dt as dt_util
from homeassistant.util.network import is_local

from ..const import LOGGER
from .http import Refusal

PUSHES_PER_SECOND: Final = 10.0
"""What one code may push in the long run; agents push every 5 to 10 s."""
PUSHES_AT_ONCE: Final = 20.0
TRUSTED_FOR: Final = timedelta(hours=24)
"""How long wrong codes do not count against an address that has sent a good one."""
COUNTED_EVERY: Final = timedelta(hours=1)
"""How often wrong codes of an address count at most."""

_MOST_ADDRESSES: Final = 1024
_MOST_WARNINGS: Final = 64
_MOST_CACHED: Final = 64

_OUTSIDE: Final = {"message": "Only private addresses are allowed for this rig."}


class Pace:
    """A token bucket for the pushes with one code."""

    def __init__(self) -> None:
        """Start with a full bucket."""
        self._tokens = PUSHES_AT_ONCE
        self._counted_at = time.monotonic()

    def count(self) -> None:
        """Count a push. Raises a Refusal where there are too many."""
        now = time.monotonic()
        more = (now - self._counted_at) * PUSHES_PER_SECOND
        self._tokens = min(PUSHES_AT_ONCE, self._tokens + max(more, 0))
        self._counted_at = now
        if self._tokens < 1:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                {"message": "Too many requests"},
                {hdrs.RETRY_AFTER: "1"},
            )
        self._tokens -= 1


class Guard:
    """Remembers addresses and decides where requests may come from."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without addresses."""
        self._hass = hass
        self._good: OrderedDict[str, datetime] = OrderedDict()
        """When an address last sent a good code."""
        self._counted: OrderedDict[str, datetime] = OrderedDict()
        """When a wrong code last counted against an address."""
        self._warned: set[tuple[str, str]] = set()

    def is_private(self, request: web.Request) -> bool:
        """Return whether a request comes from the local network.

        Behind a trusted proxy, Home Assistant puts the forwarded address in `remote`.
        """
        if is_cloud_connection(self._hass) or request.remote is None:
            return False
        return _is_local(request.remote)

    def require_private(self, request: web.Request) -> None:
        """Raise a Refusal where a request does not come from the local network."""
        if not self.is_private(request):
            self.warn_once(
                request, "has a good code but comes from outside; see the rig's options"
            )
            raise Refusal(HTTPStatus.FORBIDDEN, _OUTSIDE)

    def note_good_code(self, request: web.Request) -> None:
        """Note that the request's address has sent a good code."""
        if request.remote is not None:
            _remember(self._good, request.remote, dt_util.utcnow())

    def count_wrong_code(self, request: web.Request) -> None:
        """Count a wrong code towards Home Assistant's ban list, but rarely.

        One agent or proxy may serve many rigs, with good and wrong codes.
        """
        address, now = request.remote, dt_util.utcnow()
        if address is None:
            return
        if (good := self._good.get(address)) and now - good < TRUSTED_FOR:
            return
        if (counted := self._counted.get(address)) and now - counted < COUNTED_EVERY:
            return
        _remember(self._counted, address, now)
        # It looks the address up in the DNS; the answer does not wait for that.
        self._hass.async_create_background_task(
            process_wrong_login(request), "mining_rig: wrong API code"
        )

    def warn_once(self, request: web.Request, problem: str) -> None:
        """Log a problem of an agent, once per address."""
        key = (str(request.remote), problem)
        if key not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(key)
            LOGGER.warning("A request from %s %s", request.remote, problem)


@lru_cache(maxsize=_MOST_CACHED)
def _is_local(address: str) -> bool:
    """Return whether an address is private; agents use the same few."""
    try:
        return is_local(ip_address(address))
    except ValueError:
        return False


def _remember(moments: OrderedDict[str, datetime], address: str, now: datetime) -> None:
    moments[address] = now
    moments.move_to_end(address)
    if len(moments) > _MOST_ADDRESSES:
        moments.popitem(last=False)
