"""What the OpenAPI document says of keys and of the limits of a client, on every call that has them."""

from typing import Any

from api.errors import CrossSite, KeyInvalid, KeyRequired, RateLimited
from api.openapi import document_refusals
from api.response_headers import describe_headers

Node = dict[str, Any]

SAFE = frozenset({"get", "head"})
QUOTAS = ("RateLimit", "RateLimit-Policy")


def describe_limits(operation: Node) -> None:
    """Add the headers of a quota to all answers of a call that a limit may refuse."""
    answers = operation["responses"]
    if str(RateLimited.status) not in answers:
        return
    for answer in answers.values():
        answer["headers"] = answer.get("headers", {}) | describe_headers(sometimes=QUOTAS)


def describe_keys(method: str, operation: Node) -> None:
    """Add the refusals of a call that needs a key."""
    kinds = (KeyRequired, KeyInvalid) if method in SAFE else (KeyRequired, KeyInvalid, CrossSite)
    for status, answer in document_refusals(*kinds).items():
        operation["responses"].setdefault(str(status), answer)
