"""Turn every error into an answer, here and nowhere else: a problem for programs, a page for people."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from api.errors import (
    DatabaseAway,
    ImagemillError,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    WrongParameters,
)
from api.links import OWN_ROOTS, own_path
from api.problems import problem_response
from api.safe_answers import SAFE_HEADERS
from api.views import error_page

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PAGE_ROOTS = frozenset({"", "batches", "formats", "jobs", "key", "language"})
"""First segments of the addresses of pages."""
READING = ("GET", "HEAD", "OPTIONS")
CLIENT_GONE = 499
"""Nobody hears it; it stands in the metrics, with the number that nginx made common."""


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the application, and of the framework, in the house's way."""
    app.add_exception_handler(ImagemillError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_defect)


def answer_error(request: Request, error: ImagemillError) -> Response:
    """Answer with a page where people are, else with a problem."""
    if isinstance(error, DatabaseAway) and request.method in READING:
        # Nobody has to be told that a read may have been done.
        error = replace(error, outcome="")
    return error_page(request, error) if _is_for_people(request) else problem_response(request, error)


def _is_for_people(request: Request) -> bool:
    """Return whether a person asks: at the address of a page, or from a browser's address line at one of nothing."""
    root = own_path(request).split("/")[1]
    if root in PAGE_ROOTS:
        return True
    return root not in OWN_ROOTS and "text/html" in request.headers.get("accept", "")


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, ImagemillError):
        raise error
    return answer_error(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == MethodNotAllowed.status:
        return answer_error(request, MethodNotAllowed(method=request.method, allowed=_list_allowed(request)))
    if status == NotFound.status:
        return answer_error(request, NotFound(path=request.url.path))
    return answer_error(request, MalformedRequest())


async def _on_validation(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    return answer_error(request, WrongParameters(sentences=" ".join(_sentence(entry) for entry in wrong)))


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _on_defect(request: Request, _error: Exception) -> Response:
    """Answer with a sentence. The server logs the traceback and closes the connection."""
    request.state.closing = True
    answer = answer_error(request, InternalError())
    # It is sent from outside of all middleware.
    answer.headers.update(SAFE_HEADERS)
    return answer


def _sentence(entry: Mapping[str, object]) -> str:
    place = entry.get("loc")
    name = place[-1] if isinstance(place, tuple) else "request"
    return f"{name}: {entry.get('msg')}."


def _list_allowed(request: Request) -> tuple[str, ...]:
    """Return the methods of all routes at this path. Each route alone knows only its own."""
    asked = {name: request.scope[name] for name in ("type", "path", "root_path", "headers")}

    def fits(method: str) -> bool:
        scopes = ({**asked, "method": method, "path_params": {}} for _ in request.app.routes)
        pairs = zip(request.app.routes, scopes, strict=True)
        return any(route.matches(scope)[0] is Match.FULL for route, scope in pairs)

    fitting = [method for method in METHODS if fits(method)]
    return tuple(name for method in fitting for name in (("GET", "HEAD") if method == "GET" else (method,)))
