"""The page on which people enter their key, once: a cookie keeps it for them."""

import asyncio
from typing import Literal, TypedDict
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.callers import KEY_COOKIE
from api.deps import ServicesDep
from api.errors import BodyTimeout, DatabaseAway, ImagemillError, KeyInvalid, NotFound, RepeatedFields, WrongParameters
from api.key_records import ValidKey
from api.links import link, prefix_of
from api.same_site import check_same_site
from api.services import Services
from api.views import key_page
from api.word_routes import own_page


class _CookieScope(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["strict"]


router = APIRouter(include_in_schema=False)

FIELD, NEXT_FIELD = "key", "next"
FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 8192
READ_SECONDS = 20.0
COOKIE_SECONDS = 365 * 86_400


@router.get("/key")
async def show_key(request: Request, services: ServicesDep) -> Response:
    """Show where to enter a key, or which one this browser has."""
    _need_keys(services)
    known, refusal = None, None
    try:
        known = await _known_key(services, request.cookies.get(KEY_COOKIE, ""))
    except DatabaseAway as away:
        refusal = away
    name = None if known is None else known.name
    return key_page(request, name, own_page(request.query_params.get(NEXT_FIELD, "")), refusal)


@router.post("/key")
async def enter_key(request: Request, services: ServicesDep) -> Response:
    """Set the cookie and go on, or show the page again with what is wrong."""
    _need_keys(services)
    next_page = "/"
    try:
        check_same_site(request)
        fields = await _read_fields(request)
        next_page = own_page(fields.get(NEXT_FIELD, ""))
        key = fields.get(FIELD, "").strip()
        if await _known_key(services, key) is None:
            raise KeyInvalid
    except ImagemillError as refusal:
        return key_page(request, None, next_page, refusal)
    answer = RedirectResponse(link(request, next_page), status_code=303)
    answer.set_cookie(KEY_COOKIE, key, max_age=COOKIE_SECONDS, **_cookie_scope(request))
    return answer


@router.post("/key/forget")
async def forget_key(request: Request, services: ServicesDep) -> Response:
    """Take the cookie back."""
    _need_keys(services)
    check_same_site(request)
    answer = RedirectResponse(link(request, "/key"), status_code=303)
    answer.delete_cookie(KEY_COOKIE, **_cookie_scope(request))
    return answer


def _need_keys(services: Services) -> None:
    if services.settings.auth == "none":
        raise NotFound(path="/key")


async def _known_key(services: Services, key: str) -> ValidKey | None:
    return await services.keys.find(key) if key else None


async def _read_fields(request: Request) -> dict[str, str]:
    """Return the fields of the form. It is small, whatever its headers promise."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise WrongParameters(sentences=f"The key must be the field {FIELD} of a form ({FORM}).")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    request.state.closing = True
                    raise WrongParameters(
                        sentences=f"The form has more than {MOST_BYTES:,} bytes; no key is that long."
                    )
    except TimeoutError:
        request.state.closing = True
        raise BodyTimeout(seconds=READ_SECONDS) from None
    fields = parse_qs(body.decode("latin-1"), max_num_fields=None)
    if len(fields.get(FIELD, ())) > 1:
        raise RepeatedFields(fields=FIELD)
    return {name: values[0] for name, values in fields.items()}


def _cookie_scope(request: Request) -> _CookieScope:
    return {
        "path": prefix_of(request) or "/",
        "secure": request.url.scheme == "https",
        "httponly": True,
        "samesite": "strict",
    }
