"""Refusals of what is no request for the application to see: heads that break HTTP/1.1 or are too large. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError
from api.errors.bodies import MalformedRequest


class BrokenHead(MalformedRequest):
    """The request breaks the rules of HTTP/1.1; `reason` says which."""

    template = "The request cannot be read as HTTP/1.1: {reason}. Mend the client, or the proxy before this service."
    reason: str


class LongTarget(ImagemillError, status=414, code="target_too_long", title="Address too long"):
    """The target in the request's first line has more bytes than it may."""

    template = "The address is longer than {limit:,} bytes. Send options as fields of the form, not in the address."
    limit: int


class LargeHead(ImagemillError, status=431, code="head_too_large", title="Head too large"):
    """The headers are too many, or have more bytes than they may."""

    template = "The request has more than {headers:,} headers, or more than {limit:,} bytes of them. Send fewer; cookies are the largest as a rule."
    headers: int
    limit: int
