"""What the headers of a request say of its body, before any of it is read."""

from starlette.datastructures import Headers


def announced_bytes(headers: Headers) -> int:
    """Return the length that the client announces; 0 for none, or one that is no number."""
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def waits_for_permission(headers: Headers) -> bool:
    """Return whether the client holds its body back until we say 100 Continue: before that there is nothing to take in."""
    return headers.get("expect", "").lower() == "100-continue"
