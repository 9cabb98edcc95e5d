"""What must survive a restart, a full disk and kill -9."""

import asyncio
import logging
from pathlib import Path
import signal
import sys

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mining_rig.model import Part, PartKind, Snapshot
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.store import RigStore

_ROOT = Path(__file__).parents[1]

_WRITER = """
import asyncio, sys
from homeassistant.core import HomeAssistant
from custom_components.mining_rig.store import RigStore

async def main():
    store = RigStore(HomeAssistant(sys.argv[1]), "rig")
    await store.async_load()
    total = store.energy.get("energy", 0)
    while True:
        total += 1
        store.energy["energy"] = total
        await store.async_save()
        print(int(total), flush=True)

asyncio.run(main())
"""


def rig_file(hass: HomeAssistant) -> Path:
    """Return where the store keeps the rig called "rig"."""
    return Path(hass.config.path(".storage", "mining_rig.rig"))


async def test_everything_comes_back(hass: HomeAssistant) -> None:
    """What was saved is what is loaded."""
    store = RigStore(hass, "rig")
    await store.async_load()
    store.known_parts.learn(
        Snapshot(
            parts={
                "rig": Part(kind=PartKind.RIG, key="rig", values={HASHRATE.plain: 1.0})
            }
        )
    )
    store.energy["energy"] = 1234.5
    await store.async_order("rig", False)
    await store.keep("profiles", {"rx": [0, 1]})

    again = RigStore(hass, "rig")
    await again.async_load()
    assert list(again.known_parts.parts["rig"].channels) == [HASHRATE.plain]
    assert again.energy == {"energy": 1234.5}
    assert again.orders == {"rig": False}
    assert again.get("profiles") == {"rx": [0, 1]}
    await again.keep("profiles", None)
    assert again.get("profiles") is None

    await again.async_remove()
    assert not rig_file(hass).exists()
    await again.async_remove()


@pytest.mark.parametrize("garbage", ["{", "[]", "\x00", ""])
async def test_a_broken_file_is_put_aside(
    hass: HomeAssistant, garbage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that cannot be read is kept for its owner, and the rig goes on."""
    path = rig_file(hass)
    path.parent.mkdir(exist_ok=True)
    path.write_text(garbage)
    store = RigStore(hass, "rig")
    await store.async_load()
    assert store.energy == {}
    (aside,) = path.parent.glob("mining_rig.rig.corrupt.*")
    assert aside.read_text() == garbage
    assert "was moved to" in caplog.text
    await store.async_save()
    assert path.exists()


@pytest.mark.parametrize(
    "text", ['{"data": []}', '{"data": {"energy": {"energy": "x"}, "orders": 3}}', "{}"]
)
async def test_strange_data_costs_only_itself(hass: HomeAssistant, text: str) -> None:
    """What makes no sense in a file that can be read is left out."""
    path = rig_file(hass)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    store = RigStore(hass, "rig")
    await store.async_load()
    assert (store.energy, store.orders) == ({}, {})


async def test_what_cannot_be_written_is_an_error(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """An order that is not on disk was not taken."""
    store = RigStore(hass, "rig")
    await store.async_load()
    # Nothing can be written below something that is no folder.
    blocked = Path(hass.config.path("blocked"))
    blocked.write_text("")
    store._path = blocked / "deeper" / "mining_rig.rig"
    with pytest.raises(HomeAssistantError) as caught:
        await store.async_order("rig", False)
    assert caught.value.translation_key == "not_stored"
    assert store.orders == {}
    with pytest.raises(HomeAssistantError):
        await store.keep("profiles", {"rx": []})
    assert store.get("profiles") is None
    caplog.clear()
    logging.getLogger().info("the error above is part of the test")


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
async def test_kill_9_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """What was said to be on disk is there after a kill -9 in the middle of it all."""
    (tmp_path / ".storage").mkdir()
    last = 0
    for moment in range(4):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _WRITER,
            str(tmp_path),
            cwd=_ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        for _ in range(3 + 5 * moment):
            said = int(await process.stdout.readline())
            assert said > last
            last = said
        process.send_signal(signal.SIGKILL)
        await process.wait()
        for line in (await process.stdout.read()).split():
            last = int(line)
        store = RigStore(HomeAssistant(str(tmp_path)), "rig")
        await store.async_load()
        # One more may be on disk than was still said.
        assert store.energy["energy"] in (last, last + 1)
        last = int(store.energy["energy"])
