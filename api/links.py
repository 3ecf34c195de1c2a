"""Where a path of ours becomes a link, here and nowhere else.

Behind a proxy the service may live below a prefix (`/imagemill`). Then every path that a client is told begins with
it: links in JSON, `Location`, the pages' addresses, problems' `type`.

- A route with a request at hand: `link(request, f"/v1/jobs/{job.id}")`.
- Code without one takes `prefix: str` and puts it first; the route gives it `prefix_of(request)`.
- Templates: `{{ root }}/jobs`.
- Code that asks which of our paths was called: `own_path(request)`, never `request.url.path`.

The prefix belongs to a request, so no answer with links is stored: what is cached and stored is the record.
"""

from starlette.requests import HTTPConnection
from starlette.types import Scope

PREFIX = "imagemill.prefix"
"""In the scope: as `root_path`, which a mounted application changes."""

OWN_ROOTS = frozenset({
    *("batches", "docs", "formats", "jobs", "key", "keys", "language", "livez", "manifest.webmanifest", "metrics"),
    *("openapi.json", "problems", "readyz", "static", "v1", "words"),
})  # fmt: skip
"""First segments of our own paths. A prefix that begins like them could not be told from them."""


def link(request: HTTPConnection, path: str) -> str:
    """Return the link to one of our paths, for this request's client."""
    return prefix_of(request) + path


def prefix_of(request: HTTPConnection) -> str:
    """Return what this request's links begin with, without a slash at its end; often ""."""
    prefix: str = request.scope.get(PREFIX, "")
    return prefix


def own_path(request: HTTPConnection) -> str:
    """Return the path that was called, as our routes name it."""
    path: str = request.scope["path"]
    return path.removeprefix(prefix_of(request))


def enter_prefix(scope: Scope, prefix: str) -> None:
    """Put a request below the prefix, whether its proxy has left the prefix on the path or taken it off."""
    path = scope["path"]
    if path == prefix:
        own = "/"
    elif path.startswith(f"{prefix}/"):
        own = path.removeprefix(prefix)
    else:
        own = path
    # ASGI: the path holds the root path.
    scope.update({"path": prefix + own, "root_path": prefix, PREFIX: prefix})
