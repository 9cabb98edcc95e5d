"""CPU/GPU Sentry: the program on a rig that pushes, and starts what is to be mined.

Behaves like CPU/GPU Sentry 1.1.0, as its source describes it; docs/rig_monitor.md has
the API that it uses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
import math
import re
from typing import ClassVar, override

from .agent import (
    Agent,
    AgentFault,
    Crash,
    Json,
    Mishap,
    PushedRig,
    Worker,
    decode,
    encode,
    path_join,
)
from .hardware import AMBIENT, HOT, Activity, Card, Cpu, CpuModel, Gpu, Machine
from .models import GB, RYZEN_7_5800X
from .timeline import Timeline

LOGS = "/cpu_gpu_miners/logs"
SPECS = "/cpu_gpu_miners/specs"
PLAYBOOKS = "/cpu_gpu_miners/playbooks"

_SPECS_AFTER = 1.0
_PLAYBOOKS_AFTER = 2.0
_PLAYBOOKS_PAUSE = 60.0
_MINER_START_SECONDS = 5.0
_LOGS_AFTER = 10.0
_LOGS_PAUSE = 5.0
_NETWORK_AFTER = 10.0
_READINGS_AFTER = 30.0
_READINGS_PAUSE = 5.0
_WAN_SECONDS = 0.2
"""What asking for the public address takes."""
_NVIDIA_SMI_SECONDS = 0.5
_CONNECT_SECONDS = 8.0
_RECEIVE_SECONDS = 5.0

_POST_HEAD = (
    "api_code: {code}",
    "Host: {authority}",
    "User-Agent: hackney/1.23.0",
    "Content-Type: application/json",
    "Content-Length: {length}",
)
_GET_HEAD = (
    "content-type: application/json",
    "api_code: {code}",
    "Host: {authority}",
    "User-Agent: hackney/1.23.0",
)

_GPUS = range(1, 9)
_ALGORITHMS = (1, 2)
_NOT_AVAILABLE = "[N/A]"

LOG_KEYS = (
    "cpu_temp",
    "cpu_hashrate",
    "cpu_hashrate_uom",
    "cpu_algorithm",
    "cpu_coin_name",
    "cpu_pool_address",
    "cpu_wallet_address",
    "cpu_power",
    *(
        f"gpu_{gpu}_{reading}"
        for reading in (
            "core_temp",
            "mem_temp",
            "hashrate_1",
            "hashrate_2",
            "core_clock",
            "mem_clock",
            "power",
            "fan",
        )
        for gpu in _GPUS
    ),
    "gpu_fan_uom",
    *(
        f"gpu_{fact}_{number}"
        for fact in (
            "algorithm",
            "hashrate_uom",
            "coin_name",
            "pool_address",
            "wallet_address",
        )
        for number in _ALGORITHMS
    ),
    "lan_ip",
    "wan_ip",
    "uptime",
)
"""What every log has at least, in order."""

_HASHRATE_KEYS = tuple(key for key in LOG_KEYS if "hashrate" in key)
_PROGRAM_KEYS = (
    "cpu_coin_name",
    "cpu_algorithm",
    "cpu_pool_address",
    "cpu_wallet_address",
    *(
        f"gpu_{fact}_{number}"
        for fact in ("coin_name", "algorithm", "pool_address", "wallet_address")
        for number in _ALGORITHMS
    ),
)
"""What a log repeats of the playbook that is mined."""
_COMPARED_KEYS = (
    "id",
    "software_name",
    "software_version",
    "module",
    "command_argument",
    "cpu_coin_name",
    "cpu_algorithm",
    "gpu_coin_name_1",
    "gpu_algorithm_1",
    "gpu_coin_name_2",
    "gpu_algorithm_2",
)
"""What makes two playbooks different."""
_MODULES = frozenset({"Elixir.MinerProvision.XMRIG_6_22_2"})
_XMRIG_WINDOW = 10.0


@dataclass(kw_only=True)
class Playbook:
    """A playbook that the client took over."""

    entry: Json
    expected: str
    status: str = "new"
    """`new`, `stop` (installed) or `mining`."""


class Program:
    """An XMRig that the client started; it ends at once if it cannot understand."""

    def __init__(self, arguments: Sequence[str], cpu: Cpu, now: float) -> None:
        """Start with these arguments."""
        self.arguments = [*arguments, "--http-port", "10001"]
        self._cpu = cpu
        self._since = now
        self._activity = Activity(now, memory=_XMRIG_WINDOW)
        algorithm = _option(arguments, "-a", "--algo") or "rx/0"
        self._rate = cpu.model.rates.get(algorithm, 0.0)
        self.alive = bool(_option(arguments, "-o", "--url")) and self._rate > 0

    def work(self, now: float, *, connected: bool) -> None:
        """Hash, or wait for a pool."""
        self._activity.set(now, 1.0 if self.alive and connected else 0.0)

    @property
    def hashing(self) -> bool:
        """Whether it hashes at this moment."""
        return self._activity.level > 0

    def hashrate(self, now: float) -> float | None:
        """Return H/s over ten seconds, None in the first ten."""
        if now - self._since < _XMRIG_WINDOW:
            return None
        mean = self._rate * self._activity.mean(now, _XMRIG_WINDOW)
        return mean * (1 + 0.013 * self._cpu.noise.at(now, _XMRIG_WINDOW))


def _option(arguments: Sequence[str], *names: str) -> str | None:
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            if equals:
                return value
            return arguments[position + 1] if position + 1 < len(arguments) else None
    return None


class SimulatedCpuGpuSentry(PushedRig, Agent):
    """A rig with processor and cards, and CPU/GPU Sentry on it."""

    rig_type = "cpu_gpu"
    descriptions: ClassVar[Mapping[AgentFault, str]] = {
        AgentFault.OFF: "the rig has no power; it boots anew when it is back",
        AgentFault.UNPLUGGED: "the rig is off the network: no pushes, its miner stops",
        AgentFault.AGENT_DOWN: "the agent does not run, nor does the miner it started",
        AgentFault.WRONG_CODE: "the agent was given a mistyped API code",
        AgentFault.TEXT_NUMBERS: "a program that pushes numbers as text is in its place",
        AgentFault.STALE: "sensors cannot be read any more and the last values are repeated",
        AgentFault.SILENT_MINER: "the miner's own API does not answer",
        AgentFault.NO_SENSORS: "the program that reads the processor's heat is missing",
        AgentFault.GPU_LOST: "the first card drops out and the others change their numbers",
        AgentFault.NO_POOL: "no pool can be reached",
        AgentFault.HOT: "the air stands still and everything gets hot",
    }

    def __init__(
        self,
        url: str,
        name: str,
        api_code: str,
        *,
        cpu: CpuModel = RYZEN_7_5800X,
        cards: Sequence[Card] = (),
        gpu_load: float = 0.0,
        motherboard: str = "Supermicro\n X10DRL-i\n 1.01\n",
        lan_ip: str = "192.168.0.103",
        wan_ip: str | None = "203.0.113.7",
        running_for: float = 93_900,
        boot_seconds: float = 40,
        time: Timeline | None = None,
        strict: bool = True,
    ) -> None:
        """Prepare a rig that has been on for `running_for` seconds.

        `gpu_load` is what a program that the client knows nothing of does on the cards.
        """
        Agent.__init__(self, url, time=time, strict=strict)
        PushedRig.__init__(self, name, api_code)
        self.motherboard = motherboard
        self.lan_ip = lan_ip
        self.wan_ip = wan_ip
        self.boot_seconds = boot_seconds
        self._gpu_load = gpu_load
        self._booted = self.time.clock() - running_for
        self.machine = Machine(cpu, tuple(cards), seed=name, now=self._booted)
        self._playbooks: dict[object, Playbook] = {}
        self._runners: dict[object, Program | None] = {}
        """By playbook; None until its miner is started."""
        self._log: Json = dict.fromkeys(LOG_KEYS)
        self._http = self._client(
            connect_seconds=_CONNECT_SECONDS, receive_seconds=_RECEIVE_SECONDS
        )
        self._work(self._booted)

    @property
    @override
    def mining(self) -> bool:
        """Whether a miner that the client started hashes at this moment."""
        return any(program.hashing for program in self.programs)

    @property
    def programs(self) -> list[Program]:
        """The miners that run."""
        return [p for p in self._runners.values() if p is not None and p.alive]

    @property
    def playbooks(self) -> list[Json]:
        """The playbooks that the client took over."""
        return [playbook.entry for playbook in self._playbooks.values()]

    @property
    @override
    def powered(self) -> bool:
        """Whether the rig has power."""
        return AgentFault.OFF not in self.faults

    @property
    def power(self) -> float:
        """W that the whole rig draws from the wall; 0 while it is off."""
        return self.machine.power(self.time.clock()) if self.powered else 0.0

    @property
    @override
    def rigs(self) -> Sequence[PushedRig]:
        return [self]

    @property
    @override
    def _wanted(self) -> bool:
        return self.powered and AgentFault.AGENT_DOWN not in self.faults

    @property
    @override
    def _connected(self) -> bool:
        return AgentFault.UNPLUGGED not in self.faults

    @override
    def _workers(self) -> Mapping[str, Worker]:
        return {
            "workflow": self._follow_playbooks,
            "log sender": self._tell_logs,
            "log updater": self._read,
        }

    @override
    def _forget(self) -> None:
        self._log = dict.fromkeys(LOG_KEYS)
        self._playbooks.clear()
        self._stop_all()

    @override
    def _faults_changed(self, before: set[AgentFault], after: set[AgentFault]) -> None:
        now = self.time.clock()
        back = AgentFault.OFF in before - after
        if back:
            self._booted = now
        self.machine.stand_in(now, AMBIENT + (HOT if AgentFault.HOT in after else 0))
        self._settle(delay=self.boot_seconds if back else 0)
        self._work(now)

    def _work(self, now: float) -> None:
        """Let processor and cards work for whatever runs."""
        for program in self.programs:
            program.work(now, connected=AgentFault.NO_POOL not in self.faults)
        self.machine.cpu.run(now, 1.0 if self.powered and self.mining else 0.0)
        for gpu in self.machine.gpus:
            gpu.run(now, self._gpu_load if self.powered else 0.0)

    # Its main workflow: specs once, then playbooks

    async def _follow_playbooks(self) -> None:
        self._stop_all()  # They are linked to the workflow and die when it crashes.
        began = self.time.clock()
        await self.time.sleep(_SPECS_AFTER)
        await self._post(SPECS, self._specs())
        passed = self.time.clock() - began
        await self.time.sleep(max(0.0, _PLAYBOOKS_AFTER - passed))
        while True:
            fetched = await self._fetch()
            if _compared(fetched) != _compared(self._playbooks):
                self._remove_playbooks()
            if not self._playbooks:
                self._playbooks = fetched
            self._install()
            self._prepare_start()
            await self.time.sleep(_MINER_START_SECONDS)
            self._start_prepared()
            await self.time.sleep(_PLAYBOOKS_PAUSE - _MINER_START_SECONDS)

    async def _fetch(self) -> dict[object, Playbook]:
        """Return the playbooks by id; none if anything fails on the way."""
        answer = await self._send(
            self._http,
            "GET",
            path_join(self.url, PLAYBOOKS),
            _GET_HEAD,
            code=self.sent_code,
        )
        if answer is None or answer.status != 200:
            return {}
        return understand_playbooks(decode(answer.body))

    def _remove_playbooks(self) -> None:
        for key in self._playbooks:
            if key not in self._runners:
                raise Crash("a playbook whose miner never ran cannot be removed")
        self._stop_all()
        self._playbooks.clear()

    def _install(self) -> None:
        for playbook in self._playbooks.values():
            if playbook.status == "new":
                if playbook.entry["module"] not in _MODULES:
                    raise Crash("the module of a playbook is not there")
                playbook.status = "stop"

    def _prepare_start(self) -> None:
        for key, playbook in self._playbooks.items():
            if playbook.expected == "mining" and playbook.status == "stop":
                playbook.status = "mining"
                self._runners[key] = None

    def _start_prepared(self) -> None:
        now = self.time.clock()
        for key, program in self._runners.items():
            if program is None:
                argument = self._playbooks[key].entry.get("command_argument")
                if not isinstance(argument, str):
                    raise Crash("the argument of a playbook is no text")
                self._runners[key] = Program(argument.split(" "), self.machine.cpu, now)
        self._work(now)

    def _stop_all(self) -> None:
        self._runners.clear()
        self._work(self.time.clock())

    def _specs(self) -> Json:
        specs: Json = {
            "motherboard_name": self.motherboard,
            "cpu_name": self.machine.cpu.model.name,
            "ram_size": f"{self.machine.cpu.model.memory // GB - 1}GB",
        }
        specs |= dict.fromkeys(f"gpu_{number}_name" for number in _GPUS)
        names = [gpu.model.name for gpu in self._seen_gpus]
        return specs | {f"gpu_{n}_name": name for n, name in enumerate(names, start=1)}

    # Its log

    async def _tell_logs(self) -> None:
        await self.time.sleep(_LOGS_AFTER)
        while True:
            await self._post(LOGS, self.as_pushed(self._log))
            await self.time.sleep(_LOGS_PAUSE)

    async def _post(self, path: str, body: Json) -> None:
        """Push; whatever the answer is, the client only logs it."""
        answer = await self._send(
            self._http,
            "POST",
            path_join(self.url, path),
            _POST_HEAD,
            code=self.sent_code,
            body=encode(body),
        )
        if answer and answer.status == 200 and path == LOGS:
            self.pushed += 1

    async def _read(self) -> None:
        """Keep the log up to date; what is not read anew stays for ever."""
        began = self.time.clock()
        await self.time.sleep(_NETWORK_AFTER)
        network: Json = {
            "lan_ip": self.lan_ip,
            "wan_ip": self.wan_ip if self._connected else None,
            "uptime": self._uptime,
        }
        await self.time.sleep(_WAN_SECONDS)
        self._log |= network
        await self.time.sleep(began + _READINGS_AFTER - self.time.clock())
        while True:
            self._log["cpu_temp"] = self._cpu_temperature()
            self._log["uptime"] = self._uptime
            if self._seen_gpus:
                await self.time.sleep(_NVIDIA_SMI_SECONDS)
                self._log |= self._gpu_readings()
            for playbook in self._playbooks.values():
                if playbook.status == "mining":
                    self._log |= self._hashrates()
                    self._log |= {key: playbook.entry.get(key) for key in _PROGRAM_KEYS}
            await self.time.sleep(_READINGS_PAUSE)

    @property
    def _uptime(self) -> str:
        return pretty_uptime(self.time.clock() - self._booted)

    def _cpu_temperature(self) -> int | None:
        if AgentFault.NO_SENSORS in self.faults:
            return None
        if AgentFault.STALE in self.faults:
            raise Mishap("sensors knows no processor")
        return math.ceil(self.machine.cpu.temperature(self.time.clock()))

    @property
    def _seen_gpus(self) -> list[Gpu]:
        """The cards that nvidia-smi lists, in the order of their slots."""
        gpus = [gpu for gpu in self.machine.gpus if gpu.model.vendor == "nvidia"]
        return gpus[1:] if AgentFault.GPU_LOST in self.faults else gpus

    def _gpu_readings(self) -> Json:
        """Return what nvidia-smi tells; Mishap for a reading that is not available."""
        now = self.time.clock()
        blind = {
            id(gpu): card.blind
            for gpu, card in zip(self.machine.gpus, self.machine.cards, strict=True)
        }
        readings: Json = {"gpu_fan_uom": "%"}
        for number, gpu in enumerate(self._seen_gpus, start=1):
            if blind[id(gpu)]:
                raise Mishap(f"nvidia-smi says {_NOT_AVAILABLE}")
            readings |= {
                f"gpu_{number}_core_temp": round(gpu.temperature(now)),
                f"gpu_{number}_core_clock": gpu.clock(now),
                f"gpu_{number}_mem_clock": gpu.memory_clock(),
                f"gpu_{number}_mem_temp": None,
                f"gpu_{number}_fan": round(gpu.fan(now)),
                f"gpu_{number}_power": math.ceil(gpu.power(now)),
            }
        return readings

    def _hashrates(self) -> Json:
        """Return what the miner's API tells, everything unknown if it is silent."""
        hashrates: Json = dict.fromkeys(_HASHRATE_KEYS)
        programs = self.programs
        if programs and AgentFault.SILENT_MINER not in self.faults:
            rate = programs[0].hashrate(self.time.clock())
            hashrates["cpu_hashrate"] = None if rate is None else math.ceil(rate)
            hashrates["cpu_hashrate_uom"] = "H/s"
        return hashrates


def _compared(playbooks: Mapping[object, Playbook]) -> dict[object, Json]:
    return {
        key: {name: playbook.entry.get(name) for name in _COMPARED_KEYS}
        for key, playbook in playbooks.items()
    }


def understand_playbooks(answer: object) -> dict[object, Playbook]:
    """Return the playbooks in an answer, by id; Crash for what the client dies of."""
    if answer == {}:
        return {}
    if not isinstance(answer, list):
        raise Crash("the playbooks are no list")
    return dict(_understood(entry) for entry in answer)


def _understood(entry: object) -> tuple[object, Playbook]:
    if not isinstance(entry, dict):
        raise Crash("a playbook is no object")
    for key in ("module", "inserted_at", "updated_at"):
        if not isinstance(entry.get(key), str):
            raise Crash(f"the {key} of a playbook is no text")
    for key in ("inserted_at", "updated_at"):
        if not _is_moment(entry[key]):
            raise Crash(f"the {key} of a playbook is no moment")
    expected = entry.get("expected_status", "mining")
    if not isinstance(expected, str):
        raise Crash("the expected_status of a playbook is no text")
    number = entry.get("id")
    if not isinstance(number, str | int | float | None):
        raise Crash("the id of a playbook cannot be part of a name")
    return number, Playbook(entry=entry, expected=expected)


def _is_moment(text: str) -> bool:
    """Whether NaiveDateTime understands it: a zone may follow and is dropped."""
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.,]\d+)?(Z|[+-]\d\d(:?\d\d)?)?",
        text,
        re.ASCII,
    )
    if found is None:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return False
    return True


_UNITS = (
    ("decade", 10 * 365 * 1440),
    ("year", 365 * 1440),
    ("week", 7 * 1440),
    ("day", 1440),
    ("hour", 60),
    ("minute", 1),
)


def pretty_uptime(seconds: float) -> str:
    """Say a time as `uptime -p` does, without its "up": `1 day, 2 hours, 5 minutes`."""
    left = int(seconds // 60)
    parts = []
    for unit, minutes in _UNITS:
        number, left = divmod(left, minutes)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return ", ".join(parts) or "0 minutes"
