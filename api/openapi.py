"""The OpenAPI document: every refusal with its example, and the form, read by our own code."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import DatabaseAway, ImagemillError, InternalError, TryLater
from api.examples import REFUSALS
from api.problems import MEDIA_TYPE, make_problem
from api.schemas import option_answer
from core.formats import TARGETS
from core.json_types import Json
from core.option_kinds import Option
from core.options import OPTIONS
from core.problems import Problem

Responses = dict[int | str, dict[str, Any]]
"""As FastAPI types what it is given for `responses`."""

SCHEMAS = "#/components/schemas/"
ANYWHERE = (DatabaseAway, InternalError)
"""What any call that looks at jobs may answer."""

DESCRIPTION = """\
Upload an image and name a target format; ask for the job until it is over; download the result.

A job that fails is no error of a request: it is a 200 with `status: failed`. Errors are problems (RFC 9457) with a
stable `code` and a sentence that says what to do.
"""


def document_refusals(*kinds: type[ImagemillError]) -> Responses:
    """Document the answers of these kinds: one entry a status, with an example for each code."""
    known: set[type[ImagemillError]] = {*kinds, *ANYWHERE}
    in_order = sorted(known, key=lambda kind: (kind.status, kind.code))
    return {status: _answer(list(same)) for status, same in groupby(in_order, key=lambda kind: kind.status)}


def describe_header(description: str, kind: str = "string") -> dict[str, Json]:
    """Describe one header of an answer."""
    return {"description": description, "schema": {"type": kind}}


def upload_form() -> dict[str, Json]:
    """Describe the multipart body of a submission. Its parts are read as they come, so no signature can tell."""
    names = [name for fmt in TARGETS for name in (fmt.name, *fmt.aliases)]
    options = {option.name: _describe_option(option) for option in OPTIONS}
    properties: dict[str, Json] = {
        "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "The image."},
        "target_format": {"type": "string", "enum": names, "description": "What to convert to."},
        "batch": {"type": "string", "format": "uuid", "description": "The batch that the job is added to."},
        **options,
    }
    schema: dict[str, Json] = {"type": "object", "required": ["file", "target_format"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _describe_option(option: Option) -> dict[str, Json]:
    """Describe an option by its row, as JSON Schema has it."""
    told = option_answer(option).model_dump(exclude_none=True, exclude={"allowed"})
    return told | {"description": f"{option.sentence} Must be {option.allowed}."}


def make_openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return the function for `app.openapi`. It makes the document once, at the first call."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return openapi


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        _forget_framework_errors(operation["responses"])
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    own = Problem.model_json_schema(ref_template=SCHEMAS + "{model}")
    schemas.update(own.pop("$defs"))
    schemas["Problem"] = own
    return document


def _forget_framework_errors(responses: dict[str, Any]) -> None:
    """Remove FastAPI's own 422: our handler answers a bad parameter with 400."""
    content = responses.get("422", {}).get("content", {})
    if "application/json" in content:
        del responses["422"]


def _answer(kinds: Sequence[type[ImagemillError]]) -> dict[str, Json]:
    examples = {kind.code: _example(kind) for kind in kinds}
    answer: dict[str, Json] = {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMAS + "Problem"}, "examples": examples}},
    }
    if any(issubclass(kind, TryLater) for kind in kinds):
        answer["headers"] = {"Retry-After": describe_header("Seconds until it is worth trying again.", "integer")}
    return answer


def _example(kind: type[ImagemillError]) -> dict[str, Json]:
    example = next(error for error in REFUSALS if error.code == kind.code)
    value = make_problem(example).model_dump(mode="json", exclude_none=True)
    return {"summary": kind.title, "description": kind.__doc__ or "", "value": value}
