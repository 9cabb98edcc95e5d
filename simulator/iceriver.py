"""An IceRiver KS0 as its own port and its web page speak, neither with a log-in.

Its traps: it keeps a connection open after the answer; `setlocate` wants a top-level
`on`; its small web server hangs when it is asked more than once a minute; while its
program restarts, only the web page answers.
"""

import asyncio
import json
from typing import Any, override

from .clock import Clock, wall_clock
from .faults import Fault
from .hardware import Noise
from .rig import SimulatedRig
from .server import HttpServer, Reply, Request
from .socket_server import SocketServer

_RATE = 155.0
"""GH/s."""
_BOARDS = 3
_CHIPS = 18
_SECONDS_PER_SHARE = 12.0
_WEB_EVERY = 60.0
_NEVER = frozenset({"resetfactory", "firmupdate"})


class SimulatedIceRiver(SimulatedRig):
    """One IceRiver KS0."""

    kind = "iceriver"

    def __init__(
        self,
        name: str = "IceRiver",
        *,
        mac: str = "00:0a:39:00:00:02",
        running_for: float = 3600,
        clock: Clock = wall_clock,
        port: int = 0,
        boot_seconds: float = 20,
        restart_seconds: float = 3,
    ) -> None:
        """Mine for `running_for` seconds already."""
        super().__init__(name, port=port, clock=clock, boot_seconds=boot_seconds)
        self.native = self._server = SocketServer(self._handle, port=port)
        self.native.holds_open = True
        self.web = HttpServer(self._handle_web)
        self._more = [self.web]
        self.mac = mac
        self.restart_seconds = restart_seconds
        self.light = False
        self.deaf = False
        """Whether orders change nothing, although they are answered."""
        self.refuses = False
        """Whether orders are refused."""
        self.harmed = False
        """Whether it was told to do what nobody may tell it."""
        self.web_hangs = False
        """Whether its web server was asked too often; it stays so."""
        self._noise = Noise(name)
        self._started_at = clock() - running_for
        self._web_at = -_WEB_EVERY
        self._restart: asyncio.TimerHandle | None = None

    @property
    @override
    def form(self) -> dict[str, object]:
        return {
            "host": self.host,
            "port": self.port,
            "connection": {"web_port": self.web.port},
        }

    @property
    def hashrate(self) -> float:
        """GH/s now."""
        if Fault.NO_POOL in self.faults:
            return 0.0
        return _RATE * (1 + 0.02 * self._noise.at(self.clock(), 6))

    @override
    async def stop(self) -> None:
        if self._restart is not None:
            self._restart.cancel()
        await super().stop()

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        if Fault.OFF in before - after:
            self._started_at = self.clock()
            self.web_hangs = False

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "text/html", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    def _ret(self, name: str, code: int = 0, **more: Any) -> Reply:
        answer = {"id": name, "ret": {"code": code, **more}}
        return self._json_reply(json.dumps(answer).encode())

    # ---- its own port

    @override
    def _answer(self, request: Request) -> Reply | None:
        name = request.path
        self.harmed = self.harmed or name in _NEVER
        told: dict[str, Any]
        match name:
            case "boardpow":
                told = self._power()
            case "board":
                told = {"boards": self._boards()}
            case "fan":
                told = {"fans": self._fans()}
            case "getpool":
                told = {"pools": self._pools()}
            case "info":
                told = {"softver1": "ICM168_3_2_10_ks0_miner", "softver2": "v1.0"}
            case "getnet":
                other = Fault.OTHER_RIG in self.faults
                told = {"mac": "00:0a:39:99:99:99" if other else self.mac}
            case "getlocate":
                told = {"locate": self.light}
            case "setlocate" | "restart":
                return self._order(name, json.loads(request.body))
            case _:
                return self._ret(name, 1)
        return self._ret(name, **told)

    def _order(self, name: str, question: dict[str, Any]) -> Reply | None:
        on = question.get("on")
        if self.refuses or (name == "setlocate" and type(on) is not bool):
            return self._ret(name, 1)
        if not self.deaf and name == "setlocate":
            self.light = on is True
        elif not self.deaf:
            self._begin_restart()
            return None
        return self._ret(name)

    def _begin_restart(self) -> None:
        """Shut its own port until the program runs again."""
        self._serves = False
        self._started_at = self.clock() + self.restart_seconds
        loop = asyncio.get_running_loop()
        loop.call_soon(self._settle_port)
        self._restart = loop.call_later(self.restart_seconds, self.end_restart)

    def end_restart(self) -> None:
        """Answer at its own port again."""
        self._serves = True
        self._settle_port()

    # ---- the web page

    async def _handle_web(self, request: Request) -> Reply | None:
        self.requests.append(request._replace(at=self.clock()))
        now = self.clock()
        self.web_hangs = self.web_hangs or now - self._web_at < _WEB_EVERY
        self._web_at = now
        if self.web_hangs:
            return None
        if (request.method, request.path) != ("POST", "/user/userpanel?post=4"):
            return Reply(status=404, reason="Not Found", body=b"<html>404</html>")
        data = {
            "model": "none",
            "softver1": "ICM168_3_2_10_ks0_miner",
            "mac": self.mac,
            "host": "KS0",
            "locate": self.light,
            # A warning of a machine that is well.
            "tempstate": False,
            **self._power(),
            "boards": self._boards(),
            "fans": self._fans(),
            "pools": [
                {**pool, "connect": 1.0 if pool["connect"] else -1.0}
                for pool in self._pools()
            ],
        }
        reply = self._json_reply(json.dumps({"error": 0, "data": data}).encode())
        return self._spoilt(reply)

    # ---- what both report

    def _power(self) -> dict[str, Any]:
        seconds = max(0, int(self.clock() - self._started_at))
        hours, minutes = seconds // 3600, seconds // 60 % 60
        return {
            "rtpow": f"{self.hashrate:.0f}G",
            "avgpow": f"{_RATE:.0f}G",
            "reject": 0.0,
            "unit": "G",
            "runtime": f"{hours // 24:02}:{hours % 24:02}:{minutes:02}:{seconds % 60:02}",
        }

    def _boards(self) -> list[dict[str, Any]]:
        heat = 52 + 20 * (Fault.HOT in self.faults)
        return [
            {
                "no": number,
                "chipnum": _CHIPS,
                "rtpow": f"{self.hashrate / _BOARDS:.2f}G",
                "intmp": heat - 18,
                "outtmp": heat + number,
                "state": True,
            }
            for number in range(1, _BOARDS + 1)
        ]

    def _fans(self) -> list[int]:
        return [3000, 2960]

    def _pools(self) -> list[dict[str, Any]]:
        shares = int(max(0.0, self.clock() - self._started_at) / _SECONDS_PER_SHARE)
        return [
            {
                "no": 1,
                "addr": "stratum+tcp://kaspa.example.com:4441",
                "user": "kaspa:demowallet.ks0",
                "pass": "x",
                "connect": Fault.NO_POOL not in self.faults,
                "accepted": shares,
                "rejected": shares // 300,
                "priority": 1,
                "state": 1,
            }
        ]
