"""The pretend phone's own addresses: where messages come in, and what a person does.

Beside the control server of a farm: GET /phone reads, POST /phone/press/<button> presses.
"""

from datetime import datetime
from typing import Any

from aiohttp import ClientError, web

from .phone import Message, SimulatedPhone, slug


def add_phone(app: web.Application, phone: SimulatedPhone) -> None:
    """Serve a phone."""

    async def read(request: web.Request) -> web.Response:
        if "application/json" not in request.headers.get("Accept", ""):
            return web.Response(text=screen(phone, f"{request.url.origin()}/phone"))
        return web.json_response(
            {
                "registration": phone.registration(
                    f"{request.url.origin()}/phone/push"
                ),
                "registered": phone.webhook is not None,
                "messages": [_json(message) for message in phone.shown],
            }
        )

    async def register(request: web.Request) -> web.Response:
        phone.webhook = str((await _body(request))["url"])
        return web.json_response(None)

    async def push(request: web.Request) -> web.Response:
        # The shape is that of the gateway that serves the real app.
        try:
            message = phone.take(await _body(request))
        except ValueError as error:
            return web.json_response({"message": str(error)}, status=400)
        if message is not None:
            print(f"Phone: {line(message)}", flush=True)
        return web.json_response({"target": "pretend-phone"}, status=201)

    async def press(request: web.Request) -> web.Response:
        button, number = request.match_info["button"], request.query.get("message")
        try:
            message = await phone.press(button, None if number is None else int(number))
        except (LookupError, ValueError) as error:
            return web.Response(text=f"{error}\n", status=404)
        except ClientError:
            return web.Response(text="Home Assistant does not answer.\n", status=502)
        return web.Response(text=f"Pressed {button} of message {message.number}.\n")

    app.router.add_get("/phone", read)
    app.router.add_put("/phone/webhook", register)
    app.router.add_post("/phone/push", push)
    app.router.add_post("/phone/press/{button}", press)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="no JSON object\n")
    return body


def _json(message: Message) -> dict[str, object]:
    return {
        "number": message.number,
        "title": message.title,
        "message": message.text,
        "data": message.data,
    }


def line(message: Message) -> str:
    """Return a message in one line: `Workshop is too hot: 92 degrees [Pause]`."""
    words = [f"{message.title}: " if message.title else "", message.text]
    words += [f" [{button['title']}]" for button in message.buttons]
    return "".join(words)


def screen(phone: SimulatedPhone, address: str) -> str:
    """Return all that the phone shows, each message with how to press its buttons."""
    lines: list[str] = []
    for message in phone.shown:
        at = datetime.fromtimestamp(message.at).strftime("%H:%M:%S")
        lines.append(f"{message.number:>3}  {at}  {line(message)}")
        lines += [
            f"       curl -X POST '{address}/press/{slug(button['title'])}"
            f"?message={message.number}'"
            for button in message.buttons
        ]
    return "\n".join(lines or ["No messages."]) + "\n"
