"""The door with spoilt requests: bodies, headers, codes, paths and methods."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
import logging
from pathlib import Path
from random import Random
from typing import Final, override
from unittest.mock import patch

from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from benchmarks.home import rig_entry, running
from custom_components.mining_rig.push.budget import Budget
from custom_components.mining_rig.push.const import BASE
from custom_components.mining_rig.push.door import Door
from custom_components.mining_rig.push.guard import WrongCodes
from custom_components.mining_rig.push.opening import async_open_door
from custom_components.mining_rig.push.views import PushView
from custom_components.mining_rig.push.webhook import async_handle_webhook

from .mutate import Mutator
from .trial import Fault, Trial

STATUSES: Final = frozenset((200, 400, 401, 404, 408, 413, 422, 429, 503, 507))
"""What agents may be answered."""
_CODES: Final = {"asic": "asic-code-0123456789", "cpu_gpu": "computer-code-0123456789"}
_FIXTURES: Final = Path(__file__).parents[2] / "tests/fixtures/rig_monitor"
_BODIES: Final = tuple(
    (path.name, path.read_bytes()) for path in sorted(_FIXTURES.glob("*.request.json"))
)
_PATHS: Final = (
    ("GET", "asic_miners/expected_status"),
    ("POST", "asic_miners/expected_status_bulk"),
    ("GET", "cpu_gpu_miners/playbooks"),
    ("GET", "cpu_gpu_miners/playbooks/1/module"),
    ("GET", "ping"),
)
_METHODS: Final = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "POST")
_ADDRESSES: Final = (
    "192.168.1.5",
    "fe80::1",
    "8.8.8.8",
    "2001:db8::1",
    "",
    "no address",
)
_LARGEST: Final = 2**26
_FRESH_EVERY: Final = 500
"""Requests after which budgets are full again, so that many get past them."""


class _Errors(logging.Handler):
    """Notes what is logged as an error, as of a task that nobody awaits."""

    def __init__(self) -> None:
        """Start without errors."""
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(logging.Formatter().format(record))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request as it is sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    remote: str
    rig_type: str
    """The type of rig that it pretends to come from."""
    is_webhook: bool

    def arrive(self) -> web.Request:
        """Return the request as the server hands it on."""
        loop = asyncio.get_running_loop()
        # It never asks its protocol to wait.
        stream = StreamReader(BaseProtocol(loop), _LARGEST, loop=loop)
        if self.body:
            stream.feed_data(self.body)
        stream.feed_eof()
        request = make_mocked_request(
            self.method,
            f"{BASE}/v1",
            headers=self.headers,
            payload=stream,
            match_info={"path": f"v1/{self.path}"},
        )
        return request.clone(remote=self.remote)


class _Requests:
    """Makes spoilt requests."""

    def __init__(self, random: Random) -> None:
        """Take the random numbers."""
        self._random = random
        self._mutator = Mutator(random)

    def make(self) -> _Request:
        """Return a request."""
        random = self._random
        name, body = random.choice(_BODIES)
        rig_type = "asic" if name.startswith("asic") else "cpu_gpu"
        message = "specs" if "specs" in name else "logs"
        method, path = "POST", f"{rig_type}_miners/{message}"
        if "bulk" in name or random.random() < 0.2:
            method, path = random.choice(_PATHS)
        if random.random() < 0.9:
            body = self._mutator.mutate(body)
        if random.random() < 0.05:
            method = random.choice(_METHODS)
        if random.random() < 0.05:
            path = random.choice((f"/{path}//", path.upper(), self._line(), "../" * 9))
        code = _CODES[rig_type]
        if random.random() < 0.2:
            code = random.choice(
                (*_CODES.values(), self._line(), code[:-1], "", "x" * 9)
            )
        headers = {random.choice(("api_code", "API_CODE", "X-Api-Code")): code}
        if random.random() < 0.2:
            headers["Content-Length"] = random.choice(
                (str(len(body)), "9" * 30, "-1", "1e9", "٣", str(2**21))
            )
        if random.random() < 0.1:
            headers[
                random.choice(("Accept", "Content-Type", "te", "X-Forwarded-For"))
            ] = self._line()
        return _Request(
            method=method,
            path=path,
            headers=headers,
            body=body,
            remote=random.choice(_ADDRESSES)
            if random.random() < 0.2
            else _ADDRESSES[0],
            rig_type=rig_type,
            is_webhook=random.random() < 0.1,
        )

    def _line(self) -> str:
        """Return a strange text as the server would let it through."""
        return "".join(self._mutator.text().splitlines())[:8000].replace("\x00", "")


async def run(inputs: int, seed: int) -> AsyncIterator[Trial]:
    """Try the door and the webhooks with that many requests."""
    trial = Trial("door")
    errors = _Errors()
    async with running() as hass:
        logging.getLogger().addHandler(errors)
        try:
            # Whether the disk is fast is not the question here.
            with patch("custom_components.mining_rig.store.save_json"):
                await _run(hass, trial, errors, inputs, Random(f"{seed} door"))
        finally:
            logging.getLogger().removeHandler(errors)
    yield trial


async def _run(
    hass: HomeAssistant, trial: Trial, errors: _Errors, inputs: int, random: Random
) -> None:
    entries = [_entry(number, *rig) for number, rig in enumerate(_CODES.items())]
    for entry in entries:
        await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    if any(entry.state is not ConfigEntryState.LOADED for entry in entries):
        raise Fault("the rigs are not set up")
    door = await async_open_door(hass)
    view = PushView(door)
    requests = _Requests(random)
    for number in range(inputs):
        if number % _FRESH_EVERY == 0:
            door.guard.wrong_codes = WrongCodes()
        for rig in door.rigs.values():
            rig.pace = Budget(1e9, 1)
        request = requests.make()

        async def answer(request: _Request = request) -> str:
            if request.is_webhook:
                response = await _ask_webhook(hass, door, request)
            else:
                response = await view.handle(request.arrive())
            if response.status not in STATUSES:
                raise Fault(f"status {response.status}")
            if errors.texts:
                raise Fault(errors.texts.pop())
            return str(response.status)

        await trial.run(number, repr(request).encode(errors="replace"), answer)


async def _ask_webhook(
    hass: HomeAssistant, door: Door, request: _Request
) -> web.StreamResponse:
    rig = next(r for r in door.rigs.values() if r.rig_type == request.rig_type)
    return await async_handle_webhook(
        door.guard, rig, hass, rig.webhook_id, request.arrive()
    )


def _entry(number: int, rig_type: str, code: str) -> ConfigEntry:
    return rig_entry(
        "rig_monitor",
        number,
        {"rig_type": rig_type, "api_code": code, "webhook_id": f"hook{number}"},
    )
