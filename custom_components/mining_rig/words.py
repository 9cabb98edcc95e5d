"""Words of programs as names that read well."""

import re
from typing import Final

_NAMES: Final = {
    "kheavyhash": "kHeavyHash",
    "sha256": "SHA-256",
    "sha256d": "SHA-256d",
}
"""What is not written with a capital alone."""
_WORDS: Final = re.compile(r"[a-z][a-z0-9]*(?:[ _][a-z0-9]+)*")
"""What a program writes for itself; anything else is a name already, or a code."""


def as_name(word: str) -> str:
    """Return "kawpow" as "Kawpow", "waiting_for_fee" as "Waiting for fee".

    Names with capitals of their own stay, as do codes like "rx/0".
    """
    if name := _NAMES.get(word.lower()):
        return name
    if not _WORDS.fullmatch(word):
        return word
    return word[0].upper() + word[1:].replace("_", " ")
