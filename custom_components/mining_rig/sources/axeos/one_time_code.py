"""The one-time code that the NerdQAxe family may want for writes (RFC 6238)."""

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

STEP: Final = 30
"""Seconds that a code is valid."""
_DIGITS: Final = 6


def secret_from(text: str) -> bytes | None:
    """Return the secret of a base32 text with blanks; None where it is none."""
    word = "".join(text.split()).upper().rstrip("=")
    if not word:
        return None
    try:
        return base64.b32decode(word + "=" * (-len(word) % 8))
    except binascii.Error:
        return None


def code_at(secret: bytes, step: int) -> str:
    """Return the six digits of a step, which is Unix time divided by `STEP`."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**_DIGITS:0{_DIGITS}d}"
