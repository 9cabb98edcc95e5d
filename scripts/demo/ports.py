"""Ports of loopback."""

import socket

from .errors import DemoError

LOOPBACK = "127.0.0.1"


def url(port: int) -> str:
    """Return Home Assistant's address."""
    return f"http://{LOOPBACK}:{port}"


def require_free(port: int) -> None:
    """Raise DemoError if Home Assistant could not listen on this port of loopback."""
    try:
        _bind(port)
    except PermissionError:
        raise DemoError(
            f"Port {port} is reserved for the system. Choose another one, for "
            f"example: --port {_other(port)}"
        ) from None
    except OSError:
        raise DemoError(
            f"Port {port} is taken, perhaps by another demo or by your own Home "
            f"Assistant. Choose another one, for example: --port {_other(port)}"
        ) from None


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback."""
    try:
        _bind(port)
    except OSError:
        return False
    return True


def _bind(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: what is left of closed connections does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def find_free() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8124
