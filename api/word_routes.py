"""The words for scripts, and where people choose their language."""

import hashlib
import re
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from api.errors import NotFound
from api.links import link, own_path, prefix_of
from api.static_version import caching_of
from api.wording import COOKIE, LANGUAGES, script_words

router = APIRouter(include_in_schema=False)

COOKIE_SECONDS = 365 * 86_400
OWN_PAGE = re.compile(r"/(?:(?:jobs|batches|problems)(?:/[\w-]+)?|formats|key)?(?:\?[\w.=&%-]*)?", re.ASCII)
"""The only pages that may follow, so that no link can lead from here to another site."""

Language = Annotated[str, Path(max_length=10)]


@router.get("/words/{language}.json")
async def send_words(request: Request, language: Language, v: str = "") -> Response:
    """Send the words that scripts need. `v` is the version that the page names."""
    _need_language(request, language)
    words = script_words(language)
    etag = f'"{hashlib.sha256(words).hexdigest()[:32]}"'
    headers = {"Cache-Control": caching_of(v), "ETag": etag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(words, headers=headers, media_type="application/json")


@router.get("/language/{language}")
async def choose_language(request: Request, language: Language) -> Response:
    """Keep the person's language in a cookie, and go back to the page."""
    _need_language(request, language)
    answer = RedirectResponse(link(request, own_page(request.query_params.get("next", ""))), status_code=303)
    path, secure = prefix_of(request) or "/", request.url.scheme == "https"
    answer.set_cookie(COOKIE, language, max_age=COOKIE_SECONDS, path=path, secure=secure, samesite="lax")
    return answer


def own_page(asked: str) -> str:
    """Return the address if it is of one of our pages, else the form's."""
    return asked if OWN_PAGE.fullmatch(asked) else "/"


def _need_language(request: Request, language: str) -> None:
    if language not in LANGUAGES:
        raise NotFound(path=own_path(request))
