"""Compress pages and static files. The API's answers stay as they are: downloads, archives and event streams above all."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.links import own_path

LEVEL = 6
"""Pages are made for each request; the last percent is not worth twice the time."""
LEAST_BYTES = 1000
FOR_PROGRAMS = frozenset({"v1", "metrics", "livez", "readyz"})
"""First segments of what programs ask for: its headers are documented, and its bytes are sent as they are."""


class PagesCompressed:
    """Sends what is for people with gzip to whoever takes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        is_page = scope["type"] == "http" and _first_segment(scope) not in FOR_PROGRAMS
        await (self._compressed if is_page else self._app)(scope, receive, send)


def _first_segment(scope: Scope) -> str:
    return own_path(HTTPConnection(scope)).removeprefix("/").partition("/")[0]
