"""MAC addresses as miners write them."""

import re
from typing import Final

_MAC: Final = re.compile(r"[0-9A-F]{2}(?:([:-]?)[0-9A-F]{2})(?:\1[0-9A-F]{2}){4}")
_NONE: Final = frozenset(("000000000000", "FFFFFFFFFFFF"))


def mac_address(text: str | None) -> str | None:
    """Return 12 hexadecimal digits upper case with colons; None for anything else."""
    upper = (text or "").strip().upper()
    if not _MAC.fullmatch(upper):
        return None
    digits = re.sub(r"[:-]", "", upper)
    if digits in _NONE:
        return None
    return ":".join(digits[n : n + 2] for n in range(0, 12, 2))
