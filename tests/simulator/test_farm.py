"""The farm that the demo starts, as a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
import pytest

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def farm(
    *arguments: str,
) -> AsyncIterator[tuple[Any, asyncio.subprocess.Process]]:
    """Start the farm and yield what it printed when it was ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield json.loads(line) if line else None, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_farm_from_start_to_end(number: signal.Signals) -> None:
    """It tells how to add its rigs, obeys by HTTP, and ends without a word."""
    async with (
        farm("--speed", "50") as (ready, process),
        aiohttp.ClientSession() as web,
    ):
        rigs = {rig["name"]: rig for rig in ready["rigs"]}
        assert len(rigs) >= 3
        for rig in rigs.values():
            if rig["kind"] != "xmrig":
                continue
            form = rig["form"]
            token = form.get("access_token")
            url = f"http://{form['host']}:{form['port']}/2/summary"
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with web.get(url, headers=headers) as response:
                assert (await response.json())["kind"] == "miner"

        form = rigs["Attic"]["form"]
        attic = f"http://{form['host']}:{form['port']}"
        async with web.get(f"{attic}/login?password={form['password']}") as response:
            session = await response.json()
        async with web.get(f"{attic}/summary?sid={session['sid']}") as response:
            assert len((await response.json())["gpus"]) == 8

        garage = rigs["Garage"]
        control = ready["control"]
        url = f"http://127.0.0.1:{garage['form']['port']}/2/summary"
        async with web.post(f"{control}/rigs/garage/off") as response:
            assert (await response.json())["now"] == ["off"]
        with pytest.raises(aiohttp.ClientConnectorError):
            await web.get(url)
        async with web.post(f"{control}/rigs/garage/on") as response:
            assert (await response.json())["now"] == []
        async with web.get(url) as response:
            assert response.status == 401
        async with web.post(f"{control}/rigs/garage/slow?seconds=0.01") as response:
            assert (await response.json())["now"] == ["slow"]
        for wrong in ("garage/nonsense", "nobody/off", "garage/slow?seconds=x"):
            async with web.post(f"{control}/rigs/{wrong}") as response:
                assert response.status in {400, 404}
                assert "error" in await response.json()
        async with web.get(control) as response:
            listed = await response.json()
            assert [rig["name"] for rig in listed["rigs"]] == list(rigs)
        async with web.get(control, headers={"Accept": "text/html"}) as response:
            page = await response.text()
            assert all(name in page for name in rigs)
            assert f"curl -X POST {control}/rigs/" in page

        process.send_signal(number)
        out, errors = await asyncio.wait_for(process.communicate(), 10)
        assert (process.returncode, out, errors) == (0, b"", b"")


async def test_a_taken_port_is_told(socket_enabled: None) -> None:
    """One sentence, no traceback."""
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with farm("--control-port", str(port)) as (ready, process):
        assert ready is None
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"could not open its ports" in errors
    assert b"Traceback" not in errors
    taken.close()
