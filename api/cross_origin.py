"""CORS: pages of other origins may call the interface for programs, where a setting names them.

Only `/v1` and what describes it is shared. The pages stay with our own origin. Credentials are never allowed: keys go
in the `Authorization` header, which needs none, and the cookie of a key is for our own pages.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.links import own_path
from api.origins import read_origin

SHARED = ("/v1/", "/openapi.json", "/problems/")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "If-Range", "Last-Event-ID"),
    *("Prefer", "Range"),
    *("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-HTTP-Method-Override"),
    *("X-Request-Id", "traceparent"),
)
"""Request headers that mean something here."""
TOLD = (
    *("Location", "Retry-After", "ETag", "Content-Disposition", "Content-Range", "Accept-Ranges", "Warning-Code"),
    *("Idempotency-Replayed", "Preference-Applied", "RateLimit", "RateLimit-Policy", "X-Request-Id"),
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
"""Answer headers that a script may read."""


class CrossOrigin:
    """Starlette's middleware around the calls of programs alone."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app, allow_origins=origins, allow_methods=METHODS, allow_headers=SENT, expose_headers=TOLD, max_age=3600
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        is_shared = scope["type"] == "http" and own_path(HTTPConnection(scope)).startswith(SHARED)
        await (self._shared if is_shared else self._app)(scope, receive, send)


def parse_origins(text: str) -> tuple[str, ...]:
    """Read origins with commas between, or `*`; "" allows none. Raises ValueError."""
    if text.strip() in {"", "*"}:
        return tuple(text.strip())
    parts = [part.strip() for part in text.split(",")]
    origins = [read_origin(part) for part in parts]
    if None in origins:
        raise ValueError(parts[origins.index(None)])
    return tuple(map(str, origins))
