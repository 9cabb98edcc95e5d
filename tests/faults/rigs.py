"""Healthy rigs for the faults: simulated miners, and recorded answers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
import json
from pathlib import Path
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.sources import rig_unique_id
from simulator.rig import SimulatedRig
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy

from ..rigs import ID_ROOT
from .port import HOST, Answer, FaultyPort, page, relay

_FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
_MAC: Final = "00:0A:39:00:00:02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miner:
    """A kind of rig on the network, and how its answers can be changed."""

    answer: Callable[[], AbstractAsyncContextManager[Answer]]
    first: bytes
    """Part of the request that a poll cannot do without."""
    text: bytes
    """A name in its answers."""
    rig_id: str | None = None
    wire_id: bytes | None = None
    """The rig's id as it is sent; None where it has none."""
    http: bool = True
    data: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def port(self) -> AsyncIterator[FaultyPort]:
        """Serve the miner at a port."""
        replaced = {"strange bytes": self.text}
        if self.wire_id is not None:
            replaced["another rig"] = self.wire_id
        async with self.answer() as answer:
            port = FaultyPort(
                answer, http=self.http, first=self.first, replaced=replaced
            )
            async with port.listening():
                yield port


def entry_for(kind: str, port: FaultyPort) -> MockConfigEntry:
    """Return the entry that the config flow makes."""
    miner = MINERS[kind]
    return MockConfigEntry(
        domain=DOMAIN,
        title="Office PC",
        unique_id=rig_unique_id(kind, miner.rig_id) if miner.rig_id else None,
        data={
            CONF_KIND: kind,
            CONF_ID_ROOT: ID_ROOT,
            "host": HOST,
            "port": port.port,
            **miner.data,
        },
        options=dict(miner.options),
    )


@asynccontextmanager
async def _simulated(rig: Callable[[], SimulatedRig]) -> AsyncIterator[Answer]:
    async with rig() as running:
        yield partial(relay, running.port)


@asynccontextmanager
async def _recorded(answers: Mapping[bytes, bytes]) -> AsyncIterator[Answer]:
    async def answer(request: bytes) -> bytes:
        return next((body for part, body in answers.items() if part in request), b"{}")

    yield answer


def _page(path: str) -> bytes:
    # Names are searched for in compact JSON.
    return page(json.dumps(json.loads((_FIXTURES / path).read_bytes())).encode())


def _ice_river() -> dict[bytes, bytes]:
    answers = {
        f'"{name}"'.encode(): (_FIXTURES / f"iceriver/{name}.json").read_bytes()
        for name in ("board", "boardpow", "fan", "getpool", "info")
    }
    more = {"getnet": {"mac": _MAC}, "getlocate": {"locate": False}}
    for name, found in more.items():
        answer = {"id": name, "ret": {"code": 0, **found}}
        answers[f'"{name}"'.encode()] = json.dumps(answer).encode()
    return answers


MINERS: Final[Mapping[str, Miner]] = {
    "axeos": Miner(
        answer=partial(
            _recorded,
            {
                b"/api/system/info": _page(
                    "axeos/bitaxe_gamma602_v2.15.0_info_mining.json"
                ),
                b"/api/system/asic": _page("axeos/bitaxe_gamma602_v2.15.0_asic.json"),
            },
        ),
        first=b"/api/system/info",
        text=b"bitaxe",
        rig_id="D8:3B:DA:00:00:01",
        wire_id=b"D8:3B:DA:00:00:01",
        options={"seek_releases": False},
    ),
    "iceriver": Miner(
        answer=partial(_recorded, _ice_river()),
        first=b'"boardpow"',
        text=b"v1.0",
        rig_id=_MAC,
        wire_id=_MAC.encode(),
        http=False,
        data={"web_port": 9},
    ),
    "srbminer": Miner(
        answer=partial(
            _recorded, {b" / ": _page("miners/srbminer_3.6.4_api_v2_status.json")}
        ),
        first=b"GET",
        text=b"SRBMiner-Multi-Rig",
    ),
    "t_rex": Miner(
        answer=partial(_simulated, SimulatedTRex),
        first=b"/summary",
        text=b"kawpow",
    ),
    "xmrig": Miner(
        answer=partial(
            _simulated,
            partial(SimulatedXMRig, "office-pc", token="secret", restricted=False),
        ),
        data={"access_token": "secret"},
        first=b"/2/summary",
        text=b"office-pc",
    ),
    "xmrig_proxy": Miner(
        answer=partial(
            _simulated,
            partial(
                SimulatedXmrigProxy,
                "attic",
                token="secret",
                restricted=False,
                rig_id="1234567890abcdef",
            ),
        ),
        data={"access_token": "secret"},
        first=b"/1/summary",
        text=b"attic",
        rig_id="1234567890abcdef",
        wire_id=b"1234567890abcdef",
    ),
}
