"""Starts Home Assistant and waits until it is usable."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import re

from .client import Disconnected, HomeAssistant
from .config_dir import LOG
from .console import say
from .errors import DemoError
from .options import Options
from .ports import url
from .processes import Child

RESTART = 100
"""Exit status of a Home Assistant that wants to be started again."""
_START_TIMEOUT = 180
_PAUSE = 0.2
_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (?P<level>[A-Z]+) \(")
_ERRORS = ("ERROR", "CRITICAL")


class Console:
    """Passes on what of Home Assistant's log a person has to see."""

    def __init__(self, show: Callable[[str], None], *, verbose: bool) -> None:
        """Show errors, or with `verbose` everything."""
        self.errors_shown = True
        """Whether errors are worth showing, as during the start."""
        self.last: deque[str] = deque(maxlen=10)
        self._show = show
        self._verbose = verbose
        # What comes before the first record is no log: Python's last words.
        self._is_error = True

    def take(self, line: str) -> None:
        """Take the next line; those that follow a record belong to it."""
        self.last.append(line)
        if record := _RECORD.match(line):
            self._is_error = record["level"] in _ERRORS
        if self._verbose or (self._is_error and self.errors_shown):
            self._show(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHome:
    """A Home Assistant that has started."""

    child: Child
    api: HomeAssistant
    console: Console


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[RunningHome]:
    """Run a Home Assistant; DemoError if it does not become usable."""
    console = Console(say, verbose=options.verbose)
    async with Child.running(
        "scripts.demo.offline",
        "--config",
        str(options.config_dir),
        "--skip-pip",
        "--log-no-color",
    ) as child:
        pump = asyncio.create_task(_pump(child, console))
        try:
            async with _connected(child, options) as api:
                yield RunningHome(child=child, api=api, console=console)
        finally:
            pump.cancel()


async def _pump(child: Child, console: Console) -> None:
    async for line in child.lines():
        console.take(line)


@asynccontextmanager
async def _connected(child: Child, options: Options) -> AsyncIterator[HomeAssistant]:
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                api = await _connect(stack, child, url(options.port))
                await _until_running(api, options)
        except TimeoutError, Disconnected:
            raise DemoError(f"Home Assistant did not start; see {LOG}") from None
        yield api


async def _connect(stack: AsyncExitStack, child: Child, address: str) -> HomeAssistant:
    while not child.ended:
        try:
            return await stack.enter_async_context(HomeAssistant.connected(address))
        except Disconnected:
            await asyncio.sleep(_PAUSE)
    raise DemoError("Home Assistant ended while it was starting; see above.")


async def _until_running(api: HomeAssistant, options: Options) -> None:
    while (config := await api.command("get_config"))["state"] != "RUNNING":
        await asyncio.sleep(_PAUSE)
    if config["config_dir"] != str(options.config_dir):
        raise DemoError(f"Another Home Assistant has just taken port {options.port}.")
    if config["recovery_mode"]:
        raise DemoError(
            "Home Assistant could only start in recovery mode; see above. "
            "Start again with --fresh."
        )
