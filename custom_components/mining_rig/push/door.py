"""The door for rigs that push: the Mining Rig Monitor API, and a webhook per rig.

It is open before any entry is set up and answers from what is on disk: an agent that
gets no answer may stop its miner. Wire facts: the Mining Rig Monitor API 5.0.0, as ASIC
Sentry 3.1.0 and CPU/GPU Sentry 1.1.0 use it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus
from ipaddress import ip_address
import secrets
import time
from typing import Any, Final, override

from aiohttp import hdrs, web
from homeassistant.components import webhook
from homeassistant.components.http.ban import process_wrong_login
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.network import is_cloud_connection
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.network import is_local
import orjson

from ..const import CONF_KIND, DOMAIN, LOGGER
from ..repairs import (
    async_forget_unknown_agent,
    async_manage_shared_code,
    async_raise_unknown_agent,
)
from ..sources.rig_monitor import CONF_RIG_TYPE, RigMonitorSource
from ..sources.rig_monitor.orders import SPECS_NOTE, expected_status, served_playbooks
from ..sources.rig_monitor.parse import (
    Message,
    RigType,
    cleaned,
    keep_specs,
    missing,
    recognize,
)
from ..sources.rig_monitor.subentries import (
    async_drop_playbooks,
    async_match_subentries,
    playbook_ids,
)
from ..store import RigStore, async_get_store

KIND: Final = "rig_monitor"
PATH: Final = "/api/mining_rig/v1"
"""The base of the API; agents hang the names of its endpoints on it."""
CONF_API_CODE: Final = "api_code"
CONF_WEBHOOK_ID: Final = "webhook_id"
CONF_ALLOW_PUBLIC: Final = "allow_public"
CONF_CLOUDHOOK_URL: Final = "cloudhook_url"
"""Where Home Assistant Cloud takes what is meant for the rig's webhook."""

LARGEST_BODY: Final = 2**20
PUSHES_PER_SECOND: Final = 10.0
"""What one code may push for long; agents push every 5 to 10 s."""
PUSHES_AT_ONCE: Final = 20.0
SPEAKS_FOR: Final = timedelta(hours=24)
"""For so long no wrong code counts against an address that sent a good one."""
COUNTS_AGAIN: Final = timedelta(hours=1)

_HEADERS: Final = ("api_code", "api-code", "x-api-code")
"""The agents' own, and two that proxies let through that drop underscores."""
_CHUNK: Final = 2**16
_MOST_REMEMBERED: Final = 64
_MOST_CODES: Final = 1000
"""Codes of one bulk request that are looked up."""

_OUTSIDE: Final = {"message": "Only private addresses are allowed for this rig."}

DOOR: Final[HassKey[Door]] = HassKey(f"{DOMAIN}_door")


@dataclass(slots=True)
class PushingRig:
    """A rig as the door knows it, whether its entry is set up or not."""

    entry: ConfigEntry
    store: RigStore
    rig_type: RigType
    code: bytes
    webhook_id: str
    allow_public: bool
    cloudhook: bool
    """Whether the webhook is reached through Home Assistant Cloud, too."""
    playbooks: frozenset[int]
    """Ids of the playbooks that stand in the entry."""
    shared_by: tuple[str, ...] = ()
    """Addresses of several rigs that seem to use the code."""
    tokens: float = PUSHES_AT_ONCE
    counted_at: float = field(default_factory=time.monotonic)

    def may_push(self) -> bool:
        """Count a push; tell whether the rate is still sane."""
        now = time.monotonic()
        more = (now - self.counted_at) * PUSHES_PER_SECOND
        self.tokens = min(PUSHES_AT_ONCE, self.tokens + max(more, 0))
        self.counted_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True, kw_only=True)
class UnknownAgent:
    """An agent whose code belongs to no rig."""

    code: str
    rig_type: RigType
    address: str | None
    specs: dict[str, str] = field(default_factory=dict)
    """A CPU/GPU agent sends them once, perhaps before its rig is added."""


class _Refusal(Exception):
    """A request that gets another answer than the expected one."""

    def __init__(
        self, status: HTTPStatus, body: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        """Take the answer."""
        super().__init__(status.phrase)
        self.response = _json(body, status, headers)


async def async_open_door(hass: HomeAssistant) -> None:
    """Open the door: load what is kept of every rig that pushes, then answer."""
    door = hass.data[DOOR] = Door(hass)
    await door.async_load()
    hass.http.register_view(DoorView(door))


class Door:
    """Everybody who may come in, and what they get."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nobody yet."""
        self.hass = hass
        self._rigs: dict[str, PushingRig] = {}
        self._by_code: dict[bytes, PushingRig] = {}
        self._key = secrets.token_bytes(32)
        self._unknown_agents: OrderedDict[bytes, UnknownAgent] = OrderedDict()
        self._heard: dict[bytes, UnknownAgent] = {}
        """Those whose rig was added and not set up yet."""
        self._awaited: dict[bytes, asyncio.Event] = {}
        self._spoke: OrderedDict[str, datetime] = OrderedDict()
        self._counted: OrderedDict[str, datetime] = OrderedDict()
        self._said: set[tuple[str, str]] = set()

    # ---- who there is

    async def async_load(self) -> None:
        """Take every rig that there is, disabled ones too, and follow changes."""
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_KIND) == KIND:
                self._take(entry, await async_get_store(self.hass, entry.entry_id))
        async_dispatcher_connect(
            self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or entry.data.get(CONF_KIND) != KIND:
            return
        known = self._rigs.get(entry.entry_id)
        if change is ConfigEntryChange.REMOVED:
            if known is not None:
                self._drop(known)
        else:
            store = known.store if known else RigStore.of(self.hass, entry.entry_id)
            self._take(entry, store)

    def _take(self, entry: ConfigEntry, store: RigStore) -> None:
        code = str(entry.data[CONF_API_CODE])
        webhook_id = str(entry.data[CONF_WEBHOOK_ID])
        allow_public = bool(entry.options.get(CONF_ALLOW_PUBLIC))
        cloudhook = CONF_CLOUDHOOK_URL in entry.data
        facts = (_bytes(code), webhook_id, allow_public, cloudhook)
        known = self._rigs.get(entry.entry_id)
        if known is not None:
            if gone := known.playbooks - playbook_ids(entry):
                self.hass.async_create_task(
                    async_drop_playbooks(self.hass, entry, store, gone),
                    "mining_rig: remove playbooks",
                )
            known.playbooks = playbook_ids(entry)
            if facts == (
                known.code,
                known.webhook_id,
                known.allow_public,
                known.cloudhook,
            ):
                return
            self._drop(known)
        rig = PushingRig(
            entry=entry,
            store=store,
            rig_type=RigType(entry.data[CONF_RIG_TYPE]),
            code=_bytes(code),
            webhook_id=webhook_id,
            allow_public=allow_public,
            cloudhook=cloudhook,
            playbooks=playbook_ids(entry),
        )
        self._rigs[entry.entry_id] = rig
        digest = self._digest(code)
        self._by_code[digest] = rig
        if (agent := self._unknown_agents.pop(digest, None)) is not None:
            self._heard[digest] = agent
            if not any(
                k.address == agent.address for k in self._unknown_agents.values()
            ):
                async_forget_unknown_agent(self.hass, agent.address)
        webhook.async_register(
            self.hass,
            DOMAIN,
            entry.title,
            webhook_id,
            self._async_handle_webhook,
            local_only=not (allow_public or cloudhook),
            allowed_methods=(hdrs.METH_GET, hdrs.METH_POST),
        )

    async def async_begin(self, entry: ConfigEntry, store: RigStore) -> None:
        """Begin with a rig that is set up: what its agent said before, its playbooks."""
        agent = self._heard.pop(self._digest(entry.data[CONF_API_CODE]), None)
        if agent is not None and agent.specs and store.get(SPECS_NOTE) is None:
            try:
                await store.keep(SPECS_NOTE, agent.specs)
            except HomeAssistantError as err:
                LOGGER.error("%s: %s", entry.title, err)
        async_match_subentries(self.hass, entry, store)

    def _drop(self, rig: PushingRig) -> None:
        self._rigs.pop(rig.entry.entry_id, None)
        self._by_code = {d: r for d, r in self._by_code.items() if r is not rig}
        webhook.async_unregister(self.hass, rig.webhook_id)

    def _digest(self, code: str) -> bytes:
        return blake2b(_bytes(code), key=self._key).digest()

    def find(self, code: str) -> PushingRig | None:
        """Return the rig of a code, in a time that tells nothing about other codes.

        The keyed digest leads to at most one rig; its code is compared as a whole.
        """
        rig = self._by_code.get(self._digest(code))
        if rig is None or not compare_digest(rig.code, _bytes(code)):
            return None
        return rig

    # ---- who is not known

    def unknown_agent_at(self, address: str) -> UnknownAgent | None:
        """Return the newest unknown agent at an address."""
        found = [k for k in self._unknown_agents.values() if k.address == address]
        return found[-1] if found else None

    async def async_wait_for(self, code: str, limit: float) -> bool:
        """Wait until an agent comes with a code; tell whether one did, in seconds."""
        digest = self._digest(code)
        if digest in self._unknown_agents:
            return True
        event = self._awaited.setdefault(digest, asyncio.Event())
        try:
            async with asyncio.timeout(limit):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._awaited.pop(digest, None)
        return True

    def _turn_away(
        self, request: web.Request, code: str, rig_type: RigType, body: Any = None
    ) -> None:
        """Note an agent whose code belongs to no rig of that type."""
        if not code or self.find(code) is not None:
            # A good code on the other sort's path: nobody to be wary of.
            return
        digest = self._digest(code)
        agent = self._unknown_agents.pop(digest, None) or UnknownAgent(
            code=code, rig_type=rig_type, address=request.remote
        )
        agent.address = request.remote
        if specs := keep_specs(cleaned(body)):
            agent.specs = specs
        if not _is_private(self.hass, request):
            self._count(request)
            return
        self._unknown_agents[digest] = agent
        if len(self._unknown_agents) > _MOST_REMEMBERED:
            self._unknown_agents.popitem(last=False)
        if (event := self._awaited.get(digest)) is not None:
            event.set()
            return
        async_raise_unknown_agent(self.hass, str(request.remote))
        self._count(request)

    def _count(self, request: web.Request) -> None:
        """Count a wrong code towards Home Assistant's ban list, but seldom.

        One agent or proxy may carry many rigs, good and wrong codes together.
        """
        address, now = request.remote, dt_util.utcnow()
        if address is None:
            return
        if (spoke := self._spoke.get(address)) and now - spoke < SPEAKS_FOR:
            return
        if (counted := self._counted.get(address)) and now - counted < COUNTS_AGAIN:
            return
        _remember(self._counted, address, now)
        # It looks the address up in the DNS; the agent does not wait for that.
        self.hass.async_create_background_task(
            process_wrong_login(request), "mining_rig: wrong API code"
        )

    def _say_once(self, request: web.Request, what: str) -> None:
        """Log what is wrong with an agent, once per address."""
        key = (str(request.remote), what)
        if key not in self._said and len(self._said) < _MOST_REMEMBERED:
            self._said.add(key)
            LOGGER.warning("A request from %s %s", request.remote, what)

    # ---- coming in

    def enter(
        self, request: web.Request, rig_type: RigType, body: Any = None
    ) -> PushingRig:
        """Return the rig whose code a request has. Raises a refusal."""
        code = next(
            (request.headers[key] for key in _HEADERS if key in request.headers), None
        )
        if code is None:
            self._say_once(
                request,
                "has no header api_code; a proxy such as NGINX drops headers with an "
                "underscore unless underscores_in_headers is on",
            )
            raise _Refusal(
                HTTPStatus.UNAUTHORIZED,
                {"message": "API_CODE does not exist in request header."},
            )
        rig = self.find(code)
        if rig is None or rig.rig_type is not rig_type:
            if rig is not None:
                self._say_once(
                    request, "has the code of a rig of the other sort; nothing is taken"
                )
            self._turn_away(request, code, rig_type, body)
            raise _Refusal(HTTPStatus.UNAUTHORIZED, {"message": "Invalid API_CODE"})
        self._let_in(request, rig)
        return rig

    def _let_in(self, request: web.Request, rig: PushingRig) -> None:
        self._require_neighbor(request, rig)
        if request.remote is not None:
            _remember(self._spoke, request.remote, dt_util.utcnow())

    def _require_neighbor(self, request: web.Request, rig: PushingRig) -> None:
        if not self._may_come(request, rig):
            self._say_once(
                request, "has a good code but comes from outside; see the rig's options"
            )
            raise _Refusal(HTTPStatus.FORBIDDEN, _OUTSIDE)

    def _may_come(self, request: web.Request, rig: PushingRig) -> bool:
        return rig.allow_public or _is_private(self.hass, request)

    # ---- what rigs push

    async def async_receive(
        self, rig: PushingRig, message: Message, body: Mapping[str, Any]
    ) -> None:
        """Take what a rig pushed. Raises a refusal."""
        if not rig.may_push():
            raise _Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                {"message": "Too many requests"},
                {hdrs.RETRY_AFTER: "1"},
            )
        fields = cleaned(body)
        if blank := missing(rig.rig_type, message, fields):
            raise _Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                {"errors": {key: ["can't be blank"] for key in blank}},
            )
        await rig.store.async_load()
        if message is Message.SPECS:
            await self._async_keep_specs(rig, keep_specs(fields))
        elif rig.entry.state is ConfigEntryState.LOADED:
            coordinator = rig.entry.runtime_data
            source = coordinator.source
            assert isinstance(source, RigMonitorSource)
            now = dt_util.utcnow()
            source.receive(fields, now)
            coordinator.async_receive()
            if (shared_by := source.shared_by(now)) != rig.shared_by:
                rig.shared_by = shared_by
                async_manage_shared_code(self.hass, rig.entry, shared_by)
        # The last log is not kept: the next one comes in seconds.

    async def _async_keep_specs(self, rig: PushingRig, specs: dict[str, str]) -> None:
        if rig.store.get(SPECS_NOTE) == specs:
            return
        try:
            await rig.store.keep(SPECS_NOTE, specs)
        except HomeAssistantError as err:
            # No fault of the request, and an agent that gets no 200 sends it again.
            LOGGER.error("%s: %s", rig.entry.title, err)
            raise _Refusal(
                HTTPStatus.INSUFFICIENT_STORAGE, {"message": "Not stored"}
            ) from err

    # ---- what rigs fetch

    async def async_expected_status(self, rig: PushingRig) -> dict[str, Any]:
        """Return the orders of a rig."""
        await rig.store.async_load()
        return expected_status(rig.rig_type, rig.store, rig.entry.title)

    async def async_expected_status_bulk(
        self, request: web.Request, body: Any
    ) -> dict[str, Any]:
        """Return the orders of the rigs whose codes stand in the body, by code."""
        fields = body if isinstance(body, dict) else {}
        lists = [
            found
            for key in ("api_code_list", "asic_api_code_list")
            if isinstance(found := fields.get(key), list)
        ]
        codes = dict.fromkeys(c for found in lists for c in found if type(c) is str)
        answer, unknown = {}, []
        for code in [*codes][:_MOST_CODES]:
            rig = self.find(code)
            if rig is None or rig.rig_type is not RigType.ASIC:
                unknown.append(code)
            elif self._may_come(request, rig):
                self._let_in(request, rig)
                answer[code] = await self.async_expected_status(rig)
        # Last, as good codes speak for the address they come from.
        for code in unknown:
            self._turn_away(request, code, RigType.ASIC)
        return answer

    async def async_playbooks(self, rig: PushingRig) -> list[dict[str, Any]]:
        """Return the playbooks that a rig is to run now."""
        await rig.store.async_load()
        return served_playbooks(rig.store, rig.entry.title)

    # ---- the webhook

    async def _async_handle_webhook(
        self, hass: HomeAssistant, webhook_id: str, request: web.Request
    ) -> web.Response:
        rig = next(
            (rig for rig in self._rigs.values() if rig.webhook_id == webhook_id), None
        )
        try:
            assert rig is not None
            if not (rig.cloudhook and request.remote is None):
                # Else Home Assistant Cloud hands over what came to its own address.
                self._require_neighbor(request, rig)
            if request.method == hdrs.METH_POST:
                fields = cleaned(await _async_body(request))
                message = _recognized(rig.rig_type, fields)
                await self.async_receive(rig, message, fields)
            return _json(await self.async_expected_status(rig))
        except _Refusal as refusal:
            return refusal.response


class DoorView(HomeAssistantView):
    """All paths below the base, so that each gets an answer that agents understand."""

    url = "/api/mining_rig/{path:.*}"
    name = "api:mining_rig"
    requires_auth = False

    def __init__(self, door: Door) -> None:
        """Take the door."""
        self._door = door
        self._endpoints: dict[
            tuple[str, ...], tuple[str, Callable[[web.Request], Awaitable[Any]]]
        ] = {
            ("ping",): (hdrs.METH_GET, self._async_ping),
            ("asic_miners", "expected_status"): (
                hdrs.METH_GET,
                self._async_expected_status,
            ),
            ("asic_miners", "expected_status_bulk"): (
                hdrs.METH_POST,
                self._async_expected_status_bulk,
            ),
            ("cpu_gpu_miners", "playbooks"): (hdrs.METH_GET, self._async_playbooks),
        }

    @override
    def register(
        self, hass: HomeAssistant, app: web.Application, router: web.UrlDispatcher
    ) -> None:
        """Take every method: a wrong one is a 404, never a 405."""
        router.add_route(hdrs.METH_ANY, self.url, self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        try:
            return _json(await self._async_answer(request))
        except _Refusal as refusal:
            return refusal.response
        except asyncio.CancelledError, ConnectionError:
            raise
        except Exception:
            LOGGER.exception("Unexpected error while answering a rig")
            raise

    async def _async_answer(self, request: web.Request) -> Any:
        words = [word for word in request.match_info["path"].split("/") if word]
        if words[:1] != ["v1"]:
            raise _not_found()
        path = tuple(words[1:])
        method = request.method
        if method == hdrs.METH_HEAD:
            method = hdrs.METH_GET
        if method == hdrs.METH_POST and (push := _PUSHES.get(path)) is not None:
            return await self._async_push(request, *push)
        expected, answer = self._endpoints.get(path, (None, None))
        if answer is not None and method == expected:
            return await answer(request)
        if path[:2] == ("cpu_gpu_miners", "playbooks") and path[3:] == ("module",):
            if method == hdrs.METH_GET:
                # It could only be code for the rig to run; no agent asks for it.
                self._door.enter(request, RigType.CPU_GPU)
        raise _not_found()

    async def _async_push(
        self, request: web.Request, rig_type: RigType, message: Message
    ) -> None:
        body = await _async_body(request)
        rig = self._door.enter(request, rig_type, body)
        await self._door.async_receive(rig, message, body)

    async def _async_ping(self, request: web.Request) -> Any:
        return {"message": "pong"}

    async def _async_expected_status(self, request: web.Request) -> Any:
        rig = self._door.enter(request, RigType.ASIC)
        return await self._door.async_expected_status(rig)

    async def _async_expected_status_bulk(self, request: web.Request) -> Any:
        body = await _async_body(request)
        return await self._door.async_expected_status_bulk(request, body)

    async def _async_playbooks(self, request: web.Request) -> Any:
        rig = self._door.enter(request, RigType.CPU_GPU)
        return await self._door.async_playbooks(rig)


_PUSHES: Final[Mapping[tuple[str, ...], tuple[RigType, Message]]] = {
    (f"{rig_type}_miners", "specs" if message is Message.SPECS else "logs"): (
        rig_type,
        message,
    )
    for rig_type in RigType
    for message in Message
}


async def _async_body(request: web.Request) -> Any:
    """Return the decoded body, whatever its content type says. Raises a refusal.

    An empty one has no fields.
    """
    too_large = {"errors": {"detail": "Request Entity Too Large"}}
    said = request.headers.get(hdrs.CONTENT_LENGTH, "0")
    if said.isdecimal() and int(said) > LARGEST_BODY:
        raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large)
    pieces: list[bytes] = []
    size = 0
    stream = request.content
    try:
        # Counted as it comes: a compressed body may be far larger than it looks.
        while piece := await stream.read(_CHUNK):
            size += len(piece)
            if size > LARGEST_BODY:
                raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large)
            pieces.append(piece)
        received = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return orjson.loads(received) if received and not received.isspace() else {}
    except (orjson.JSONDecodeError, web.RequestPayloadError) as err:
        raise _Refusal(
            HTTPStatus.BAD_REQUEST, {"errors": {"detail": "Bad Request"}}
        ) from err


def _recognized(rig_type: RigType, fields: dict[str, Any]) -> Message:
    message = recognize(rig_type, fields)
    if message is None:
        raise _Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            {"errors": {"detail": "A rig of the other sort says this"}},
        )
    return message


def _json(
    body: Any,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def _not_found() -> _Refusal:
    return _Refusal(HTTPStatus.NOT_FOUND, {"errors": {"detail": "Not Found"}})


def _bytes(code: str) -> bytes:
    return code.encode("utf-8", "surrogateescape")


def _is_private(hass: HomeAssistant, request: web.Request) -> bool:
    """Tell whether a request comes from the local network.

    Behind a trusted proxy, Home Assistant has put the forwarded address in its place.
    """
    if is_cloud_connection(hass) or request.remote is None:
        return False
    return _is_local(request.remote)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _is_local(address: str) -> bool:
    """Tell whether an address is private; agents come from the same few."""
    try:
        return is_local(ip_address(address))
    except ValueError:
        return False


def _remember(moments: OrderedDict[str, datetime], address: str, now: datetime) -> None:
    moments[address] = now
    moments.move_to_end(address)
    if len(moments) > _MOST_REMEMBERED * 16:
        moments.popitem(last=False)
