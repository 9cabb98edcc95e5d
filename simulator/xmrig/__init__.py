"""A simulated XMRig, with the traps that its HTTP API has for clients."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
import copy
from hashlib import blake2b
import json
from typing import Any, ClassVar, override

from ..clock import Clock, wall_clock
from ..faults import Fault
from ..hardware import AMBIENT, HOT, Card, CpuModel, Machine, Noise
from ..models import CORE_I7_9700
from ..server import Reply, Request
from . import answers
from .config import Config, Equipment, normalise, parse
from .http import XmrigHttp
from .miner import Circumstances, Habits, Miner
from .versions import Version

__all__ = ["Habits", "SimulatedXMRig"]

PARSE_ERROR = (-32700, "Parse error")
INVALID_REQUEST = (-32600, "Invalid Request")
METHOD_NOT_FOUND = (-32601, "Method not found")


class SimulatedXMRig(XmrigHttp):
    """An XMRig with its hardware, its pool and its HTTP API."""

    kind: ClassVar[str] = "xmrig"
    version: Version

    def __init__(
        self,
        name: str = "office-pc",
        *,
        version: str = "6.26.0",
        token: str | None = None,
        restricted: bool = True,
        rig_id: str | None = None,
        worker_id: str | None = None,
        cpu: CpuModel = CORE_I7_9700,
        cards: Iterable[Card] = (),
        pools: Iterable[Mapping[str, object]] | None = None,
        config: Mapping[str, object] | None = None,
        habits: Habits | None = None,
        platform: str = "linux",
        dmi: bool = True,
        huge_pages: float = 1.0,
        running_for: float = 3600,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        seed: int = 1,
        tls: bool = False,
        boot_seconds: float = 20,
    ) -> None:
        """Prepare a rig that has been mining for `running_for` seconds.

        `rig_id` is what its network card makes of its identity ("" where it has none),
        `config` is laid over the default configuration, deep, `huge_pages` is the part
        of them that the host gives. ValueError for a configuration that XMRig refuses.
        """
        super().__init__(
            name, host=host, port=port, clock=clock, tls=tls, boot_seconds=boot_seconds
        )
        self.version = Version(version)
        self.habits = habits or Habits()
        self._circumstances = Circumstances()
        self.platform = platform
        self._dmi = dmi
        self._huge_pages = huge_pages
        self._seed = f"{seed}:{name}"
        digest = blake2b(self._seed.encode(), digest_size=8)
        self._hardware_id = digest.hexdigest() if rig_id is None else rig_id
        self._worker = worker_id or self.slug
        self._noise = Noise(self._seed)
        self._cards = tuple(cards)
        started = clock() - running_for
        self.machine = Machine(cpu, self._cards, seed=self._seed, now=started)
        document = _merged(
            _first_config(self._cards, token, restricted=restricted, tls=tls),
            config or {},
        )
        if pools is not None:
            document["pools"] = [dict(pool) for pool in pools]
        normal = normalise(document, Equipment(cpu=cpu, cards=self._cards))
        if normal is None:
            raise ValueError("XMRig would refuse this configuration")
        self._restarts = 0
        self.miner = self._process(normal, started)
        self.miner.advance(self.clock())

    @override
    async def start(self) -> None:
        """Open the port, which is then the one in the configuration."""
        await super().start()
        self.miner.config["http"]["port"] = self.port

    # What tests and farms look at

    @property
    @override
    def form(self) -> dict[str, object]:
        """Host, port and token as typed into the integration's form."""
        token = self.token
        form: dict[str, object] = {"host": self.host, "port": self.port}
        if token is not None:
            form["access_token"] = token
        if self.tls:
            form["connection"] = {"ssl": True, "verify_ssl": False}
        return form

    @property
    @override
    def token(self) -> str | None:
        """The token that is configured."""
        token: str | None = self._now().config["http"]["access-token"]
        return token

    @property
    @override
    def restricted(self) -> bool:
        """Whether the control endpoints are closed."""
        return bool(self._now().config["http"]["restricted"])

    @property
    def identity(self) -> str:
        """The `id` of the summary."""
        chosen = self._now().config["api"]["id"]
        return str(chosen)[:31] if chosen else self._hardware_id

    @property
    def config(self) -> Config:
        """A copy of the configuration that is in effect."""
        return copy.deepcopy(self._now().config)

    @property
    def paused(self) -> bool:
        """Whether it is paused, by hand or by itself."""
        return self._now().paused

    @property
    def stopped(self) -> bool:
        """Whether it has work but no workers, as after `stop`."""
        return self._now().stopped

    @property
    def hashing(self) -> bool:
        """Whether anything hashes at this moment."""
        return self._now().rate > 0

    @property
    def power(self) -> float:
        """W that the whole rig draws from the wall; 0 while it is off."""
        self._now()
        return 0.0 if Fault.OFF in self.faults else self.machine.power(self.clock())

    # What tests and farms do to it

    @property
    def on_battery(self) -> bool:
        """Whether its host has no mains; can be set."""
        return self._circumstances.on_battery

    @on_battery.setter
    def on_battery(self, value: bool) -> None:
        self._now()
        self._circumstances.on_battery = value

    @property
    def user_active(self) -> bool:
        """Whether somebody uses its host; can be set."""
        return self._circumstances.user_active

    @user_active.setter
    def user_active(self, value: bool) -> None:
        self._now()
        self._circumstances.user_active = value

    def pause(self) -> None:
        """Pause as by its own keyboard."""
        self._now().pause(self.clock())

    def resume(self) -> None:
        """Resume as by its own keyboard."""
        self._now().resume(self.clock())

    def stop_workers(self) -> None:
        """Stop as by the RPC method of that name."""
        self._now().stop(self.clock())

    def new_job(self) -> None:
        """Let the pool send a job now."""
        self._now().new_job(self.clock())

    def drop_pool(self) -> None:
        """Let the pool drop the connection; it is back after `retry-pause` seconds."""
        self._now().drop_pool(self.clock())

    def restart(self) -> None:
        """Restart the process at once: everything it counted begins anew."""
        self._now().end(self.clock())
        self._boot_process(self.clock())

    def configure(self, changes: Mapping[str, object]) -> None:
        """Change its configuration as its owner does with an editor, deep."""
        if not self._now().put(_merged(self.config, changes), self.clock()):
            raise ValueError("XMRig would refuse this configuration")

    # Inside

    def _boot_process(self, now: float) -> None:
        self._restarts += 1
        self.miner = self._process(self.miner.written, now)

    def _process(self, config: Config, now: float) -> Miner:
        return Miner(
            self.version,
            self.machine,
            config,
            seed=f"{self._seed}:{self._restarts}",
            now=now,
            habits=self.habits,
            circumstances=self._circumstances,
        )

    def _now(self) -> Miner:
        """Return the process as it is at this moment."""
        if Fault.OFF not in self.faults:
            self.miner.advance(self.clock())
            self._follow_http()
        return self.miner

    def _follow_http(self) -> None:
        """Be reached where the configuration says, if a change of it took effect."""
        http = self.miner.config["http"]
        if http["port"] not in {0, self.port}:
            self._server.move(http["port"])
        self._serves = http["enabled"]
        with suppress(OSError):  # A port that is taken: it stays unreachable.
            self._settle_port()

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        now = self.clock()
        if Fault.OFF not in before:
            self.miner.advance(now)
        if Fault.OFF in after - before:
            self.miner.end(now)
        self.machine.stand_in(now, AMBIENT + HOT * (Fault.HOT in after))
        self._circumstances.pools_reachable = Fault.NO_POOL not in after
        if Fault.OFF in before - after:
            self._boot_process(now)
        elif Fault.NO_POOL in after - before:
            self.miner.drop_pool(now)

    @override
    def _truncated(self, body: bytes) -> bytes:
        """Stop inside the hashrate, as versions 6.20.0 to 6.22.1 did."""
        place = body.find(b"[", body.find(b'"hashrate": '))
        if b'"hashrate": ' not in body:
            return super()._truncated(body)
        return body[: place + 1]

    @override
    def _answer(self, request: Request) -> Reply | None:
        port = self.port
        miner = self._now()
        if self.port != port or not self._serves:
            return None
        if not self.version.own_server:
            return self._answer_of_old(miner, request)
        return self._turned_down(request) or self._route(miner, request)

    def _route(self, miner: Miner, request: Request) -> Reply | None:
        now, modern = self.clock(), self.version.modern
        match request.method, request.path:
            case "GET", "/2/summary" if modern:
                return self._good(answers.summary(miner, self._host(), now))
            case "GET", "/1/summary" | "/api.json" if modern:
                return self._good(answers.summary(miner, self._host(), now, 1))
            case "GET", "/1/summary" | "/api.json":
                return self._good(answers.legacy_summary(miner, self._host(), now))
            case "GET", "/1/threads" if not modern and self.restricted:
                return self._bad(403)
            case "GET", "/1/threads" if not modern:
                return self._good(answers.legacy_threads(miner, now))
            case "GET", "/2/backends" if modern:
                return self._good(answers.backends(miner, self._host(), now))
            case "GET", "/2/dmi" if self._dmi and self.version.since(6, 8):
                return self._good(answers.dmi(miner))
            case method, "/1/config" | "/2/config" as path if modern or path[1] == "1":
                return self._config(miner, method, request.body)
            case "POST", "/json_rpc" if self.version.rpc:
                return self._rpc(miner, request.body)
            case _:
                return self._bad(404)

    def _config(self, miner: Miner, method: str, body: bytes) -> Reply | None:
        if method == "GET":
            return self._bad(403) if self.restricted else self._good(miner.config)
        if method not in {"PUT", "POST"}:
            return self._bad(404)
        try:
            document = parse(body) if body else None
        except ValueError:
            return self._bad(400, {"error": "Invalid value.", "status": 400})
        before = miner.config["http"]
        if not miner.put(document, self.clock()):
            return self._bad(400)
        if self._now().config["http"] != before:
            return None  # Applied at once: its server restarted under the answer.
        return self._nothing()

    def _rpc(self, miner: Miner, body: bytes) -> Reply:
        identity: object = None
        error: tuple[int, str] | None = None
        try:
            call = parse(body) if body else None
        except ValueError:
            call, error = None, PARSE_ERROR
        if isinstance(call, Mapping):
            identity = call.get("id")
            error = self._call(miner, call.get("method"))
        elif error is None:
            error = INVALID_REQUEST
        answer: dict[str, object] = {"result": {"status": "OK"}}
        if error is not None:
            answer = {"error": {"code": error[0], "message": error[1]}}
        answer |= {"jsonrpc": "2.0", "id": identity}
        return self._good(answer, copies=2 if self.version.answers_rpc_twice else 1)

    def _call(self, miner: Miner, method: object) -> tuple[int, str] | None:
        """Do what a JSON-RPC call says; return the error, if any."""
        if not isinstance(method, str):
            return INVALID_REQUEST
        now = self.clock()
        if method == "start" and self.habits.knows_start:
            miner.resume(now)
            miner.new_job(now)
        elif method not in self.version.rpc:
            return METHOD_NOT_FOUND
        elif method == "pause":
            miner.pause(now)
        elif method == "resume":
            miner.resume(now)
        else:
            miner.stop(now)
        return None

    def _answer_of_old(self, miner: Miner, request: Request) -> Reply | None:
        """Answer as before 2.15.1: any other path is the summary, errors are empty."""
        now = self.clock()
        status = self._authorize_old(request)
        if status != 200:
            return self._empty(status)
        match request.method, request.path:
            case "GET", "/1/threads" | "/1/config" if self.restricted:
                return self._empty(403)
            case "GET", "/1/threads":
                return self._good(answers.legacy_threads(miner, now))
            case ("GET" | "PUT") as method, "/1/config":
                return self._config(miner, method, request.body)
            case "GET", _:
                return self._good(answers.legacy_summary(miner, self._host(), now))
            case _:
                return None

    def _host(self) -> answers.Host:
        other = Fault.OTHER_RIG in self.faults
        worker = self._now().config["api"]["worker-id"]
        return answers.Host(
            identity=self.identity[::-1] if other else self.identity,
            worker="another-pc" if other else worker or self._worker,
            restricted=self.restricted,
            platform=self.platform,
            noise=self._noise,
            huge_pages=self._huge_pages,
            features=("api", "asm", "http", "hwloc", "tls", "opencl", "cuda"),
        )


def _first_config(
    cards: tuple[Card, ...], token: str | None, *, restricted: bool, tls: bool
) -> dict[str, Any]:
    """Return the configuration a rig starts with."""
    vendors = {card.model.vendor for card in cards}
    return {
        "http": {
            "enabled": True,
            "host": "0.0.0.0",
            "access-token": token,
            "restricted": restricted,
        },
        "tls": {"enabled": tls},
        "opencl": {"enabled": "amd" in vendors},
        "cuda": {"enabled": "nvidia" in vendors},
        "pools": [
            {
                "url": "pool.hashvault.pro:443",
                "user": "48DemoWalletOfTheSimulator",
                "pass": "x",
                "coin": "monero",
                "keepalive": True,
                "tls": True,
            },
            {
                "url": "gulf.moneroocean.stream:10128",
                "user": "48DemoWalletOfTheSimulator",
                "pass": "x",
                "algo": "rx/0",
                "keepalive": True,
            },
        ],
    }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid over it, sections merged, copied."""
    merged = json.loads(json.dumps(base))
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return dict(merged)
