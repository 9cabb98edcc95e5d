"""Looking for machines in Home Assistant's own networks, gently.

A TCP connection to each port of each address, which is closed at once; what accepts it
is asked by `sources.probe`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
import socket
from typing import Final

from homeassistant.components.network import Adapter

from ..sources.common.detection import Found
from ..sources.common.reachable import accepts_connection

LARGEST: Final = 24
"""Bits of the prefix of the largest network that is searched: 256 addresses."""
CONNECTS_WITHIN: Final = 1.0
"""Seconds."""
AT_ONCE: Final = 32
APART: Final = 0.01
"""Seconds between two connections."""
_RESOLVES_WITHIN: Final = 3.0

type Ask = Callable[[str, int], Awaitable[Found | None]]
"""Asks what accepts connections at a host and a port."""


def addresses(adapters: Iterable[Adapter], known: Collection[str]) -> list[str]:
    """Return the addresses to look at, but the known ones.

    Those of enabled adapters' private IPv4 networks; of a large one, the part that Home
    Assistant itself is in. A network of public addresses is not at home.
    """
    found: dict[str, None] = {}
    for adapter in adapters:
        if not adapter["enabled"]:
            continue
        for own in adapter["ipv4"]:
            prefix = max(own["network_prefix"], LARGEST)
            network = IPv4Network(f"{own['address']}/{prefix}", strict=False)
            if network.is_private:
                found |= dict.fromkeys(map(str, network.hosts()))
    return [address for address in found if address not in known]


async def async_resolve(host: str) -> frozenset[str]:
    """Return the IPv4 addresses of a name or an address; none where it has none."""
    with suppress(ValueError):
        return frozenset((str(IPv4Address(host)),))
    with suppress(OSError, ValueError):
        async with asyncio.timeout(_RESOLVES_WITHIN):
            infos = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=socket.AF_INET, type=socket.SOCK_STREAM
            )
            return frozenset(str(info[4][0]) for info in infos)
    return frozenset()


async def async_scan(
    hosts: Sequence[str],
    ports: Sequence[int],
    ask: Ask,
    progress: Callable[[float], None],
) -> list[tuple[str, Found]]:
    """Return the machines that answer at the hosts, in the order of these.

    `progress` is told the share that is done, 0 to 1. One port of a host at a time; none
    after the one at which a machine was recognised.
    """
    slots = asyncio.Semaphore(AT_ONCE)
    pace = asyncio.Lock()
    found: dict[str, Found] = {}
    done = 0

    async def look(host: str) -> None:
        nonlocal done
        async with slots:
            for port in ports:
                async with pace:
                    await asyncio.sleep(APART)
                if not await accepts_connection(host, port, within=CONNECTS_WITHIN):
                    continue
                if (machine := await ask(host, port)) is not None:
                    found[host] = machine
                    break
        done += 1
        progress(done / len(hosts))

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(look(host))
    return [(host, found[host]) for host in hosts if host in found]
