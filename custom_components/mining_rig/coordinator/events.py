"""Events on their way from a source to their event entities."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from ..model import EventDescription, PartEvent

_MOST_WAITING: Final = 100
"""Events kept for an entity that is not there yet; a disabled one never takes any."""


class EventDispatcher:
    """Delivers each event once; those without a listener wait for one."""

    def __init__(self) -> None:
        """Begin without listeners and events."""
        self._listeners: dict[tuple[str, str], Callable[[PartEvent], None]] = {}
        self._waiting: defaultdict[tuple[str, str], deque[PartEvent]] = defaultdict(
            lambda: deque(maxlen=_MOST_WAITING)
        )

    @callback
    def async_listen(
        self,
        part: str,
        description: EventDescription,
        listener: Callable[[PartEvent], None],
    ) -> CALLBACK_TYPE:
        """Call back at each event of a part, first with those that waited.

        Returns what stops it. There is one listener for each part and description.
        """
        at = (part, description.key)
        self._listeners[at] = listener
        for event in self._waiting.pop(at, ()):
            listener(event)

        def stop() -> None:
            del self._listeners[at]

        return stop

    def dispatch(self, events: Iterable[PartEvent]) -> None:
        """Deliver new events, oldest first."""
        for event in events:
            at = (event.part, event.kind.key)
            if (listener := self._listeners.get(at)) is not None:
                listener(event)
            else:
                # An entity is added only after its part's first reading.
                self._waiting[at].append(event)
