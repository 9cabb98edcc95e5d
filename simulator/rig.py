"""What every simulated rig has in common: an address, a record, faults."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Mapping
from dataclasses import replace
import json
import re
from types import TracebackType
from typing import ClassVar, Self

from .clock import Clock, wall_clock
from .faults import COMMANDS, DESCRIPTIONS, Fault
from .server import HttpServer, Reply, Request
from .tls import self_signed

_ROUTER = b"""<!DOCTYPE html>
<html><head><title>FRITZ!Box</title></head><body><h1>Log in</h1></body></html>
"""
_GARBAGE = b"\x00\xffnot the miner you are looking for {]"
_PORT_SHUT = frozenset({Fault.OFF, Fault.UNPLUGGED})


class SimulatedRig(ABC):
    """A rig that answers HTTP on loopback; an asynchronous context manager."""

    kind: ClassVar[str]
    """The kind of source the integration knows it by."""
    descriptions: ClassVar[Mapping[str, str]] = DESCRIPTIONS
    """What can go wrong with this kind of rig."""

    server: ClassVar[type[HttpServer]] = HttpServer
    """What listens: for HTTP, or for commands over a bare socket."""

    def __init__(
        self,
        name: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        tls: bool = False,
        boot_seconds: float = 20,
    ) -> None:
        """Prepare the rig; it answers after `start` or inside `async with`."""
        self.name = name
        self.slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        self.clock = clock
        self.boot_seconds = boot_seconds
        self.requests: list[Request] = []
        """Every request received, faults or not, oldest first."""
        self.answers: dict[str, object] = {}
        """Answers that replace the rig's own, which then does nothing either.

        By path (GET only) or by method and path ("PUT /2/config"): the body as bytes,
        text or JSON data, or a whole `Reply`.
        """
        self.slow_seconds = 3.0
        self.faults: set[Fault] = set()
        self.tls = tls
        """Whether the port speaks HTTPS too, with a certificate nobody signed."""
        self._server = self.server(
            self._handle, host=host, port=port, tls=self_signed() if tls else None
        )
        self._more: list[HttpServer] = []
        """Servers at its other ports: open while it has power and network."""
        self._started = False
        self._serves = True
        """Whether the miner itself wants its API to be reached."""
        self._boot: asyncio.TimerHandle | None = None
        self._released = asyncio.Event()

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port it listens on; 0 before it was first opened."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def most_at_once(self) -> int:
        """The most requests it was answering at one moment."""
        return self._server.busiest

    @property
    def troubles(self) -> list[str]:
        """Everything that is wrong at present, by name."""
        return sorted(self.faults)

    @property
    @abstractmethod
    def form(self) -> dict[str, object]:
        """What a person types into the integration's form to add it."""

    async def start(self) -> None:
        """Open the port; OSError if it is taken."""
        self._started = True
        self._settle_port()

    async def stop(self) -> None:
        """Close the port and drop every connection."""
        if self._boot is not None:
            self._boot.cancel()
        self._started = False
        self._settle_port()
        for server in (self._server, *self._more):
            await server.wait_closed()

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
        """Stop."""
        await self.stop()

    def fault(self, name: str, *, seconds: float | None = None) -> None:
        """Begin a fault, or obey `on`, `normal` or `reboot`; ValueError if unknown.

        `seconds` is how late a slow rig answers, or how long a reboot takes.
        """
        if name in COMMANDS:
            self._command(name, seconds)
            return
        fault = Fault(name)
        if fault is Fault.SLOW and seconds is not None:
            self.slow_seconds = seconds
        self._set_faults(self.faults | {fault})

    def clear(self, name: str) -> None:
        """End one fault; ValueError if unknown."""
        self._set_faults(self.faults - {Fault(name)})

    def _command(self, name: str, seconds: float | None) -> None:
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        match name:
            case "on":
                self._set_faults(self.faults - _PORT_SHUT)
            case "normal":
                self._set_faults(set())
            case "reboot":
                self._set_faults(self.faults | {Fault.OFF})
                self._boot = asyncio.get_running_loop().call_later(
                    self.boot_seconds if seconds is None else seconds,
                    self._command,
                    "on",
                    None,
                )

    def _set_faults(self, faults: set[Fault]) -> None:
        before, self.faults = self.faults, faults
        self._faults_changed(before, faults)
        if not faults & {Fault.SILENT}:
            self._released.set()
            self._released = asyncio.Event()
        self._settle_port()

    def _settle_port(self) -> None:
        """Open or close the ports as power, network and miner want it."""
        is_up = self._started and not self.faults & _PORT_SHUT
        for server in (self._server, *self._more):
            if is_up and (self._serves or server is not self._server):
                server.open()
            else:
                server.close()

    @abstractmethod
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        """Let the hardware and the miner feel it."""

    @abstractmethod
    def _answer(self, request: Request) -> Reply | None:
        """Answer a request as the healthy miner does."""

    @abstractmethod
    def _json_reply(self, body: bytes) -> Reply:
        """Wrap the body of a good answer as this miner does."""

    async def _handle(self, request: Request) -> Reply | None:
        self.requests.append(request._replace(at=self.clock()))
        if Fault.SILENT in self.faults:
            await self._released.wait()
        if Fault.SLOW in self.faults:
            await asyncio.sleep(self.slow_seconds)
        if Fault.OTHER_DEVICE in self.faults:
            return _router_page()
        reply = self._prepared(request) or self._answer(request)
        return reply and self._spoilt(reply)

    def _prepared(self, request: Request) -> Reply | None:
        keys = [f"{request.method} {request.path}"]
        if request.method == "GET":
            keys.append(request.path)
        for key in keys:
            if key in self.answers:
                answer = self.answers[key]
                if isinstance(answer, Reply):
                    return answer
                return self._json_reply(_as_bytes(answer))
        return None

    def _truncated(self, body: bytes) -> bytes:
        """Return a body that stops too early but is announced as if whole."""
        return body[: len(body) * 4 // 5]

    def _spoilt(self, reply: Reply) -> Reply:
        """Return the answer as the faults leave it; one without a body stays."""
        if not reply.body:
            return reply
        if Fault.GARBAGE in self.faults:
            reply = replace(reply, body=_GARBAGE)
        if Fault.TRUNCATED in self.faults:
            reply = replace(reply, body=self._truncated(reply.body))
        if Fault.CUT in self.faults:
            reply = replace(reply, cut=len(reply.body) // 3)
        return reply


def _as_bytes(answer: object) -> bytes:
    match answer:
        case bytes():
            return answer
        case str():
            return answer.encode()
        case _:
            return json.dumps(answer).encode()


def _router_page() -> Reply:
    headers: Mapping[str, str] = {"Content-Type": "text/html", "Connection": "close"}
    return Reply(status=200, reason="OK", headers=headers, body=_ROUTER)
