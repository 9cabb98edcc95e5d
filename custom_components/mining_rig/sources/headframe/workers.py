"""The workers of one account: their status, statistics and parts."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from itertools import batched
from typing import Any, Final

from ...model import Part, PartEvent, PartKind
from ..common.contract import Notes
from ..common.decoding import Fields, Values
from . import readings
from .api import IDS, PAGE
from .operations import OPERATIONS
from .parse.hashrate import (
    BOUNDARY,
    Worker,
    count_workers,
    parse_stats,
    parse_workers,
    worker_values,
)
from .readings import MANUFACTURER
from .results import AccountResults

_MISSING_LISTS: Final = 2
"""Lists without a worker after which it counts as removed: pages are no snapshot."""
_NOTE_WORKERS: Final = "headframe_workers"
_MODELS: Final = {"hardware": "Worker", BOUNDARY: "Transferred hashrate"}


class WorkerReader:
    """Reads the groups `workers` and `worker_stats`."""

    def __init__(self, results: AccountResults, notes: Notes) -> None:
        """Start with the ids of the workers that were known before."""
        self.by_id: dict[str, Worker] = {}
        """By id."""
        self._results = results
        self._notes = notes
        self._stats: dict[str, Values] = {}
        self._parts: dict[str, Part] = {}
        self._with_stats = True
        """Whether the parts have their statistics, or these are outdated."""
        self._missing: Counter[str] = Counter()
        """By id, how many complete lists in a row were without the worker."""
        self._known: set[str] = set(notes.get(_NOTE_WORKERS) or ())
        self._events: list[PartEvent] = []
        self._removed: set[str] = set()

    @property
    def calls(self) -> int:
        """Requests needed to read all workers once."""
        count = max(1, len(self.by_id))
        return -(-count // PAGE) + -(-count // IDS)

    def parts(self, *, with_stats: bool) -> dict[str, Part]:
        """Return the workers, with their statistics unless these are outdated."""
        if with_stats is not self._with_stats:
            self._with_stats = with_stats
            self._rebuild(self.by_id)
        return self._parts

    def take_events(self) -> list[PartEvent]:
        """Return the changes of status since the last call."""
        events, self._events = self._events, []
        return events

    def take_removed(self) -> frozenset[str]:
        """Return the workers that were removed since the last call."""
        removed, self._removed = frozenset(self._removed), set()
        return removed

    def _rebuild(self, ids: Iterable[str]) -> None:
        """Build the parts of some workers; building hundreds takes long."""
        for key in ids:
            if (worker := self.by_id.get(key)) is None:
                continue
            values = worker_values(worker)
            if self._with_stats:
                values.update(self._stats.get(key, {}))
            self._parts[key] = Part(
                kind=PartKind.WORKER,
                key=key,
                name=worker.name,
                manufacturer=MANUFACTURER,
                model=_MODELS.get(worker.behavior or ""),
                values=values,
                events=(readings.WORKER_STATUS,),
            )

    async def read_list(self, now: datetime) -> AsyncGenerator[None]:
        """Read the list of workers."""
        results = self._results
        found: dict[str, Worker] = {}
        unparsed: list[str] = []
        complete = False
        # A stable order, so that few workers move between pages meanwhile.
        query = {"sort-by": "worker_name", "sort-direction": "asc"}
        async for items, is_last in results.api.each_page(
            results.kind.workers, path=results.path, query=query
        ):
            complete = is_last
            fields = Fields({"data": items}, unparsed=unparsed)
            found |= parse_workers(fields.each("data"))
            yield
        await self._update(found, complete=complete)
        results.record("workers", count_workers(self.by_id.values()), Fields({}))
        results.unparsed["workers"] = unparsed

    async def _update(self, found: dict[str, Worker], *, complete: bool) -> None:
        """Take over a new list; note changes of status and removed workers."""
        for worker in found.values():
            known = self.by_id.get(worker.id)
            if known is not None and known.status != worker.status:
                self._events.append(_status_changed(known, worker))
        self._missing = Counter({key: self._missing[key] for key in self._known})
        for key in self._known - found.keys() if complete else ():
            self._missing[key] += 1
        gone = {key for key, lists in self._missing.items() if lists >= _MISSING_LISTS}
        for key in found:
            self._missing[key] = 0
        gone -= found.keys()
        before = self.by_id
        kept = {k: w for k, w in before.items() if k not in gone}
        self.by_id = kept | found
        for key in gone:
            self._parts.pop(key, None)
        self._rebuild(key for key, worker in found.items() if worker != before.get(key))
        self._removed |= gone
        known_now = (self._known | found.keys()) - gone
        if known_now != self._known:
            self._known = known_now
            await self._notes.keep(_NOTE_WORKERS, sorted(known_now))

    async def read_stats(self, now: datetime) -> AsyncGenerator[None]:
        """Read the averages of each worker."""
        unparsed: list[str] = []
        for ids in batched(list(self.by_id), IDS, strict=False):
            answer: Any = await self._results.api.call(
                OPERATIONS["worker_stats"], query={"id": ids}
            )
            fields = Fields(answer, unparsed=unparsed)
            for key in ids:
                # A worker that is missing in the answer has no values this time.
                self._stats[key] = parse_stats(fields.inside(key))
            self._results.unparsed["worker_stats"] = unparsed
            self._rebuild(ids)
            yield
        self._stats = {k: v for k, v in self._stats.items() if k in self.by_id}


def _status_changed(before: Worker, after: Worker) -> PartEvent:
    return PartEvent(
        part=after.id,
        kind=readings.WORKER_STATUS,
        type=after.status or "unknown",
        attributes={
            "worker": after.name or after.id,
            "before": before.status or "unknown",
        },
    )
