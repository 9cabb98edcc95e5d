"""Faults of rigs that push: what they are answered, and what is seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
from typing import Final

from .port import CP1251, wrong
from .table import Seen

SILENCE: Final = 150
"""Seconds without a message after which such a rig is away."""
_WRONG_CODE: Final = "0123456789abcdef0123"


_ALIVE: Final = (200, Seen.PARTLY)
"""The agent of a CPU/GPU rig has no field that is always there."""


@dataclass(frozen=True, slots=True)
class PushFault:
    """What an agent sends, all the time."""

    words: str
    spoil: Callable[[bytes], bytes] | None = lambda body: body
    """Returns what is sent for a good body; None: nothing is sent."""
    status: int | None = None
    seen: Seen = Seen.AWAY
    code: str | None = None
    """A code that is sent for the rig's own."""
    cpu_gpu: tuple[int, Seen] | None = None
    """Status and what is seen of a CPU/GPU rig, where that is something else."""

    def of(self, rig_type: str) -> tuple[int | None, Seen]:
        """Return what the agent of that type is answered, and what is seen."""
        if rig_type == "cpu_gpu" and self.cpu_gpu is not None:
            return self.cpu_gpu
        return self.status, self.seen


PUSHED: Final[Mapping[str, PushFault]] = {
    "off": PushFault("nothing comes: off, crashed, no network", None),
    "garbage": PushFault("bytes that are no JSON", lambda _: b"\x00\xff{]", 400),
    "truncated": PushFault("JSON that stops in the middle", lambda b: b[:-9], 400),
    "huge": PushFault("2 MiB", lambda _: b'{"a": "' + b"a" * 2**21 + b'"}', 413),
    "empty": PushFault("`{}`", lambda _: b"{}", 422, cpu_gpu=_ALIVE),
    "null": PushFault("`null`", lambda _: b"null", 422, cpu_gpu=_ALIVE),
    "wrong code": PushFault("another API code", status=401, code=_WRONG_CODE),
    "wrong types": PushFault(
        "each value of a wrong type",
        lambda body: json.dumps(wrong(json.loads(body))).encode(),
        200,
        Seen.PARTLY,
    ),
    "strange bytes": PushFault(
        "a text that is not UTF-8",
        lambda body: body.replace(b'"lan_ip": "', b'"lan_ip": "' + CP1251),
        200,
        Seen.KEEPS,
    ),
    "clock": PushFault(
        "Home Assistant's clock is set back 2 h", status=200, seen=Seen.KEEPS
    ),
}


def printed() -> str:
    """Return the table for the documentation."""
    lines = []
    for fault in PUSHED.values():
        cells = [fault.words]
        for rig_type in ("asic", "cpu_gpu"):
            status, seen = fault.of(rig_type)
            cells += [str(status or "—"), seen.value]
        lines.append(f"| {' | '.join(cells)} |")
    head = (
        "| Fault | An ASIC's agent gets | Seen | A CPU/GPU rig's agent gets | Seen |",
        "| --- | --- | --- | --- | --- |",
    )
    return "\n".join((*head, *lines)) + "\n"
