"""The OpenAPI document of the whole application. What a route tells it is in api.openapi."""

import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.document_access import describe_cross_site, describe_keys, describe_limits, describe_request_ids, describe_tus
from api.examples import FOLDED
from api.openapi import COMPONENT, SCHEMAS, document_wrong_host
from core.problems import Problem

DESCRIPTION = """\
Upload an image and name a target format; ask for the job until it is over; download the result.

A job that fails is no error of a request: it is a 200 with `status: failed`. Errors are problems (RFC 9457) with a
stable `code` and a sentence that says what to do.

Whatever answers GET answers HEAD too, with the same status and headers.
"""

TAGS = [
    {"name": "jobs", "description": "One image each: upload, wait, download, delete."},
    {"name": "batches", "description": "Many images at once: upload, wait, download as one ZIP, delete."},
    {
        "name": "uploads",
        "description": "Uploads that go on where they stopped, by [tus 1.0.0](https://tus.io): begin one, send its bytes in "
        "as many requests as it takes, and name it in the field `upload` of a job.",
    },
    {"name": "formats", "description": "What can be read and written, with which options, and the limits."},
    {"name": "operation", "description": "Probes, for whoever runs this."},
]

# Relative to the document, so it holds below any path of a proxy.
SERVERS = [{"url": ".", "description": "Where this document came from."}]

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key, as `python -m api.keys create` shows it once.",
}
WITHOUT_KEY = {"formats", "operation"}
"""The tags whose calls need no key."""

Node = dict[str, Any]


def make_openapi(app: FastAPI, *, keys: bool = False) -> Callable[[], Node]:
    """Return the function for `app.openapi`. It makes the document once, at the first call.

    With `keys`, the calls of a key's owner need one.
    """

    def openapi() -> Node:
        if app.openapi_schema is None:
            app.openapi_schema = _make_document(app, keys=keys)
        return app.openapi_schema

    return openapi


def _make_document(app: FastAPI, *, keys: bool) -> Node:
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        servers=SERVERS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    # It holds what routes were given, which other applications of this process use too.
    document = deepcopy(made)
    for path, method, operation in _operations(document):
        _forget_framework_errors(operation["responses"])
        _forget_nulls(operation.get("parameters", ()))
        if path.startswith("/v1/"):
            operation["responses"]["421"] = document_wrong_host()
            describe_cross_site(method, operation)
        describe_limits(operation)
    _replace_framework_schemas(document["components"]["schemas"])
    _secure(document, keys=keys)
    for _path, _method, operation in _operations(document):
        describe_tus(operation)
        describe_request_ids(operation)
    _unfold(document["paths"], document["components"]["schemas"])
    _add_heads(document["paths"])
    return document


def _operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _forget_framework_errors(responses: Node) -> None:
    """Remove FastAPI's own 422: our handler answers a bad parameter with 400."""
    content = responses.get("422", {}).get("content", {})
    if "application/json" in content:
        del responses["422"]


def _forget_nulls(parameters: Iterable[Node]) -> None:
    """Remove the null of FastAPI's optional parameters: an address or a head has none, a parameter is left out."""
    for parameter in parameters:
        schema = parameter["schema"]
        kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            del schema["anyOf"]
            schema.update(kinds[0])


def _replace_framework_schemas(schemas: Node) -> None:
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    own = Problem.model_json_schema(ref_template=SCHEMAS + "{model}")
    schemas.update(own.pop("$defs"))
    schemas["Problem"] = own


def _unfold(node: Any, schemas: Node) -> None:  # noqa: ANN401 - any part of the document
    """Read each example that was folded, and move each marked schema to the components, so that clients name its type."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if not isinstance(value, dict | list):
            continue
        _unfold(value, schemas)
        if isinstance(value, dict) and FOLDED in value:
            node[key] = json.loads(value[FOLDED])
        elif isinstance(value, dict) and COMPONENT in value:
            name = value[COMPONENT]
            schemas[name] = {"title": name, **{word: told for word, told in value.items() if word != COMPONENT}}
            node[key] = {"$ref": SCHEMAS + name}


def _add_heads(paths: Node) -> None:
    """Document HEAD beside each GET of `/v1`: the same answers without their bodies."""
    for path, methods in paths.items():
        if "get" not in methods or not path.startswith("/v1/"):
            continue
        told = methods["get"]
        answers = {status: _without_body(answer) for status, answer in told["responses"].items()}
        methods["head"] = told | {
            "operationId": f"{told['operationId']}_head",
            "summary": f"{told['summary']} (headers only)",
            "description": "As GET, without the body.",
            "responses": answers,
        }


def _without_body(answer: Node) -> Node:
    return {word: told for word, told in answer.items() if word != "content"}


def _secure(document: Node, *, keys: bool) -> None:
    """Say which calls need a key. Without keys, none does."""
    document["security"] = [{"key": []}] if keys else []
    if not keys:
        return
    document["components"]["securitySchemes"] = {"key": BEARER}
    for _path, _method, operation in _operations(document):
        if WITHOUT_KEY & set(operation.get("tags", ())):
            operation["security"] = []
        else:
            describe_keys(operation)
