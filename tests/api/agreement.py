"""Whether a real answer is one that the OpenAPI document promises."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

JSON = {"application/json", "application/problem+json"}
TRANSPORT = {"connection", "content-length", "content-type", "date", "server", "transfer-encoding", "vary"}
"""Headers of every answer, which no document tells."""
CORS = "access-control-"
"""How the headers begin that a browser reads before a script of another site may see the answer."""


class Agreement:
    """Checks every answer of a client against the document; pages are not in it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._schemas = {name: _closed(schema) for name, schema in document["components"]["schemas"].items()}
        for schema in self._schemas.values():
            Draft202012Validator.check_schema(schema)
        self.seen: set[tuple[str, str, str]] = set()

    def check(self, answer: httpx.Response) -> None:
        method, path = answer.request.method.lower(), answer.request.url.path
        operation = self._operation(method, path)
        if operation is None:
            return
        name, status = operation["operationId"], str(answer.status_code)
        promised = operation["responses"].get(status)
        assert promised is not None, f"{name} answered {status}, which is not documented"
        _check_headers(answer, name, promised.get("headers", {}))
        if method != "head":
            self._check_body(answer, name, promised.get("content", {}))

    def _check_body(self, answer: httpx.Response, name: str, content: Mapping[str, Any]) -> None:
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if not content:
            assert not media_type, f"{name} answered {answer.status_code} with a body of {media_type}"
            return
        described = content.get(media_type) or content.get(re.sub("/.*", "/*", media_type))
        assert described is not None, f"{name} answered {answer.status_code} with {media_type}"
        if media_type in JSON:
            answer.read()
            self._check_value(answer.json(), described["schema"], name)
        code = answer.json()["code"] if media_type == "application/problem+json" else ""
        if code:
            assert code in described["examples"], f"{name}: {code} is not documented"
        self.seen.add((name, str(answer.status_code), code))

    def _check_value(self, value: Any, schema: Mapping[str, Any], name: str) -> None:
        # References are resolved from the root of the schema, so the components lie beside the rest of it.
        whole = {**schema, "components": {"schemas": self._schemas}}
        validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        wrong = best_match(validator.iter_errors(value))
        assert wrong is None, f"{name} answered {wrong.json_path}: {wrong.message}"

    def _operation(self, method: str, path: str) -> Any:
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return operations.get(method)
        return None


def _check_headers(answer: httpx.Response, name: str, promised: Mapping[str, Any]) -> None:
    for header, told in promised.items():
        assert header in answer.headers or not told["required"], (
            f"{name} answered {answer.status_code} without {header}"
        )
    known = TRANSPORT | {header.lower() for header in promised}
    for header in answer.headers:
        told = header in known or header.startswith(CORS)
        assert told, f"{name} answered {answer.status_code} with {header}, which is not documented"


def _closed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without room for a property that it does not name: clients would come to rely on one."""
    return {"additionalProperties": False, **schema} if "properties" in schema else schema
