"""AxeOS as a Bitaxe and a NerdQAxe++ speak it: one HTTP API, two firmwares.

Its traps: a PATCH is always answered by 200, whether it changed anything or not; a second
`identify` ends the first; unknown paths lead to "/"; averages freeze while it does not
mine; one request is served at a time; writes may need a one-time code.
"""

import asyncio
from base64 import b32decode
from collections.abc import Mapping
import hashlib
import hmac
import json
import struct
from typing import Any, override

from .clock import Clock, wall_clock
from .faults import Fault
from .hardware import Noise
from .rig import SimulatedRig
from .server import Reply, Request

_RATE = {"Gamma": 1070.0, "NerdQAxe++": 4830.0}
"""GH/s at the usual clock."""
_WATTS = {"Gamma": 17.6, "NerdQAxe++": 76.0}
_CLOCK = {"Gamma": 525, "NerdQAxe++": 600}
_BOOTS = 20.0
"""Seconds from its start to its first hashes."""
_IDENTIFIES = 30.0
_SECONDS_PER_SHARE = 12.0
_COLD = 45.0
_SETTINGS = frozenset(
    (
        "frequency",
        "coreVoltage",
        "autofanspeed",
        "manualFanSpeed",
        "minFanSpeed",
        "temptarget",
        "pidTargetTemp",
        "displayTimeout",
    )
)
_LIMITS: Mapping[str, Any] = {
    "defaultFrequency": 525,
    "frequencyOptions": [400, 490, 525, 550, 600, 625],
    "defaultVoltage": 1150,
    "voltageOptions": [1000, 1060, 1100, 1150, 1200, 1250],
}


class SimulatedAxeOS(SimulatedRig):
    """One miner; `code_secret` makes a NerdQAxe want one-time codes."""

    kind = "axeos"

    def __init__(
        self,
        name: str = "Bitaxe",
        *,
        model: str = "Gamma",
        mac: str = "AA:BB:CC:00:06:02",
        code_secret: str | None = None,
        running_for: float = 3600,
        clock: Clock = wall_clock,
        port: int = 0,
        boot_seconds: float = 10,
    ) -> None:
        """Mine for `running_for` seconds already; `model` is one of two."""
        super().__init__(name, port=port, clock=clock, boot_seconds=boot_seconds)
        self.model = model
        self.mac = mac
        self.secret = code_secret
        self.settings: dict[str, Any] = {
            "frequency": _CLOCK[model],
            "coreVoltage": 1150,
            "autofanspeed": 1 if model == "Gamma" else 2,
            "manualFanSpeed": 100,
            "minFanSpeed": 25,
            "temptarget" if model == "Gamma" else "pidTargetTemp": 60,
            "displayTimeout": -1,
        }
        self.deaf = False
        """Whether settings and orders change nothing, although they are answered."""
        self.refuses = False
        """Whether settings and orders are refused."""
        self.public = False
        """Whether it takes the client for one outside of its private network."""
        self.overheat_mode = 0
        self.writes = 0
        """How often the flash memory was written."""
        self.codes: list[str] = []
        self._token = ""
        self._noise = Noise(name)
        self._turn = asyncio.Lock()
        self._identifies_until = 0.0
        self._started_at = clock() - running_for
        self._stopped_at: float | None = None

    @property
    @override
    def form(self) -> dict[str, object]:
        return {"host": self.host, "port": self.port}

    @property
    def is_nerd(self) -> bool:
        """Whether it runs the firmware of the NerdQAxe family."""
        return self.model != "Gamma"

    @property
    def is_stopped(self) -> bool:
        """Whether its owner stopped it."""
        return self._stopped_at is not None

    @property
    def identifies(self) -> bool:
        """Whether it shows itself."""
        return self.clock() < self._identifies_until

    @property
    def hashrate(self) -> float:
        """GH/s now."""
        now = self.clock()
        idle = self.is_stopped or self.overheat_mode or Fault.NO_POOL in self.faults
        if idle or now - self._started_at < _BOOTS:
            return 0.0
        return self._full_rate * (1 + 0.02 * self._noise.at(now, 5))

    @property
    def _full_rate(self) -> float:
        share: float = self.settings["frequency"] / _CLOCK[self.model]
        return _RATE[self.model] * share

    def overheat(self) -> None:
        """Get too hot as 2.12 and later do: wait, and go on slower for good."""
        self.settings["frequency"] -= 100
        self.settings["coreVoltage"] -= 100
        self.settings |= {"autofanspeed": 0, "manualFanSpeed": 100}

    def restart(self) -> None:
        """Start anew: what was stopped mines again, counters begin at 0."""
        self._started_at = self.clock() + self.boot_seconds
        self._stopped_at = None
        self.fault("reboot")

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        if Fault.OFF in before - after:
            self._started_at = self.clock()
            self._stopped_at = None

    @override
    async def _handle(self, request: Request) -> Reply | None:
        async with self._turn:
            return await super()._handle(request)

    @override
    def _answer(self, request: Request) -> Reply | None:
        if self.public:
            return Reply(status=401, reason="Unauthorized", body=b"Unauthorized")
        if self.refuses and request.method != "GET":
            return Reply(status=400, reason="Bad Request", body=b"Wrong API input")
        match request.method, request.path:
            case "GET", "/api/system/info":
                return self._json_reply(json.dumps(self.info()).encode())
            case "GET", "/api/system/asic":
                limits = {**_LIMITS, "deviceModel": self.model}
                return self._json_reply(json.dumps(limits).encode())
            case "POST", "/api/v2/otp/session" if self.secret:
                return self._open_session(request)
            case "PATCH", "/api/system":
                return self._patch(request)
            case "POST", path if path.startswith("/api/system/"):
                return self._post(path.removeprefix("/api/system/"), request)
        return _redirect()

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return Reply(status=200, reason="OK", headers=headers, body=body)

    def _patch(self, request: Request) -> Reply:
        if not self._may_write(request):
            return Reply(status=401, reason="Unauthorized", body=b"otp")
        changes = json.loads(request.body)
        self.writes += 1
        if not self.deaf:
            self.settings |= {k: v for k, v in changes.items() if k in _SETTINGS}
            if changes.get("overheat_mode") == 0:
                self.overheat_mode = 0
        return Reply(status=200, reason="OK")

    def _post(self, name: str, request: Request) -> Reply:
        if name == "restart":
            # It answers, and is gone a moment later.
            self._boot = asyncio.get_running_loop().call_later(0.05, self.restart)
            return self._message("System will restart shortly.")
        if self.is_nerd:
            if name != "shutdown":
                return _redirect()
            self._stop()
            return self._message("System is shutting down")
        match name:
            case "pause":
                self._stop()
            case "resume":
                if not self.deaf:
                    self._stopped_at = None
            case "identify":
                now = self.clock()
                self._identifies_until = 0 if self.identifies else now + _IDENTIFIES
            case _:
                return Reply(status=404, reason="Not Found", body=b"{}")
        return self._message(name)

    def _stop(self) -> None:
        if not self.deaf and self._stopped_at is None:
            self._stopped_at = self.clock()

    def _message(self, text: str) -> Reply:
        return self._json_reply(json.dumps({"message": text}).encode())

    # ---- one-time codes

    def _may_write(self, request: Request) -> bool:
        if self.secret is None:
            return True
        return bool(self._token) and request.headers.get("x-otp-session") == self._token

    def _open_session(self, request: Request) -> Reply:
        assert self.secret is not None
        code = request.headers.get("x-totp", "")
        step = int(self.clock()) // 30
        valid = {_code(self.secret, step + n) for n in (-1, 0, 1)}
        if code not in valid or code in self.codes:
            return Reply(status=401, reason="Unauthorized", body=b"code")
        self.codes.append(code)
        self._token = f"session-{len(self.codes)}"
        session = {"token": self._token, "ttlMs": 86_400_000, "expiresAt": 0}
        return self._json_reply(json.dumps(session).encode())

    # ---- the answer

    def info(self) -> dict[str, Any]:
        """Return what it reports of itself."""
        now = self.clock()
        rate = self.hashrate
        works = rate > 0
        until = now if self._stopped_at is None else self._stopped_at
        average = self._full_rate * (1 + 0.005 * self._noise.at(until, 600))
        watts = _WATTS[self.model] * (1 + 0.01 * self._noise.at(now, 9))
        heat = 57 + 2 * self._noise.at(now, 60) + 25 * (Fault.HOT in self.faults)
        automatic = self.settings["autofanspeed"] != 0
        level = (47 if works else 30) if automatic else self.settings["manualFanSpeed"]
        shares = int(max(0.0, until - self._started_at) / _SECONDS_PER_SHARE)
        mac = "AA:BB:CC:99:99:99" if Fault.OTHER_RIG in self.faults else self.mac
        found = {
            **self.settings,
            "ASICModel": "BM1370",
            "macAddr": mac,
            "hostname": self.slug,
            "power": round(watts if works else watts * 0.2, 2),
            "voltage": 5100 if not self.is_nerd else 12_200,
            "current": round(watts / 12.2 * 1000),
            "temp": round(heat, 2) if works else -1,
            "vrTemp": 62 if works else 39,
            "coreVoltageActual": self.settings["coreVoltage"] - 9,
            "hashRate": round(rate, 3),
            "hashRate_1m": round(average, 3),
            "hashRate_10m": round(average, 3),
            "hashRate_1h": round(average, 3),
            "fanspeed": level,
            "fanrpm": round(level * 85),
            "sharesAccepted": shares,
            "sharesRejected": shares // 500,
            "bestDiff": 3_468_978_118,
            "bestSessionDiff": 1_402_113 + shares,
            "uptimeSeconds": max(0, int(now - self._started_at)),
            "wifiRSSI": -58,
            "wifiStatus": "Connected!",
            "freeHeap": 8_276_000,
            "stratumURL": "public-pool.io",
            "stratumPort": 21496,
            "stratumUser": "bc1demowallet.axe",
            "overheat_mode": self.overheat_mode,
        }
        expected = self._full_rate if works or self._boots(now) else 0
        if self.is_nerd:
            return found | {
                "deviceModel": self.model,
                "version": "v1.0.37",
                "shutdown": self.is_stopped,
                "otp": self.secret is not None,
                "asicCount": 4,
                "fanCount": 2,
                "fanspeed2": level,
                "fanrpm2": round(level * 80),
            }
        return found | {
            "boardVersion": "602",
            "version": "v2.15.0",
            "miningPaused": self.is_stopped,
            "expectedHashrate": round(expected, 3),
            "actualFrequency": self.settings["frequency"] if expected else 0,
            "isUsingFallbackStratum": False,
        }

    def _boots(self, now: float) -> bool:
        return not self.is_stopped and now - self._started_at < _BOOTS


def _code(secret: str, step: int) -> str:
    """Return the six digits of a step of 30 s (RFC 6238)."""
    digest = hmac.new(b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def _redirect() -> Reply:
    headers = {"Location": "/", "Content-Type": "text/html", "Connection": "close"}
    body = b"Redirect to the captive portal"
    return Reply(status=302, reason="Found", headers=headers, body=body)
