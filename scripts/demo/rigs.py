"""The simulated rigs, and how they come into Home Assistant: by its own dialog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
from typing import Any

from .client import HomeAssistant
from .config_dir import DOMAIN
from .errors import DemoError

type Field = Mapping[str, Any]
"""One field of a form, as Home Assistant describes it to the browser."""

FLOWS = "/api/config/config_entries/flow"
_MOST_STEPS = 10
_TAKEN = {"code_taken", "name_taken"}
"""Errors that say it is there already."""
_RATED_POWER = 120
"""W; the answer where nothing measures a rig's power, as of a mining computer."""
_KINDS = "kinds"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRig:
    """A rig as the simulator announces it."""

    name: str
    slug: str
    """Its name on the network."""
    kind: str
    """The source that speaks its language; the choice in the dialog's list."""
    form: Mapping[str, Any]
    """What to answer in the dialog."""
    control: str
    """Address to which faults and commands are posted."""
    faults: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the simulator says when its rigs answer."""

    page: str
    """Address of its own page, for a browser."""
    rigs: Sequence[SimulatedRig]

    @property
    def phone(self) -> str:
        """Address of the pretend phone."""
        return f"{self.page}/phone"


def read_announcement(line: str) -> Announcement:
    """Understand the line that the simulator prints; DemoError if it is none."""
    try:
        announced = json.loads(line)
        page = announced["control"]
        rigs = [
            SimulatedRig(
                name=rig["name"],
                slug=rig["slug"],
                kind=rig["kind"],
                form=rig["form"],
                control=f"{page}/rigs/{rig['slug']}",
                faults=tuple(rig["faults"]),
            )
            for rig in announced["rigs"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DemoError(f"The simulated rigs did not start: {line}") from error
    return Announcement(page=page, rigs=rigs)


async def add(home: HomeAssistant, rig: SimulatedRig) -> bool:
    """Add a rig as a user would; return False if it is there already.

    DemoError if the dialog does not take it.
    """
    step = await home.post(FLOWS, {"handler": DOMAIN})
    for _ in range(_MOST_STEPS):
        match step["type"]:
            case "create_entry":
                return True
            case "abort":
                if step["reason"].startswith("already_"):
                    return False
                raise DemoError(f"{rig.name} was not added: {step['reason']}")
            case "menu":
                answers: dict[str, Any] = {"next_step_id": choose(step, rig)}
            case "form":
                if errors := step.get("errors"):
                    if _TAKEN & {*errors.values()}:
                        await home.delete(f"{FLOWS}/{step['flow_id']}")
                        return False
                    raise DemoError(f"{rig.name} was not added: {errors}")
                known = {
                    "name": rig.name,
                    "kind": rig.kind,
                    "rated_power": _RATED_POWER,
                    **rig.form,
                }
                answers = answer(step["data_schema"], known)
            case other:
                raise DemoError(f"{rig.name} was not added: the dialog shows {other}")
        step = await home.post(f"{FLOWS}/{step['flow_id']}", answers)
    raise DemoError(f"{rig.name} was not added: the dialog does not come to an end")


def choose(step: Mapping[str, Any], rig: SimulatedRig) -> str:
    """Choose the rig's kind in a menu, whose options are a list or a mapping.

    The first menu leads to a list of all kinds. Where a kind has several ways to be let in, the first one is the best.
    """
    options: list[str] = [*step["menu_options"]]
    ways = [option for option in options if option.startswith(f"{rig.kind}_")]
    if rig.kind in options:
        return rig.kind
    if _KINDS in options:
        return _KINDS
    if not ways:
        raise DemoError(f"{rig.name} was not added: the dialog offers no {rig.kind}")
    return ways[0]


def answer(fields: Sequence[Field], known: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a form: what is known, else what the form itself suggests."""
    answers: dict[str, Any] = {}
    for entry in fields:
        name = entry["name"]
        if entry.get("type") == "expandable":
            answers[name] = answer(entry["schema"], known.get(name, {}))
        elif name in known:
            answers[name] = known[name]
        elif "default" in entry:
            answers[name] = entry["default"]
        elif (suggested := _suggested(entry)) is not None:
            answers[name] = suggested
        elif entry.get("required"):
            raise DemoError(f"the dialog asks for {name}, which the simulator left out")
    return answers


def _suggested(entry: Field) -> Any:
    return (entry.get("description") or {}).get("suggested_value")
