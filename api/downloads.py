"""Results as HTTP answers: conditional, in ranges, in slices. Each slice holds a connection for a moment."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from api.dispositions import content_disposition
from api.errors import JobCanceled, JobFailed, RangeNotSatisfiable, ResultExpired, ResultNotReady
from api.patience import renew_patience
from api.services import Services
from core.blobs import SLICE_BYTES, read_result_slice
from core.jobs import Job, ResultFacts
from core.transitions import Status


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, without, `end` of a result."""

    start: int
    end: int


async def download(services: Services, job: Job, asked: Headers, *, head_only: bool) -> Response:
    """Answer a request for the job's result with the headers `asked`. Raises 409, 410 and 416."""
    result = find_result(job)
    headers = _make_headers(result)
    if _is_known(asked.get("if-none-match"), headers["ETag"]):
        kept = ("ETag", "Cache-Control", "X-Content-Type-Options")
        return Response(status_code=304, headers={name: headers[name] for name in kept})
    size = result["bytes"]
    span = requested_span(asked, size, headers["ETag"])
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    wanted = span or Span(0, size)
    headers["Content-Length"] = str(wanted.end - wanted.start)
    status, media_type = (206 if span else 200), result["media_type"]
    # The first slice is read before the status is said: what is gone is a 410 and no broken download.
    first = await read_slice(services, job, Span(wanted.start, wanted.start + 1) if head_only else wanted)
    if head_only:
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_read_slices(services, job, first, wanted), status, headers, media_type)


def find_result(job: Job) -> ResultFacts:
    """Return the record's `result`. Without one, raises the refusal of the job's status."""
    if job.status is Status.SUCCEEDED and job.result is not None:
        return job.result
    if job.status is Status.FAILED:
        raise JobFailed(reason=(job.error or {}).get("detail", ""))
    if job.status is Status.CANCELED:
        raise JobCanceled
    if job.status is Status.EXPIRED:
        raise ResultExpired
    raise ResultNotReady(state=job.status)


def requested_span(asked: Headers, size: int, etag: str) -> Span | None:
    """Return the requested range, None for the whole (RFC 9110, section 14.2). Raises RangeNotSatisfiable.

    The whole goes out when several ranges are asked for, one that cannot be read, or an If-Range that does not hold.
    """
    found = re.fullmatch(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})", asked.get("range", "").strip(), re.IGNORECASE)
    if found is None or asked.get("if-range", etag) != etag or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        span = Span(max(0, size - int(last)), size)
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
        if last and int(last) < int(first):
            return None
    if span.start >= size:
        raise RangeNotSatisfiable(size=size, asked=found[0])
    return span


def _make_headers(result: ResultFacts) -> dict[str, str]:
    return {
        "ETag": f'"{result["sha256"]}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition(result["filename"]),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private",
    }


def _is_known(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


async def _read_slices(services: Services, job: Job, first: bytes, wanted: Span) -> AsyncIterator[bytes]:
    yield first
    start = wanted.start + len(first)
    while start < wanted.end:
        piece = await read_slice(services, job, Span(start, wanted.end))
        yield piece
        start += len(piece)


async def read_slice(services: Services, job: Job, left: Span) -> bytes:
    """Return the next bytes of a result, at most a slice. Raises ResultExpired, DatabaseAway."""
    if job.result_day is None:
        raise ResultExpired
    renew_patience()
    size = min(SLICE_BYTES, left.end - left.start)
    piece = await services.database.run(read_result_slice, job.result_day, job.id, left.start, size)
    if not piece:
        raise ResultExpired
    return piece
