"""What must survive a restart, a full disk and kill -9."""

import asyncio
import errno
from itertools import product
import json
import logging
from pathlib import Path
import queue
import signal
import sys
import threading
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.derive import Derivation
from custom_components.mining_rig.model import Part, PartKind, Snapshot
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.store import RigStore, StoreUnreadable
from custom_components.mining_rig.store_contents import read_contents
from custom_components.mining_rig.store_file import save_json

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


# ---- what cannot be read


def written(hass: HomeAssistant, data: Any, **document: Any) -> Path:
    """Write a file of the present version with that data; return it."""
    path = rig_file(hass)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": 1, "data": data, **document}))
    return path


async def test_a_file_that_cannot_be_read_now_is_left_alone(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """With too many open files nothing is renamed, made up or replaced."""
    path = written(hass, {"notes": {"order": False}})
    before = path.read_bytes()
    store = RigStore(hass, "rig")
    with patch(
        "custom_components.mining_rig.store.load_bytes",
        side_effect=OSError(errno.EMFILE, "Too many open files"),
    ):
        for _ in range(3):
            with pytest.raises(StoreUnreadable, match=r"Too many|not_readable"):
                await store.async_load()
        with pytest.raises(HomeAssistantError):
            await store.keep("order", True)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before
    assert caplog.text.count("Too many open files") == 1
    await store.async_load()
    assert store.get("order") is False
    assert (store.lost, store.aside) == (False, None)


@pytest.mark.parametrize(
    ("document", "is_lost"),
    [
        ({"version": 2}, True),
        ({"version": "1"}, True),
        ({"version": True}, True),
        ({"version": 1, "minor_version": 7}, False),
    ],
)
async def test_a_newer_version_is_put_aside(
    hass: HomeAssistant, document: dict[str, Any], is_lost: bool
) -> None:
    """What another version means by its fields is not guessed, and is not overwritten."""
    path = written(hass, {"notes": {"order": False}}, **document)
    before = path.read_bytes()
    store = RigStore(hass, "rig")
    await store.async_load()
    asides = [*path.parent.glob("mining_rig.rig.corrupt.*")]
    assert store.lost is is_lost
    assert store.get("order") is (None if is_lost else False)
    assert [aside.read_bytes() for aside in asides] == ([before] if is_lost else [])

    # It is put aside once, and what was lost stays known as lost.
    again = RigStore(hass, "rig")
    await again.async_load()
    assert [*path.parent.glob("mining_rig.rig.corrupt.*")] == asides
    assert (again.lost, bool(again.aside)) == (is_lost, is_lost)


PART = {"kind": "gpu", "key": "a", "number": 1, "channels": [], "controls": []}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("parts", {}),
        ("parts", [PART, {**PART, "key": []}]),
        ("parts", [PART, {**PART, "key": "rig"}]),
        ("parts", [PART, {**PART, "key": "b", "number": "1"}]),
        ("parts", [{**PART, "name": 5}]),
        ("parts", [{**PART, "channels": [["hashrate", {}, None]]}]),
        ("parts", [{**PART, "channels": [["hashrate", None, "1"]]}]),
        ("parts", [{**PART, "controls": [{"channel": ["power_limit", None, None]}]}]),
        ("parts", [{**PART, "actions": [{"key": "reboot", "category": "huge"}]}]),
        ("parts", [{**PART, "events": 3}]),
        ("parts", [{**PART, "release": {"installed": 1}}]),
        ("parts", [{**PART, "seen": "yesterday"}]),
        ("energy", {"energy": "7", "energy_estimate": 5}),
        ("energy", {"energy": -7}),
        ("energy", [1]),
        ("orders", {"rig": [False]}),
        ("derived", {"totals": 5}),
        ("forgotten", "gpu"),
        ("forgotten", [5]),
        ("shown_workers", "50"),
        ("shown_workers", True),
        ("lost", 0),
        ("aside", 3),
    ],
)
async def test_a_wrong_field_costs_only_itself(
    hass: HomeAssistant, field: str, wrong: Any
) -> None:
    """The file is put aside, the other fields and items are used."""
    right = {"energy": {"energy": 5}, "orders": {"rig": False}, "notes": {"x": 1}}
    path = written(hass, {"parts": [PART], **right, field: wrong})
    before = path.read_bytes()
    store = RigStore(hass, "rig")
    await store.async_load()
    (aside,) = path.parent.glob("mining_rig.rig.corrupt.*")
    assert aside.read_bytes() == before
    assert store.get("x") == 1
    assert store.lost is (field == "lost")
    assert field == "energy" or store.energy == {"energy": 5}
    assert field == "orders" or store.orders == {"rig": False}
    assert wrong == {} or [*store.known_parts.parts] == ["a"]
    await store.async_save()
    again = RigStore(hass, "rig")
    await again.async_load()
    assert len([*path.parent.glob("mining_rig.rig.corrupt.*")]) == 1


@pytest.mark.parametrize("data", [{}, {"notes": None}, {"notes": [1]}])
async def test_notes_that_are_wrong_are_lost(hass: HomeAssistant, data: Any) -> None:
    """They are not taken for the notes of a rig that never had any."""
    written(hass, data)
    store = RigStore(hass, "rig")
    await store.async_load()
    assert store.lost
    assert store.aside is not None
    await store.async_seen()
    again = RigStore(hass, "rig")
    await again.async_load()
    assert again.lost
    assert again.aside is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["parts", "energy", "orders", "derived", "forgotten", "notes", "lost"]
        ),
        JSON | st.lists(st.fixed_dictionaries({**dict.fromkeys(PART, JSON)})),
    )
)
def test_anything_can_be_read(data: Any) -> None:
    """What is taken of any JSON is written, and read again without a flaw."""
    contents, _ = read_contents(json.dumps({"version": 1, "data": data}).encode())
    document = {"version": 1, "data": contents.dump()}
    again, flaw = read_contents(json.dumps(document).encode())
    assert flaw is None
    assert again == contents
    Derivation().load(contents.derived)


@given(st.binary(max_size=50))
def test_any_bytes_can_be_read(text: bytes) -> None:
    """A file that is no JSON has lost its notes."""
    contents, flaw = read_contents(text)
    assert flaw
    assert contents.lost


async def test_left_over_files_are_removed(hass: HomeAssistant) -> None:
    """A kill -9 leaves a temporary file; those of others are not touched."""
    path = written(hass, {"notes": {"x": 1}})
    left = path.with_name("mining_rig.rig.abc_12.tmp")
    others = (path.with_name("tmpabc"), path.with_name("mining_rig.rig2.abc.tmp"))
    for file in (left, *others):
        file.write_text("{")
    store = RigStore(hass, "rig")
    await store.async_load()
    await store.async_save()
    assert store.get("x") == 1
    assert {*path.parent.iterdir()} == {path, *others}


async def test_a_save_that_fails_leaves_no_file(hass: HomeAssistant) -> None:
    """Neither half a file nor a temporary one; without links, a copy is put aside."""
    path = written(hass, {"notes": [1]})
    before = path.read_bytes()
    store = RigStore(hass, "rig")
    with (
        patch("os.link", side_effect=OSError(errno.EPERM, "no links")),
        patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left")),
    ):
        await store.async_load()
        with pytest.raises(HomeAssistantError):
            await store.keep("x", 2)
    (aside,) = path.parent.glob("mining_rig.rig.corrupt.*")
    assert aside.read_bytes() == path.read_bytes() == before
    assert {*path.parent.iterdir()} == {path, aside}
    await store.async_remove()
    assert not [*path.parent.iterdir()]


# ---- memory and disk


class SlowDisk:
    """A disk whose writes wait, and then fail or not, one by one."""

    def __init__(self) -> None:
        """Begin with nothing to wait for."""
        self.begun = threading.Semaphore(0)
        self.outcomes: queue.Queue[OSError | None] = queue.Queue()

    def save(self, *arguments: Any) -> None:
        """Save when it is said how that ends."""
        self.begun.release()
        if (error := self.outcomes.get(timeout=10)) is not None:
            raise error
        save_json(*arguments)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [None, FULL])
async def test_a_note_whose_save_was_cancelled(
    hass: HomeAssistant, error: OSError | None
) -> None:
    """Memory is what is on disk, however the save ends that its caller left."""
    store = RigStore(hass, "rig")
    await store.async_load()
    await store.keep("x", "old")
    await store.async_order("rig", "old")
    disk = SlowDisk()
    with patch("custom_components.mining_rig.store.save_json", disk.save):
        for change in (store.keep("x", "new"), store.async_order("rig", "new")):
            task = asyncio.create_task(change)
            await hass.async_add_executor_job(disk.begun.acquire)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            disk.outcomes.put(error)
            await hass.async_block_till_done()
    again = RigStore(hass, "rig")
    await again.async_load()
    assert again.get("x") == store.get("x") == ("old" if error else "new")
    assert again.orders == store.orders == {"rig": "old" if error else "new"}


@pytest.mark.parametrize("outcomes", list(product([None, FULL], repeat=3)))
@pytest.mark.parametrize("values", [(1, 2, 3), (1, 1, None), (False, False, False)])
async def test_changes_of_one_note_at_once(
    hass: HomeAssistant,
    outcomes: tuple[OSError | None, ...],
    values: tuple[Any, ...],
) -> None:
    """Each has the outcome of its own save, and what was acknowledged is on disk."""
    store = RigStore(hass, "rig")
    await store.async_load()
    await store.keep("x", "old")
    disk = SlowDisk()
    with patch("custom_components.mining_rig.store.save_json", disk.save):
        tasks = [asyncio.create_task(store.keep("x", value)) for value in values]
        for outcome in outcomes:
            disk.outcomes.put(outcome)
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [found is None for found in done] == [error is None for error in outcomes]
    again = RigStore(hass, "rig")
    await again.async_load()
    assert again.get("x") == store.get("x")
    if outcomes[2] is None:
        assert store.get("x") == values[2]
