"""The pretend phone: what it shows, and what its buttons send."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
import pytest

from simulator.control import control_app
from simulator.phone import SimulatedPhone
from simulator.rig import SimulatedRig
from simulator.xmrig import SimulatedXMRig

from .door import Door, open_door

BUTTONS = [
    {"action": "MINING_RIG_PAUSE_X", "title": "Pause"},
    {"action": "MINING_RIG_CUT_X", "title": "Cut power", "destructive": True},
]
PUSHED = {
    "title": "Workshop is too hot",
    "message": "92 degrees",
    "data": {"tag": "hot", "actions": BUTTONS, "channel": "alarm_stream"},
    "push_token": "pretend-phone",
    "registration_info": {"app_id": "x", "app_version": "1", "webhook_id": "1"},
}
JSON = {"Accept": "application/json"}


@pytest.fixture
async def door(socket_enabled: None) -> AsyncIterator[Door]:
    """Return what plays Home Assistant."""
    async with open_door("/api/webhook/1") as opened:
        yield opened


@pytest.fixture
async def terminal(socket_enabled: None) -> AsyncIterator[TestClient[Any, Any]]:
    """Return a client of the control server."""
    rigs: list[SimulatedRig] = [SimulatedXMRig()]
    app = control_app(rigs, phone=SimulatedPhone())
    async with TestClient(TestServer(app)) as client:
        yield client


def pushed(**other: object) -> Mapping[str, object]:
    """Return what Home Assistant pushes, with what is different."""
    return PUSHED | other


async def test_message_and_button(terminal: TestClient[Any, Any], door: Door) -> None:
    """It is read in the terminal; a button fires the app's event by the webhook."""
    said = await (await terminal.get("/phone", headers=JSON)).json()
    assert said["registration"]["app_data"]["push_url"].endswith("/phone/push")
    assert not said["registered"]
    answer = await terminal.post("/phone/push", json=PUSHED)
    assert answer.status == 201
    await terminal.put("/phone/webhook", json={"url": door.url})
    text = await (await terminal.get("/phone")).text()
    assert "Workshop is too hot: 92 degrees [Pause] [Cut power]" in text
    assert "/phone/press/cut-power?message=1'" in text
    assert (await terminal.post("/phone/press/cut-power")).status == 200
    (request,) = door.received
    assert request.method == "POST"
    assert request.json() == {
        "type": "fire_event",
        "data": {
            "event_type": "mobile_app_notification_action",
            "event_data": {
                "title": "Workshop is too hot",
                "message": "92 degrees",
                "tag": "hot",
                "action": "MINING_RIG_CUT_X",
                "action_1_key": "MINING_RIG_PAUSE_X",
                "action_1_title": "Pause",
                "action_2_key": "MINING_RIG_CUT_X",
                "action_2_title": "Cut power",
            },
        },
    }


async def test_tags(terminal: TestClient[Any, Any]) -> None:
    """A message replaces the one with its tag, or clears it; others stay."""
    other = pushed(message="slow", data={"tag": "slow"})
    again = pushed(message="93 degrees")
    clear = pushed(message="clear_notification", data={"tag": "slow"})
    shown = []
    for body in (PUSHED, other, again, clear):
        await terminal.post("/phone/push", json=body)
        said = await (await terminal.get("/phone", headers=JSON)).json()
        shown.append([message["message"] for message in said["messages"]])
    assert shown == [
        ["92 degrees"],
        ["92 degrees", "slow"],
        ["slow", "93 degrees"],
        ["93 degrees"],
    ]


async def test_what_cannot_be_pressed(
    terminal: TestClient[Any, Any], door: Door
) -> None:
    """A button that no message has, a message that is gone, a Home Assistant away."""
    assert (await terminal.post("/phone/press/pause")).status == 404
    await terminal.post("/phone/push", json=PUSHED)
    assert (await terminal.post("/phone/press/pause")).status == 404, "not registered"
    await terminal.put("/phone/webhook", json={"url": door.url})
    for press in ("resume", "pause?message=2", "pause?message=x"):
        assert (await terminal.post(f"/phone/press/{press}")).status == 404
    assert not door.received
    door.answers["/1"] = (410, None)
    assert (await terminal.post("/phone/press/pause")).status == 502


async def test_what_is_no_message(terminal: TestClient[Any, Any]) -> None:
    """Another phone's token, or no JSON."""
    other = await terminal.post("/phone/push", json=pushed(push_token="other"))
    assert other.status == 400
    assert (await terminal.post("/phone/push", data=b"{")).status == 400
    assert await (await terminal.get("/phone")).text() == "No messages.\n"
