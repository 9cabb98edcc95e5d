"""Headframe's interface over HTTP, with one credential.

An address may hold a watcher token, so no text made here shows one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .operations import Operation

type Query = Mapping[str, str | Sequence[str]]
"""A list is sent as its name repeated: `id=a&id=b`."""


class Closed(Exception):
    """The operation is not open to this credential, or not there (400, 403, 404)."""


class HeadframeApi:
    """What one credential may ask of one pool."""

    async def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Any = None,
    ) -> Any:
        """Ask once; returns decoded JSON, None for an empty answer.

        Numbers with a fraction are Decimal, whole ones int. Raises a SourceError;
        CommandRefused (400, 403, 404, 409) with the key of a text.
        """
        raise NotImplementedError

    async def pages(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        most: int = 50,
    ) -> list[Any]:
        """Return `data` of all pages, each item once by its id. Raises as `call`."""
        raise NotImplementedError

    async def text(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
    ) -> str:
        """Return an answer that is no JSON (CSV). Raises as `call`."""
        raise NotImplementedError
