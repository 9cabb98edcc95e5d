"""Zilliqa is mined for a minute or so each hour, beside another coin.

Meanwhile the program reports next to nothing for the other coin. A dip in its hashrate
would mean a fault that is none.
"""

from collections.abc import Collection
from time import monotonic
from typing import Any, Final

from ...model import Channel, Snapshot, Value
from ...readings import HASHRATE

HOLD: Final = 90.0
"""Seconds that a hashrate from before such a minute is shown at most."""


class ZilliqaHold:
    """Shows the last hashrates of the other coins while Zilliqa is mined."""

    def __init__(self) -> None:
        """Know no hashrate yet."""
        self._last: dict[str, dict[Channel[Any], Value]] = {}
        self._since: float | None = None
        """The moment of the last hashrates, or of the first answer without any."""

    def hold(self, snapshot: Snapshot, stopped: Collection[int | None]) -> Snapshot:
        """Return a snapshot with the last hashrates of the algorithms that rest.

        `stopped` are the numbers of their channels. Without an earlier value they have
        none; after `HOLD` the snapshot is returned as it is.
        """
        channels = [HASHRATE.channel(number=number) for number in stopped]
        if not channels:
            self._since = monotonic()
            self._last = {
                key: {
                    channel: value
                    for channel, value in part.values.items()
                    if channel.reading is HASHRATE
                }
                for key, part in snapshot.parts.items()
            }
            return snapshot
        if self._since is None:
            self._since = monotonic()
        if monotonic() - self._since > HOLD:
            return snapshot
        return Snapshot(
            parts={
                key: part.with_values(
                    {
                        **{c: v for c, v in part.values.items() if c not in channels},
                        **{
                            c: v
                            for c, v in self._last.get(key, {}).items()
                            if c in channels
                        },
                    }
                )
                for key, part in snapshot.parts.items()
            },
            unparsed=snapshot.unparsed,
        )
