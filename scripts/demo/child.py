"""Run a module as a child that stays on loopback and never outlives the demo.

python -m scripts.demo.child MODULE [ARGUMENT ...], with a pipe for standard input.
"""

from collections.abc import Callable
import errno
from ipaddress import ip_address
import os
import runpy
import signal
import socket
import sys
import threading
from typing import Any

_LOCAL_NAMES = ("", "localhost", socket.gethostname())


def main() -> None:
    """Become the module named by the first argument."""
    follow_parent()
    stay_on_loopback()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def follow_parent() -> None:
    """End as if told to when the demo is gone, however it went: its pipe closes."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="follow parent", daemon=True).start()


def stay_on_loopback() -> None:
    """Refuse whatever would leave this computer or let another one in.

    What is refused looks like a computer without a network: OSError or gaierror.
    """

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith("socket.") and (check := _CHECKS.get(event)) is not None:
            check(arguments)

    sys.addaudithook(guard)


def is_loopback(host: object) -> bool:
    """Whether a host, as a socket takes it, is this computer and nobody else."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        return ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _check_address(arguments: tuple[Any, ...]) -> None:
    """Source: audit events socket.bind, connect, sendto and sendmsg."""
    address = arguments[1]
    if isinstance(address, tuple) and not is_loopback(address[0]):
        raise OSError(
            errno.ENETUNREACH, f"The demo stays on loopback; refused: {address[0]}"
        )


def _check_name(arguments: tuple[Any, ...]) -> None:
    """Source: audit events socket.getaddrinfo and the older look-ups."""
    host = arguments[0]
    if host is None or host in _LOCAL_NAMES:
        return
    try:
        ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        raise socket.gaierror(
            socket.EAI_NONAME, f"The demo stays on loopback; refused: {host}"
        ) from None


_CHECKS: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "socket.bind": _check_address,
    "socket.connect": _check_address,
    "socket.sendto": _check_address,
    "socket.sendmsg": _check_address,
    "socket.getaddrinfo": _check_name,
    "socket.gethostbyname": _check_name,
    "socket.gethostbyaddr": _check_name,
}

if __name__ == "__main__":
    main()
