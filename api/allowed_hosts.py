"""The hosts that this service answers for, where a list is set.

Without one, a page of `evil.example` whose name is later made to lead to our address (DNS rebinding) is of our own
origin for a browser, and reads and sends what it likes. So the list is worth its setting in every private network.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import HostNotAllowed
from api.forwarded import forwarded_hosts
from api.handlers import answer_error
from api.links import own_path
from api.origins import HostList

PROBES = frozenset({"/livez", "/readyz"})
"""Asked by the address of a pod, whatever the service is called."""


class AllowedHosts:
    """Refuses requests for other hosts. What a believed proxy says that the client asked for must be allowed too."""

    def __init__(self, app: ASGIApp, hosts: HostList) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "http" and (refused := self._find_refused(Request(scope))) is not None:
            request = Request(scope)
            # Nobody takes in its body.
            request.state.closing = scope["method"] not in {"GET", "HEAD"}
            await answer_error(request, HostNotAllowed(host=refused[:100]))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _find_refused(self, request: Request) -> str | None:
        if own_path(request) in PROBES:
            return None
        named = (request.headers.get("host", ""), *forwarded_hosts(request))
        return next((host for host in named if not self._hosts.has_header(host)), None)
