"""Answers in JSON, and refusals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
import orjson


def json_response(
    body: Any,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


class Refusal(Exception):
    """A request that is refused."""

    def __init__(
        self, status: HTTPStatus, body: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        """Take status, JSON body and headers of the answer."""
        super().__init__(status.phrase)
        self.response = json_response(body, status, headers)


def not_known() -> Refusal:
    """Return the refusal of what cannot be answered now without making something up."""
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"errors": {"detail": "Service Unavailable"}},
        {hdrs.RETRY_AFTER: "30"},
    )


def not_found() -> Refusal:
    """Return the refusal of a path, or of a method that a path does not have."""
    return Refusal(HTTPStatus.NOT_FOUND, {"errors": {"detail": "Not Found"}})
