"""Changing the configuration of XMRig: nothing is lost, whatever the miner makes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from typing import Any, override

from aiohttp import ClientSession
import pytest

from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    InMemoryNotes,
    JsonObject,
    SourceBusy,
    SourceError,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.http import JsonHttp
from custom_components.mining_rig.sources.xmrig import editor as module
from custom_components.mining_rig.sources.xmrig.api import MINERS, XmrigApi
from custom_components.mining_rig.sources.xmrig.editor import ConfigEditor
from simulator.faults import Fault
from simulator.xmrig import SimulatedXMRig

TOKEN = "s3cr3t-t0ken"
NOTE = "xmrig_config_before"


class Diary(InMemoryNotes):
    """Notes that remember everything that they held."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.all: list[Any] = []

    @override
    async def keep(self, key: str, value: Any) -> None:
        self.all.append(value)
        await super().keep(key, value)


class Bench:
    """An editor at a miner."""

    def __init__(
        self,
        rig: SimulatedXMRig,
        session: ClientSession,
        patch: Callable[[object, str, object], None],
    ) -> None:
        """Take the miner, and what replaces an attribute."""
        self.rig = rig
        self.notes = Diary()
        self.patch = patch
        http = JsonHttp(session, rig.host, rig.port, timeout=2)
        self.api = XmrigApi(http, TOKEN, kinds=MINERS)
        self.editor = ConfigEditor(self.api, self.notes)

    @property
    def methods(self) -> list[str]:
        """What was sent since the start."""
        return [request.method for request in self.rig.requests]

    @property
    def puts(self) -> int:
        """How many configurations were sent."""
        return self.methods.count("PUT")

    def lose(self, spoil: Callable[[JsonObject], object], *, times: int = 1) -> None:
        """Let the miner make something else of the next configurations."""
        put, left = self.rig.miner.put, [None] * times

        def lossy(document: Any, now: float) -> bool:
            if left:
                left.pop()
                document = deepcopy(document)
                spoil(document)
            return put(document, now)

        self.patch(self.rig.miner, "put", lossy)


@pytest.fixture
async def bench(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    """Return an editor at a miner that applies a configuration at once."""
    monkeypatch.setattr(module, "PUT_GAP", 0.0)
    monkeypatch.setattr(module, "APPLIED_AFTER", (0.0, 0.0))
    async with SimulatedXMRig(
        token=TOKEN, restricted=False, config={"watch": False}
    ) as rig:
        yield Bench(rig, session, monkeypatch.setattr)


async def _change_nothing(config: JsonObject) -> None:
    """Leave everything as it is."""


async def test_a_change(bench: Bench) -> None:
    """The configuration of before is kept only until the new one is shown."""
    before = bench.rig.config
    await bench.editor.set_keys({"print-time": 30})
    assert bench.rig.config == {**before, "print-time": 30}
    assert bench.notes.all == [{"config": before, "undo": False}, None]
    assert bench.methods == ["GET", "PUT", "GET"]


async def test_an_unchanged_configuration_is_not_sent(bench: Bench) -> None:
    """Unless that is what is wanted."""
    assert await bench.editor.edit(_change_nothing) == bench.rig.config
    assert bench.puts == 0
    assert await bench.editor.edit(_change_nothing, always=True) == bench.rig.config
    assert bench.puts == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"benchmark": {"size": "1M"}},
        {"stress": True},
        {"dry-run": True},
        {"pools": [{"user": "other"}]},
        {"pools": []},
        {"http": {}},
        {"a-key-of-another-version": {"pools": []}},
        {"cpu": 5},
        {"pools": [{"enabled": False}, {"enabled": False}]},
    ],
)
async def test_refused_before_it_is_sent(bench: Bench, changes: Any) -> None:
    """Nothing reaches the miner."""
    if changes == {"pools": []}:
        # No pool is changed.
        await bench.editor.set_keys(changes)
    else:
        with pytest.raises(CommandRefused):
            await bench.editor.set_keys(changes)
    assert bench.puts == 0
    assert not any(bench.notes.kept.values())


async def test_no_edit_of_any_kind_loses_pools(bench: Bench) -> None:
    """Not only the keys that administrators name are looked at."""

    async def take_pools_out(config: JsonObject) -> None:
        del config["pools"][0]

    with pytest.raises(CommandRefused):
        await bench.editor.edit(take_pools_out)
    assert bench.puts == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda config: config["pools"].pop(),
        lambda config: config["pools"][0].update(user="other"),
        lambda config: config["cpu"].update(priority=5),
        lambda config: config.update(retries=9),
        lambda config: config["pools"].reverse(),
    ],
)
async def test_what_the_miner_loses_is_sent_again(
    bench: Bench, spoil: Callable[[JsonObject], object]
) -> None:
    """Every key is compared; the one that was changed is not applied either."""
    before = bench.rig.config
    bench.lose(spoil)
    with pytest.raises(CommandRefused) as caught:
        await bench.editor.set_keys({"print-time": 30})
    assert caught.value.translation_key == "xmrig_config_not_taken"
    assert bench.rig.config == before
    assert bench.puts == 2
    assert not any(bench.notes.kept.values())


async def test_a_loss_that_cannot_be_mended_at_once(bench: Bench) -> None:
    """The configuration stays on disk, and is sent when the miner answers again."""
    before = bench.rig.config
    bench.lose(lambda config: config.update(retries=9), times=2)
    with pytest.raises(CommandRefused):
        await bench.editor.set_keys({"print-time": 30})
    assert bench.notes.kept[NOTE] == {"config": before, "undo": True}
    # Home Assistant starts again.
    again = ConfigEditor(bench.api, bench.notes)
    await again.recover(bench.rig.config)
    assert bench.rig.config == before
    await again.recover(bench.rig.config)
    assert not any(bench.notes.kept.values())
    assert bench.puts == 3


async def test_a_crash_between(bench: Bench) -> None:
    """Pools that were lost come back; a change that was applied stays."""
    before = bench.rig.config
    bench.notes.kept[NOTE] = {"config": before, "undo": False}
    lost = {**before, "pools": before["pools"][:1]}
    await bench.editor.recover(lost)
    assert bench.puts == 1
    assert bench.rig.config == before
    await bench.editor.recover({**before, "print-time": 30})
    assert not any(bench.notes.kept.values())


async def test_a_wallet_that_was_changed_since_stays(bench: Bench) -> None:
    """The owner changed it by hand after the crash."""
    before = bench.rig.config
    for undo in (True, False):
        bench.notes.kept[NOTE] = {"config": before, "undo": undo}
        now = deepcopy(before)
        now["pools"] = [{**now["pools"][0], "user": "another of the owner's"}]
        await bench.editor.recover(now)
        assert not any(bench.notes.kept.values())
    assert bench.puts == 0


@pytest.mark.parametrize("note", [None, 5, [], {}, {"config": 1}])
async def test_a_note_that_is_none(bench: Bench, note: Any) -> None:
    """It costs no poll."""
    bench.notes.kept[NOTE] = note
    await bench.editor.recover(bench.rig.config)
    assert bench.puts == 0


async def test_no_recovery_during_an_edit(bench: Bench) -> None:
    """A poll at that moment sees a configuration that is just being changed."""

    async def poll(config: JsonObject) -> None:
        bench.notes.kept[NOTE] = {"config": config, "undo": True}
        await bench.editor.recover({**config, "pools": []})

    await bench.editor.edit(poll)
    assert bench.puts == 0


async def test_a_miner_that_vanishes(bench: Bench) -> None:
    """What came of it is not known: the configuration of before stays on disk."""
    before = bench.rig.config
    put = bench.api.put_config

    async def put_and_vanish(config: JsonObject) -> None:
        await put(config)
        bench.rig.fault(Fault.UNPLUGGED)

    bench.patch(bench.api, "put_config", put_and_vanish)
    with pytest.raises(CommandRefused) as caught:
        await bench.editor.set_keys({"print-time": 30})
    assert caught.value.placeholders == {"keys": "print-time"}
    assert bench.notes.kept[NOTE]["config"] == before


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (CommandRefused("xmrig_config_rejected"), False),
        (SourceBusy("busy"), False),
        (SourceUnreachable("cut"), True),
    ],
)
async def test_a_request_that_fails(
    bench: Bench, error: SourceError, *, kept: bool
) -> None:
    """What was refused was not applied; of anything else that is not known."""

    async def fail(config: JsonObject) -> None:
        raise error

    bench.patch(bench.api, "put_config", fail)
    with pytest.raises(type(error)):
        await bench.editor.set_keys({"print-time": 30})
    assert any(bench.notes.kept.values()) is kept


async def test_refused_keys_wait_for_no_turn(bench: Bench) -> None:
    """Neither does a pause, which needs no configuration."""
    holds, goes_on = asyncio.Event(), asyncio.Event()

    async def take_long(config: JsonObject) -> None:
        holds.set()
        await goes_on.wait()

    slow = asyncio.create_task(bench.editor.edit(take_long))
    await holds.wait()
    with pytest.raises(CommandRefused):
        await bench.editor.set_keys({"http": {"port": 1}})
    with pytest.raises(CommandRefused):
        await bench.editor.set_keys({"benchmark": {}})
    await bench.api.call("pause")
    assert bench.rig.paused
    goes_on.set()
    await slow


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"pools": [{"coin": "ravencoin"}]}, {"coin": "RVN"}),
        ({"pools": [{}, {"algo": "cryptonight/half"}]}, {"algo": "cn/half"}),
        ({"print-time": 61.0}, {}),
    ],
)
async def test_what_the_miner_normalises_is_no_failure(
    bench: Bench, changes: Any, shown: Any
) -> None:
    """Names in the miner's own form, and numbers that an automation made floats."""

    await bench.editor.set_keys(changes)
    assert bench.puts == 1
    found = bench.rig.config
    for key, value in shown.items():
        assert found["pools"][len(changes["pools"]) - 1][key] == value


async def test_a_name_that_the_miner_shows_already(bench: Bench) -> None:
    """The configuration stays as it was, which is what was wanted."""
    assert bench.rig.config["pools"][0]["coin"] == "XMR"
    await bench.editor.set_keys({"pools": [{"coin": "monero"}]})
    assert bench.puts == 1
    assert bench.rig.config["pools"][0]["coin"] == "XMR"
    assert not any(bench.notes.kept.values())
