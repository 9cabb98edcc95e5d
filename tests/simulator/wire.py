"""A client that hides nothing: every byte of a connection until it is closed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from simulator.rig import SimulatedRig


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response of a connection."""

    status_line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.status_line.split()[1])

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


async def exchange(rig: SimulatedRig, raw: bytes) -> bytes:
    """Send bytes on a new connection and return all that comes until it closes."""
    reader, writer = await asyncio.open_connection(rig.host, rig.port)
    try:
        writer.write(raw)
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def split(raw: bytes) -> list[Response]:
    """Split what came on one connection into its responses."""
    responses = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        status_line, *lines = head.decode().split("\r\n")
        headers = [
            (name, value) for name, _, value in (x.partition(": ") for x in lines)
        ]
        length = int(dict(headers).get("Content-Length", len(rest)))
        responses.append(
            Response(status_line=status_line, headers=headers, body=rest[:length])
        )
        raw = rest[length:]
    return responses


async def ask(
    rig: SimulatedRig,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> list[Response]:
    """Send a request as a correct client does, and return every response to it."""
    sent = {"Host": f"{rig.host}:{rig.port}"}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    content = b""
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent |= {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
        }
    sent |= headers or {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items())]
    return split(
        await exchange(rig, "\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    )


async def get(rig: SimulatedRig, path: str, token: str | None = None) -> Any:
    """Return the decoded answer to a GET that must succeed."""
    [response] = await ask(rig, "GET", path, token=token)
    assert response.status == 200, response
    return response.json()
