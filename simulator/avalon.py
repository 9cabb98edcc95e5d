"""An Avalon Q as its socket speaks: commands and answers of Canaan's cgminer.

Its traps: answers end with NUL; orders are answered by S or by I, which both mean that
they were carried out, or by nothing; while idle, averages and the list of its power
supply stay as they were; modes are refused while it calibrates.
"""

import json
from typing import Any, override

from .clock import Clock, wall_clock
from .faults import Fault
from .hardware import Noise
from .rig import SimulatedRig
from .server import Reply, Request
from .socket_server import SocketServer

_RATES = (53_000.0, 72_000.0, 90_000.0)
"""GH/s in the modes eco, standard, super."""
_WATTS = (800, 1300, 1600)
_HELP = "help|workmode|softon|softoff|lcd|reboot|hashpower|fan-spd"
_SECONDS_PER_SHARE = 15.0
_MODE_TAKES = 3.0


class SimulatedAvalon(SimulatedRig):
    """One Avalon Q."""

    kind = "avalon"

    def __init__(
        self,
        name: str = "Avalon Q",
        *,
        mac: str = "e0e1a9000001",
        running_for: float = 3600,
        clock: Clock = wall_clock,
        port: int = 0,
        boot_seconds: float = 20,
    ) -> None:
        """Mine for `running_for` seconds already."""
        super().__init__(name, port=port, clock=clock, boot_seconds=boot_seconds)
        self._server = SocketServer(self._handle, port=port)
        self.mac = mac
        self.mode = 0
        self.calibrates = False
        self.deaf = False
        """Whether orders change nothing, although they are answered."""
        self.refuses = False
        """Whether orders are refused."""
        self.closes = False
        """Whether orders to switch off or on are obeyed without an answer."""
        self.orders: list[str] = []
        self._noise = Noise(name)
        self._started_at = clock() - running_for
        self._stopped_at: float | None = None
        self._settled_at = 0.0

    @property
    @override
    def form(self) -> dict[str, object]:
        return {"host": self.host, "port": self.port}

    @property
    def is_idle(self) -> bool:
        """Whether it was switched off."""
        return self._stopped_at is not None

    @property
    def hashrate(self) -> float:
        """GH/s now."""
        now = self.clock()
        if self.is_idle or now < self._settled_at or Fault.NO_POOL in self.faults:
            return 0.0
        return _RATES[self.mode] * (1 + 0.02 * self._noise.at(now, 6))

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        if Fault.OFF in before - after:
            self._started_at = self.clock()
            self._stopped_at = None

    @override
    def _json_reply(self, body: bytes) -> Reply:
        return Reply(status=200, reason="OK", body=body + b"\0")

    @override
    def _answer(self, request: Request) -> Reply | None:
        match request.path:
            case "version":
                mac = "e0e1a9999999" if Fault.OTHER_RIG in self.faults else self.mac
                facts = {"PROD": "Avalon Q", "MODEL": "Q", "MAC": mac}
                return self._records(
                    "VERSION", facts | {"LVERSION": "25052801_14a19a2"}
                )
            case "litestats":
                return self._records("STATS", {"ID": "AVALON0", "MM ID0": self._text()})
            case "summary":
                return self._records("SUMMARY", self._summary())
            case "pools":
                return self._records("POOLS", self._pool())
            case "ascset":
                return self._order(request.body.decode())
        return self._status("E", 14, "Invalid command")

    def _records(self, section: str, record: dict[str, Any]) -> Reply:
        status = self._head("S", 70, "CGMiner")
        data = {"STATUS": [status], section: [{section: 0, **record}], "id": 1}
        return self._json_reply(json.dumps(data).encode())

    def _status(self, letter: str, code: int, message: str) -> Reply:
        data = {"STATUS": [self._head(letter, code, message)], "id": 1}
        return self._json_reply(json.dumps(data).encode())

    def _head(self, letter: str, code: int, message: str) -> dict[str, object]:
        when = int(self.clock())
        return {"STATUS": letter, "When": when, "Code": code, "Msg": message}

    # ---- orders

    def _order(self, parameter: str) -> Reply | None:
        _, verb, *more = parameter.split(",")
        if verb == "help":
            return self._status("I", 118, f"ASC 0 set info: {_HELP}")
        self.orders.append(parameter)
        if self.refuses:
            return self._status("E", 120, "ASC 0 set failed: not now")
        match verb:
            case "softoff" | "softon":
                return self._switch(verb)
            case "workmode" if more[:1] == ["set"]:
                return self._set_mode(int(more[1]))
            case "reboot":
                self.fault("reboot")
                return None
        return self._status("E", 120, f"ASC 0 set failed: invalid option {verb}")

    def _switch(self, verb: str) -> Reply | None:
        if not self.deaf and verb == "softoff" and not self.is_idle:
            self._stopped_at = self.clock()
        elif not self.deaf and verb == "softon":
            self._stopped_at = None
        if self.closes:
            return None
        return self._status("I", 118, f"ASC 0 set info: success {verb}")

    def _set_mode(self, mode: int) -> Reply:
        if self.calibrates:
            text = f"current mode {self.mode} is caling Don't permit switch mode"
            return self._status("E", 120, f"ASC 0 set failed: {text}")
        if not self.deaf:
            self.mode = mode
            self._settled_at = self.clock() + _MODE_TAKES
        return self._status("S", 119, "ASC 0 set OK")

    # ---- answers

    def _until(self) -> float:
        return self.clock() if self._stopped_at is None else self._stopped_at

    def _shares(self) -> int:
        return int(max(0.0, self._until() - self._started_at) / _SECONDS_PER_SHARE)

    def _text(self) -> str:
        now = self.clock()
        rate, full = self.hashrate, _RATES[self.mode]
        watts = round(_WATTS[self.mode] * (1 + 0.01 * self._noise.at(now, 8)))
        heat = 74 + 20 * (Fault.HOT in self.faults) + 2 * self._noise.at(now, 40)
        speed = 0 if self.is_idle else 2280
        values = {
            "Ver": "Q-25052801_14a19a2",
            "SYSTEMSTATU": f"Work: In {'Idle' if self.is_idle else 'Work'}, Hash Board: 1",
            "STATE": 2 if self.is_idle else 1,
            "SoftOFF": 4 if self.is_idle else 0,
            "Elapsed": int(now - self._started_at),
            "GHSspd": f"{rate:.2f}",
            "GHSmm": f"{0 if self.is_idle else full:.2f}",
            "GHSavg": f"{full * 0.99:.2f}",
            "DH": "1.9%",
            "ITemp": 26,
            "HBITemp": 27 if self.is_idle else 48,
            "HBOTemp": 27 if self.is_idle else 61,
            "TMax": -273 if self.is_idle else round(heat),
            "TAvg": -273 if self.is_idle else round(heat) - 8,
            **{f"Fan{number}": speed for number in range(1, 5)},
            "FanR": f"{0 if self.is_idle else 41}%",
            # The set voltage comes before the power; an idle supply keeps the last.
            "PS": f"0 1214 2245 37 {watts - 60} 2245 {146 if self.is_idle else watts}",
            "WORKMODE": self.mode,
            "MPO": _WATTS[self.mode],
            "TA": 160,
            "PING": 24,
            "ECHU": "0",
            "ECMM": 0,
        }
        return " ".join(f"{key}[{value}]" for key, value in values.items())

    def _summary(self) -> dict[str, Any]:
        shares = self._shares()
        average = _RATES[self.mode] * 1000
        return {
            "Elapsed": int(self.clock() - self._started_at),
            "MHS av": average,
            "MHS 30s": average,
            "MHS 1m": average,
            "MHS 5m": average,
            "MHS 15m": average,
            "Accepted": shares,
            "Rejected": shares // 300,
            "Stale": 0,
            "Best Share": 48_113_207,
        }

    def _pool(self) -> dict[str, Any]:
        is_lost = Fault.NO_POOL in self.faults
        return {
            "URL": "stratum+tcp://public-pool.io:21496",
            "Status": "Dead" if is_lost else "Alive",
            "Priority": 0,
            "User": "bc1demowallet.avalon",
            "Stratum Active": not is_lost and not self.is_idle,
            "Last Share Time": int(self._until()),
            "Accepted": self._shares(),
        }
