"""Requests side by side, of which each may have to begin a session at T-Rex."""

import asyncio
import json
from typing import Any, cast

import pytest

from custom_components.mining_rig.sources.common.contract import SourceRefused
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from custom_components.mining_rig.sources.t_rex.api import TRexApi


class OneSession:
    """A miner that knows its newest session only."""

    def __init__(self, *, broken: bool = False) -> None:
        """Begin without a session; a `broken` one accepts none."""
        self.sid = 0
        self.broken = broken
        self.logins = 0

    async def request(
        self, method: str, path: str, *, query: dict[str, str], body: Any = None
    ) -> Answer:
        """Answer a summary to who has the session."""
        await asyncio.sleep(0)
        valid = not self.broken and query.get("sid") == str(self.sid)
        found = (
            {"name": "t-rex"}
            if valid
            else {"error": "unauthorized request", "success": 0}
        )
        await asyncio.sleep(0)
        return Answer(200, json.dumps(found).encode())

    async def get(self, path: str, *, query: dict[str, str]) -> Answer:
        """Begin a session, which ends the one before."""
        self.logins += 1
        await asyncio.sleep(0)
        self.sid += 1
        return Answer(200, json.dumps({"success": 1, "sid": str(self.sid)}).encode())


async def test_side_by_side() -> None:
    """None is refused because another one has begun a session."""
    miner = OneSession()
    api = TRexApi(cast("JsonHttp", miner), "secret")
    for _ in range(3):
        await asyncio.gather(api.summary(), api.summary())
        miner.sid += 100
        late = asyncio.create_task(api.summary())
        await asyncio.sleep(0)
        await asyncio.gather(late, api.summary())


async def test_session_that_is_never_accepted() -> None:
    """It is tried once."""
    miner = OneSession(broken=True)
    with pytest.raises(SourceRefused):
        await TRexApi(cast("JsonHttp", miner), "secret").summary()
    assert miner.logins == 1
