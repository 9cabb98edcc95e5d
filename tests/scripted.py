"""A source that says what a test wants, for what no wire is needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Channel,
    Control,
    EventDescription,
    Part,
    PartEvent,
    PartKind,
    Snapshot,
    Value,
    part_map,
)
from custom_components.mining_rig.sources.common.contract import (
    HistorySeries,
    Identity,
    SourceContext,
    SourceError,
)

from .rigs import ID_ROOT, async_set_up


class ScriptedSource:
    """A rig with the values, controls and events that the test gives it.

    It obeys every command, but for a text that `keeps` says is kept instead.
    """

    address = None

    def __init__(
        self,
        values: dict[Channel[Any], Value] | None = None,
        *controls: Control[Any],
        events: tuple[EventDescription, ...] = (),
        interval: timedelta = timedelta(seconds=10),
    ) -> None:
        """Begin with those, and with nothing that happened."""
        self.interval = interval
        self.values = dict(values or {})
        self.controls = {control.channel: control for control in controls}
        self.events = events
        self.actions: tuple[Action, ...] = ()
        self.work_units: dict[int | None, str] = {}
        self.others: list[Part] = []
        self.new_events: list[PartEvent] = []
        """Told by the next reading."""
        self.error: SourceError | None = None
        self.deaf = False
        """Whether commands change nothing."""
        self.writes: list[Value] = []
        self.opened = 0

    async def identify(self) -> Identity:
        """Return who is there."""
        return Identity(rig_id=None, title="Rig")

    async def close(self) -> None:
        """Close nothing."""

    async def read(self, now: datetime) -> Snapshot:
        """Return what there is, and what happened since."""
        if self.error is not None:
            raise self.error
        events, self.new_events = self.new_events, []
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            values=self.values,
            controls=self.controls,
            actions=self.actions,
            events=self.events,
            work_units=self.work_units,
        )
        return Snapshot(parts=part_map(rig, *self.others), events=tuple(events))

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Obey."""
        self.writes.append(value)
        if not self.deaf:
            self.values = {**self.values, control.channel: value}

    async def press(self, part: str, action: Action) -> None:
        """Do nothing."""


class HistoriedSource(ScriptedSource):
    """One that tells the past."""

    past: Sequence[HistorySeries] = ()
    history_error: SourceError | None = None

    def __init__(self, *args: Any, **facts: Any) -> None:
        """Begin without having been asked for the past."""
        super().__init__(*args, **facts)
        self.asked: list[datetime | None] = []

    async def history(
        self, since: datetime | None, now: datetime
    ) -> Sequence[HistorySeries]:
        """Return the past, or what of it was asked for."""
        self.asked.append(since)
        if self.history_error is not None:
            raise self.history_error
        if since is None:
            return self.past
        return [
            replace(past, points=[p for p in past.points if p[0] >= since])
            for past in self.past
        ]


async def async_add(
    hass: HomeAssistant, source: ScriptedSource, **options: Any
) -> MockConfigEntry:
    """Set up an entry whose source that is."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Office PC",
        data={CONF_KIND: "xmrig", CONF_ID_ROOT: ID_ROOT, "host": "rig", "port": 1},
        options=options,
    )
    await async_open(hass, entry, source)
    return entry


async def async_open(
    hass: HomeAssistant, entry: MockConfigEntry, source: ScriptedSource
) -> None:
    """Set an entry up, or again, with that source."""
    with served(source):
        assert await async_set_up(hass, entry)


@contextmanager
def served(source: ScriptedSource) -> Iterator[None]:
    """Let what is set up, or reloaded, find that source."""

    async def open_source(context: SourceContext) -> ScriptedSource:
        source.opened += 1
        return source

    with patch(
        "custom_components.mining_rig.async_source_factory", return_value=open_source
    ):
        yield
