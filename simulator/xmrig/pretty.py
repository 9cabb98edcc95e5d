"""JSON laid out as XMRig does: four spaces, plain arrays on one line."""

import json


def pretty(value: object, *, one_line: bool = True) -> bytes:
    """Return the text of an answer; old versions had no arrays on `one_line`."""
    return _text(value, "\n", one_line).encode()


def _text(value: object, outer: str, one_line: bool) -> str:
    inner = f"{outer}    "
    match value:
        case dict() if value:
            members = [
                f"{json.dumps(key, ensure_ascii=False)}: {_text(item, inner, one_line)}"
                for key, item in value.items()
            ]
            return f"{{{inner}{f',{inner}'.join(members)}{outer}}}"
        case list() | tuple() if value:
            items = [_text(item, inner, one_line) for item in value]
            if one_line and not any(isinstance(i, dict | list | tuple) for i in value):
                return f"[{', '.join(items)}]"
            return f"[{inner}{f',{inner}'.join(items)}{outer}]"
        case _:
            return json.dumps(value, ensure_ascii=False)
