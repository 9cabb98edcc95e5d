"""What agents that push have in common: workers, their crashes, an address, a record.

The agents are those of Mining Rig Monitor. They are Erlang programs: each of their
workers crashes for itself when an answer is not what it expects, is started anew by its
supervisor, and begins again. docs/rig_monitor.md has the API that they use.
"""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
import json
import re
import sys
from types import TracebackType
from typing import ClassVar, NamedTuple, Self

from .http_client import Answer, HttpClient, Target, Unanswered, target
from .timeline import SteppedTime, Timeline

_MOST_RESTARTS = 3
_RESTART_WINDOW = 5.0
"""More crashes than that in so many seconds end the whole agent."""

type Worker = Callable[[], Coroutine[object, object, None]]
type Json = dict[str, object]


class Crash(Exception):
    """An answer of the server that the real agent's worker dies of."""


class Mishap(Crash):
    """Something else that its worker dies of: its rig, its settings."""


class AgentCrashed(AssertionError):
    """An agent crashed and nobody expected it."""


class Exchange(NamedTuple):
    """A request that was sent, and what came of it."""

    at: float
    """When, by the clock of the agent."""
    method: str
    path: str
    head: bytes
    """As it went over the wire, with the empty line at its end."""
    body: bytes
    status: int | None
    """None where there was no answer."""

    def json(self) -> Json:
        """Return the decoded body."""
        decoded: Json = json.loads(self.body)
        return decoded


class AgentFault(StrEnum):
    """A way to fail; each kind of rig has its own choice of them."""

    OFF = "off"
    UNPLUGGED = "unplugged"
    AGENT_DOWN = "agent_down"
    WRONG_CODE = "wrong_code"
    TEXT_NUMBERS = "text_numbers"
    STALE = "stale"
    GARBAGE = "garbage"
    DEAD_BOARD = "dead_board"
    RELAY_STUCK = "relay_stuck"
    SILENT_MINER = "silent_miner"
    NO_SENSORS = "no_sensors"
    GPU_LOST = "gpu_lost"
    NO_POOL = "no_pool"
    HOT = "hot"


class PushedRig(ABC):
    """A rig that an agent tells of."""

    kind: ClassVar[str] = "rig_monitor"
    """The kind of source the integration knows it by."""
    rig_type: ClassVar[str]
    descriptions: ClassVar[Mapping[AgentFault, str]]
    """What can go wrong with this kind of rig."""

    def __init__(self, name: str, api_code: str) -> None:
        """Be well."""
        self.name = name
        self.slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        self.api_code = api_code
        self.faults: set[AgentFault] = set()
        self.pushed = 0
        """Logs that a server has accepted."""
        self.overlay: Json = {}
        """Laid over every log: fields that other programs push, or push otherwise."""

    @property
    def form(self) -> dict[str, object]:
        """What a person types into the integration's form to add it."""
        return {
            "name": self.name,
            "rig_type": self.rig_type,
            "api_code": self.api_code,
        }

    @property
    def sent_code(self) -> str:
        """The code that its agent was given."""
        wrong = AgentFault.WRONG_CODE in self.faults
        return f"{self.api_code}-mistyped" if wrong else self.api_code

    def fault(self, name: str) -> None:
        """Begin a fault, or obey `on`, `normal` or `reboot`; ValueError if unknown."""
        match name:
            case "on":
                gone = {AgentFault.OFF, AgentFault.UNPLUGGED, AgentFault.AGENT_DOWN}
                self._set_faults(self.faults - gone)
            case "normal":
                self._set_faults(set())
            case "reboot":
                self._set_faults(self.faults | {AgentFault.OFF})
                self._set_faults(self.faults - {AgentFault.OFF})
            case _:
                self._set_faults(self.faults | {self._known(name)})

    def clear(self, name: str) -> None:
        """End one fault; ValueError if unknown."""
        self._set_faults(self.faults - {self._known(name)})

    def as_pushed(self, log: Json) -> Json:
        """Return a log as it leaves the agent."""
        log = log | self.overlay
        if AgentFault.TEXT_NUMBERS in self.faults:
            return {
                key: str(value) if isinstance(value, int | float) else value
                for key, value in log.items()
            }
        return log

    def _known(self, name: str) -> AgentFault:
        fault = AgentFault(name)
        if fault not in self.descriptions:
            raise ValueError(f"{name} does not happen to this kind of rig")
        return fault

    def _set_faults(self, faults: set[AgentFault]) -> None:
        before, self.faults = self.faults, faults
        self._faults_changed(before, faults)

    @property
    @abstractmethod
    def powered(self) -> bool:
        """Whether it has power."""

    @property
    @abstractmethod
    def mining(self) -> bool:
        """Whether it hashes at this moment, whatever its agent tells."""

    @abstractmethod
    def _faults_changed(self, before: set[AgentFault], after: set[AgentFault]) -> None:
        """Let hardware and agent feel it."""


class Agent(ABC):
    """A program that pushes to a server; an asynchronous context manager.

    Leaving it raises AgentCrashed if `crashes` is not empty: a test that expects
    crashes looks at them and clears them.
    """

    def __init__(
        self, url: str, *, time: Timeline | None = None, strict: bool = True
    ) -> None:
        """Prepare an agent whose setting for the server's address is `url`.

        On a SteppedTime (one of its own by default) it does something only in `step`.
        If not `strict`, crashes are printed as errors instead of raised at the end.
        """
        self.url = url
        self.time = time or SteppedTime()
        self.crashes: list[str] = []
        """What answers of the server would have crashed in the real agent."""
        self.mishaps: list[str] = []
        """What else would have."""
        self.exchanges: deque[Exchange] = deque(maxlen=2000)
        """The latest requests, oldest first."""
        self._strict = strict
        self._clients: list[HttpClient] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._companions: set[asyncio.Task[None]] = set()
        self._restarts: deque[float] = deque(maxlen=_MOST_RESTARTS + 1)
        self._running = False
        self._started = False
        self._gave_up = False

    @property
    def running(self) -> bool:
        """Whether the program runs: not while it is down, nor after it gave up."""
        return self._running

    async def start(self) -> None:
        """Start the program, and what else is there with it."""
        self._started = True
        for name, worker in self._beside().items():
            task = self.time.spawn(self._supervise(name, worker, 0))
            self._companions.add(task)
        self._settle()

    async def stop(self) -> None:
        """End everything and close the connections; raise what a worker failed with."""
        self._started = False
        for task in self._companions:
            task.cancel()
        self._settle()
        tasks = [*self._companions, *self._ending]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self._companions.clear()
        self._ending.clear()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; AgentCrashed if there was a crash and nothing else went wrong."""
        await self.stop()
        if self.crashes and self._strict and kind is None:
            raise AgentCrashed("; ".join(self.crashes))

    async def step(self, seconds: float) -> None:
        """Do what falls due in the next `seconds`, and wait for the answers.

        Moves everybody on the same SteppedTime; TypeError where time runs by itself.
        """
        if not isinstance(self.time, SteppedTime):
            raise TypeError("this agent's time runs by itself")
        await self.time.advance(seconds)

    @property
    @abstractmethod
    def rigs(self) -> Sequence[PushedRig]:
        """The rigs that it pushes for."""

    @property
    @abstractmethod
    def _wanted(self) -> bool:
        """Whether the program should run."""

    @abstractmethod
    def _workers(self) -> Mapping[str, Worker]:
        """Return what the program does, by the name of who does it."""

    def _beside(self) -> Mapping[str, Worker]:
        """Return what goes on beside the program, whether it runs or not."""
        return {}

    @abstractmethod
    def _forget(self) -> None:
        """Lose what ends with the program: what it keeps in memory only."""

    def _settle(self, *, delay: float = 0) -> None:
        """Start or end the program as its rig wants it."""
        wanted = self._started and self._wanted
        if not wanted:
            self._gave_up = False
        if wanted and not self._running and not self._gave_up:
            self._running = True
            self._restarts.clear()
            for name, worker in self._workers().items():
                self._tasks.add(self.time.spawn(self._supervise(name, worker, delay)))
        elif self._running and not wanted:
            self._end()

    def _end(self) -> None:
        self._running = False
        for task in self._tasks:
            task.cancel()
        self._ending = {*self._tasks, *(t for t in self._ending if not t.done())}
        self._tasks = set()
        for client in self._clients:
            client.drop()
        self._forget()

    async def _supervise(self, name: str, worker: Worker, delay: float) -> None:
        """Let a worker work, start it anew when it crashes, give up after too many."""
        await self.time.sleep(delay)
        while True:
            try:
                await worker()
            except Crash as crash:
                mishap = isinstance(crash, Mishap)
                self._note(f"{name}: {crash}", mishap=mishap)
                now = self.time.clock()
                self._restarts.append(now)
                if (
                    len(self._restarts) > _MOST_RESTARTS
                    and now - self._restarts[0] <= _RESTART_WINDOW
                ):
                    self._note("too many crashes: the agent has ended", mishap=mishap)
                    self._gave_up = True
                    self._end()
                    return

    def _note(self, text: str, *, mishap: bool) -> None:
        (self.mishaps if mishap else self.crashes).append(text)
        if not self._strict:
            print(f"A simulated agent crashed: {text}", file=sys.stderr)

    def _client(
        self,
        *,
        connect_seconds: float | None = None,
        receive_seconds: float | None = None,
    ) -> HttpClient:
        client = HttpClient(
            self.time,
            connect_seconds=connect_seconds,
            receive_seconds=receive_seconds,
        )
        self._clients.append(client)
        return client

    async def _send(
        self,
        client: HttpClient,
        method: str,
        url: str,
        head: Sequence[str],
        *,
        code: str = "",
        body: bytes = b"",
    ) -> Answer | None:
        """Send a request and return the answer, None if there is none.

        Each line of `head` is filled with the `code`, the `authority` of the URL and
        the `length` of the body.
        """
        at = self.time.clock()
        answer: Answer | None = None
        try:
            where = target(url)
        except ValueError:
            return None
        request = _head(method, where, head, code=code, length=len(body))
        if self._connected:
            with suppress(Unanswered):
                answer = await client.send(where, request + body)
        self.exchanges.append(
            Exchange(
                at, method, where.path, request, body, answer.status if answer else None
            )
        )
        return answer

    @property
    def _connected(self) -> bool:
        """Whether its network works."""
        return True


def _head(
    method: str, where: Target, lines: Sequence[str], *, code: str, length: int
) -> bytes:
    filled = [
        line.format(code=code, authority=where.authority, length=length)
        for line in lines
    ]
    return "\r\n".join([f"{method} {where.path} HTTP/1.1", *filled, "", ""]).encode()


def path_join(base: str, path: str) -> str:
    """Join as Elixir's Path.join does: one slash between, whatever was there.

    HTTPoison then puts `http://` before a URL without a scheme.
    """
    url = f"{base.removesuffix('/')}/{path.lstrip('/')}"
    return url if re.match(r"https?://", url) else f"http://{url}"


def encode(value: object) -> bytes:
    """Encode as Jason does: no spaces, UTF-8 as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def decode(body: bytes) -> object:
    """Decode as Jason does; Crash for what is no JSON."""
    try:
        decoded: object = json.loads(body.decode(), parse_constant=_no_number)
    except ValueError as error:
        raise Crash("the answer is no JSON") from error
    return decoded


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no JSON")
