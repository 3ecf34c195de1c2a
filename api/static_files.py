"""Static files. A browser keeps what has a version in its address; the rest is asked for again after an hour.

Our scripts lose their comments on the way.
"""

import hashlib
import re
from functools import cache
from os import PathLike, stat_result
from pathlib import Path

from rjsmin import jsmin
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.static_version import DIGITS, VERSION, caching_of

DIRECTORY = Path(__file__).parent / "static"
SCRIPTS = DIRECTORY / "app"
"""Our own modules. What others wrote is sent as it is, so that its digest is theirs."""

VERSIONED = re.compile(rf"([0-9a-f]{{{DIGITS}}})/(.*)")

HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


class OurFiles(StaticFiles):
    """The files below `static`, each also below a version: `/static/<version>/app/main.js`."""

    route = "/static"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with today's file, whatever version is asked for. Relative imports stay in that version."""
        asked = VERSIONED.fullmatch(path)
        if not asked:
            return await super().get_response(path, scope)
        response = await super().get_response(asked[2], scope)
        response.headers["Cache-Control"] = caching_of(asked[1])
        if asked[1] != VERSION:
            # Another release's file may have the same date and size, and would then pass for that version's.
            del response.headers["ETag"], response.headers["Last-Modified"]
        return response

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
