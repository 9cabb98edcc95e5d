"""An Antminer S21 as its web server speaks: CGI pages behind a digest sign-in.

Its traps: a nonce is good for a few requests only; a new configuration replaces the old one
whole, pools included; statistics are empty in sleep; while the mining program restarts, a
page is a line of text. Port 6060 is the same server here. Its socket answers without a
sign-in, as older machines do: with NUL at the end, and `}{` between objects.
"""

from hashlib import md5
import json
import re
from typing import Any, override

from .clock import Clock, wall_clock
from .faults import Fault
from .hardware import Noise
from .rig import SimulatedRig
from .server import Reply, Request
from .socket_server import SocketServer

_REALM = "antMiner Configuration"
_RATE = 200_000.0
"""GH/s."""
_WATTS = 3500
_BOARDS = 3
_CHIPS = 108
_NONCE_LASTS = 50
"""Requests after which another nonce is wanted."""
_SECONDS_PER_SHARE = 10.0
_FAILED = b"Socket connect failed: Connection refused\n"


class SimulatedAntminer(SimulatedRig):
    """One Antminer S21."""

    kind = "antminer"

    def __init__(
        self,
        name: str = "Antminer",
        *,
        password: str = "root",
        mac: str = "80:AC:7A:00:00:01",
        running_for: float = 3600,
        clock: Clock = wall_clock,
        port: int = 0,
        boot_seconds: float = 20,
        restart_seconds: float = 3,
    ) -> None:
        """Mine for `running_for` seconds already."""
        super().__init__(name, port=port, clock=clock, boot_seconds=boot_seconds)
        self.socket = SocketServer(self._handle_socket)
        self._more = [self.socket]
        self.password = password
        self.mac = mac
        self.restart_seconds = restart_seconds
        """How long its mining program restarts after a new configuration."""
        self.config: dict[str, Any] = {
            "pools": [
                {"url": f"stratum+tcp://{host}:3333", "user": "demo.s21", "pass": "x"}
                for host in (
                    "btc.f2pool.com",
                    "btc-euro.f2pool.com",
                    "stratum.braiins.com",
                )
            ],
            "bitmain-fan-ctrl": False,
            "bitmain-fan-pwm": "100",
            "bitmain-work-mode": "0",
            "bitmain-freq-level": "100",
            "bitmain-freq": "485",
            "algo": "sha256d",
        }
        self.blinks = False
        self.deaf = False
        """Whether orders change nothing, although they are answered."""
        self.refuses = False
        """Whether orders are refused."""
        self._noise = Noise(name)
        self._started_at = clock() - running_for
        self._ready_at = 0.0
        self._nonce = 0
        self._used = 0

    @property
    @override
    def form(self) -> dict[str, object]:
        return {
            "host": self.host,
            "port": self.port,
            "username": "root",
            "password": self.password,
            "connection": {"socket_port": self.socket.port, "power_port": self.port},
        }

    @property
    def sleeps(self) -> bool:
        """Whether it was put to sleep."""
        return str(self.config["bitmain-work-mode"]) == "1"

    @property
    def hashrate(self) -> float:
        """GH/s now."""
        now = self.clock()
        if self.sleeps or now < self._ready_at or Fault.NO_POOL in self.faults:
            return 0.0
        return _RATE * (1 + 0.01 * self._noise.at(now, 6))

    def restart(self, seconds: float) -> None:
        """Let the mining program be away for so long."""
        self._started_at = self._ready_at = self.clock() + seconds

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        if Fault.OFF in before - after:
            self._started_at = self.clock()

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "text/html", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    def _page(self, data: object) -> Reply:
        return self._json_reply(json.dumps(data).encode())

    @override
    def _answer(self, request: Request) -> Reply | None:
        if request.path == "/miner_power":
            watts = _WATTS if self.hashrate else 20
            return self._json_reply(f"miner power:{watts}".encode())
        if not self._is_signed_in(request):
            return self._challenge()
        name = request.path.removeprefix("/cgi-bin/")
        if request.method == "POST":
            return self._order(name, json.loads(request.body))
        pages = {
            "get_system_info.cgi": self._system,
            "get_miner_conf.cgi": lambda: self.config,
            "get_blink_status.cgi": lambda: {"blink": self.blinks},
            "stats.cgi": self._stats,
            "summary.cgi": self._summary,
            "pools.cgi": self._pools,
        }
        if name == "reboot.cgi":
            if self.refuses:
                return Reply(status=500, reason="Internal Server Error", body=b"no")
            self.fault("reboot")
            return None
        if name not in pages:
            return Reply(status=404, reason="Not Found", body=b"<html>404</html>")
        is_program = name in ("stats.cgi", "summary.cgi", "pools.cgi")
        if is_program and self.clock() < self._ready_at:
            return self._json_reply(_FAILED)
        return self._page(pages[name]())

    # ---- the sign-in

    def _challenge(self) -> Reply:
        self._nonce += 1
        self._used = 0
        challenge = f'Digest realm="{_REALM}", nonce="n{self._nonce}", qop="auth"'
        headers = {"WWW-Authenticate": challenge, "Connection": "close"}
        body = b"<html>401 Unauthorized</html>"
        return Reply(status=401, reason="Unauthorized", headers=headers, body=body)

    def _is_signed_in(self, request: Request) -> bool:
        sent = request.headers.get("authorization", "")
        words = dict(re.findall(r'(\w+)="?([^",]*)"?', sent.removeprefix("Digest ")))
        if words.get("nonce") != f"n{self._nonce}" or self._used >= _NONCE_LASTS:
            return False
        self._used += 1
        wrong = Fault.WRONG_TOKEN in self.faults
        password = "another" if wrong else self.password
        user = _hash(f"root:{_REALM}:{password}")
        target = _hash(f"{request.method}:{words.get('uri')}")
        middle = ":".join(
            words.get(key, "") for key in ("nonce", "nc", "cnonce", "qop")
        )
        return words.get("response") == _hash(f"{user}:{middle}:{target}")

    # ---- orders

    def _order(self, name: str, body: dict[str, Any]) -> Reply:
        if name == "blink.cgi":
            if not self.deaf and not self.refuses:
                self.blinks = bool(body["blink"])
            return self._page({"code": "B000" if self.blinks else "B001"})
        if name != "set_miner_conf.cgi":
            return Reply(status=404, reason="Not Found", body=b"<html>404</html>")
        if self.refuses:
            return self._page({"stats": "error", "code": "M001", "msg": "Wrong pool"})
        if not self.deaf:
            mode = body.get("miner-mode", 0)
            self.config |= {
                # What a body leaves out is gone.
                "pools": body.get("pools", []),
                "bitmain-fan-ctrl": body.get("bitmain-fan-ctrl", False),
                "bitmain-fan-pwm": body.get("bitmain-fan-pwm", "100"),
                "bitmain-freq-level": body.get("freq-level", "100"),
                "bitmain-work-mode": str(mode),
            }
            self.restart(self.restart_seconds)
        return self._page({"stats": "success", "code": "M000", "msg": "OK!"})

    # ---- pages

    def _system(self) -> dict[str, Any]:
        other = Fault.OTHER_RIG in self.faults
        return {
            "macaddr": "80:AC:7A:99:99:99" if other else self.mac,
            "hostname": "Antminer",
            "minertype": "Antminer S21",
            "system_filesystem_version": "Wed Jul 20 19:14:27 CST 2022",
            "firmware_type": "Release",
        }

    def _head(self, message: str) -> dict[str, Any]:
        return {
            "STATUS": {"STATUS": "S", "when": int(self.clock()), "Msg": message},
            "INFO": {"miner_version": "20.3", "type": "Antminer S21"},
        }

    def _rates(self) -> dict[str, Any]:
        rate = round(self.hashrate, 1)
        return {
            "elapsed": max(0, int(self.clock() - self._started_at)),
            "rate_5s": rate,
            "rate_30m": round(_RATE * 0.998, 1) if rate else 0.0,
            "rate_avg": round(_RATE * 0.997, 1) if rate else 0.0,
            "rate_ideal": _RATE,
            "rate_unit": "GH/s",
        }

    def _stats(self) -> dict[str, Any]:
        if self.sleeps:
            return {**self._head("stats"), "STATS": []}
        now = self.clock()
        heat = 62 + 20 * (Fault.HOT in self.faults) + 2 * self._noise.at(now, 40)
        record = {
            **self._rates(),
            "chain_num": _BOARDS,
            "fan_num": 4,
            "fan": [3480, 3510, 3450, 3540],
            "hwp_total": 0.0021,
            "miner-mode": 0,
            "freq-level": 100,
            "chain": [
                self._chain(index, round(heat) + index) for index in range(_BOARDS)
            ],
        }
        return {**self._head("stats"), "STATS": [record]}

    def _chain(self, index: int, heat: int) -> dict[str, Any]:
        return {
            "index": index,
            "freq_avg": 485,
            "rate_ideal": _RATE / _BOARDS,
            "rate_real": round(self.hashrate / _BOARDS, 1),
            "asic_num": _CHIPS,
            "asic": "o" * _CHIPS,
            "temp_pic": [heat - 22, heat - 20, heat - 12, heat - 10],
            "temp_pcb": [heat - 20, heat - 18, heat - 6, heat - 4],
            "temp_chip": [heat - 16, heat - 14, heat - 2, heat],
            "hw": 0,
            "eeprom_loaded": True,
            # The same on all boards, as on some real machines.
            "sn": "PIEM0000000000000",
        }

    def _summary(self) -> dict[str, Any]:
        states = [
            {"type": name, "status": "s", "code": 0, "msg": ""}
            for name in ("rate", "network", "fans", "temp")
        ]
        record = {**self._rates(), "hw_all": 3, "bestshare": 187_654_321}
        records = [] if self.sleeps else [{**record, "status": states}]
        return {**self._head("summary"), "SUMMARY": records}

    def _pools(self) -> dict[str, Any]:
        is_lost = Fault.NO_POOL in self.faults
        shares = int(max(0.0, self.clock() - self._started_at) / _SECONDS_PER_SHARE)
        records = [
            {
                "index": number,
                "url": pool["url"],
                "user": pool["user"],
                "status": "Dead" if is_lost else "Alive",
                "priority": number,
                "accepted": 0 if number else shares,
                "rejected": 0 if number else shares // 400,
                "stale": 0,
                "lstime": "0",
            }
            for number, pool in enumerate(self.config["pools"])
        ]
        return {**self._head("pools"), "POOLS": records}

    # ---- the socket

    async def _handle_socket(self, request: Request) -> Reply | None:
        if self.clock() < self._ready_at:
            return None
        status = {"STATUS": "S", "Code": 70, "Msg": request.path}
        records: list[str] = []
        match request.path:
            case "stats" if not self.sleeps:
                record = self._rates() | {"GHS 5s": f"{self.hashrate:.2f}"}
                record |= {"Elapsed": record.pop("elapsed")}
                for number in range(1, _BOARDS + 1):
                    record[f"chain_acn{number}"] = _CHIPS
                    record[f"temp2_{number}"] = 60 + number
                    record[f"fan{number}"] = 3480
                records = [json.dumps({"Type": "Antminer S21"}), json.dumps(record)]
            case "stats" | "summary":
                pass
            case _:
                status = {"STATUS": "E", "Code": 14, "Msg": "Invalid command"}
        body = f'"STATUS":[{json.dumps(status)}],"STATS":[{"".join(records)}],"id":1'
        return Reply(status=200, reason="OK", body=b"{%s}\0" % body.encode())


def _hash(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
