"""A simulated xmrig-proxy, with the traps that its HTTP API has for clients."""

from collections.abc import Iterable, Mapping
import copy
from hashlib import blake2b
from typing import Any, ClassVar, override

from ..clock import Clock, wall_clock
from ..faults import Fault
from ..hardware import Noise
from ..server import Reply, Request
from ..xmrig.config import parse
from ..xmrig.http import XmrigHttp
from ..xmrig.versions import Version
from .config import Config, normalise
from .proxy import Client, Proxy, Worker, worker_mode

__all__ = ["Client", "SimulatedXmrigProxy", "some_clients"]

_PARSE_ERROR = {"code": -32700, "message": "Parse error"}
_METHOD_NOT_FOUND = {"code": -32601, "message": "Method not found"}
_GIB = 1024**3
_COLUMNS_OF_MINERS = (
    *("id", "ip", "tx", "rx", "state", "diff", "user", "password", "rig_id", "agent"),
)


def some_clients(number: int, *, rate: float = 1000) -> list[Client]:
    """Return miners of different strength, each with a rig id of its own."""
    return [
        Client(
            rig_id=f"rig-{index:03}",
            rate=rate * (1 + index % 7 / 3),
            ip=f"192.0.2.{index % 250 + 1}",
        )
        for index in range(1, number + 1)
    ]


class SimulatedXmrigProxy(XmrigHttp):
    """An xmrig-proxy with its miners, its pool and its HTTP API."""

    kind: ClassVar[str] = "xmrig_proxy"

    def __init__(
        self,
        name: str = "proxy",
        *,
        version: str = "6.26.0",
        token: str | None = None,
        restricted: bool = True,
        clients: Iterable[Client] | None = None,
        config: Mapping[str, object] | None = None,
        rig_id: str | None = None,
        watch_delay: float = 0.5,
        running_for: float = 3600,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = wall_clock,
        seed: int = 1,
        tls: bool = False,
        boot_seconds: float = 20,
    ) -> None:
        """Prepare a proxy that has been running for `running_for` seconds.

        `config` is laid over the default configuration. ValueError for one that
        xmrig-proxy refuses.
        """
        super().__init__(
            name, host=host, port=port, clock=clock, tls=tls, boot_seconds=boot_seconds
        )
        self.version = Version(version)
        self.clients = list(some_clients(3) if clients is None else clients)
        """The miners that log in when it starts."""
        self._seed = f"{seed}:{name}"
        digest = blake2b(self._seed.encode(), digest_size=8)
        self._identity = digest.hexdigest() if rig_id is None else rig_id
        self._noise = Noise(self._seed)
        self._watch_delay = watch_delay
        document: dict[str, Any] = {
            "http": {
                "enabled": True,
                "host": "0.0.0.0",
                "access-token": token,
                "restricted": restricted,
            },
            "tls": {"enabled": tls},
            "bind": [{"host": "0.0.0.0", "port": 13333, "tls": False}],
            "pools": [{"url": "pool.hashvault.pro:443", "tls": True}],
            **(config or {}),
        }
        normal = normalise(document)
        if normal is None:
            raise ValueError("xmrig-proxy would refuse this configuration")
        self._restarts = 0
        self.proxy = self._process(normal, clock() - running_for)
        self.proxy.advance(clock())

    # ---- what tests and farms look at

    @property
    @override
    def form(self) -> dict[str, object]:
        """Host, port and token as typed into the integration's form."""
        form: dict[str, object] = {"host": self.host, "port": self.port}
        if self.token is not None:
            form["access_token"] = self.token
        if self.tls:
            form["connection"] = {"ssl": True, "verify_ssl": False}
        return form

    @property
    @override
    def token(self) -> str | None:
        """The token that is configured."""
        token: str | None = self.proxy.config["http"]["access-token"]
        return token

    @property
    @override
    def restricted(self) -> bool:
        """Whether the control endpoints are closed."""
        return bool(self.proxy.config["http"]["restricted"])

    @property
    def identity(self) -> str:
        """The `id` of the summary."""
        return str(self.proxy.config["api"]["id"] or self._identity)[:31]

    @property
    def config(self) -> Config:
        """A copy of the configuration that is in effect."""
        return copy.deepcopy(self._now().config)

    # ---- what tests and farms do to it

    def connect(self, client: Client) -> None:
        """Let a miner log in."""
        self._now().connect(client, self.clock())

    def disconnect(self, client: Client) -> None:
        """Lose a miner."""
        self._now().disconnect(client)

    def restart(self) -> None:
        """Restart the process at once: its miners come back, nothing is remembered."""
        clients = self._now().clients
        self._restarts += 1
        config, self.clients = self.proxy.config, list(clients)
        self.proxy = self._process(config, self.clock())
        self.proxy.pool_reachable = Fault.NO_POOL not in self.faults

    def configure(self, changes: Mapping[str, object]) -> None:
        """Change its configuration as its owner does with an editor."""
        config = normalise({**self.config, **changes})
        if config is None:
            raise ValueError("xmrig-proxy would refuse this configuration")
        self._now().put(config, self.clock(), 0)

    # ---- inside

    def _process(self, config: Config, now: float) -> Proxy:
        return Proxy(config, self.clients, f"{self._seed}:{self._restarts}", now)

    def _now(self) -> Proxy:
        """Return the process as it is at this moment."""
        if Fault.OFF not in self.faults:
            self.proxy.advance(self.clock())
        return self.proxy

    @override
    def _faults_changed(self, before: set[Fault], after: set[Fault]) -> None:
        if Fault.OFF not in before:
            self.proxy.advance(self.clock())
        if Fault.OFF in before - after:
            self.restart()
        self.proxy.pool_reachable = Fault.NO_POOL not in after

    @override
    def _answer(self, request: Request) -> Reply | None:
        proxy = self._now()
        if self.version.since(2, 16):
            return self._turned_down(request) or self._route(proxy, request)
        status = self._authorize_old(request)
        if status != 200:
            return self._empty(status)
        return self._route_of_old(proxy, request)

    def _route(self, proxy: Proxy, request: Request) -> Reply:
        summaries = ["/1/summary", "/api.json"]
        configs = ["/1/config"]
        if self.version.modern:
            summaries.append("/2/summary")
            configs.append("/2/config")
        match request.method, request.path:
            case "GET", path if path in summaries:
                return self._good(self._summary(proxy))
            case "GET", "/1/workers":
                return self._good(self._workers(proxy))
            case "GET", "/1/miners":
                return self._good(self._miners(proxy))
            case "GET" | "PUT" | "POST", path if path in configs:
                return self._config(proxy, request)
            case "POST", "/json_rpc" if self.version.since(3):
                return self._rpc(request.body)
        return self._bad(404)

    def _route_of_old(self, proxy: Proxy, request: Request) -> Reply | None:
        """Answer as before 2.16: any path that is not known is the summary."""
        since, path = self.version.since, request.path
        if path.startswith("/1/config") and since(2, 5):
            return self._empty(403) if self.restricted else self._config(proxy, request)
        if request.method != "GET":
            return None
        if path.startswith("/workers.json") or (path == "/1/workers" and since(2, 5)):
            return self._good(self._workers(proxy))
        if path == "/1/miners" and since(2, 8):
            return self._good(self._miners(proxy))
        if path.startswith("/resources.json"):
            memory = {"total_memory": 8 * _GIB, "resident_set_memory": 14_000_000}
            return self._good(memory)
        summary = self._summary(proxy)
        if path != "/1/summary" or not since(2, 5):
            summary["upstreams"] = summary["upstreams"]["active"]
        return self._good(summary)

    def _rates(self, proxy: Proxy) -> dict[str, list[float]]:
        rates = proxy.rates(self.clock())
        return {"total": rates if self.version.since(2, 5) else rates[:5]}

    def _summary(self, proxy: Proxy) -> dict[str, Any]:
        since, now, total = self.version.since, self.clock(), proxy.total
        uptime = int(now - proxy.started)
        other = Fault.OTHER_RIG in self.faults
        answer: dict[str, Any] = {
            "id": self.identity[::-1] if other else self.identity,
            "worker_id": proxy.config["api"]["worker-id"] or self.slug,
            "uptime": uptime,
        }
        if since(2, 16):
            answer["restricted"] = self.restricted
        if since(2, 9):
            answer["resources"] = self._resources(now)
        if since(2, 99):
            answer["features"] = ["api", "http", "tls"]
        answer |= {
            "version": self.version.text,
            "kind": "proxy",
            "ua": f"xmrig-proxy/{self.version.text} (Linux x86_64) libuv/1.51.0",
            "donate_level": proxy.config["donate-level"],
            "donated": 0.0,
            "hashrate": self._rates(proxy),
            "miners": {
                "now": 0 if proxy.starting else len(proxy.clients),
                "max": proxy.most_miners,
            },
            "upstreams": proxy.upstreams(),
            "results": {
                "accepted": total.accepted,
                "rejected": total.rejected,
                "invalid": total.invalid,
                "expired": total.expired,
                "avg_time": uptime // total.accepted if total.accepted else 0,
                "latency": proxy.latency if total.accepted else 0,
                "hashes_total": total.hashes,
                "hashes_donate": proxy.donated,
                "best": proxy.best,
            },
        }
        if since(2, 5):
            answer["mode"] = proxy.config["mode"]
        if since(2, 16):
            answer["algo"] = "invalid"
            answer["workers"] = len(proxy.workers)
        return answer

    def _resources(self, now: float) -> dict[str, Any]:
        free = {"free": 5 * _GIB} if self.version.since(2, 16) else {}
        return {
            "memory": {
                **free,
                "total": 8 * _GIB,
                "resident_set_memory": 14_000_000,
            },
            "load_average": [
                round(0.2 + 0.05 * self._noise.at(now, seconds), 2)
                for seconds in (60, 300, 900)
            ],
            "hardware_concurrency": 4,
        }

    def _workers(self, proxy: Proxy) -> dict[str, Any]:
        now = self.clock()
        answer: dict[str, Any] = {"hashrate": self._rates(proxy)}
        if self.version.since(2, 8):
            answer["mode"] = worker_mode(proxy.config)
        answer["workers"] = [
            self._row(worker, now)
            for worker in proxy.workers.values()
            # The first versions did not show who had nothing to show.
            if self.version.since(2, 5) or worker.connections or worker.accepted
        ]
        return answer

    @staticmethod
    def _row(worker: Worker, now: float) -> list[Any]:
        return [
            worker.name,
            worker.ip,
            worker.connections,
            worker.accepted,
            worker.rejected,
            worker.invalid,
            worker.hashes,
            int(worker.last_share * 1000),
            *worker.rates(now),
        ]

    @staticmethod
    def _miners(proxy: Proxy) -> dict[str, Any]:
        """Tell every connection, passwords included."""
        return {
            "format": [*_COLUMNS_OF_MINERS],
            "miners": [
                [
                    *(number, client.ip, 12546, 3496, 2, client.difficulty),
                    *(client.user, client.password, client.rig_id, client.agent),
                ]
                for number, client in enumerate(proxy.clients)
            ],
        }

    def _config(self, proxy: Proxy, request: Request) -> Reply:
        if request.method == "GET":
            return self._bad(403) if self.restricted else self._good(proxy.config)
        try:
            document = parse(request.body) if request.body else None
        except ValueError:
            return self._bad(400, {"error": "Invalid value.", "status": 400})
        config = normalise(document)
        if config is None:
            return self._bad(400)
        delay = self._watch_delay if config["watch"] else 0
        proxy.put(config, self.clock(), delay)
        return self._nothing()

    def _rpc(self, body: bytes) -> Reply:
        """Answer a call: there is no method, and the answer is sent twice."""
        identity, error = None, _METHOD_NOT_FOUND
        try:
            call = parse(body) if body else None
        except ValueError:
            call, error = None, _PARSE_ERROR
        if isinstance(call, Mapping):
            identity = call.get("id")
        return self._good(
            {"error": error, "jsonrpc": "2.0", "id": identity},
            copies=2 if self.version.since(5, 7) else 1,
        )
