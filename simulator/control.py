"""The control server of a farm: what a person tells the rigs by curl."""

from collections.abc import Iterable, Sequence
from html import escape

from aiohttp import web

from .agent import Agent, PushedRig
from .farm import describe, orders
from .phone import SimulatedPhone
from .phone_app import add_phone
from .rig import SimulatedRig

type AnyRig = SimulatedRig | PushedRig

_HEADINGS = {
    "polled": "Rigs that are polled",
    "pool": "Pools",
    "asic": "ASICs whose agent pushes",
    "cpu_gpu": "CPU/GPU rigs whose agent pushes",
}


def control_app(
    rigs: Sequence[AnyRig],
    agents: Sequence[Agent] = (),
    phone: SimulatedPhone | None = None,
) -> web.Application:
    """Return the application: GET / lists, POST /rigs/<slug>/<fault> tells.

    With the rigs it lists what crashed the `agents`; a `phone` is served beside them.
    """
    by_slug = {rig.slug: rig for rig in rigs}

    async def index(request: web.Request) -> web.Response:
        if "text/html" in request.headers.get("Accept", ""):
            page = _page(rigs, str(request.url.origin()))
            return web.Response(text=page, content_type="text/html")
        crashes = [crash for agent in agents for crash in agent.crashes]
        return web.json_response(
            {"rigs": [_state(rig) for rig in rigs], "crashes": crashes}
        )

    async def tell(request: web.Request) -> web.Response:
        rig = by_slug.get(request.match_info["slug"])
        if rig is None:
            return _unknown("rig", request.match_info["slug"], by_slug)
        try:
            _tell(rig, request.match_info["fault"], request.query.get("seconds"))
        except ValueError:
            return _unknown("fault", request.match_info["fault"], orders(rig))
        return web.json_response(_state(rig))

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_post("/rigs/{slug}/{fault}", tell)
    if phone is not None:
        add_phone(app, phone)
    return app


def _tell(rig: AnyRig, fault: str, seconds: str | None) -> None:
    """Pass it on; a rig that is pushed for has faults without an end of their own."""
    if isinstance(rig, PushedRig):
        rig.fault(fault)
    else:
        rig.fault(fault, seconds=None if seconds is None else float(seconds))


def _secret(rig: AnyRig) -> str:
    """Return what lets somebody in, as typed into the integration's form."""
    form = rig.form
    names = ("access_token", "password", "api_code", "watcher_link")
    return next((str(form[name]) for name in names if form.get(name)), "")


def _state(rig: AnyRig) -> dict[str, object]:
    state = describe(rig) | {"now": _troubles(rig)}
    if not isinstance(rig, PushedRig):
        return state
    return state | {
        "pushed": rig.pushed,
        "powered": rig.powered,
        "mining": rig.mining,
    }


def _troubles(rig: AnyRig) -> list[str]:
    return sorted(rig.faults) if isinstance(rig, PushedRig) else rig.troubles


def _unknown(what: str, name: str, known: Iterable[str]) -> web.Response:
    return web.json_response(
        {"error": f"no {what} {name!r}", "known": list(known)}, status=404
    )


def _row(rig: AnyRig) -> str:
    port = "pushes" if isinstance(rig, PushedRig) else rig.port
    return (
        f"<tr><td>{escape(rig.name)}<td>{rig.kind}<td>{port}"
        f"<td><code>{escape(_secret(rig))}</code>"
        f"<td>{', '.join(_troubles(rig)) or 'well'}"
    )


def _page(rigs: Sequence[AnyRig], origin: str) -> str:
    rows = "".join(_row(rig) for rig in rigs)
    # A fault may mean something else to another kind of rig.
    lists: dict[str, dict[str, str]] = {}
    for rig in rigs:
        own = lists.setdefault(getattr(rig, "rig_type", "polled"), {})
        own.update(orders(rig))
    faults = "".join(
        f"<h2>{_HEADINGS[kind]}</h2><ul>"
        + "".join(
            f"<li><code>{name}</code>: {escape(text)}" for name, text in own.items()
        )
        + "</ul>"
        for kind, own in lists.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Simulated rigs</title>
<style>body{{font-family:sans-serif;margin:2em}}td,th{{padding:.2em 1em;text-align:left}}</style>
<h1>Simulated rigs</h1>
<table><tr><th>Rig<th>Kind<th>Port on 127.0.0.1<th>Token, password or code<th>State{rows}</table>
<p>Tell a rig what to do: <code>curl -X POST {origin}/rigs/{rigs[0].slug}/hot</code></p>
{faults}</html>
"""
