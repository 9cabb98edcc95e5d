"""A phone with Home Assistant's app: it shows notifications, and its buttons work.

As the app for Android does it. Source: Home Assistant's `mobile_app`: a registration
names an address that messages are pushed to, and gets a webhook that events go to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Any

import aiohttp

from .clock import Clock, wall_clock

_CLEAR = "clear_notification"
_TOKEN = "pretend-phone"
_DEVICE: Mapping[str, str] = {
    "app_version": "2026.10.1",
    "device_name": "Pretend phone",
    "manufacturer": "Google",
    "model": "Pretend",
    "os_version": "16",
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A notification."""

    number: int
    """Its place among all that came; the first is 1."""
    at: float
    title: str
    text: str
    data: Mapping[str, Any]

    @property
    def tag(self) -> str | None:
        """What another message replaces it by."""
        return self.data.get("tag")

    @property
    def buttons(self) -> Sequence[Mapping[str, Any]]:
        """Its buttons: `action` is what each fires, `title` is written on it."""
        return [
            {"title": button["action"], **button}
            for button in self.data.get("actions", ())
        ]

    def button(self, name: str) -> Mapping[str, Any] | None:
        """Return the button of this action, or with this title: `cut-power`."""
        for button in self.buttons:
            if name in (button["action"], slug(button["title"])):
                return button
        return None


def slug(title: str) -> str:
    """Return a title as it can stand in an address: Cut power is `cut-power`."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


class SimulatedPhone:
    """What it was sent, and its way back to Home Assistant."""

    def __init__(self, *, clock: Clock = wall_clock) -> None:
        """Know no Home Assistant yet."""
        self.messages: list[Message] = []
        self.webhook: str | None = None
        """Address of the webhook that the registration got."""
        self._clock = clock

    @staticmethod
    def registration(push_url: str) -> dict[str, object]:
        """Return what the app posts to `/api/mobile_app/registrations`."""
        return {
            **_DEVICE,
            "app_id": "io.homeassistant.companion.android",
            "app_name": "Home Assistant",
            "device_id": "mining-rig-pretend-phone",
            "os_name": "Android",
            "supports_encryption": False,
            "app_data": {"push_url": push_url, "push_token": _TOKEN},
        }

    def take(self, body: Mapping[str, Any]) -> Message | None:
        """Take what is pushed; None if that only clears what is shown.

        ValueError if it is no message for this phone.
        """
        text = body.get("message")
        if body.get("push_token") != _TOKEN or not isinstance(text, str):
            raise ValueError("no message for this phone")
        message = Message(
            number=len(self.messages) + 1,
            at=self._clock(),
            title=str(body.get("title") or ""),
            text=text,
            data=body.get("data") or {},
        )
        self.messages.append(message)
        return None if text == _CLEAR else message

    @property
    def shown(self) -> list[Message]:
        """The messages that it shows, oldest first: a tag replaces, or clears."""
        left: list[Message] = []
        for message in self.messages:
            if message.tag is not None:
                left = [other for other in left if other.tag != message.tag]
            if message.text != _CLEAR:
                left.append(message)
        return left

    async def press(self, name: str, number: int | None = None) -> Message:
        """Press a button of a message, of the newest that has it; return the message.

        LookupError if no message has it, aiohttp.ClientError if Home Assistant does not
        take it.
        """
        for message in reversed(self.shown):
            button = message.button(name)
            if button is not None and number in (None, message.number):
                break
        else:
            raise LookupError(f"no message shows a button {name}")
        if self.webhook is None:
            raise LookupError("no Home Assistant knows this phone")
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(self.webhook, json=_event(message, button)),
        ):
            return message


def _event(message: Message, button: Mapping[str, Any]) -> dict[str, object]:
    """Return what the app sends: the message's own fields beside the action."""
    fields: dict[str, object] = {"message": message.text, "action": button["action"]}
    if message.title:
        fields["title"] = message.title
    fields |= {
        key: message.data[key] for key in ("tag", "group") if key in message.data
    }
    for place, other in enumerate(message.buttons, start=1):
        fields[f"action_{place}_key"] = other["action"]
        fields[f"action_{place}_title"] = other["title"]
    if "action_data" in button:
        fields["action_data"] = button["action_data"]
    return {
        "type": "fire_event",
        "data": {
            "event_type": "mobile_app_notification_action",
            "event_data": fields,
        },
    }
