"""Refusals as RFC 9457 problems: their JSON and their headers."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import (
    BadOptions,
    ConversionFailed,
    ImagemillError,
    KeyInvalid,
    KeyRequired,
    MethodNotAllowed,
    RangeNotSatisfiable,
    TryLater,
    WrongTusVersion,
)
from api.links import own_path, prefix_of
from api.request_ids import REQUEST_ID
from api.request_log import find_facts
from core.problems import FieldProblem, Problem

MEDIA_TYPE = "application/problem+json"
TUS_VERSION = "1.0.0"
"""Of the protocol that api.tus_routes speaks. Each answer there names it."""

CHALLENGE = 'Bearer realm="imagemill"'
"""How a key is sent (RFC 6750)."""


def make_problem(error: ImagemillError, prefix: str, request_id: str | None = None) -> Problem:
    """Return the error in the shape of the contract. `prefix` is what links begin with (api.links).

    A problem that is the answer to a request names it.
    """
    wrong = error.errors if isinstance(error, BadOptions) else ()
    return Problem(
        type=f"{prefix}/problems/{error.problem_code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.problem_code,
        errors=[FieldProblem(field=field.field, detail=field.detail) for field in wrong] or None,
        retry_after=error.retry_after if isinstance(error, TryLater) else None,
        request_id=request_id,
    )


def problem_response(request: Request, error: ImagemillError) -> JSONResponse:
    """Make the answer to a program."""
    return JSONResponse(
        make_problem(error, prefix_of(request), find_facts(request.scope).id).model_dump(
            mode="json", exclude_none=True
        ),
        status_code=error.status,
        headers=refusal_headers(request, error),
        media_type=MEDIA_TYPE,
    )


def refusal_headers(request: Request, error: ImagemillError) -> Mapping[str, str]:
    """Return the headers of an answer to this error, and note its code for the line in the log."""
    facts = find_facts(request.scope)
    facts.code = error.problem_code
    # The handler of defects answers outside of the middleware that adds it elsewhere.
    headers = {**error_headers(error), REQUEST_ID: facts.id}
    if getattr(request.state, "closing", False):
        headers["Connection"] = "close"
    if own_path(request).startswith("/v1/uploads"):
        headers["Tus-Resumable"] = TUS_VERSION
    return headers


def error_headers(error: ImagemillError) -> dict[str, str]:
    """Return the headers that tell of the error itself. The OpenAPI document shows those of each example."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TryLater):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, ConversionFailed):
        headers["Location"] = error.job
    if isinstance(error, WrongTusVersion):
        headers["Tus-Version"] = error.version
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, KeyRequired):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, KeyInvalid):
        headers["WWW-Authenticate"] = f'{CHALLENGE}, error="invalid_token"'
    return headers
