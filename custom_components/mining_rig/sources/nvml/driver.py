"""The driver of this host: loaded when it is needed, asked by one thread at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from ..common.contract import CommandRefused, SourceError, SourceUnreachable
from .queries import GONE, Answers, Code, Handle, Nvml, Told, ask_all, code_of, find

MODULE: Final = "pynvml"
PATIENCE: Final = 8.0
"""Seconds after which a driver counts as hanging."""
_RENEW_EVERY: Final = timedelta(minutes=1)

_REASONS: Final = {
    Code.LIBRARY_NOT_FOUND: "nvml_no_driver",
    Code.DRIVER_NOT_LOADED: "nvml_no_driver",
    Code.NOT_FOUND: "nvml_no_cards",
    Code.GPU_NOT_FOUND: "nvml_no_cards",
    Code.MISMATCH: "nvml_mismatch",
    Code.NO_PERMISSION: "nvml_no_access",
}
"""Keys of the texts that say why there is nothing to be read."""


class Turns:
    """Lets one job at a time run in a thread, whoever asks.

    A driver that hangs keeps its thread, and nobody gets another one until it lets go.
    """

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._job: asyncio.Future[Any] | None = None

    async def run[T](self, job: Callable[[], T]) -> T:
        """Run what blocks. Raises SourceUnreachable where it takes too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self._job is not None and not self._job.done():
                    await asyncio.wait([self._job])
                mine = asyncio.get_running_loop().run_in_executor(None, job)
                self._job = mine
                mine.add_done_callback(_look)
                return await asyncio.shield(mine)
        except TimeoutError as err:
            raise SourceUnreachable(
                "the NVIDIA driver does not answer", timed_out=True
            ) from err


def _look(job: asyncio.Future[Any]) -> None:
    """Look at the outcome of a job for which nobody may be waiting any more."""
    if not job.cancelled():
        job.exception()


TURNS: Final = Turns()
"""Of this process: the driver is one, however many ask."""


class Session:
    """The library from its start to its end; for one thread at a time.

    The library counts starts and ends, so that several sessions do no harm.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._nvml: Nvml = None
        self._started: datetime | None = None
        self._renew = False

    def tell(self, now: datetime | None = None) -> Told:
        """Return what the driver tells. Raises SourceUnreachable.

        A card that was lost is looked for anew once a minute; `now` is for that.
        """
        if self._renew and now is not None:
            if self._started is None or abs(now - self._started) >= _RENEW_EVERY:
                self.end()
        if self._nvml is None:
            self._nvml = _start()
            self._started, self._renew = now, False
        try:
            told = ask_all(self._nvml)
        except Exception as err:
            # It is started anew at the next poll: the driver may have been reloaded.
            self.end()
            raise _unreachable(err) from err
        self._renew = told.lost
        return told

    def order(
        self,
        wanted: Callable[[Answers], bool],
        command: Callable[[Nvml, Handle], None],
    ) -> None:
        """Send a command to the card that is wanted. Raises a SourceError."""
        if self._nvml is None:
            self._nvml = _start()
        try:
            card = find(self._nvml, wanted)
            if card is not None:
                command(self._nvml, card)
        except Exception as err:
            self._renew = self._renew or code_of(err) in GONE
            raise _refused(err) from err
        if card is None:
            raise CommandRefused("not_offered")

    def end(self) -> None:
        """Give the driver back; raises nothing."""
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            with suppress(Exception):
                nvml.nvmlShutdown()


def _start() -> Nvml:
    """Load the library and start it. Raises SourceUnreachable."""
    try:
        nvml: Nvml = import_module(MODULE)
        nvml.nvmlInit()
    except ImportError as err:
        raise SourceUnreachable(
            "the package nvidia-ml-py is not installed", reason="not_installed"
        ) from err
    except Exception as err:
        raise _unreachable(err) from err
    return nvml


def _unreachable(error: Exception) -> SourceUnreachable:
    code = code_of(error)
    reason = next((text for known, text in _REASONS.items() if known == code), None)
    # Whether the library is not there or cannot be loaded, only the loader says.
    loader = error.__context__
    why = f"{error} ({loader})" if isinstance(loader, OSError) else str(error)
    return SourceUnreachable(f"NVIDIA driver: {why}", reason=reason)


def _refused(error: Exception) -> SourceError:
    match code_of(error):
        case Code.NO_PERMISSION:
            return CommandRefused("nvml_no_permission")
        case Code.NOT_SUPPORTED | Code.FUNCTION_NOT_FOUND:
            return CommandRefused("nvml_not_supported")
        case code if code in GONE:
            return _unreachable(error)
    return CommandRefused("nvml_refused", {"error": str(error)})
