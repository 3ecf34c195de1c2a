"""Around every request: naming, counting and logging it, and answering HEAD wherever there is a GET."""

import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bounds import begin_holds
from api.errors import InternalError
from api.metrics import count_request
from api.request_ids import REQUEST_ID
from api.request_log import begin_request, log_request

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})
HEAD_ONLY = "imagemill.head_only"
"""In the scope of a GET whose body nobody will see."""
HELD = "imagemill.held"
"""In the scope of a request whose client asked to be kept waiting: its time says nothing about ours."""


class Observed:
    """Names, counts, times and logs each request. `everything` logs reads that succeed too."""

    def __init__(self, app: ASGIApp, *, everything: bool = False) -> None:
        self._app = app
        self._everything = everything

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts, holds = begin_request(scope), begin_holds(scope)
        started = time.perf_counter()

        async def received() -> Message:
            message = await receive()
            facts.bytes_in += len(message.get("body", b""))
            return message

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = facts.id
            facts.bytes_out += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, received, watched)
        except Exception:
            # The handler of defects answers outside of this, and later.
            facts.code = facts.code or InternalError.code
            raise
        finally:
            holds.end()
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
            route, seconds = _route(scope), time.perf_counter() - started
            count_request(method, route, facts.status, seconds, held=HELD in scope)
            log_request(scope, facts, method=method, route=route, seconds=seconds, everything=self._everything)


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


def _route(scope: Scope) -> str:
    """Return the template of the answering route. A mounted application has none in the scope, but says its own."""
    mounted = getattr(scope.get("endpoint"), "route", "unmatched")
    path: str = getattr(scope.get("route"), "path", mounted)
    return path
