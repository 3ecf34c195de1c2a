"""Who may come in: every route asks for a key, but for those of one table."""

from collections.abc import Mapping

import structlog
from starlette.requests import Request

from api.bounds import OWNER
from api.callers import Caller, identify_address, identify_key
from api.errors import ImagemillError
from api.forms import FormReader
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
    "/metrics": "Prometheus asks it; it has a port of its own in the chart",
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


async def _take_in_body(request: Request, services: Services) -> None:
    """Take in the body of a refused upload, within bounds, so that a browser shows the answer."""
    headers = request.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        settings = services.settings
        await FormReader(request, cap=settings.max_upload_bytes, transfers=services.transfers).drain()
