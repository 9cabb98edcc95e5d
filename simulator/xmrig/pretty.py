"""JSON laid out as XMRig does: four spaces, plain arrays on one line."""

from collections.abc import Mapping, Sequence
import json


def pretty(value: object, *, one_line: bool = True) -> bytes:
    """Return the text of an answer; old versions had no arrays on `one_line`."""
    return _text(value, 0, one_line).encode()


def _text(value: object, depth: int, one_line: bool) -> str:
    inner, outer = "\n" + "    " * (depth + 1), "\n" + "    " * depth
    match value:
        case Mapping() if value:
            members = (
                f"{json.dumps(key, ensure_ascii=False)}: {_text(item, depth + 1, one_line)}"
                for key, item in value.items()
            )
            return "{" + inner + f",{inner}".join(members) + outer + "}"
        case list() | tuple() if value:
            items = [_text(item, depth + 1, one_line) for item in value]
            if one_line and not any(
                isinstance(i, Mapping | list | tuple) for i in value
            ):
                return f"[{', '.join(items)}]"
            return "[" + inner + f",{inner}".join(items) + outer + "]"
        case Mapping() | Sequence() if not isinstance(value, str):
            return "{}" if isinstance(value, Mapping) else "[]"
        case _:
            return json.dumps(value, ensure_ascii=False)
