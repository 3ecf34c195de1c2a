"""Every header that an answer of `/v1` may have, as the OpenAPI document describes it.

A header without a row here cannot be documented, and tests/api/agreement.py refuses an answer with a header that is not.
"""

from collections.abc import Iterable
from typing import NamedTuple

from core.json_types import Json


class ResponseHeader(NamedTuple):
    """What a header says, and a value as it may be sent."""

    description: str
    example: str | int


HEADERS = {
    "Accept-Ranges": ResponseHeader("A part can be asked for by Range.", "bytes"),
    "Allow": ResponseHeader("The methods that are possible here.", "GET, HEAD, DELETE"),
    "Cache-Control": ResponseHeader("Who may keep the answer.", "no-store"),
    "Content-Disposition": ResponseHeader(
        "An attachment with the original stem and the true extension.",
        "attachment; filename=\"holiday.webp\"; filename*=UTF-8''holiday.webp",
    ),
    "Content-Range": ResponseHeader("Which bytes of how many.", "bytes 0-1023/103220"),
    "Content-Security-Policy": ResponseHeader("A browser runs nothing of the file.", "sandbox; default-src 'none'"),
    "Cross-Origin-Resource-Policy": ResponseHeader("No page of another origin may embed the answer.", "same-origin"),
    "ETag": ResponseHeader("The SHA-256 of the bytes, quoted.", f'"{"9f86d081" * 8}"'),
    "Idempotency-Replayed": ResponseHeader(
        "`true`: this is the stored answer of an earlier request with the same Idempotency-Key.", "true"
    ),
    "Link": ResponseHeader('The next page, with rel="next", where there is one.', '</v1/jobs?cursor=AAY9>; rel="next"'),
    "Location": ResponseHeader(
        "The address of the job, batch or upload.", "/v1/jobs/0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90"
    ),
    "Preference-Applied": ResponseHeader("The Prefer that was followed.", "wait=30"),
    "RateLimit": ResponseHeader("What is left of a limit, and for how many seconds.", '"uploads";r=0;t=17'),
    "RateLimit-Policy": ResponseHeader("The limit: how many in how many seconds.", '"uploads";q=600;w=60'),
    "Retry-After": ResponseHeader("Seconds until it is worth asking again.", 1),
    "Tus-Extension": ResponseHeader("The extensions of tus that are spoken.", "creation,termination"),
    "Tus-Max-Size": ResponseHeader("The most bytes that an upload may have.", 50_000_000),
    "Tus-Resumable": ResponseHeader("The version of tus that the answer follows.", "1.0.0"),
    "Tus-Version": ResponseHeader("The versions of tus that are spoken.", "1.0.0"),
    "Upload-Expires": ResponseHeader(
        "When the bytes are erased, unless more come before.", "Sat, 14 Mar 2026 16:09:26 GMT"
    ),
    "Upload-Length": ResponseHeader("How many bytes the upload will have.", 45_000_000),
    "Upload-Metadata": ResponseHeader("What the client said of the file.", "filename aG9saWRheS50aWZm"),
    "Upload-Offset": ResponseHeader("How many bytes are there: where the upload goes on.", 31_457_280),
    "WWW-Authenticate": ResponseHeader("How to send a key.", 'Bearer realm="imagemill"'),
    "Warning-Code": ResponseHeader("The code of a warning; one header for each.", "alpha_flattened"),
    "X-Accel-Buffering": ResponseHeader("`no`: a proxy has to pass events on at once.", "no"),
    "X-Request-Id": ResponseHeader(
        "What the log calls this request: the id that came with it, or a new one.", "0f6c8f8f0c3d4b4c9f2f6a1d7e5b3a90"
    ),
    "X-Content-Type-Options": ResponseHeader("A browser believes the media type.", "nosniff"),
}


def describe_headers(*always: str, sometimes: Iterable[str] = ()) -> dict[str, Json]:
    """Describe the headers of an answer: those that it always has, and those that it has sometimes."""
    needed = dict.fromkeys(always, True) | dict.fromkeys(sometimes, False)
    return {name: _describe_header(HEADERS[name], required) for name, required in needed.items()}


def _describe_header(header: ResponseHeader, required: bool) -> Json:
    kind = "integer" if isinstance(header.example, int) else "string"
    return {
        "description": header.description,
        "required": required,
        "schema": {"type": kind},
        "example": header.example,
    }
