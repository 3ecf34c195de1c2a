"""What the OpenAPI document says of keys, limits of a client, tus and ids, on every call that has them."""

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


def describe_tus(operation: Node) -> None:
    """Add the header that every answer about an upload has, a refusal too."""
    if "uploads" in operation.get("tags", ()):
        for answer in operation["responses"].values():
            answer["headers"] = describe_headers(sometimes=["Tus-Resumable"]) | answer.get("headers", {})


def describe_request_ids(operation: Node) -> None:
    """Add the id that every answer has."""
    for answer in operation["responses"].values():
        answer["headers"] = answer.get("headers", {}) | describe_headers("X-Request-Id")


def describe_keys(method: str, operation: Node) -> None:
    """Add the refusals of a call that needs a key."""
    kinds = (KeyRequired, KeyInvalid) if method in SAFE else (KeyRequired, KeyInvalid, CrossSite)
    for status, answer in document_refusals(*kinds).items():
        operation["responses"].setdefault(str(status), answer)
