"""A raw TCP server for miners with the socket API of cgminer: one question, one answer."""

import asyncio
from contextlib import suppress
import json
import socket
from typing import override

from .server import HttpServer, Request

_LARGEST = 16 * 1024


class SocketServer(HttpServer):
    """Listens on a port of loopback; its requests are questions.

    A `Request` has the method ASK, the command as its path and the parameter as its body,
    or the whole question where that names an id; of a `Reply` only the body is sent, and
    the connection is closed.
    """

    holds_open = False
    """Whether a connection stays open until the client closes it."""

    @override
    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        with suppress(OSError):
            question = await reader.read(_LARGEST)
            reply = await self._handler(_parsed(question))
            if reply is not None:
                writer.write(reply.body[: len(reply.body) - reply.cut])
                await writer.drain()
                if self.holds_open and not reply.cut:
                    await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _parsed(question: bytes) -> Request:
    """Return a question in JSON ({"command": "stats"}) or in text ("ascset|0,help").

    IceRiver's have an id instead: {"id": "fan"}.
    """
    try:
        data = json.loads(question)
        if "id" in data:
            return Request("ASK", str(data["id"]), {}, question.strip())
        command, parameter = str(data["command"]), str(data.get("parameter", ""))
    except ValueError, KeyError, TypeError:
        command, _, parameter = question.decode(errors="replace").partition("|")
    return Request("ASK", command.strip(), {}, parameter.strip().encode())
