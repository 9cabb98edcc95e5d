"""A description of an interface, against which requests and answers are held."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockResponse
from werkzeug.datastructures import Headers, ImmutableMultiDict
import yaml

from simulator.server import Request

_METHODS = ("get", "put", "post", "patch", "delete")


class Sent:
    """A request in the shape of the validator."""

    def __init__(self, host_url: str, request: Request) -> None:
        """Take a request as it was received."""
        parts = urlsplit(request.path)
        cookies = [
            tuple(cookie.strip().split("=", 1))
            for cookie in request.headers.get("cookie", "").split(";")
            if "=" in cookie
        ]
        self.host_url = host_url
        self.path = parts.path
        self.method = request.method.lower()
        self.content_type = request.headers.get("content-type", "").partition(";")[0]
        self.body = request.body or None
        self.query = parse_qsl(parts.query, keep_blank_values=True)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(cookies),
        )


class Contract:
    """An OpenAPI description."""

    def __init__(self, path: Path, host_url: str) -> None:
        """Read it; requests are validated as if sent to `host_url`."""
        self.spec: Mapping[str, Any] = yaml.safe_load(path.read_text())
        self._host_url = host_url
        self._openapi = OpenAPI.from_dict(
            dict(self.spec),
            config=Config(extra_media_type_deserializers={"text/csv": bytes.decode}),
        )

    @property
    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Every operation: its path, its method, its description."""
        for path, methods in self.spec["paths"].items():
            for method in _METHODS:
                if method in methods:
                    yield path, method, methods[method]

    def operation_id(self, request: Request) -> str:
        """Return the operation of a request; an error if the description has none."""
        sent = Sent(self._host_url, request)
        found = APICallPathFinder(self._openapi.spec, None).find(
            sent.method, f"{sent.host_url}{sent.path}"
        )
        name: str = found.operation["operationId"]
        return name

    def check_request(self, request: Request) -> str:
        """Return the operation of a request that is as described; else an error."""
        sent = Sent(self._host_url, request)
        self._openapi.validate_request(sent)
        name = self.operation_id(request)
        unknown = {key for key, _ in sent.query} - self._queries(name)
        assert not unknown, f"{name} knows no {unknown}"
        return name

    def check_response(
        self, request: Request, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Raise what is wrong with an answer."""
        response = MockResponse(
            data=body,
            status_code=status,
            headers=dict(headers),
            content_type=headers.get("Content-Type", "application/json"),
        )
        self._openapi.validate_response(Sent(self._host_url, request), response)

    def _queries(self, operation_id: str) -> set[str]:
        for _, _, operation in self.operations:
            if operation["operationId"] == operation_id:
                return {
                    parameter["name"]
                    for entry in operation.get("parameters", ())
                    if (parameter := self._resolved(entry))["in"] == "query"
                }
        return set()

    def _resolved(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in entry:
            found: Any = self.spec
            for name in entry["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            entry = found
        return entry

    def examples(self) -> Iterator[tuple[str, str, Any]]:
        """Every example of a good answer: its operation, its name, its value."""
        for _, _, operation in self.operations:
            content = operation["responses"].get("200", {}).get("content", {})
            examples = content.get("application/json", {}).get("examples", {})
            for name, example in examples.items():
                yield operation["operationId"], name, example["value"]
