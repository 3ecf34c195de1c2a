"""What the OpenAPI document says of keys, limits of a client, tus and ids, on every call that has them."""

from typing import Any

from api.errors import CrossSite, KeyInvalid, KeyRequired, RateLimited
from api.openapi import document_refusals
from api.response_headers import describe_headers
from api.safe_answers import SAFE_HEADERS

Node = dict[str, Any]

SAFE = frozenset({"get", "head", "options"})
EVERYWHERE = ("X-Request-Id", *SAFE_HEADERS)
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
    """Add the headers that every answer has: its id, and what keeps other sites from it."""
    for answer in operation["responses"].values():
        answer["headers"] = (
            describe_headers("Cache-Control") | answer.get("headers", {}) | describe_headers(*EVERYWHERE)
        )


def describe_cross_site(method: str, operation: Node) -> None:
    """Add the refusal of a call that a page of another site makes."""
    if method not in SAFE:
        answer = document_refusals(CrossSite)[CrossSite.status]
        operation["responses"].setdefault(str(CrossSite.status), answer)


def describe_keys(operation: Node) -> None:
    """Add the refusals of a call that needs a key."""
    for status, answer in document_refusals(KeyRequired, KeyInvalid).items():
        operation["responses"].setdefault(str(status), answer)
