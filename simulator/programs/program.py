"""What the simulated programs share: hardware, life, faults; HTTP or a bare socket."""

from abc import abstractmethod
import asyncio
from collections.abc import Iterable, Mapping
import json
from typing import Any, ClassVar, override

from ..clock import Clock, wall_clock
from ..faults import DESCRIPTIONS, Fault
from ..hardware import HOT, Card, CpuModel, Machine
from ..models import RTX_3060_TI, RTX_3070, RYZEN_5_3600
from ..rig import SimulatedRig
from ..server import HttpServer, Reply, Request
from .life import Life, Status

POOL_HOST, POOL_PORT = "rvn.2miners.com", 6060
POOL = f"{POOL_HOST}:{POOL_PORT}"
WALLET = "RDemoWalletOfTheSimulator"
_NOT_HERE = frozenset({Fault.WRONG_TOKEN, Fault.OTHER_RIG})
_AMBIENT = 22.0
_LONGEST_QUESTION = 4096


class CommandServer(HttpServer):
    """Answers one command a connection over a bare socket, then closes it."""

    @override
    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        question = await reader.read(_LONGEST_QUESTION)
        return Request("GET", _command(question), {}, question) if question else None

    @override
    def _encode(self, reply: Reply) -> bytes:
        return reply.body[: len(reply.body) - reply.cut]


def _command(question: bytes) -> str:
    """Return the command of a JSON object or a text: "summary", "threads|"."""
    text = question.decode(errors="replace").strip("\0\r\n ")
    if not text.startswith("{"):
        return text.partition("|")[0]
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("command") or found.get("method"))


class SimulatedProgram(SimulatedRig):
    """A rig on which a program mines that only reports; it adds its answer's shape."""

    version: ClassVar[str]
    descriptions: ClassVar[Mapping[str, str]] = {
        fault: text for fault, text in DESCRIPTIONS.items() if fault not in _NOT_HERE
    }

    def __init__(
        self,
        name: str = "shed",
        *,
        cpu: CpuModel = RYZEN_5_3600,
        cards: Iterable[Card] = (Card(model=RTX_3070), Card(model=RTX_3060_TI)),
        algorithm: str = "kawpow",
        cpu_algorithm: str | None = None,
        running_for: float = 7200,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        seed: int = 1,
        boot_seconds: float = 20,
    ) -> None:
        """Prepare a rig that has been mining for `running_for` seconds.

        `cpu_algorithm` is what the CPU mines beside the cards, if the program can.
        """
        super().__init__(
            name, host=host, port=port, clock=clock, boot_seconds=boot_seconds
        )
        self.algorithm = algorithm
        self.cpu_algorithm = cpu_algorithm
        started = clock() - running_for
        self.machine = Machine(cpu, tuple(cards), seed=f"{seed}:{name}", now=started)
        self._life = self._begin(started)
        self._life.advance(clock())

    @property
    @override
    def form(self) -> dict[str, object]:
        """Host and port as typed into the integration's form."""
        return {"host": self.host, "port": self.port}

    @property
    def power(self) -> float:
        """W that the whole rig draws from the wall; 0 while it is off."""
        now = self._now()
        return 0.0 if Fault.OFF in self.faults else self.machine.power(now)

    @property
    def uptime(self) -> int:
        """Seconds since the program started."""
        return int(self.clock() - self._life.started)

    @property
    def cards(self) -> list[Status]:
        """What the cards do now."""
        return self._life.cards(self._now())

    @property
    def cpu_rate(self) -> float | None:
        """The CPU's hashrate, None where it does not mine."""
        return self._life.cpu_rate(self._now())

    @abstractmethod
    def say(self, place: str) -> Any:
        """Return what the program answers at a path or to a command.

        JSON data, or text as it is; None for a place where it has nothing.
        """

    def _begin(self, now: float) -> Life:
        return Life(
            self.machine,
            now,
            algorithm=self.algorithm,
            cpu_algorithm=self.cpu_algorithm,
        )

    def _now(self) -> float:
        now = self.clock()
        if Fault.OFF not in self.faults:
            self._life.advance(now)
        return now

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        now = self.clock()
        if Fault.OFF in after - before:
            self._life.end(now)
        if Fault.OFF in before - after:
            self._life = self._begin(now)
        self.machine.stand_in(now, _AMBIENT + HOT * (Fault.HOT in after))
        if Fault.OFF not in after:
            self._life.connect(now, connected=Fault.NO_POOL not in after)

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    @override
    def _answer(self, request: Request) -> Reply | None:
        said = self.say(request.path.partition("?")[0])
        if said is None:
            return Reply(status=404, reason="Not Found", body=b"Not Found")
        text = said if isinstance(said, str) else json.dumps(said)
        return self._json_reply(text.encode())


class SimulatedSocketProgram(SimulatedProgram):
    """One that answers commands over a bare socket."""

    server = CommandServer
