"""What a simulated miner says of itself, without Home Assistant."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from .rigs import SimulatedRig


async def hashrate_of(rig: SimulatedRig) -> float | None:
    """Ask the miner itself, not Home Assistant."""
    return await HASHRATES[rig.kind](rig.form)


async def _xmrig_hashrate(form: Mapping[str, Any]) -> float | None:
    """H/s over ten seconds. Source: XMRig's HTTP API, GET /2/summary."""
    headers = {}
    if token := form.get("access_token"):
        headers["Authorization"] = f"Bearer {token}"
    address = f"http://{form['host']}:{form['port']}/2/summary"
    async with (
        aiohttp.ClientSession() as session,
        session.get(address, headers=headers) as response,
    ):
        summary = await response.json(content_type=None)
    if summary["paused"]:
        return None
    hashrate: float | None = summary["hashrate"]["total"][0]
    return hashrate


async def _t_rex_hashrate(form: Mapping[str, Any]) -> float | None:
    """H/s at this moment. Source: T-Rex's HTTP API, GET /summary."""
    base = f"http://{form['host']}:{form['port']}"
    query = {}
    async with aiohttp.ClientSession() as session:
        if password := form.get("password"):
            asked = {"password": password}
            async with session.get(f"{base}/login", params=asked) as response:
                query["sid"] = (await response.json(content_type=None))["sid"]
        async with session.get(f"{base}/summary", params=query) as response:
            summary = await response.json(content_type=None)
        async with session.get(f"{base}/logout", params=query):
            pass
    if summary["paused"]:
        return None
    return float(sum(card["hashrate_instant"] for card in summary["gpus"]))


HASHRATES: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[float | None]]] = {
    "t_rex": _t_rex_hashrate,
    "xmrig": _xmrig_hashrate,
}
