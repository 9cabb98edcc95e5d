"""The paths of all pushing kinds' APIs, in one view of Home Assistant's web server."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, override

from aiohttp import hdrs, web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from ..const import DOMAIN, LOGGER
from ..sources.common.push import (
    Endpoint,
    Fetch,
    FetchMany,
    OrdersUnknown,
    Ping,
    Push,
    PushApi,
)
from .bodies import StrangersBodies, async_read_body
from .const import BASE
from .door import Door, PushingRig
from .http import Refusal, json_response, not_found, not_known
from .receive import async_load_notes, async_receive

_ANY_WORD: Final = "*"


class PushView(HomeAssistantView):
    """All paths below the base, so that each gets an answer that agents understand."""

    url = f"{BASE}/{{path:.*}}"
    name = f"api:{DOMAIN}"
    requires_auth = False

    def __init__(self, door: Door) -> None:
        """Take the door and the endpoints of its kinds."""
        self._door = door
        self._strangers = StrangersBodies()
        self._apis = {api.base: api for api in door.apis.values()}

    @override
    def register(
        self, hass: HomeAssistant, app: web.Application, router: web.UrlDispatcher
    ) -> None:
        """Register all methods: a wrong one is a 404, never a 405."""
        router.add_route(hdrs.METH_ANY, self.url, self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if not self._door.is_needed:
            return not_found().response
        try:
            return json_response(await self._async_answer(request))
        except Refusal as refusal:
            return refusal.response
        except asyncio.CancelledError, ConnectionError:
            raise
        except Exception:
            LOGGER.exception("Unexpected error while answering a rig")
            raise

    async def _async_answer(self, request: web.Request) -> Any:
        words = [word for word in request.match_info["path"].split("/") if word]
        api = self._apis.get(words[0]) if words else None
        if api is None:
            raise not_found()
        # The server sends the answer to HEAD without its body.
        is_head = request.method == hdrs.METH_HEAD
        method = hdrs.METH_GET if is_head else request.method
        match _endpoint(api.endpoints, method, tuple(words[1:])):
            case Ping(answer=answer):
                return answer
            case Push() as push:
                return await self._async_push(request, api, push)
            case Fetch() as fetch:
                return await self._async_fetch(request, api, fetch)
            case FetchMany() as fetch_many:
                return await self._async_fetch_many(request, api, fetch_many)
        raise not_found()

    async def _async_push(self, request: web.Request, api: PushApi, push: Push) -> Any:
        try:
            rig = self._door.authorize(request, api, push.rig_type)
        except Refusal:
            origin = self._door.guard.origin(request)
            if not self._strangers.is_full(origin):
                body = await self._strangers.async_read(request, origin)
                self._door.note_specs(request, api, body)
            raise
        body = await async_read_body(request)
        return await async_receive(self._door.hass, rig, push.message, body)

    async def _async_fetch(
        self, request: web.Request, api: PushApi, fetch: Fetch
    ) -> Any:
        rig = self._door.authorize(request, api, fetch.rig_type)
        if fetch.answer is None:
            raise not_found()
        return await _async_from_notes(rig, fetch)

    async def _async_fetch_many(
        self, request: web.Request, api: PushApi, fetch: FetchMany
    ) -> dict[str, Any]:
        origin = self._door.guard.origin(request)
        codes = fetch.codes(await self._strangers.async_read(request, origin))
        rigs = self._door.authorize_many(request, api, fetch.rig_type, [*codes])
        answers = {}
        for code, rig in rigs.items():
            try:
                answers[code] = await _async_from_notes(rig, fetch)
            except Refusal:
                # Left out, its order stays as the agent knows it; the others go on.
                continue
        return answers


def _endpoint(
    endpoints: Mapping[tuple[str, tuple[str, ...]], Endpoint],
    method: str,
    path: tuple[str, ...],
) -> Endpoint | None:
    """Return the endpoint of a path, whose pattern may have a word that is any."""
    if (exact := endpoints.get((method, path))) is not None:
        return exact
    for (wanted, pattern), endpoint in endpoints.items():
        if wanted == method and len(pattern) == len(path):
            if all(p in (_ANY_WORD, w) for p, w in zip(pattern, path, strict=True)):
                return endpoint
    return None


async def _async_from_notes(rig: PushingRig, fetch: Fetch | FetchMany) -> Any:
    assert fetch.answer is not None
    await async_load_notes(rig)
    try:
        return fetch.answer(rig.store, rig.entry.title)
    except OrdersUnknown as err:
        raise not_known() from err
