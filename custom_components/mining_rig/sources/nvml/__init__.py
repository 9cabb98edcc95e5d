"""The NVIDIA cards of Home Assistant's own host, through their driver (NVML)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...model import Channel, Control, Snapshot, Value
from ...readings import POWER_LIMIT
from ..common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceError,
    SourceUnreachable,
)
from .driver import DRIVER_JOBS, Session
from .parse import card_key, driver_version, models, snapshot
from .queries import Handle, Nvml
from .readings import PERSISTENCE

_ID: Final = "host"
"""There is one driver on a host."""
_TITLE: Final = "NVIDIA cards"

_COMMANDS: Final[Mapping[Channel[Any], Callable[[Nvml, Handle, Any], None]]] = {
    POWER_LIMIT.plain: lambda nvml, card, watts: nvml.nvmlDeviceSetPowerManagementLimit(
        card, round(watts * 1000)
    ),
    PERSISTENCE.plain: lambda nvml, card, on: nvml.nvmlDeviceSetPersistenceMode(
        card, int(on)
    ),
}


async def async_open(context: SourceContext) -> NvmlSource:
    """Return the source of this host's cards, without loading the driver."""
    return NvmlSource()


class NvmlSource:
    """The cards of this host. Each poll is one job in a thread."""

    interval = timedelta(seconds=10)
    address = None

    def __init__(self) -> None:
        """Start without a connection to the driver."""
        self._session = Session()

    async def identify(self) -> Identity:
        """Return the driver with its cards as identity. Raises a SourceError."""
        report = await DRIVER_JOBS.run(self._session.read)
        if not report.cards:
            raise SourceUnreachable("no NVIDIA card is there", reason="nvml_no_cards")
        return Identity(
            rig_id=_ID,
            stable=True,
            title=_TITLE,
            model=models(report),
            version=driver_version(report),
        )

    async def read(self, now: datetime) -> Snapshot:
        """Read all cards. Raises a SourceError."""
        return snapshot(await DRIVER_JOBS.run(lambda: self._session.read(now)))

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting to a card. Raises a SourceError."""
        command = _COMMANDS.get(control.channel)
        if command is None:
            raise CommandRefused("not_offered")
        await DRIVER_JOBS.run(
            lambda: self._session.command(
                lambda answers: card_key(answers) == part,
                lambda nvml, card: command(nvml, card, value),
            )
        )

    async def close(self) -> None:
        """Release the driver."""
        try:
            await DRIVER_JOBS.run(self._session.close)
        except SourceError:
            # The driver hangs and cannot be released.
            return
