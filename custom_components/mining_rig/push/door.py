"""The rigs that push and their API codes, whether their entries are set up or not.

An agent that gets no answer may stop its miner, so that rigs are found by what is on
disk, before any entry is set up.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus
import secrets
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.components import webhook
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import CONF_KIND, DOMAIN, LOGGER
from ..issues import async_manage_put_aside
from ..sources.common.push import PushApi
from ..store import RigStore, StoreUnreadable
from .budget import Budget, Recent
from .const import (
    CONF_ALLOW_PUBLIC,
    CONF_API_CODE,
    CONF_CLOUDHOOK_URL,
    CONF_WEBHOOK_ID,
    LONGEST_CODE,
    SHORTEST_CODE,
)
from .guard import PUSHES_AT_ONCE, PUSHES_PER_SECOND, Guard, Origin
from .http import Refusal
from .rounds import Rounds
from .subentries import async_drop_items, async_match_subentries, item_ids
from .unknown_agents import UnknownAgent, UnknownAgents

type WebhookHandler = Callable[
    [Guard, PushingRig, HomeAssistant, str, web.Request], Awaitable[web.Response]
]

_MOST_NETWORKS: Final = 8
_TRUSTED_FOR: Final = 86400.0
"""Seconds for which a rig is let in from where it came, whatever strangers do."""


def _pace() -> Budget:
    return Budget(PUSHES_AT_ONCE, PUSHES_PER_SECOND)


def _networks() -> Recent[str]:
    return Recent(_MOST_NETWORKS, _TRUSTED_FOR)


@dataclass(slots=True)
class PushingRig:
    """A rig that pushes."""

    entry: ConfigEntry
    store: RigStore
    api: PushApi
    rig_type: str
    code: bytes
    webhook_id: str
    allow_public: bool
    has_cloudhook: bool
    """Whether the webhook is also reached through Home Assistant Cloud."""
    items: frozenset[int]
    """Ids of the items of its notes that have a subentry."""
    rounds: Rounds
    """Those of all agents."""
    shared_by: tuple[str, ...] = ()
    """Addresses of several rigs that seem to use the code."""
    pace: Budget = field(default_factory=_pace)
    address: str = ""
    """Where its agent came from last; empty if it never did."""
    networks: Recent[str] = field(default_factory=_networks)
    """Where its agent came from lately."""


class Door:
    """Finds the rig of a request and answers for the rest."""

    def __init__(
        self,
        hass: HomeAssistant,
        apis: Mapping[str, PushApi],
        handle_webhook: WebhookHandler,
    ) -> None:
        """Take the APIs by kind; there are no rigs before `async_load`."""
        self.hass = hass
        self.apis = apis
        self.guard = Guard(hass)
        self.unknown_agents = UnknownAgents(hass)
        self.rounds = Rounds()
        self.rigs: dict[str, PushingRig] = {}
        """By the id of the entry."""
        self.dialogs: set[str] = set()
        """Ids of the open dialogs that show an agent's settings or wait for it."""
        self._handle_webhook = handle_webhook
        self._by_code: dict[bytes, PushingRig] = {}
        self._key = secrets.token_bytes(32)

    @property
    def is_needed(self) -> bool:
        """Whether there is any agent that could be answered."""
        return bool(self.rigs or self.dialogs)

    # ---- the rigs

    async def async_load(self) -> None:
        """Take all rigs, disabled ones too, and follow changes."""
        async_dispatcher_connect(
            self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_KIND) in self.apis:
                store = RigStore.of(self.hass, entry.entry_id)
                store.title = entry.title
                try:
                    await store.async_load()
                except StoreUnreadable as err:
                    # Its agent is told to come again until it can be read.
                    LOGGER.warning("%s cannot be read yet: %s", entry.title, err)
                else:
                    async_manage_put_aside(self.hass, entry, store.aside)
                if self.hass.config_entries.async_get_entry(entry.entry_id):
                    self.take(entry, store)

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or entry.data.get(CONF_KIND) not in self.apis:
            return
        known = self.rigs.get(entry.entry_id)
        if change is ConfigEntryChange.REMOVED:
            if known is not None:
                # Its agent still runs, and does not send them again for a new entry.
                self.unknown_agents.keep_specs(
                    self._digest(known.code),
                    known.api.specs_to_keep(
                        known.store.get(known.api.specs_note) or {}
                    ),
                )
                self._drop(known)
        else:
            store = known.store if known else RigStore.of(self.hass, entry.entry_id)
            self.take(entry, store)

    def take(self, entry: ConfigEntry, store: RigStore) -> None:
        """Take a rig, or what has changed in its entry."""
        api = self.apis[entry.data[CONF_KIND]]
        rig = PushingRig(
            entry=entry,
            store=store,
            api=api,
            rig_type=api.rig_type(entry.data),
            code=_bytes(str(entry.data[CONF_API_CODE])),
            webhook_id=str(entry.data[CONF_WEBHOOK_ID]),
            allow_public=bool(entry.options.get(CONF_ALLOW_PUBLIC)),
            has_cloudhook=CONF_CLOUDHOOK_URL in entry.data,
            items=item_ids(api.subentries, entry),
            rounds=self.rounds,
        )
        if (known := self.rigs.get(entry.entry_id)) is not None:
            self._drop_items(known, known.items - rig.items)
            known.items = rig.items
            if _access(known) == _access(rig):
                return
            self._drop(known)
        self.rigs[entry.entry_id] = rig
        digest = self._digest(rig.code)
        self._by_code[digest] = rig
        self.unknown_agents.rig_added(digest)
        webhook.async_register(
            self.hass,
            DOMAIN,
            entry.title,
            rig.webhook_id,
            partial(self._handle_webhook, self.guard, rig),
            local_only=not (rig.allow_public or rig.has_cloudhook),
            allowed_methods=(hdrs.METH_GET, hdrs.METH_POST),
        )

    def _drop_items(self, rig: PushingRig, gone: frozenset[int]) -> None:
        if gone and rig.api.subentries is not None:
            self.hass.async_create_task(
                async_drop_items(
                    self.hass, rig.api.subentries, rig.entry, rig.store, gone
                ),
                f"mining_rig: remove {rig.api.subentries.subentry_type}",
            )

    def _drop(self, rig: PushingRig) -> None:
        self.rigs.pop(rig.entry.entry_id, None)
        self.rounds.forget(rig.entry.entry_id)
        self._by_code = {d: r for d, r in self._by_code.items() if r is not rig}
        webhook.async_unregister(self.hass, rig.webhook_id)

    async def async_set_up(self, entry: ConfigEntry, store: RigStore) -> None:
        """Complete the notes and subentries of a rig that is being set up.

        Its agent may have sent its specifications before the rig was added.
        """
        self.take(entry, store)
        rig = self.rigs[entry.entry_id]
        specs = self.unknown_agents.pop_specs(self._digest(rig.code))
        note = rig.api.specs_note
        if specs is not None and store.get(note) is None:
            try:
                await store.keep(note, specs)
            except HomeAssistantError as err:
                LOGGER.error("%s: %s", entry.title, err)
        facts = rig.api.subentries
        if facts and not (store.lost and store.get(facts.note) is None):
            async_match_subentries(self.hass, facts, entry, store)

    # ---- their codes

    def _digest(self, code: bytes) -> bytes:
        return blake2b(code, key=self._key).digest()

    def find(self, code: str) -> PushingRig | None:
        """Return the rig of a code, in a time that reveals nothing about other codes.

        The keyed digest leads to at most one rig; then the codes are compared whole.
        """
        rig = self._by_code.get(self._digest(_bytes(code)))
        if rig is None or not compare_digest(rig.code, _bytes(code)):
            return None
        return rig

    async def async_wait_for_agent(self, code: str, limit: float) -> bool:
        """Wait for an agent with that code, `limit` seconds; return whether it came."""
        digest = self._digest(_bytes(code))
        return await self.unknown_agents.async_wait_for(digest, limit)

    def authorize(
        self, request: web.Request, api: PushApi, rig_type: str
    ) -> PushingRig:
        """Return the rig whose code a request has. Raises a Refusal.

        A stranger is refused alike, whether a code is wrong or may not be used.
        """
        origin = self.guard.origin(request)
        code = _code(request, api)
        if code is None:
            self.guard.warn_once(
                origin.address,
                f"has no header {api.code_headers[0]}; a proxy such as NGINX drops "
                "headers with an underscore unless underscores_in_headers is on",
            )
            raise Refusal(HTTPStatus.UNAUTHORIZED, api.no_code)
        if (rig := self._let_in(origin, code, api, rig_type)) is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, api.unknown_code)
        return rig

    def authorize_many(
        self, request: web.Request, api: PushApi, rig_type: str, codes: list[str]
    ) -> dict[str, PushingRig]:
        """Return the rigs of the codes that may be used from the request's address."""
        origin = self.guard.origin(request)
        rigs = ((code, self._let_in(origin, code, api, rig_type)) for code in codes)
        return {code: rig for code, rig in rigs if rig is not None}

    def note_specs(self, request: web.Request, api: PushApi, body: Any) -> None:
        """Keep the specifications that an unknown agent has sent."""
        code = _code(request, api)
        if code is not None and _is_code(code):
            digest = self._digest(_bytes(code))
            if digest in self.unknown_agents:
                self.unknown_agents.keep_specs(
                    digest, api.specs_to_keep(api.clean(body))
                )

    def _let_in(
        self, origin: Origin, code: str, api: PushApi, rig_type: str
    ) -> PushingRig | None:
        """Return the rig of a code if it may be used from there."""
        if not _is_code(code):
            return None
        is_spent = self.guard.wrong_codes.is_spent(origin)
        rig = self.find(code)
        if rig is not None and (rig.api is not api or rig.rig_type != rig_type):
            self.guard.warn_once(
                origin.address,
                "has the code of a rig of another type; nothing is taken",
            )
        elif rig is not None and not (rig.allow_public or origin.is_private):
            self.guard.warn_of_outside(origin.address)
        elif rig is not None and (not is_spent or origin.network in rig.networks):
            rig.networks.note(origin.network)
            rig.address = origin.address
            return rig
        if not is_spent:
            digest = self._digest(_bytes(code))
            self.guard.wrong_codes.count(origin, digest)
            if rig is None and origin.is_private:
                self.unknown_agents.keep(
                    digest,
                    UnknownAgent(
                        code=code,
                        kind=next(k for k, other in self.apis.items() if other is api),
                        rig_type=rig_type,
                        address=origin.address,
                    ),
                )
        return None


def _code(request: web.Request, api: PushApi) -> str | None:
    headers = request.headers
    return next((headers[key] for key in api.code_headers if key in headers), None)


def _is_code(code: str) -> bool:
    """Return whether a text may be a rig's code, before anything is done with it."""
    return SHORTEST_CODE <= len(code) <= LONGEST_CODE


def _access(rig: PushingRig) -> tuple[bytes, str, bool, bool]:
    """Return what decides how a rig is reached."""
    return rig.code, rig.webhook_id, rig.allow_public, rig.has_cloudhook


def _bytes(code: str) -> bytes:
    return code.encode("utf-8", "surrogateescape")
