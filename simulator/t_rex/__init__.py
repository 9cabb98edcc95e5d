"""A simulated T-Rex, with the traps that its HTTP API has for clients."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
import json
import secrets
from typing import Any, ClassVar, override
from urllib.parse import parse_qsl, urlsplit

from ..clock import Clock, wall_clock
from ..faults import Fault
from ..hardware import AMBIENT, HOT, Card, CpuModel, Machine
from ..models import CELERON_J4125, RTX_3060_TI, RTX_3070
from ..rig import SimulatedRig
from ..server import Reply, Request
from . import answers
from .miner import OPTIONS, RESTART_SECONDS, Process, Update, Watchdog
from .versions import Version

__all__ = ["SimulatedTRex"]

_BOARDS = ("EVGA", "MSI", "ASUS", "Gigabyte", "Palit", "Zotac", "Inno3D", "NVIDIA")
_UNAUTHORIZED = {"error": "unauthorized request", "success": 0}
_READ_ONLY = {"error": "API readonly mode is activated", "success": 0}
_DONE = {"success": 1}
_HANG_SECONDS = 21.0
_PAGE = b"<!DOCTYPE html><html><head><title>T-Rex</title></head></html>"


class SimulatedTRex(SimulatedRig):
    """A T-Rex with its hardware, its pools, its watchdog and its HTTP API."""

    kind: ClassVar[str] = "t_rex"

    def __init__(
        self,
        name: str = "attic",
        *,
        version: str = "0.26.8",
        password: str | None = None,
        read_only: bool = False,
        cpu: CpuModel = CELERON_J4125,
        cards: Iterable[Card] = (Card(model=RTX_3070), Card(model=RTX_3060_TI)),
        algorithms: Sequence[str] = ("kawpow",),
        pools: Sequence[str] = (
            "stratum+tcp://rvn.2miners.com:6060",
            "stratum+ssl://de.alph.herominers.com:1199",
        ),
        worker: str | None = None,
        options: Mapping[str, object] | None = None,
        watchdog: bool = True,
        nvml: bool = True,
        room: float = AMBIENT,
        update: str | None = None,
        numbering: Sequence[int] | None = None,
        running_for: float = 7200,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        seed: int = 1,
        tls: bool = False,
        boot_seconds: float = 20,
    ) -> None:
        """Prepare a rig that has been mining for `running_for` seconds.

        `password` is what its API key was made of, if it has one; `read_only` is the
        option of that name. Two `algorithms` are dual mining. `room` is how warm it is
        around the rig in °C. `numbering` says which card a number in a command reaches,
        if not the one that bears it.
        """
        super().__init__(
            name, host=host, port=port, clock=clock, tls=tls, boot_seconds=boot_seconds
        )
        self.version = Version(version)
        self.password = password
        self.nvml = nvml
        self.update = None if update is None else Update(version=update)
        self.takes_effect = True
        """Whether commands do something; T-Rex says "success" all the same."""
        self.hang_seconds = _HANG_SECONDS
        self.files: dict[str, dict[str, object]] = {}
        """What was written into files of the miner's folder."""
        self.machine = Machine(
            cpu, tuple(cards), seed=f"{seed}:{name}", now=clock() - running_for
        )
        self.machine.stand_in(clock() - running_for, room)
        self._room = room
        self._read_only = read_only
        self._algorithms = tuple(algorithms)
        self._pools = tuple(pools)
        self._worker = self.slug if worker is None else worker
        self._numbering = numbering
        self._sessions: set[str] = set()
        self._seed = f"{seed}:{name}"
        self._kept = {**OPTIONS, "algo": algorithms[0], **(options or {})}
        self._restarts = 0
        self._down_until: float | None = None
        self._coming_back: asyncio.TimerHandle | None = None
        self._ended = False
        started = clock() - running_for
        self._watchdog = Watchdog(started=started) if watchdog else None
        self.process = self._start_process(started)
        self.process.advance(clock())

    @override
    async def stop(self) -> None:
        """Close the port and drop every connection."""
        if self._coming_back is not None:
            self._coming_back.cancel()
        await super().stop()

    # What tests and farms look at

    @property
    @override
    def form(self) -> dict[str, object]:
        """Host, port and password as typed into the integration's form."""
        form: dict[str, object] = {"host": self.host, "port": self.port}
        if self.password is not None:
            form["password"] = self.password
        if self.tls:
            form["connection"] = {"ssl": True, "verify_ssl": False}
        return form

    @property
    def paused(self) -> list[bool]:
        """Which cards are paused, in their order."""
        return [card.paused for card in self._now().cards]

    @property
    def options(self) -> dict[str, object]:
        """The settings that are in effect or wait for a restart."""
        return dict(self._now().options)

    @property
    def uuids(self) -> list[str]:
        """What the cards are called for ever, in their order."""
        return [card.uuid for card in self.process.cards]

    @property
    def sessions(self) -> int:
        """How many clients are logged in."""
        return len(self._sessions)

    @property
    def ended(self) -> bool:
        """Whether the process was shut down; only a reboot brings it back."""
        self._now()
        return self._ended

    @property
    def power(self) -> float:
        """W that the whole rig draws from the wall; 0 while it is off."""
        self._now()
        return 0.0 if Fault.OFF in self.faults else self.machine.power(self.clock())

    # What tests and farms do to it

    def pause(self, *numbers: int, paused: bool = True) -> None:
        """Pause cards, or all of them, as by its own keyboard."""
        process = self._now()
        cards = [process.cards[n] for n in numbers] if numbers else process.cards
        process.pause(cards, self.clock(), paused=paused)

    def expire_sessions(self) -> None:
        """Let every client be logged out."""
        self._sessions.clear()

    def hang(self, number: int = 0, *, hung: bool = True) -> None:
        """Let a card hang: every answer is late until it comes back."""
        self._now().hang(number, self.clock(), hung=hung)

    def crash(self) -> None:
        """Let the miner crash; its watchdog starts it again after a moment."""
        now = self.clock()
        self._now().end(now)
        self._sessions.clear()
        if self._watchdog is None:
            self._end()
            return
        self._watchdog.restarts += 1
        self._watchdog.take(self.process.cards)
        self._down_until = now + RESTART_SECONDS
        self._coming_back = asyncio.get_running_loop().call_later(
            RESTART_SECONDS, self._now
        )
        self._serves = False
        self._settle_port()

    def wait_for_watchdog(self) -> None:
        """Let the miner that crashed be back at once."""
        self._down_until = self.clock()
        self._now()

    # Inside

    def _start_process(self, now: float) -> Process:
        self._restarts += 1
        count = len(self.machine.gpus)
        return Process(
            self.version,
            self.machine,
            self._kept,
            algorithms=self._algorithms,
            uuids=[self._uuid(number) for number in range(count)],
            vendors=[_BOARDS[number % len(_BOARDS)] for number in range(count)],
            seed=f"{self._seed}:{self._restarts}",
            now=now,
        )

    def _uuid(self, number: int) -> str:
        return blake2b(f"{self._seed}:{number}".encode(), digest_size=16).hexdigest()

    def _now(self) -> Process:
        """Return the process as it is at this moment."""
        now = self.clock()
        if Fault.OFF in self.faults or self._ended:
            return self.process
        if self._down_until is not None:
            if now < self._down_until:
                return self.process
            self._start_again(self._down_until)
        self.process.advance(now)
        update = self.update
        if update is not None and self._watchdog and update.is_installed(now):
            self.version, self.update = Version(update.version), None
            self.process.end(now)
            self._watchdog.take(self.process.cards)
            self._start_again(now)
        if self.process.ends_at is not None and now >= self.process.ends_at:
            self._end()
        return self.process

    def _start_again(self, now: float) -> None:
        self._down_until = None
        self._sessions.clear()
        self.process = self._start_process(now)
        self.process.connect(now, connected=Fault.NO_POOL not in self.faults)
        self._serves = True
        self._settle_port()

    def _end(self) -> None:
        self.process.end(self.clock())
        self._ended = True
        self._serves = False
        self._settle_port()

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        now = self.clock()
        if Fault.OFF not in before:
            self._now()
        if Fault.OFF in after - before:
            self.process.end(now)
        self.machine.stand_in(now, self._room + HOT * (Fault.HOT in after))
        if Fault.OFF in before - after:
            self._ended = False
            if self._watchdog is not None:
                self._watchdog = Watchdog(started=now)
            self._start_again(now)
        if Fault.WRONG_TOKEN in after:
            self._sessions.clear()
        self.process.connect(now, connected=Fault.NO_POOL not in after)

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    @override
    async def _handle(self, request: Request) -> Reply | None:
        if any(card.hung for card in self._now().cards):
            await asyncio.sleep(self.hang_seconds)
        return await super()._handle(request)

    @override
    def _answer(self, request: Request) -> Reply | None:
        process = self._now()
        if not self._serves:
            return None
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path == "/trex":
            return Reply(
                status=200,
                reason="OK",
                headers={"Content-Type": "text/html", "Connection": "close"},
                body=_PAGE,
            )
        given = query
        if request.method == "POST":
            try:
                body = json.loads(request.body or b"{}")
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return self._say({"error": "wrong request", "success": 0})
            given = {**query, **body}
        answer = self._route(process, request.method, parts.path, given)
        if answer is None:
            return Reply(status=404, reason="Not Found", body=b"Not Found")
        return self._say(answer)

    def _say(self, answer: Mapping[str, Any]) -> Reply:
        text = json.dumps(answer, sort_keys=True, separators=(",", ":"))
        return self._json_reply(text.encode())

    def _route(
        self, process: Process, method: str, path: str, given: dict[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return the answer; None where this version has nothing at the path."""
        sid = given.pop("sid", None)
        if path == "/login" and self.version.keyed:
            return self._log_in(given.get("password"))
        if self._wants_session and sid not in self._sessions:
            return _UNAUTHORIZED
        now = self.clock()
        match path:
            case "/summary":
                return answers.summary(process, self._site, now)
            case "/logout" if self.version.keyed:
                self._sessions.discard(str(sid))
                return _DONE
            case "/config" if not given:
                return self._shown_config(process)
            case "/config" | "/do-update" if self._takes_no_commands:
                return _READ_ONLY
            case "/control" if self._takes_no_commands and self.version.controlled:
                return _READ_ONLY
            case "/config":
                return self._configure(process, given)
            case "/do-update":
                return self._do_update(given)
            case "/control" if self.version.controlled:
                return self._control(process, method, given)
        return None

    @property
    def _wants_session(self) -> bool:
        has_key = self.password is not None or Fault.WRONG_TOKEN in self.faults
        return self.version.keyed and has_key

    @property
    def _takes_no_commands(self) -> bool:
        return self._read_only or (self.version.keyed and self.password is None)

    def _log_in(self, password: object) -> Mapping[str, Any]:
        if password != self.password or Fault.WRONG_TOKEN in self.faults:
            return {"error": "wrong password", "success": 0}
        sid = secrets.token_hex(16)
        self._sessions.add(sid)
        return {"sid": sid, "success": 1}

    def _shown_config(self, process: Process) -> dict[str, Any]:
        """Return the settings, wallet and key included, named with underscores."""
        shown: dict[str, Any] = {
            **process.options,
            "api-read-only": self._takes_no_commands,
            "pools": [
                {
                    "url": url,
                    "user": self._user,
                    "pass": "x",
                    "worker": self._worker,
                }
                for url in self._pools[:1]
            ],
        }
        if self.password is not None:
            shown["api-key"] = blake2b(self.password.encode()).hexdigest()
        if not self.version.keyed:
            return shown
        return {key.replace("-", "_"): value for key, value in shown.items()}

    def _configure(self, process: Process, given: dict[str, Any]) -> Mapping[str, Any]:
        """Take settings: a few act at once, the others when the miner starts again."""
        if not self.takes_effect:
            return _DONE
        file = given.pop("config", None)
        changes = {key.replace("_", "-"): _typed(value) for key, value in given.items()}
        process.options |= changes
        self._kept |= changes
        if isinstance(file, str):
            self.files[file] = dict(self._kept)
        return _DONE

    def _control(
        self, process: Process, method: str, given: dict[str, Any]
    ) -> Mapping[str, Any]:
        if not self.takes_effect:
            return _DONE
        now = self.clock()
        for key, value in given.items():
            match key:
                case "pause":
                    self._pause(process, method, str(value), now)
                case "command" if value == "shutdown":
                    asyncio.get_running_loop().call_soon(self._end)
                case "time-limit":
                    process.options[key] = int(value)
                    process.limit_time(float(value), now)
                case "hashrate-avr":
                    process.options[key] = max(1, min(86400, int(value)))
                case "no-color" | "protocol-dump" if value in {"true", "false"}:
                    process.options[key] = value == "true"
                case _:
                    pass
        return _DONE

    def _pause(self, process: Process, method: str, order: str, now: float) -> None:
        """Obey a pause; capital letters and other traps are answered with success."""
        word, _, listed = order.partition(":")
        if method == "POST" and not self.version.pauses_by_post:
            return
        if word not in {"true", "false", "False"}:
            return
        if not listed:
            if self.version.pauses_whole:
                process.pause(process.cards, now, paused=word == "true")
            return
        numbers = [int(number) for number in listed.split(",")]
        places = [self._numbering[n] if self._numbering else n for n in numbers]
        cards = [process.cards[p] for p in places if p < len(process.cards)]
        process.pause(cards, now, paused=word == "true")

    def _do_update(self, given: dict[str, Any]) -> Mapping[str, Any]:
        if self.update is None or self._watchdog is None:
            return {"error": "no update is possible", "success": 0}
        if given.get("stop") == "true":
            self.update.stop()
        else:
            self.update.begin(self.clock())
        return _DONE

    @property
    def _user(self) -> str:
        return f"RDemoWalletOfTheSimulator0123456789.{self._worker}"

    @property
    def _site(self) -> answers.Site:
        other = Fault.OTHER_RIG in self.faults
        return answers.Site(
            pools=self._pools,
            user=self._user,
            worker="another-rig" if other else self._worker,
            system="linux",
            driver="520.56.06",
            nvml=self.nvml,
            watchdog=self._watchdog,
            update=self.update,
            other=other,
        )


def _typed(value: object) -> object:
    """Return what a text of a query stands for."""
    match value:
        case "true" | "false":
            return value == "true"
        case str() if value.isdecimal():
            return int(value)
    return value
