"""Named farms: rigs that stand together, as somebody has them at home."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .agent import Agent, PushedRig
from .antminer import SimulatedAntminer
from .asic_sentry import Asic, SimulatedAsicSentry
from .avalon import SimulatedAvalon
from .axeos import SimulatedAxeOS
from .clock import Clock
from .cpu_gpu_sentry import SimulatedCpuGpuSentry
from .faults import COMMANDS
from .hardware import Card
from .headframe import SimulatedHeadframe
from .models import (
    CELERON_J4125,
    GTX_1660_SUPER,
    RTX_3060_TI,
    RTX_3070,
    RTX_3080,
    RX_7800_XT,
    RYZEN_5_3600,
    RYZEN_7_5800X,
)
from .programs import SimulatedSrbMiner
from .rig import SimulatedRig
from .t_rex import SimulatedTRex
from .timeline import RunningTime
from .xmrig import Habits, SimulatedXMRig
from .xmrig_proxy import Client, SimulatedXmrigProxy

_DAY = 86400
_WALLET = "48DemoWalletOfTheSimulator" * 3


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a farm stands."""

    clock: Clock
    base_port: int = 0
    """The first rig's port, the next one's is one more; 0 takes any free ones."""
    speed: float = 1
    """How many times as fast as in reality time passes."""

    def port(self, number: int) -> int:
        """Return the port of a rig by its place in the farm."""
        return self.base_port + number if self.base_port else 0


type Farm = Callable[[Site], Sequence[SimulatedRig]]


def describe(rig: SimulatedRig | PushedRig) -> dict[str, object]:
    """Return how to add a rig and what can be done to it, as JSON data."""
    return {
        "name": rig.name,
        "slug": rig.slug,
        "kind": rig.kind,
        "form": rig.form,
        "faults": list(orders(rig)),
    }


def orders(rig: SimulatedRig | PushedRig) -> Mapping[str, str]:
    """Return what can be done to a rig, each with what it means."""
    return {str(name): text for name, text in rig.descriptions.items()} | COMMANDS


def _demo(site: Site) -> list[SimulatedRig]:
    boot = 20 / site.speed
    drops = Habits(pool_drops_every=8 * 3600)
    return [
        SimulatedXMRig(
            "Office PC",
            token="office-1234",
            restricted=False,
            cpu=RYZEN_5_3600,
            habits=drops,
            running_for=2 * _DAY,
            clock=site.clock,
            port=site.port(0),
            boot_seconds=boot,
        ),
        SimulatedXMRig(
            "Garage",
            token="garage-5678",
            restricted=False,
            cpu=CELERON_J4125,
            cards=[
                Card(model=RTX_3070),
                Card(model=RTX_3060_TI),
                Card(model=GTX_1660_SUPER),
            ],
            pools=[
                _pool("rvn.2miners.com:6060", "garage", coin="ravencoin"),
                _pool("stratum+ssl://us.flypool.org:3443", "garage", algo="kawpow"),
                _pool("pool.hashvault.pro:443", "garage", coin="monero", tls=True),
            ],
            habits=drops,
            running_for=5 * _DAY,
            clock=site.clock,
            port=site.port(1),
            boot_seconds=boot,
        ),
        SimulatedXMRig(
            "Gaming PC",
            version="6.22.2",
            token="gaming-9012",
            restricted=False,
            cpu=RYZEN_7_5800X,
            # Its Windows driver tells no power.
            cards=[Card(model=RX_7800_XT, threads=2, blind=frozenset({"power"}))],
            platform="windows",
            habits=drops,
            running_for=3 * 3600,
            clock=site.clock,
            port=site.port(2),
            boot_seconds=boot,
        ),
        SimulatedXMRig(
            "NAS",
            version="6.22.1",
            cpu=CELERON_J4125,
            habits=drops,
            running_for=20 * _DAY,
            clock=site.clock,
            port=site.port(3),
            boot_seconds=boot,
        ),
        SimulatedTRex(
            "Attic",
            version="0.26.4",
            update="0.26.8",
            password="Attic-3456",
            cards=[
                *(Card(model=RTX_3080) for _ in range(3)),
                *(Card(model=RTX_3070) for _ in range(3)),
                *(Card(model=GTX_1660_SUPER) for _ in range(2)),
            ],
            # Under the roof in summer; the last cards come near their limit.
            room=41,
            options={"temperature-limit": 88, "temperature-start": 70},
            running_for=9 * _DAY,
            clock=site.clock,
            port=site.port(4),
            boot_seconds=boot,
        ),
        SimulatedXmrigProxy(
            "Proxy",
            token="proxy-7890",
            restricted=False,
            clients=[
                Client(rig_id="nas", rate=540, ip="192.168.1.31"),
                Client(rig_id="laptop", rate=2350, ip="192.168.1.32"),
                Client(rig_id="workstation", rate=14_800, ip="192.168.1.33"),
                Client(rig_id="old-server", rate=6100, ip="192.168.1.34"),
                # One that gives itself no name goes by its wallet.
                Client(rig_id=None, rate=3900, ip="192.168.1.35", user=_WALLET),
            ],
            running_for=_DAY,
            clock=site.clock,
            port=site.port(5),
            boot_seconds=boot,
        ),
        SimulatedHeadframe("HomeGarage", clock=site.clock, port=site.port(6)),
        SimulatedAxeOS(
            "Bitaxe",
            running_for=3 * _DAY,
            clock=site.clock,
            port=site.port(7),
            boot_seconds=boot,
        ),
        SimulatedAxeOS(
            "NerdQAxe",
            model="NerdQAxe++",
            mac="AA:BB:CC:00:10:01",
            running_for=_DAY,
            clock=site.clock,
            port=site.port(8),
            boot_seconds=boot,
        ),
        SimulatedAvalon(
            "Living Room",
            running_for=_DAY,
            clock=site.clock,
            port=site.port(9),
            boot_seconds=boot,
        ),
        SimulatedAntminer(
            "Shed",
            password="shed-2468",
            running_for=6 * _DAY,
            clock=site.clock,
            port=site.port(10),
            boot_seconds=boot,
        ),
        SimulatedSrbMiner(
            "Bench",
            cpu=RYZEN_5_3600,
            cards=[Card(model=RTX_3070), Card(model=RX_7800_XT)],
            cpu_algorithm="rx/0",
            running_for=_DAY,
            clock=site.clock,
            port=site.port(11),
            boot_seconds=boot,
        ),
    ]


def _pool(url: str, rig: str, **more: object) -> dict[str, object]:
    return {"url": url, "user": f"demo-wallet.{rig}", "pass": "x", **more}


def pushing_agents(site: Site, url: str) -> list[Agent]:
    """Return agents that push to a server at `url`; no farm has them by itself."""
    time = RunningTime(site.clock, speed=site.speed)
    return [
        SimulatedAsicSentry(
            url,
            [Asic(name="Cellar", api_code="5c3aa1f0de0b4d1c9a66cc0b7a4e1d01")],
            time=time,
            strict=False,
        ),
        SimulatedCpuGpuSentry(
            url,
            "Workshop",
            "9d42acfdaa46208839effa7ba032bdc3",
            cpu=RYZEN_5_3600,
            cards=[Card(model=RTX_3070), Card(model=RTX_3060_TI)],
            gpu_load=1.0,
            time=time,
            strict=False,
        ),
    ]


FARMS: Mapping[str, Farm] = {"demo": _demo}
