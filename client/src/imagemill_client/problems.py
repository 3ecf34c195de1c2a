"""From an answer that is not a success to the exception that it means."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from imagemill_client import errors
from imagemill_client.errors import FieldError, ImagemillError
from imagemill_client.wire import Reply

BY_CODE: Mapping[str, type[errors.Refused]] = {
    "bad_option": errors.BadOption,
    "unknown_target_format": errors.BadOption,
    "unsupported_media_type": errors.UnsupportedImage,
    "too_large": errors.FileTooLarge,
    "not_ready": errors.ResultNotReady,
    "key_required": errors.KeyRefused,
    "key_invalid": errors.KeyRefused,
}
BY_STATUS: Mapping[int, type[errors.Refused]] = {
    401: errors.KeyRefused,
    403: errors.KeyRefused,
    404: errors.NotFound,
    405: errors.NotFound,
    413: errors.FileTooLarge,
    415: errors.UnsupportedImage,
    429: errors.RateLimited,
    503: errors.ServiceBusy,
    507: errors.ServiceBusy,
}
OVER: Mapping[str, type[errors.JobOver]] = {
    "job_failed": errors.ConversionFailed,
    "canceled": errors.JobCanceled,
    "expired": errors.JobExpired,
}


def read_problem(reply: Reply) -> ImagemillError:
    """Return the error that an answer means, with the name that the service's log has for the request."""
    error = _make_error(reply, _read_body(reply))
    error.request_id = reply.headers.get("x-request-id")
    return error


def _make_error(reply: Reply, problem: Mapping[str, Any]) -> ImagemillError:
    code = str(problem.get("code") or f"http_{reply.status}")
    detail = str(problem.get("detail") or _explain(reply))
    if code in OVER and reply.status in {409, 410}:
        return OVER[code](detail, code=None if code == "job_failed" else code)
    if 300 <= reply.status < 400:
        return errors.UnexpectedAnswer(detail, status=reply.status)
    if reply.status >= 500 and reply.status not in BY_STATUS:
        return errors.ServiceUnavailable(detail, code=code, status=reply.status)
    kind = BY_CODE.get(code) or BY_STATUS.get(reply.status) or errors.BadRequest
    if reply.status == 409 and code not in BY_CODE:
        kind = errors.Refused
    wrong = tuple(_read_fields(problem.get("errors")))
    if issubclass(kind, errors.TryLater):
        return kind(detail, code=code, status=reply.status, errors=wrong, retry_after=read_retry_after(reply))
    return kind(detail, code=code, status=reply.status, errors=wrong)


def read_retry_after(reply: Reply) -> float | None:
    """Return the seconds of Retry-After, which may also be a date."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _read_body(reply: Reply) -> Mapping[str, Any]:
    try:
        found = json.loads(reply.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read_fields(listed: object) -> list[FieldError]:
    entries = listed if isinstance(listed, list) else []
    return [
        FieldError(str(entry.get("field", "")), str(entry.get("detail", "")))
        for entry in entries
        if isinstance(entry, dict)
    ]


def _explain(reply: Reply) -> str:
    if where := reply.headers.get("location"):
        return f"The service answers with another address: {where}. Give that one as the address of the service."
    return f"The answer was HTTP status {reply.status} without a reason."
