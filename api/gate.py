"""Who may come in: every route asks for a key, but for those of one table."""

from collections.abc import Mapping

import structlog
from starlette.requests import Request

from api.bounds import OWNER
from api.callers import SAFE_METHODS, Caller, identify_address, identify_key
from api.cross_origin import parse_origins
from api.errors import CrossSite, ImagemillError
from api.forms import FormReader
from api.links import own_path
from api.same_site import check_same_site
from api.services import Services

OPEN_ROUTES: Mapping[str, str] = {
    "/": "the form, which says that a key is needed",
    "/manifest.webmanifest": "a browser asks for it before anybody enters a key",
    "/formats": "what the service can do; it tells nothing of anybody's images",
    "/key": "where people enter their key",
    "/key/forget": "where they take it back; it changes this browser alone",
    "/problems/{code}": "what problems link to, the one of a missing key too",
    "/words/{language}.json": "the words of the pages; they tell nothing of anybody's images",
    "/language/{language}": "where people choose their language; it changes this browser alone",
    "/v1/formats": "what the service can do; it tells nothing of anybody's images",
    "/livez": "Kubernetes asks it",
    "/readyz": "load balancers and people on call ask it",
    "/static": "the stylesheet and the icon",
    "/openapi.json": "programmers read it before they have a key",
    "/docs": "the same for people",
}
"""The templates of all routes that need no key, each with its reason. A route that is not here asks for one."""


async def admit_caller(request: Request) -> Caller:
    """Return who asks. Raises KeyRequired, KeyInvalid, CrossSite, DatabaseAway where a key is needed and missing.

    Each route has it, whether it looks at the caller or not.
    """
    services: Services = request.app.state.services
    await _refuse_cross_site(request, services)
    if services.settings.auth == "none" or request.scope["route"].path in OPEN_ROUTES:
        return _note_owner(request, identify_address(request))
    try:
        caller = await identify_key(request, services.keys)
    except ImagemillError:
        await _take_in_body(request, services)
        raise
    structlog.contextvars.bind_contextvars(key=caller.key_id)
    return _note_owner(request, caller)


def _note_owner(request: Request, caller: Caller) -> Caller:
    request.scope[OWNER] = caller.owner
    return caller


async def _refuse_cross_site(request: Request, services: Services) -> None:
    """Raise CrossSite for a call that a page of another origin makes a browser send, unless that origin is allowed.

    A page needs no permission to send a form, and would convert or fill the disk at the expense of whom it meets. A key
    in `Authorization` passes: whoever sends it knows it, and a browser asks us before it does so for a page.
    """
    if request.method in SAFE_METHODS or not own_path(request).startswith("/v1/") or "authorization" in request.headers:
        return
    allowed = parse_origins(services.settings.cors_origins)
    if "*" in allowed or request.headers.get("origin") in allowed:
        return
    try:
        check_same_site(request)
    except CrossSite:
        await _take_in_body(request, services)
        raise


async def _take_in_body(request: Request, services: Services) -> None:
    """Take in the body of a refused upload, within bounds, so that a browser shows the answer."""
    headers = request.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        settings = services.settings
        await FormReader(request, cap=settings.max_upload_bytes, transfers=services.transfers).drain()
