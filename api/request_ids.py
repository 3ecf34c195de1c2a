"""What a request is called: by its own id, and by the trace of W3C that it belongs to.

Both stand in every line that the request logs. The id goes back with the answer; the trace goes on with the job, to the
worker's lines and the webhook.
"""

import re
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers

REQUEST_ID = "X-Request-Id"
TRACEPARENT = "traceparent"

WELL_FORMED = re.compile(r"[\w.:+/=@-]{1,128}", re.ASCII)
TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
LATER_TRACE = re.compile(rf"(?!00)({TRACE.pattern})-[!-~]{{0,200}}")
"""A version after 00 may have more parts, which nobody here understands."""

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def choose_request_id(headers: Headers) -> str:
    """Return the id that the client or its proxy gave, where it is one word for a log; else a new one."""
    given = headers.getlist(REQUEST_ID)
    return given[0] if len(given) == 1 and WELL_FORMED.fullmatch(given[0]) else make_request_id()


def make_request_id() -> str:
    """Return a new id."""
    return uuid4().hex


def read_traceparent(headers: Headers) -> str | None:
    """Return the trace as it is passed on, None without a valid one (W3C Trace Context)."""
    given = headers.getlist(TRACEPARENT)
    if len(given) != 1:
        return None
    text = given[0].strip()
    if later := LATER_TRACE.fullmatch(text):
        # What is passed on is of the version that we know.
        return f"00{later[1][2:]}"
    return f"00{text[2:]}" if TRACE.fullmatch(text) else None


def set_traceparent(traceparent: str | None) -> None:
    """Say to which trace belongs what this request makes."""
    _traceparent.set(traceparent)


def current_traceparent() -> str | None:
    """Return the trace of the request that is served now."""
    return _traceparent.get()
