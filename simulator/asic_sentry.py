"""ASIC Sentry: one program that pushes for many ASICs, and the relays at their mains.

Behaves like ASIC Sentry 3.1.0 with an Ice River KS5L, as its source describes it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
import math
from random import Random
import re
from typing import Any, ClassVar, override
from urllib.parse import urlsplit

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
from .clock import Clock
from .hardware import AMBIENT, HOT, Activity, AsicModel, Processor
from .models import ICE_RIVER_KS5L
from .stratum import Stratum
from .timeline import Timeline

LOGS = "/asic_miners/logs"
SPECS = "/asic_miners/specs"
EXPECTED_STATUS = "/asic_miners/expected_status"
EXPECTED_STATUS_BULK = "/asic_miners/expected_status_bulk"

_START_SECONDS = 5.0
_LOGS_PAUSE = 10.0
_SPECS_PAUSE = 60.0
_STATUS_PAUSE = 5.0
_RELAY_PAUSE = 5.0
_HACKNEY_CONNECT_SECONDS = 8.0
_HACKNEY_RECEIVE_SECONDS = 5.0

_PUSH_HEAD = (
    "content-type: application/json",
    "content-length: {length}",
    "te: ",
    "host: {authority}",
    "connection: keep-alive",
    "api_code: {code}",
)
_STATUS_HEAD = (
    "api_code: {code}",
    "Accept-Encoding: application/json",
    "Host: {authority}",
    "User-Agent: hackney/1.23.0",
)
_STATUS_BULK_HEAD = (
    "Accept-Encoding: application/json",
    "Host: {authority}",
    "User-Agent: hackney/1.23.0",
    "Content-Type: application/json",
    "Content-Length: {length}",
)

_GIGA = 1e9
_HASHRATE_NOISE = {300: 0.06, 1800: 0.015}
_POOLS = (
    "stratum+tcp://asia1.kaspa-pool.org:4441",
    "stratum+tcp://eu1.kaspa-pool.org:4441",
    "stratum+tcp://us1.kaspa-pool.org:4441",
)

type Panel = Mapping[str, Any]
"""What a device answers, as far as it goes."""


@dataclass(frozen=True, kw_only=True)
class Asic:
    """An ASIC to put on a shelf, and how it is wired."""

    name: str
    api_code: str
    model: AsicModel = ICE_RIVER_KS5L
    relay: bool = True
    """Whether a relay controller stands at its mains; without one, orders do nothing."""
    boot_seconds: float = 180
    """From power to mining, and to answering its agent."""
    running_for: float = 28 * 3600
    """Seconds that it has been mining when the simulation begins."""
    lan_ip: str = "192.168.1.50"
    pools: Sequence[str] = _POOLS
    user: str = "kaspa:demo-wallet"


@dataclass(kw_only=True)
class Order:
    """What ASIC Sentry keeps of the server's orders, in a database of its own."""

    name: str | None = None
    asic: str = "on"
    light: str = "off"


class SimulatedAsic(PushedRig):
    """An ASIC with its relay and its lamp."""

    rig_type = "asic"
    descriptions: ClassVar[Mapping[AgentFault, str]] = {
        AgentFault.OFF: "the ASIC has no power; it boots anew when it is back",
        AgentFault.UNPLUGGED: "the agent does not reach the ASIC, which goes on mining",
        AgentFault.AGENT_DOWN: "the agent of this and its other ASICs does not run",
        AgentFault.WRONG_CODE: "the agent was given a mistyped API code",
        AgentFault.TEXT_NUMBERS: "a program that pushes numbers as text is in its place",
        AgentFault.STALE: "the ASIC answers the same for ever",
        AgentFault.GARBAGE: "the ASIC's answer is no JSON",
        AgentFault.DEAD_BOARD: "the last hashboard is dead and the last fan stands still",
        AgentFault.RELAY_STUCK: "the relay does not switch any more",
        AgentFault.NO_POOL: "no pool can be reached",
        AgentFault.HOT: "the air stands still and everything gets hot",
    }

    def __init__(
        self, settings: Asic, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """Mine already; `changed` is called when the agent may feel a fault."""
        super().__init__(settings.name, settings.api_code)
        self.settings = settings
        self.order = Order()
        self.light = False
        """Whether the lamp at the relay controller is lit."""
        self.device: Json = {}
        """Laid over the device's answer: what another firmware says."""
        self.contact = True
        """Whether the relay lets the mains through."""
        self._clock = clock
        self._changed = changed
        self._random = Random(settings.name)
        began = clock() - settings.running_for
        model = settings.model
        self._boards = [
            Processor(model.board, seed=f"{settings.name}:{number}", now=began)
            for number in range(model.boards)
        ]
        self._now = began
        self._has_power = True
        self._mining_since: float | None = None
        self._frozen: Json | None = None
        self._boot(began, seconds=0)
        self._advance()

    @property
    @override
    def powered(self) -> bool:
        """Whether it has mains."""
        return self.contact and AgentFault.OFF not in self.faults

    @property
    def reachable(self) -> bool:
        """Whether there is anybody at its address, if only to refuse."""
        return self.powered and AgentFault.UNPLUGGED not in self.faults

    @property
    @override
    def mining(self) -> bool:
        self._advance()
        return any(board.load for board in self._boards)

    @property
    def power(self) -> float:
        """W that it draws from the wall; what its agent pushes is another number."""
        self._advance()
        if not self.powered:
            return 0.0
        now = self._clock()
        return (90 + sum(board.power(now) for board in self._boards)) / 0.93

    def obey(self) -> None:
        """Let its relay controller read the orders and switch."""
        if not self.settings.relay:
            return
        self._advance()
        self.light = self.order.light == "on"
        if AgentFault.RELAY_STUCK not in self.faults:
            self.contact = self.order.asic == "on"
        self._follow_power()

    def userpanel(self) -> Json | None:
        """Return what its agent reads of its answer, None if there is no JSON.

        The answer to `POST /user/userpanel` with `post=4`, the part under `data`.
        """
        self._advance()
        answers = self.reachable and self._clock() >= self._ready
        if not answers or AgentFault.GARBAGE in self.faults:
            return None
        if AgentFault.STALE in self.faults and self._frozen is not None:
            return self._frozen
        return self._panel() | self.device

    @override
    def _faults_changed(self, before: set[AgentFault], after: set[AgentFault]) -> None:
        self._advance()
        now = self._clock()
        for board in self._boards:
            board.stand_in(now, AMBIENT + (HOT if AgentFault.HOT in after else 0))
        self._follow_power()
        self._work(now)
        if AgentFault.STALE in after - before:
            self._frozen = self._panel() | self.device
        self._changed()

    # Its life

    def _follow_power(self) -> None:
        if self.powered == self._has_power:
            return
        self._has_power = self.powered
        if self._has_power:
            self._boot(self._clock(), seconds=self.settings.boot_seconds)
        else:
            self._mining_since = None
            self._work(self._clock())

    def _boot(self, now: float, *, seconds: float) -> None:
        """Begin to boot: all counters start from nothing."""
        self._ready = now + seconds
        self._mining_since = None
        self._activity = Activity(now, memory=max(_HASHRATE_NOISE))
        self._stratum = Stratum(self._random)
        self._work(now)

    def _advance(self) -> None:
        """Let the time pass until now."""
        now = self._clock()
        if self._has_power and self._mining_since is None and self._ready <= now:
            self._mining_since = self._now = self._ready
            algorithm = self.settings.model.algorithm
            total = self._rate * len(self._boards)
            self._stratum.connect(self._ready, self.settings.pools[0], algorithm, total)
            self._work(self._ready)
        load = sum(board.load for board in self._boards)
        self._stratum.work(load * self._rate * max(0.0, now - self._now))
        self._now = now

    @property
    def _rate(self) -> float:
        """H/s of a board at full load."""
        model = self.settings.model
        return model.board.rates[model.algorithm]

    def _work(self, now: float) -> None:
        """Let the boards hash or idle."""
        works = self._mining_since is not None and AgentFault.NO_POOL not in self.faults
        alive = len(self._boards) - (AgentFault.DEAD_BOARD in self.faults)
        for number, board in enumerate(self._boards):
            board.run(now, 1.0 if works and number < alive else 0.0)
        self._activity.set(now, 1.0 if works else 0.0)

    # What it answers

    def _panel(self) -> Json:
        now = self._clock()
        dead = AgentFault.DEAD_BOARD in self.faults
        boards = [
            _dead_board()
            if dead and number == len(self._boards) - 1
            else self._board(board, now)
            for number, board in enumerate(self._boards)
        ]
        total = {
            key: sum(float(str(board[key])[:-1]) for board in boards)
            for key in ("rtpow", "avgpow")
        }
        tally = self._stratum.tally
        connected = AgentFault.NO_POOL not in self.faults
        pools = [
            {
                "addr": url,
                "user": f"{self.settings.user}.{self.slug}",
                "connect": 1.0 if connected and not number else -1.0,
                "accepted": float(0 if number else tally.accepted),
                "rejected": float(0 if number else tally.rejected),
            }
            for number, url in enumerate(self.settings.pools)
        ]
        rejected = tally.rejected / tally.total if tally.total else 0.0
        return {
            "firmtype": "Factory",
            "firmver1": "BOOT_3_1",
            "firmver2": "image_1.0",
            "softver1": "ICM168_3_2_10_ks5L_miner",
            "softver2": "ICM168_3_2_10_ks5L_bg",
            "ip": self.settings.lan_ip,
            "rtpow": f"{round(total['rtpow'])}G",
            "avgpow": f"{round(total['avgpow'])}G",
            "reject": round(rejected, 6),
            "runtime": _runtime(now - (self._mining_since or now)),
            "unit": "G",
            "fans": self._fans(now),
            "pools": pools,
            "boards": boards,
        }

    def _board(self, board: Processor, now: float) -> Json:
        rates = {
            window: self._rate
            * self._activity.mean(now, window)
            * (1 + noise * board.noise.at(now, window))
            for window, noise in _HASHRATE_NOISE.items()
        }
        temperature = board.temperature(now)
        return {
            "rtpow": f"{rates[300] / _GIGA:.2f}G",
            "avgpow": f"{rates[1800] / _GIGA:.2f}G",
            "intmp": float(round(temperature - 4)),
            "outtmp": float(round(temperature)),
        }

    def _fans(self, now: float) -> list[int]:
        model = self.settings.model
        speed = max(board.fan(now) for board in self._boards) / 100 * model.top_rpm
        fans = [
            round(speed / 45) * 45 + (45 if number % 2 else 0)
            for number in range(model.fans)
        ]
        if AgentFault.DEAD_BOARD in self.faults:
            fans[-1] = 0
        return fans


def _dead_board() -> Json:
    return {"rtpow": "0.00G", "avgpow": "0.00G", "intmp": 0.0, "outtmp": 0.0}


def _runtime(seconds: float) -> str:
    """Return days, hours, minutes and seconds, each with two digits or more."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{day:02}:{hour:02}:{minute:02}:{second:02}"


class SimulatedAsicSentry(Agent):
    """ASIC Sentry with one or many ASICs, and the relay controllers that poll it."""

    def __init__(
        self,
        url: str,
        asics: Sequence[Asic],
        *,
        time: Timeline | None = None,
        strict: bool = True,
        unreachable_seconds: float = 120,
    ) -> None:
        """Prepare it with the server's address in its settings.

        An ASIC that nobody is at delays its round by `unreachable_seconds`.
        """
        super().__init__(url, time=time, strict=strict)
        self.unreachable_seconds = unreachable_seconds
        self.asics = [
            SimulatedAsic(asic, clock=self.time.clock, changed=self._settle)
            for asic in asics
        ]
        self._accepted: dict[SimulatedAsic, Json] = {}
        """The specs that were accepted last, in memory only."""
        self._push_client = self._client()
        self._status_client = self._client(
            connect_seconds=_HACKNEY_CONNECT_SECONDS,
            receive_seconds=_HACKNEY_RECEIVE_SECONDS,
        )

    @property
    @override
    def rigs(self) -> Sequence[PushedRig]:
        return self.asics

    @property
    @override
    def _wanted(self) -> bool:
        return not any(AgentFault.AGENT_DOWN in asic.faults for asic in self.asics)

    @override
    def _workers(self) -> Mapping[str, Worker]:
        return {
            "specs": self._tell_specs,
            "logs": self._tell_logs,
            "expected status": self._fetch_orders,
        }

    @override
    def _beside(self) -> Mapping[str, Worker]:
        return {"relays": self._switch_relays}

    @override
    def _forget(self) -> None:
        self._accepted.clear()

    # Its workers

    async def _tell_specs(self) -> None:
        await self.time.sleep(_START_SECONDS)
        while True:
            for asic in tuple(self.asics):
                panel = await self._read(asic)
                if panel is None:
                    continue
                specs = compose_specs(panel)
                if self._accepted.get(asic) == specs:
                    continue
                if await self._push(asic, SPECS, specs) == 200:
                    self._accepted[asic] = specs
            await self.time.sleep(_SPECS_PAUSE)

    async def _tell_logs(self) -> None:
        await self.time.sleep(_START_SECONDS)
        while True:
            for asic in tuple(self.asics):
                panel = await self._read(asic)
                if panel is not None:
                    await self._push(asic, LOGS, asic.as_pushed(compose_log(panel)))
            await self.time.sleep(_LOGS_PAUSE)

    async def _fetch_orders(self) -> None:
        await self.time.sleep(_START_SECONDS)
        while True:
            match tuple(self.asics):
                case ():
                    pass
                case (asic,):
                    await self._fetch_one(asic)
                case asics:
                    await self._fetch_many(asics)
            await self.time.sleep(_STATUS_PAUSE)

    async def _switch_relays(self) -> None:
        """Let each relay controller poll this agent; without it, nothing changes."""
        while True:
            await self.time.sleep(_RELAY_PAUSE)
            if self.running:
                for asic in tuple(self.asics):
                    asic.obey()

    async def _read(self, asic: SimulatedAsic) -> Json | None:
        """Ask an ASIC; None if it does not answer, or nothing that is JSON."""
        if not asic.reachable:
            await self.time.sleep(self.unreachable_seconds)
            return None
        return asic.userpanel()

    async def _push(self, asic: SimulatedAsic, path: str, body: Json) -> int | None:
        """Return the status; whatever it is, the agent only logs it."""
        answer = await self._send(
            self._push_client,
            "POST",
            _concatenated(self.url, path),
            _PUSH_HEAD,
            code=asic.sent_code,
            body=encode(body),
        )
        if answer and answer.status == 200 and path == LOGS:
            asic.pushed += 1
        return answer and answer.status

    async def _fetch_one(self, asic: SimulatedAsic) -> None:
        answer = await self._send(
            self._status_client,
            "GET",
            path_join(self.url, EXPECTED_STATUS),
            _STATUS_HEAD,
            code=asic.sent_code,
        )
        if answer is None or answer.status == 401:
            return
        if answer.status != 200:
            raise Crash(f"status {answer.status} for one ASIC")
        _take_order(asic, decode(answer.body))

    async def _fetch_many(self, asics: Sequence[SimulatedAsic]) -> None:
        known = {asic.sent_code: asic for asic in asics}
        answer = await self._send(
            self._status_client,
            "POST",
            path_join(self.url, EXPECTED_STATUS_BULK),
            _STATUS_BULK_HEAD,
            body=encode({"api_code_list": [asic.sent_code for asic in asics]}),
        )
        if answer is None:
            return
        if answer.status != 200:
            raise Crash(f"status {answer.status} for several ASICs")
        orders = decode(answer.body)
        if not isinstance(orders, dict):
            raise Crash("the orders of several ASICs are no object")
        for code in sorted(orders):
            if code not in known:
                raise Crash("an order for a code that was not asked for")
            _take_order(known[code], orders[code])


def _concatenated(base: str, path: str) -> str:
    """Put a path behind the base as it is; Mishap for a host name without a scheme."""
    url = f"{base}{path}"
    if not re.match(r"https?://", url):
        host = urlsplit(f"//{url}").hostname or ""
        try:
            ip_address(host)
        except ValueError:
            raise Mishap("the host name is taken for a scheme") from None
    return url


def _take_order(asic: SimulatedAsic, order: object) -> None:
    """Remember an order; what is absent stays as it was."""
    if not isinstance(order, dict):
        raise Crash("an order is no object")
    kept = asic.order
    taken = {
        "asic": order.get("asic_expected_status", kept.asic),
        "light": order.get("light_expected_status", kept.light),
    }
    for key, state in taken.items():
        if state not in ("on", "off"):
            raise Crash(f"the {key} state {state!r} is neither on nor off")
    name = order.get("name", kept.name)
    if not isinstance(name, str | None):
        raise Crash("a name is no text")
    asic.order = Order(name=name, asic=taken["asic"], light=taken["light"])


# How it turns a device's answer into what it pushes


def compose_specs(panel: Panel) -> Json:
    """Return the specs in a device's answer; what is missing is empty."""

    def joined(*keys: str) -> str:
        return " ".join(str(panel.get(key) or "") for key in keys)

    return {
        "firmware_version": joined("firmtype", "firmver1", "firmver2"),
        "model": "Ice River KS5L",
        "model_variant": "unknown",
        "software_version": joined("softver1", "softver2"),
    }


def compose_log(panel: Panel) -> Json:
    """Return the log in a device's answer; Mishap for one the agent dies of."""
    try:
        return _composed_log(panel)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Mishap("the device's answer is not as expected") from error


def _composed_log(panel: Panel) -> Json:
    pools, boards = panel["pools"], panel["boards"]
    fan_1, fan_2, fan_3, fan_4 = panel["fans"]
    three = (1, 2, 3)
    log: Json = {
        "hashrate_5_min": _integer(panel["rtpow"]),
        "hashrate_30_min": _integer(panel["avgpow"]),
        "hashrate_uom": "GH/s",
        "pool_rejection_rate": panel.get("reject"),
        "uptime": panel.get("runtime"),
    }
    log |= {f"pool_{n}_address": pools[n - 1].get("addr") for n in three}
    log |= {f"pool_{n}_user": pools[n - 1].get("user") for n in three}
    log |= {f"pool_{n}_state": _state(pools[n - 1].get("connect")) for n in three}
    for kind in ("accepted", "rejected"):
        log |= {f"pool_{n}_{kind}_share": _round(pools[n - 1][kind]) for n in three}
    for key, minutes in (("rtpow", 5), ("avgpow", 30)):
        log |= {
            f"hashboard_{n}_hashrate_{minutes}_min": _decimal(boards[n - 1][key])
            for n in three
        }
    for n in three:
        log[f"hashboard_{n}_temp_1"] = _round(boards[n - 1]["intmp"])
        log[f"hashboard_{n}_temp_2"] = _round(boards[n - 1]["outtmp"])
    return log | {
        "fan_1_speed": fan_1,
        "fan_2_speed": fan_2,
        "fan_3_speed": fan_3,
        "fan_4_speed": fan_4,
        "lan_ip": panel.get("ip"),
        "wan_ip": None,
        "coin_name": "Kaspa",
        "power": 3500,
    }


def _integer(text: object) -> int:
    """Understand `15011G`, and no decimal point."""
    bare = _bare(text)
    if not re.fullmatch(r"[+-]?[0-9]+", bare):
        raise ValueError("no integer")
    return int(bare)


def _decimal(text: object) -> float:
    """Understand `5160.37G`, and only with a decimal point."""
    bare = _bare(text)
    if not re.fullmatch(r"[+-]?[0-9]+\.[0-9]+(e[+-]?[0-9]+)?", bare, re.IGNORECASE):
        raise ValueError("no decimal")
    return float(bare)


def _bare(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("no text")
    return text.replace("G", "")


def _round(number: object) -> int:
    """Round half away from zero."""
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise TypeError("no number")
    return int(math.copysign(math.floor(abs(number) + 0.5), number))


def _state(connect: object) -> str:
    """Return a pool's state: what is no number counts as more than any number."""
    is_number = isinstance(connect, int | float) and not isinstance(connect, bool)
    lost = is_number and float(str(connect)) <= 0
    return "Unconnected" if lost else "Connected"
