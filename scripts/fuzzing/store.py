"""The store with spoilt files: whatever is in one, it is read or put aside."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
import json
import logging
from pathlib import Path
from random import Random
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from benchmarks.home import running
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.derive import Derivation
from custom_components.mining_rig.known_parts import KnownParts
from custom_components.mining_rig.sources.common.push import OrdersUnknown
from custom_components.mining_rig.sources.rig_monitor import orders, playbooks
from custom_components.mining_rig.sources.rig_monitor.protocol import RigType
from custom_components.mining_rig.sources.rig_monitor.specs import (
    SPECS_NOTE,
    parse_specs,
)
from custom_components.mining_rig.store import RigStore
from tests.sources.test_spoilt_answers import CASES

from .mutate import Mutator
from .trial import Trial

_LOGGER: Final = logging.getLogger("custom_components.mining_rig")


def _documents() -> list[bytes]:
    """Return the files of rigs of every source in the tests' table."""
    playbook, _ = playbooks.with_playbook(
        None, None, playbooks.DEFAULTS, "2026-01-02T03:04:05"
    )
    notes: Mapping[str, Any] = {
        orders.ORDERS_NOTE: {"power": False, "light": True, "mining": True},
        SPECS_NOTE: {"cpu_name": "Xeon", "gpu_1_name": "RTX 3080", "ram_size": "125GB"},
        playbooks.NOTE: playbook,
    }
    documents = []
    for case in CASES.values():
        known = KnownParts()
        known.learn(case.read(*case.patterns[0]))
        data = {
            "parts": known.dump(),
            "energy": {"energy": 95_444.25},
            "orders": {"mining_allowed": False},
            "derived": {"shares": {"accepted": 5, "rejected": 1}},
            "forgotten": ["worker"],
            "shown_workers": 20,
            "notes": notes,
        }
        document = {"version": 1, "minor_version": 1, "key": "rig", "data": data}
        documents.append(json.dumps(document).encode())
    return documents


async def run(inputs: int, seed: int) -> AsyncIterator[Trial]:
    """Load that many spoilt files."""
    trial = Trial("store")
    random = Random(f"{seed} store")
    mutator = Mutator(random)
    documents = _documents()
    level = _LOGGER.level
    async with running() as hass:
        folder = Path(hass.config.path(STORAGE_DIR))
        # Each file that is put aside is logged.
        _LOGGER.setLevel(logging.CRITICAL)
        try:
            for number in range(inputs):
                body = mutator.mutate(random.choice(documents))

                async def load(body: bytes = body) -> str:
                    return await _load(hass, folder, body)

                await trial.run(number, body, load)
        finally:
            _LOGGER.setLevel(level)
    yield trial


async def _load(hass: HomeAssistant, folder: Path, body: bytes) -> str:
    path = folder / f"{DOMAIN}.fuzz"
    await hass.async_add_executor_job(path.write_bytes, body)
    store = RigStore(hass, "fuzz")
    await store.async_load()
    # Whoever uses what was read must be able to.
    store.known_parts.dump()
    Derivation().load(store.derived)
    # Where the notes were lost, no order is made up: agents get a 503.
    with suppress(OrdersUnknown):
        orders.expected_status(RigType.ASIC, store, "Rig")
    with suppress(OrdersUnknown):
        orders.served_playbooks(store, "Rig")
    parse_specs(RigType.CPU_GPU, store.get(SPECS_NOTE))
    return _tidy(path)


def _tidy(path: Path) -> str:
    """Remove what was put aside; return what became of the file."""
    if path.exists():
        return "read"
    for aside in path.parent.glob(f"{path.name}*"):
        aside.unlink()
    return "put aside"
