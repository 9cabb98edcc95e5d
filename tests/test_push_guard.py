"""What the door remembers of addresses, and what it counts against them."""

from collections.abc import Iterator
from http import HTTPStatus
from unittest.mock import AsyncMock, Mock, patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.push import guard
from custom_components.mining_rig.push.http import Refusal
from custom_components.mining_rig.push.subentries import item_ids


@pytest.fixture
def wrong_logins() -> Iterator[AsyncMock]:
    """Return what counts towards Home Assistant's ban list."""
    with patch.object(guard, "process_wrong_login", AsyncMock()) as counted:
        yield counted


def request_from(address: str | None) -> Mock:
    """Return a request of an address; None where the transport has none."""
    return Mock(remote=address)


async def test_a_request_without_an_address(
    hass: HomeAssistant, wrong_logins: AsyncMock
) -> None:
    """It is remembered nowhere, and is not from the local network."""
    guarded = guard.Guard(hass)
    guarded.note_good_code(request_from(None))
    guarded.count_wrong_code(request_from(None))
    await hass.async_block_till_done(wait_background_tasks=True)
    wrong_logins.assert_not_called()
    with pytest.raises(Refusal) as refused:
        guarded.require_private(request_from(None))
    assert refused.value.response.status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("address", ["no address", "8.8.8.8"])
def test_what_is_not_private(address: str) -> None:
    """What cannot be read as an address is not a private one."""
    guarded = guard.Guard(Mock())
    with patch.object(guard, "is_cloud_connection", return_value=False):
        assert not guarded.is_private(request_from(address))


async def test_only_so_many_addresses_are_remembered(
    hass: HomeAssistant, wrong_logins: AsyncMock
) -> None:
    """The address that sent a good code the longest ago is forgotten first."""
    guarded = guard.Guard(hass)
    with patch.object(guard, "_MOST_ADDRESSES", 2):
        for number in range(3):
            guarded.note_good_code(request_from(f"192.168.1.{number}"))
        for number in range(3):
            guarded.count_wrong_code(request_from(f"192.168.1.{number}"))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [call.args[0].remote for call in wrong_logins.call_args_list] == [
        "192.168.1.0"
    ]


def test_a_kind_without_subentries() -> None:
    """It has no items that a subentry stands for."""
    assert item_ids(None, Mock()) == frozenset()
