"""The HTTP server that XMRig and xmrig-proxy have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import override

from ..faults import Fault
from ..rig import SimulatedRig
from ..server import Reply, Request
from .pretty import pretty
from .versions import Version

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
}
_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
}
_METHODS = ("DELETE", "GET", "HEAD", "POST", "PUT")
_JSON = "application/json"


class XmrigHttp(SimulatedRig):
    """Lets in whom the program lets in, and answers in its form."""

    version: Version

    @property
    @abstractmethod
    def token(self) -> str | None:
        """The token that is configured."""

    @property
    @abstractmethod
    def restricted(self) -> bool:
        """Whether the control endpoints are closed."""

    def _turned_down(self, request: Request) -> Reply | None:
        """Return the answer to a request that goes no further."""
        if request.method == "OPTIONS":
            return self._good(None)
        if (request.method, request.path) == ("GET", "/favicon.ico"):
            return Reply(
                status=404, reason=self._reason(404), headers={"Connection": "close"}
            )
        if request.method not in _METHODS:
            return self._bad(405)
        status = self._authorize(request)
        if status == 200 and request.method != "GET":
            if self.restricted:
                status = 403
            elif request.headers.get("content-type") != _JSON:
                status = 415
        return None if status == 200 else self._bad(status)

    def _authorize(self, request: Request) -> int:
        """Return 200, 401 or 403 as the miner does, ambiguities included."""
        given, token = request.headers.get("authorization"), self.token
        if Fault.WRONG_TOKEN in self.faults:
            return 401 if given is None else 403
        if given is None:
            return 401 if token is not None or not self.restricted else 200
        if token is None:
            return 401
        return 200 if token and given == f"Bearer {token}" else 403

    def _authorize_old(self, request: Request) -> int:
        token = self.token
        if token is None:
            return 200
        given = request.headers.get("authorization")
        if given is None:
            return 401
        return 200 if given == f"Bearer {token}" else 403

    @override
    def _json_reply(self, body: bytes) -> Reply:
        headers = {**_CORS, "Connection": "close"}
        if body:
            headers["Content-Type"] = _JSON
        return Reply(status=200, reason="OK", headers=headers, body=body)

    def _good(self, answer: object, *, copies: int = 1) -> Reply:
        one_line = self.version.own_server
        body = b"" if answer is None else pretty(answer, one_line=one_line)
        return replace(self._json_reply(body), copies=copies)

    def _nothing(self) -> Reply:
        """Return the answer to what was done."""
        headers = {**_CORS, "Connection": "close"}
        return Reply(status=204, reason=self._reason(204), headers=headers)

    def _bad(self, status: int, answer: Mapping[str, object] | None = None) -> Reply:
        if answer is None:
            answer = {"status": status, "error": self._reason(status)}
        headers = {**_CORS, "Connection": "close", "Content-Type": _JSON}
        return Reply(
            status=status,
            reason=self._reason(status),
            headers=headers,
            body=pretty(answer),
        )

    def _empty(self, status: int) -> Reply:
        headers = {"Connection": "close", "Content-Length": "0"}
        return Reply(status=status, reason=_REASONS[status], headers=headers)

    def _reason(self, status: int) -> str:
        reason = _REASONS[status]
        return reason.upper().replace(" ", "_") if self.version.loud_reasons else reason
