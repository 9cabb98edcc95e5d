"""Decoding JSON in which a few bytes are not allowed, without losing the rest.

Programs copy names as they find them: a host name in a Windows code page, a worker's
name as its miner sent it. One such byte must not cost the whole answer.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

_NO_CONTROLS: Final = bytes.maketrans(bytes(range(0x20)), b" " * 0x20)
_BOM: Final = b"\xef\xbb\xbf"


def decode_json(body: bytes, decode: Callable[[bytes], Any] = orjson.loads) -> Any:
    """Decode JSON, again with its strange bytes replaced where that fails.

    Raises what `decode` raises where it is not JSON nevertheless.
    """
    try:
        return decode(body)
    except ValueError:
        repaired = _repaired(body)
        if repaired == body:
            raise
    return decode(repaired)


def _repaired(body: bytes) -> bytes:
    """Return JSON without a mark of its encoding, control characters and non-UTF-8.

    A control character becomes a space: JSON allows it outside of texts only, where a
    space is the same. A byte that is not UTF-8 becomes a character of its own, the
    Braille pattern of its number, so that two names stay two.
    """
    text = body.removeprefix(_BOM).translate(_NO_CONTROLS)
    text = text.decode("utf-8", "surrogateescape").encode("utf-8", "surrogatepass")
    # The byte is a surrogate now, U+DC80 to U+DCFF, which UTF-8 has nowhere else, and
    # becomes U+2880 to U+28FF.
    return text.replace(b"\xed\xb2", b"\xe2\xa2").replace(b"\xed\xb3", b"\xe2\xa3")
