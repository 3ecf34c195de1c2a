"""Static files. A browser may keep them for an hour, then it asks again. Our scripts lose their comments on the way."""

import hashlib
from functools import cache
from os import PathLike, stat_result
from pathlib import Path

from rjsmin import jsmin
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIRECTORY = Path(__file__).parent / "static"
SCRIPTS = DIRECTORY / "app"
"""Our own modules. What others wrote is sent as it is, so that its digest is theirs."""

HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


class OurFiles(StaticFiles):
    """The files below `static`."""

    route = "/static"

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with a file, a script of ours in its short form."""
        path = Path(full_path)
        if path.parent == SCRIPTS and path.suffix == ".js":
            return _send_script(path, stat_result.st_mtime_ns, Headers(scope=scope))
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


def _send_script(path: Path, changed: int, asked: Headers) -> Response:
    body, etag = _shorten(path, changed)
    headers = {**HEADERS, "ETag": etag}
    if asked.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="text/javascript")


@cache
def _shorten(path: Path, changed: int) -> tuple[bytes, str]:  # noqa: ARG001 - a file that changed is read again
    """Return a script without comments and indents, and its ETag. JSDoc is a third of what would go over the line."""
    body: bytes = jsmin(path.read_text(encoding="utf-8")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
