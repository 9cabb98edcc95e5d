"""The driver of this host: loaded at the first call, used by one thread at a time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from ..common.contract import CommandRefused, SourceError, SourceUnreachable
from .queries import (
    GONE,
    Answers,
    Code,
    Handle,
    Nvml,
    Report,
    code_of,
    find_card,
    query_all,
)

MODULE: Final = "pynvml"
TIMEOUT: Final = 8.0
"""Seconds after which a driver counts as hanging."""
_RESTART_EVERY: Final = timedelta(minutes=1)

_REASONS: Final = {
    Code.LIBRARY_NOT_FOUND: "nvml_no_driver",
    Code.DRIVER_NOT_LOADED: "nvml_no_driver",
    Code.NOT_FOUND: "nvml_no_cards",
    Code.GPU_NOT_FOUND: "nvml_no_cards",
    Code.MISMATCH: "nvml_mismatch",
    Code.NO_PERMISSION: "nvml_no_access",
}
"""Keys of the errors that a dialog shows."""


class JobQueue:
    """Runs one blocking job at a time in a thread.

    A driver that hangs keeps its thread; no other job starts until it returns.
    """

    def __init__(self) -> None:
        """Start without a job."""
        self._job: asyncio.Future[Any] | None = None

    async def run[T](self, job: Callable[[], T]) -> T:
        """Run a job and return its result. Raises SourceUnreachable after a timeout."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while self._job is not None and not self._job.done():
                    await asyncio.wait([self._job])
                own = asyncio.get_running_loop().run_in_executor(None, job)
                self._job = own
                own.add_done_callback(_retrieve)
                return await asyncio.shield(own)
        except TimeoutError as err:
            raise SourceUnreachable(
                "the NVIDIA driver does not answer", timed_out=True
            ) from err


def _retrieve(job: asyncio.Future[Any]) -> None:
    """Retrieve the exception of a job that may have no waiter left."""
    if not job.cancelled():
        job.exception()


DRIVER_JOBS: Final = JobQueue()
"""One for the process, because there is one driver."""


class Session:
    """One initialization of the library; for one thread at a time.

    The library counts initializations and shutdowns, so several sessions are possible.
    """

    def __init__(self) -> None:
        """Start without the library."""
        self._nvml: Nvml = None
        self._started: datetime | None = None
        self._restart = False

    def read(self, now: datetime | None = None) -> Report:
        """Return the readings of all cards. Raises SourceUnreachable.

        While a card is lost, the library is restarted once a minute, measured by `now`.
        """
        if self._restart and now is not None:
            if self._started is None or abs(now - self._started) >= _RESTART_EVERY:
                self.close()
        if self._nvml is None:
            self._nvml = _start()
            self._started, self._restart = now, False
        try:
            report = query_all(self._nvml)
        except Exception as err:
            # It is initialized again at the next poll: the driver may have been reloaded.
            self.close()
            raise _unreachable(err) from err
        self._restart = report.lost
        return report

    def command(
        self,
        is_wanted: Callable[[Answers], bool],
        command: Callable[[Nvml, Handle], None],
    ) -> None:
        """Send a command to the wanted card. Raises a SourceError."""
        if self._nvml is None:
            self._nvml = _start()
        try:
            card = find_card(self._nvml, is_wanted)
            if card is not None:
                command(self._nvml, card)
        except Exception as err:
            self._restart = self._restart or code_of(err) in GONE
            raise _refused(err) from err
        if card is None:
            raise CommandRefused("not_offered")

    def close(self) -> None:
        """Release the driver; raises nothing."""
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            with suppress(Exception):
                nvml.nvmlShutdown()


def _start() -> Nvml:
    """Load and initialize the library. Raises SourceUnreachable."""
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
    # Only the loader's error has the reason why the library cannot be loaded.
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
