"""The line of a request in the log: one for each that changed something or was refused.

A read that succeeds has none, unless IMAGEMILL_LOG_REQUESTS is `all`: clients that ask for their job would fill the log.
"""

from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope

from api.request_ids import choose_request_id, make_request_id, read_traceparent, set_traceparent

log = structlog.get_logger(__name__)

FACTS = "imagemill.request"
"""In the scope: the RequestFacts."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FIRST_REFUSAL = 400


@dataclass(slots=True)
class RequestFacts:
    """What is learned of a request while it is served."""

    id: str
    code: str = ""
    status: int = 500
    bytes_in: int = 0
    bytes_out: int = 0


def begin_request(scope: Scope) -> RequestFacts:
    """Name the request. All lines that are logged while it is served have its id and its trace."""
    headers = Headers(scope=scope)
    facts = RequestFacts(choose_request_id(headers))
    traceparent = read_traceparent(headers)
    scope[FACTS] = facts
    set_traceparent(traceparent)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=facts.id)
    if traceparent is not None:
        structlog.contextvars.bind_contextvars(traceparent=traceparent)
    return facts


def find_facts(scope: Scope) -> RequestFacts:
    """Return the facts of the request that is served; new ones where nobody has begun it."""
    facts: RequestFacts = scope.setdefault(FACTS, RequestFacts(make_request_id()))
    return facts


def log_request(
    scope: Scope, facts: RequestFacts, *, method: str, route: str, seconds: float, everything: bool
) -> None:
    """Write the line of a request that is over, if it is to have one."""
    if not everything and method in READING and facts.status < FIRST_REFUSAL:
        return
    log.info(
        "request",
        client=scope["client"][0] if scope.get("client") else "",
        method=method,
        route=route,
        status=facts.status,
        code=facts.code,
        bytes_in=facts.bytes_in,
        bytes_out=facts.bytes_out,
        seconds=round(seconds, 4),
    )


def log_unread(facts: RequestFacts, client: str) -> None:
    """Write the line of a request that was refused before it could be read."""
    log.info("request refused unread", request_id=facts.id, client=client, status=facts.status, code=facts.code)
