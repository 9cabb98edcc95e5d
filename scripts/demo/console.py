"""What the demo tells the person in front of it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
import sys

from .config_dir import LOG
from .options import ROOT
from .ports import LOOPBACK, url
from .pushing import curls, is_pushed
from .rigs import Announcement, SimulatedRig
from .showing import ADD_RIG


def say(text: str = "") -> None:
    """Print at once; a terminal that is gone hears nothing."""
    with suppress(OSError):
        print(text, flush=True)


def tunnel(
    port: int, environment: Mapping[str, str], *, user: str, host: str
) -> str | None:
    """Return the line that brings the demo to another computer's browser.

    None where this computer has a screen.
    """
    has_screen = (
        sys.platform == "darwin"
        or environment.get("DISPLAY")
        or environment.get("WAYLAND_DISPLAY")
    )
    if has_screen:
        return None
    # The address by which the person came is one that works for them.
    came_by = environment.get("SSH_CONNECTION", "").split()
    target = f"{user}@{came_by[2] if len(came_by) == 4 else host}"
    if len(came_by) == 4 and came_by[3] != "22":
        target = f"-p {came_by[3]} {target}"
    return f"ssh -L {port}:{LOOPBACK}:{port} {target}"


def welcome(
    simulated: Announcement,
    *,
    port: int,
    config_dir: Path,
    empty: bool,
    webhook: str | None,
    ssh: str | None,
) -> str:
    """Return what to open and what to try."""
    base = url(port)
    rigs = simulated.rigs
    lines = ["", f"  Open     {base}   (no log-in)"]
    if ssh:
        lines += [
            "           No screen here? On your own computer run",
            f"             {ssh}",
            f"           and open {base} there.",
        ]
    lines += [
        f"  Add      {base}{ADD_RIG}",
        "           or Settings > Devices & services > Add integration > Mining Rig",
        "",
        f"  Simulated rigs{', none of them added yet' if empty else ''}",
    ]
    lines += [f"    {line}" for line in table(rigs)]
    lines += [
        "",
        "  NVIDIA cards: this computer seems to have two, whatever it really has; the",
        "  driver is made up, and there is nothing to type to add them",
    ]
    if rigs:
        lines += ["", "  Make one hot, switch one off, and back to normal"]
        lines += [
            f"    curl -X POST {rigs[0].control}/{order}"
            for order in ("hot", "off", "normal")
        ]
        if faults := dict.fromkeys(fault for rig in rigs for fault in rig.faults):
            lines += [f"    More: {', '.join(faults)}", f"    See {simulated.page}"]
    lines += _pushed(base, rigs, webhook, empty=empty)
    lines += [
        "",
        "  A pretend phone: messages appear here too; read them, press a button",
        f"    curl {simulated.phone}",
        f"    curl -X POST {simulated.phone}/press/pause",
    ]
    lines += [
        "",
        "  Diagnostics   Settings > Devices & services > Mining Rig > three dots of a rig",
        f"  Log           {_short(config_dir / LOG)}",
        "",
        "  Ctrl-C ends everything.",
        "",
    ]
    return "\n".join(lines)


def _pushed(
    base: str, rigs: Sequence[SimulatedRig], webhook: str | None, *, empty: bool
) -> list[str]:
    """Tell how rigs that push are spoilt, and how to push by hand."""
    pushed = [rig for rig in rigs if is_pushed(rig)]
    if not pushed:
        return []
    lines = ["", "  Rigs that push: hot, off (pushes stop), and back to normal"]
    lines += [
        f"    curl -X POST {rig.control}/{order}"
        for rig in pushed
        for order in ("hot", "off", "normal")
    ]
    if empty:
        lines += [
            "    Their agents push once there is any rig: add them with the codes above, or",
            "    through Settings > System > Repairs, which tells of agents that are refused.",
        ]
    else:
        lines += [
            "    Automations of the two blueprints watch them, half a minute after the",
            "    start: one that is hot is told to the phone, or loses its power.",
        ]
    lines += ["", "  Push by hand (add -i to see the status)"]
    for title, command in curls(base, pushed, webhook):
        lines += [f"    # {title}", f"    {command}"]
    return lines


def table(rigs: Sequence[SimulatedRig]) -> list[str]:
    """Return one line for each rig: its name, its kind, what to type to add it."""
    rows = [(rig.name, rig.kind, _typed(rig.form)) for rig in rigs]
    name = max((len(row[0]) for row in rows), default=0)
    kind = max((len(row[1]) for row in rows), default=0)
    return [f"{row[0]:<{name}}  {row[1]:<{kind}}  {row[2]}" for row in rows]


def _typed(form: Mapping[str, object]) -> str:
    """Name the answers as the form does: `host 127.0.0.1, port 18081`."""
    parts: list[str] = []
    for name, value in form.items():
        if name == "name":
            continue  # It stands in front already.
        if isinstance(value, Mapping):
            parts.append(_typed(value))
        elif isinstance(value, bool):
            parts.append(f"{name.replace('_', ' ')} {'on' if value else 'off'}")
        elif value is not None:
            parts.append(f"{name.replace('_', ' ')} {value}")
    return ", ".join(part for part in parts if part)


def _short(path: Path) -> str:
    """Shorten a path to where the person most likely is."""
    for base in (Path.cwd(), ROOT):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return str(path)
