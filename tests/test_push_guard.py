"""What the door knows of addresses and bodies, and how many of them."""

import asyncio
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.push import bodies, guard
from custom_components.mining_rig.push.budget import Budget, Recent
from custom_components.mining_rig.push.http import Refusal
from custom_components.mining_rig.push.subentries import item_ids


def origin(address: str | None) -> guard.Origin:
    """Return where a request of an address comes from; None if it has none."""
    with patch.object(guard, "is_cloud_connection", return_value=False):
        return guard.Guard(Mock()).origin(Mock(remote=address))


@pytest.mark.parametrize("address", [None, "no address", "8.8.8.8", "2001:db8::1"])
def test_what_is_not_private(address: str | None) -> None:
    """What cannot be read as an address is not a private one."""
    assert not origin(address).is_private


def test_networks() -> None:
    """An IPv6 address stands for its network, any other for itself."""
    assert origin("192.168.1.5").network == "192.168.1.5"
    assert origin("fd00::1").network == origin("fd00::ffff:1").network
    assert origin("fd00::1").network != origin("fd00:0:0:1::1").network
    assert origin("::ffff:10.0.0.1").network != origin("::ffff:10.0.0.2").network


def test_only_so_many_addresses_are_remembered() -> None:
    """The one that sent a wrong code the longest ago has a full budget again."""
    codes = guard.WrongCodes()
    with patch.object(guard, "_MOST_ADDRESSES", 2):
        for host in (1, 1, 2, 1, 3):
            codes.count(origin(f"192.168.1.{host}"), bytes((host,)))
        for number in range(300):
            codes.count(origin("192.168.1.1"), number.to_bytes(4))
        assert codes.is_spent(origin("192.168.1.1"))
        for host in (4, 5):
            codes.count(origin(f"192.168.1.{host}"), bytes((host,)))
    assert not codes.is_spent(origin("192.168.1.1"))


def test_strangers_outside_do_not_use_up_the_budget_of_the_home() -> None:
    """There is one for all of them, and another for all private addresses."""
    codes = guard.WrongCodes()
    for number in range(2000):
        codes.count(origin(f"8.8.{number // 250}.{number % 250}"), number.to_bytes(4))
    assert codes.is_spent(origin("9.9.9.9"))
    assert not codes.is_spent(origin("192.168.1.5"))


def test_budget(freezer: FrozenDateTimeFactory) -> None:
    """It fills again, up to what it began with."""
    budget = Budget(2, 0.5)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    freezer.tick(2)
    assert [budget.take() for _ in range(2)] == [True, False]
    freezer.tick(3600)
    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_recent(freezer: FrozenDateTimeFactory) -> None:
    """The oldest is forgotten, and what is too old does not count."""
    recent: Recent[str] = Recent(2, 60)
    for item in "abac":
        recent.note(item)
    assert [item in recent for item in "abc"] == [True, False, True]
    freezer.tick(61)
    assert "a" not in recent


async def test_few_bodies_of_strangers_at_once(hass: HomeAssistant) -> None:
    """Those of one address, and all together; the others are told to come again."""
    stranger = bodies.StrangersBodies()
    waits = asyncio.Event()

    async def read(*_: object) -> str:
        await waits.wait()
        return "read"

    async def start(address: str, count: int) -> list[asyncio.Task[object]]:
        tasks = [
            asyncio.create_task(stranger.async_read(Mock(), origin(address)))
            for _ in range(count)
        ]
        await asyncio.sleep(0)
        return tasks

    with patch.object(bodies, "async_read_body", read):
        tasks = await start("192.168.1.1", 6)
        for host in range(2, 12):
            tasks += await start(f"192.168.1.{host}", 4)
        assert stranger.is_full(origin("192.168.1.99"))
        assert not stranger.is_full(origin("8.8.8.8"))
        waits.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results.count("read") == 32
    refused = [r for r in results if isinstance(r, Refusal)]
    assert len(refused) == 46 - 32
    assert {
        (r.response.status, r.response.headers["Retry-After"]) for r in refused
    } == {(503, "5")}
    assert not stranger._reading


def test_a_kind_without_subentries() -> None:
    """It has no items that a subentry stands for."""
    assert item_ids(None, Mock()) == frozenset()
