"""Components that Home Assistant's `mobile_app` imports and this demo has no use for.

The cloud, cameras and the assistant need an account, or packages that are compiled when
they are installed. Here nobody is logged in to the cloud, no camera has a stream, and
nobody listens.
"""

from collections.abc import Mapping
from enum import Enum, IntFlag
import sys
from types import ModuleType

from homeassistant.core import CALLBACK_TYPE
from homeassistant.exceptions import HomeAssistantError


class CloudNotAvailable(HomeAssistantError):
    """There is no cloud."""


class CloudConnectionState(Enum):
    """What no cloud ever tells."""

    CLOUD_CONNECTED = "cloud_connected"
    CLOUD_DISCONNECTED = "cloud_disconnected"


class CameraEntityFeature(IntFlag):
    """What no camera here can do."""

    ON_OFF = 1
    STREAM = 2


def _no(*_: object) -> bool:
    return False


def _never(*_: object) -> CALLBACK_TYPE:
    return lambda: None


async def _unavailable(*_: object, **__: object) -> None:
    raise CloudNotAvailable


_ABSENT: Mapping[str, Mapping[str, object]] = {
    "camera": {
        "CameraEntityFeature": CameraEntityFeature,
        "async_request_stream": _unavailable,
    },
    "cloud": {
        "CloudConnectionState": CloudConnectionState,
        "CloudNotAvailable": CloudNotAvailable,
        "async_active_subscription": _no,
        "async_delete_cloudhook": _unavailable,
        "async_get_or_create_cloudhook": _unavailable,
        "async_is_connected": _no,
        "async_is_logged_in": _no,
        "async_listen_cloudhook_change": _never,
        "async_listen_connection_change": _never,
        "async_remote_ui_url": _unavailable,
    },
    "conversation": {"async_converse": _unavailable},
}


def stand_in() -> None:
    """Have these components found, each with what `mobile_app` asks of it."""
    for name, content in _ABSENT.items():
        module = ModuleType(f"homeassistant.components.{name}")
        vars(module).update(content)
        sys.modules[module.__name__] = module
