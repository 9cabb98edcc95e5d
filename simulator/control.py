"""The control server of a farm: what a person tells the rigs by curl."""

from collections.abc import Sequence
from html import escape

from aiohttp import web

from .farm import describe
from .faults import COMMANDS, DESCRIPTIONS, Fault
from .rig import SimulatedRig


def control_app(rigs: Sequence[SimulatedRig]) -> web.Application:
    """Return the application: GET / lists, POST /rigs/<slug>/<fault> tells."""
    by_slug = {rig.slug: rig for rig in rigs}

    async def index(request: web.Request) -> web.Response:
        if "text/html" in request.headers.get("Accept", ""):
            page = _page(rigs, str(request.url.origin()))
            return web.Response(text=page, content_type="text/html")
        return web.json_response({"rigs": [_state(rig) for rig in rigs]})

    async def tell(request: web.Request) -> web.Response:
        rig = by_slug.get(request.match_info["slug"])
        if rig is None:
            return _unknown("rig", request.match_info["slug"], by_slug)
        seconds = request.query.get("seconds")
        try:
            rig.fault(
                request.match_info["fault"],
                seconds=None if seconds is None else float(seconds),
            )
        except ValueError:
            known = [*Fault, *COMMANDS]
            return _unknown("fault", request.match_info["fault"], known)
        return web.json_response(_state(rig))

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_post("/rigs/{slug}/{fault}", tell)
    return app


def _secret(rig: SimulatedRig) -> str:
    """Return what lets somebody in, as typed into the integration's form."""
    form = rig.form
    return str(form.get("access_token") or form.get("password") or "")


def _state(rig: SimulatedRig) -> dict[str, object]:
    return describe(rig) | {"now": sorted(rig.faults)}


def _unknown(what: str, name: str, known: object) -> web.Response:
    known = list(known) if isinstance(known, dict | list) else known
    return web.json_response(
        {"error": f"no {what} {name!r}", "known": known}, status=404
    )


def _page(rigs: Sequence[SimulatedRig], origin: str) -> str:
    rows = "".join(
        f"<tr><td>{escape(rig.name)}<td>{rig.kind}<td>{rig.port}"
        f"<td><code>{escape(_secret(rig))}</code>"
        f"<td>{', '.join(sorted(rig.faults)) or 'well'}"
        for rig in rigs
    )
    faults = "".join(
        f"<li><code>{name}</code>: {escape(text)}"
        for name, text in [*DESCRIPTIONS.items(), *COMMANDS.items()]
    )
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Simulated rigs</title>
<style>body{{font-family:sans-serif;margin:2em}}td,th{{padding:.2em 1em;text-align:left}}</style>
<h1>Simulated rigs</h1>
<table><tr><th>Rig<th>Kind<th>Port on 127.0.0.1<th>Token or password<th>State{rows}</table>
<p>Tell a rig what to do: <code>curl -X POST {origin}/rigs/{rigs[0].slug}/hot</code></p>
<ul>{faults}</ul></html>
"""
