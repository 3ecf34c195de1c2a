"""Around every request: counting and logging it, and answering HEAD wherever there is a GET."""

import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import count_request

log = structlog.get_logger(__name__)

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})
HEAD_ONLY = "imagemill.head_only"
"""In the scope of a GET whose body nobody will see."""
HELD = "imagemill.held"
"""In the scope of a request whose client asked to be kept waiting: its time says nothing about ours."""


class Observed:
    """Counts and times each request by its route's template, and starts it with no log context of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            _count(scope, status, time.perf_counter() - started)


class HeadAsGet:
    """Lets routes know GET only; the server sends no body in answer to HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET", HEAD_ONLY: True}
        try:
            await self._app(inner, receive, send)
        finally:
            scope.update({key: inner[key] for key in ("route", "endpoint", HELD) if key in inner})


def mark_held(request: Request) -> None:
    """Say that this request waits on purpose."""
    request.scope[HELD] = True


def _count(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
    route = _route(scope)
    count_request(method, route, status, seconds, held=HELD in scope)
    log.debug("answered", method=method, route=route, status=status, seconds=round(seconds, 4))


def _route(scope: Scope) -> str:
    """Return the template of the answering route. A mounted application has none in the scope, but says its own."""
    mounted = getattr(scope.get("endpoint"), "route", "unmatched")
    path: str = getattr(scope.get("route"), "path", mounted)
    return path
