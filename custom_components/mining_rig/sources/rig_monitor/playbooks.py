"""Playbooks: which program a CPU/GPU rig runs, and with which arguments.

CPU/GPU Sentry 1.1.0 fetches the list every minute, stops everything when it changes, and
crashes on an entry without `module`, `inserted_at` or `updated_at`. It splits the argument
at single spaces.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
import re
from typing import Any, Final
import unicodedata

NOTE: Final = "rig_monitor_playbooks"
"""The note that holds them: {"next": the next id, "list": [playbook, …]}."""
DEFAULT_SET: Final = "Default"
SUBENTRY: Final = "playbook"
"""The type of the subentries that let the owner edit playbooks."""
CONF_PLAYBOOK_ID: Final = "playbook_id"

SOFTWARE: Final = ("software_name", "software_version", "module", "command_argument")
GROUPS: Final[Mapping[str, str]] = {"cpu": "", "gpu_1": "_1", "gpu_2": "_2"}
"""The three groups of addresses and the suffixes of their keys."""


def group_keys(group: str) -> tuple[str, str, str, str]:
    """Return the keys of a group's coin, algorithm, wallet and pool."""
    unit, end = group.partition("_")[0], GROUPS[group]
    return (
        f"{unit}_coin_name{end}",
        f"{unit}_algorithm{end}",
        f"{unit}_wallet_address{end}",
        f"{unit}_pool_address{end}",
    )


ADDRESSES: Final = tuple(key for group in GROUPS for key in group_keys(group))
DEFAULTS: Final[Mapping[str, str]] = {
    "set": DEFAULT_SET,
    "software_name": "XMRig",
    "software_version": "6.22.2",
    "module": "Elixir.MinerProvision.XMRIG_6_22_2",
    "command_argument": (
        "--no-color --url $CPU_POOL --algo rx/0 --user $CPU_WALLET --pass $WORKER_NAME"
    ),
}
"""The only program that the agent can install, as of version 1.1.0."""

_WORKER: Final = "WORKER_NAME"
_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "CPU_WALLET": "cpu_wallet_address",
    "CPU_POOL": "cpu_pool_address",
    "GPU_WALLET_1": "gpu_wallet_address_1",
    "GPU_POOL_1": "gpu_pool_address_1",
    "GPU_WALLET_2": "gpu_wallet_address_2",
    "GPU_POOL_2": "gpu_pool_address_2",
    # The names that the API's documents use for those of the CPU.
    "WALLET_ADDRESS": "cpu_wallet_address",
    "POOL_ADDRESS": "cpu_pool_address",
}
_PLACEHOLDER: Final = re.compile(r"\$([A-Z][A-Z0-9_]*)")
_MODULE: Final = re.compile(r"Elixir(\.[A-Z][A-Za-z0-9_]*)+")
"""The name of an Elixir module, which the agent calls."""


def worker_name(name: str) -> str:
    """Return a rig's name in the characters A–Z, a–z, 0–9 and hyphen, for pools.

    The API's own server puts a hyphen for each byte of UTF-8, and a pool that knows the
    worker by that name is to know it again.
    """
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(rb"[^A-Za-z0-9]", b"-", letters.encode(errors="replace")).decode()


def checked(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return the errors of a filled-in form by field."""
    errors: dict[str, str] = {}
    for key in SOFTWARE:
        if not answers.get(key):
            errors[key] = "required"
    if _MODULE.fullmatch(answers.get("module") or "Elixir.None") is None:
        errors["module"] = "module_invalid"
    for group in GROUPS:
        coin, algorithm, wallet, pool = group_keys(group)
        if bool(answers.get(coin)) != bool(answers.get(algorithm)):
            errors[coin] = "coin_and_algorithm"
        for key in (wallet, pool):
            if re.search(r"\s", answers.get(key) or ""):
                errors[key] = "blanks"
    for name in _PLACEHOLDER.findall(answers.get("command_argument") or ""):
        if name == _WORKER:
            continue
        if name not in _PLACEHOLDERS:
            errors["command_argument"] = "unknown_placeholder"
        elif not answers.get(_PLACEHOLDERS[name]):
            errors[_PLACEHOLDERS[name]] = "placeholder_empty"
    return errors


def stored(note: Any) -> list[dict[str, Any]]:
    """Return the playbooks of a note without those that an agent would crash on."""
    if not isinstance(note, dict) or not isinstance(note.get("list"), list):
        return []
    return [playbook for playbook in note["list"] if _is_complete(playbook)]


def _is_complete(playbook: Any) -> bool:
    return (
        isinstance(playbook, dict)
        and type(playbook.get("id")) is int
        and all(
            isinstance(playbook.get(key), str) and playbook[key] for key in SOFTWARE
        )
        and all(_is_moment(playbook.get(key)) for key in ("inserted_at", "updated_at"))
        and all(isinstance(playbook.get(key), str | None) for key in ADDRESSES)
    )


def _is_moment(text: Any) -> bool:
    try:
        datetime.fromisoformat(text)
    except TypeError, ValueError:
        return False
    return True


def with_playbook(
    note: Any, playbook_id: int | None, answers: Mapping[str, str], moment: str
) -> tuple[dict[str, Any], int]:
    """Return the note with a playbook added or changed, and the playbook's id.

    `moment` is ISO 8601 in UTC without a zone.
    """
    known = stored(note)
    following = max(
        [playbook["id"] + 1 for playbook in known],
        default=1,
    )
    if isinstance(note, dict) and type(note.get("next")) is int:
        # An id is never used again.
        following = max(following, note["next"])
    before = next((p for p in known if p["id"] == playbook_id), None)
    number = following if playbook_id is None else playbook_id
    playbook = {
        "id": number,
        "set": answers.get("set") or DEFAULT_SET,
        **{key: answers[key] for key in SOFTWARE},
        **{key: answers.get(key) or None for key in ADDRESSES},
        "inserted_at": before["inserted_at"] if before else moment,
        "updated_at": moment,
    }
    others = [p for p in known if p["id"] != number]
    listed = sorted([*others, playbook], key=lambda p: int(p["id"]))
    return {"next": max(following, number + 1), "list": listed}, number


def without_others(note: Any, kept: Iterable[int]) -> dict[str, Any]:
    """Return the note with only the playbooks of those ids."""
    known, ids = stored(note), set(kept)
    following = max([p["id"] + 1 for p in known], default=1)
    if isinstance(note, dict) and type(note.get("next")) is int:
        following = max(following, note["next"])
    return {"next": following, "list": [p for p in known if p["id"] in ids]}


def sets(note: Any) -> tuple[str, ...]:
    """Return the names of the sets, in the order of their playbooks' ids."""
    return tuple(dict.fromkeys(str(p.get("set", DEFAULT_SET)) for p in stored(note)))


def is_duplicate(
    note: Any, playbook_id: int | None, answers: Mapping[str, str]
) -> bool:
    """Return whether the set has another playbook of that software: agents use one."""
    wanted = (answers.get("set") or DEFAULT_SET, answers.get("software_name"))
    return any(
        (p.get("set", DEFAULT_SET), p["software_name"]) == wanted
        for p in stored(note)
        if p["id"] != playbook_id
    )


def served(note: Any, active: str | None, worker: str) -> list[dict[str, Any]]:
    """Return the playbooks of the active set as the agent fetches them, by id.

    The same note gives the same list, byte for byte: agents restart on a change.
    """
    names = sets(note)
    chosen = active if active in names else next(iter(names), None)
    return [
        {
            "id": p["id"],
            "software_name": p["software_name"],
            "software_version": p["software_version"],
            "command_argument": _filled(p, worker),
            "module": p["module"],
            **{key: p.get(key) for key in ADDRESSES},
            "inserted_at": p["inserted_at"],
            "updated_at": p["updated_at"],
        }
        for p in stored(note)
        if str(p.get("set", DEFAULT_SET)) == chosen
    ]


def _filled(playbook: Mapping[str, Any], worker: str) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == _WORKER:
            return worker
        key = _PLACEHOLDERS.get(name)
        return match[0] if key is None else playbook.get(key) or ""

    # Two spaces in a row would give the miner an empty argument.
    return " ".join(_PLACEHOLDER.sub(fill, playbook["command_argument"]).split())


def title(playbook: Mapping[str, Any]) -> str:
    """Return the title of a playbook in lists: set, program and coins."""
    coins = (playbook.get(group_keys(group)[0]) for group in GROUPS)
    words = [str(playbook["software_name"]), *filter(None, coins)]
    return f"{playbook.get('set') or DEFAULT_SET}: {' '.join(words)}"


def titles(note: Any) -> dict[int, str]:
    """Return the titles of a note's playbooks by id."""
    return {playbook["id"]: title(playbook) for playbook in stored(note)}
