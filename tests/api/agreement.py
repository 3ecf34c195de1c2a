"""Whether a real answer is one that the OpenAPI document promises."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

JSON = {"application/json", "application/problem+json"}


class Agreement:
    """Checks every answer of a client against the document; pages are not in it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.seen: set[tuple[str, str, str]] = set()

    def check(self, answer: httpx.Response) -> None:
        method, path = answer.request.method.lower(), answer.request.url.path
        operation = self._operation("get" if method == "head" else method, path)
        if operation is None:
            return
        name, status = operation["operationId"], str(answer.status_code)
        promised = operation["responses"].get(status)
        assert promised is not None, f"{name} answered {status}, which is not documented"
        for header in promised.get("headers", {}):
            assert header in answer.headers, f"{name} answered {status} without {header}"
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

    def _check_value(self, value: Any, schema: Mapping[str, Any], at: str) -> None:
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if (one.get("type") == "null") == (value is None))
            self._check_value(value, schema, at)
            return
        types: dict[str, Any] = {
            "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None),
            "boolean": bool,
        }  # fmt: skip
        if "type" in schema:
            assert isinstance(value, types[schema["type"]]), f"{at} is {value!r}"
        if "enum" in schema:
            assert value in schema["enum"], f"{at} is {value!r}"
        if "const" in schema:
            assert value == schema["const"], f"{at} is {value!r}"
        if "properties" in schema:
            assert set(value) <= set(schema["properties"]), f"{at} has {set(value) - set(schema['properties'])}"
            assert set(schema.get("required", ())) <= set(value), f"{at} lacks something"
            for name, part in value.items():
                self._check_value(part, schema["properties"][name], f"{at}.{name}")
        for part in value if schema.get("type") == "array" else ():
            self._check_value(part, schema.get("items", {}), f"{at}[]")

    def _operation(self, method: str, path: str) -> Any:
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return operations.get(method)
        return None
