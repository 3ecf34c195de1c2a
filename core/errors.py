"""The error vocabulary of the service: every refusal has a class, a code and an HTTP status.

    ImagemillError
      +- MalformedRequest 400     +- BodyTimeout 408        +- UploadTooLarge 413
      +- MissingFile 400          +- ResultNotReady 409     +- UnsupportedMedia 415
      +- EmptyFile 400            +- JobFailed 409          +- UnknownTarget 422
      +- SeveralFiles 400         +- ResultExpired 410      +- BadOptions 422
      +- JobNotFound 404          +- JobCanceled 410        +- RateLimited 429
      +- Unavailable 503
           +- QueueFull
           +- DatabaseAway
           +- StorageFull 507

The API turns any of them into an answer in one place. A conversion that fails is no error
of the request: its codes are in core.failures.
"""

from collections.abc import Iterable
from typing import ClassVar

from core.options import WrongOption


class ImagemillError(Exception):
    """Base of all; `detail` is a sentence for the person who asked."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class MalformedRequest(ImagemillError):
    """The body is no multipart form, or a field of it is broken or twice there."""

    status = 400
    code = "malformed_request"
    title = "Malformed request"


class MissingFile(ImagemillError):
    """The form has no file."""

    status = 400
    code = "missing_file"
    title = "No file"


class EmptyFile(ImagemillError):
    """The file has 0 bytes."""

    status = 400
    code = "empty_file"
    title = "Empty file"


class SeveralFiles(ImagemillError):
    """More than one file in one job."""

    status = 400
    code = "several_files"
    title = "Several files"


class JobNotFound(ImagemillError):
    """No job has this id (any more)."""

    status = 404
    code = "job_not_found"
    title = "Unknown job"


class BodyTimeout(ImagemillError):
    """The body did not arrive in time."""

    status = 408
    code = "body_timeout"
    title = "Upload took too long"


class ResultNotReady(ImagemillError):
    """The job is still queued or processing."""

    status = 409
    code = "not_ready"
    title = "Result not ready"


class JobFailed(ImagemillError):
    """The job failed, so there is no result."""

    status = 409
    code = "job_failed"
    title = "Conversion failed"


class ResultExpired(ImagemillError):
    """The bytes are gone: deleted, or past their time."""

    status = 410
    code = "expired"
    title = "Result expired"


class JobCanceled(ImagemillError):
    """The job was canceled before it had a result."""

    status = 410
    code = "canceled"
    title = "Job canceled"


class UploadTooLarge(ImagemillError):
    """More bytes than a file may have."""

    status = 413
    code = "too_large"
    title = "File too large"


class UnsupportedMedia(ImagemillError):
    """The bytes are no image of a format that is read."""

    status = 415
    code = "unsupported_media_type"
    title = "Not an accepted image"


class UnknownTarget(ImagemillError):
    """target_format is missing or unknown."""

    status = 422
    code = "unknown_target_format"
    title = "Unknown target format"


class BadOptions(ImagemillError):
    """One or more options are wrong; `errors` names each field."""

    status = 422
    code = "bad_option"
    title = "Bad option"

    def __init__(self, errors: Iterable[WrongOption]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.detail for error in self.errors))


class RateLimited(ImagemillError):
    """This address has sent too many jobs."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"


class Unavailable(ImagemillError):
    """The service cannot take the request now; `retry_after` says when to try again, in seconds."""

    status = 503
    code = "unavailable"
    title = "Not available"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, retry_after=retry_after)


class QueueFull(Unavailable):
    """As many jobs wait as may wait."""

    code = "queue_full"
    title = "Queue full"


class DatabaseAway(Unavailable):
    """PostgreSQL did not answer."""

    code = "database_away"
    title = "Database away"


class StorageFull(Unavailable):
    """Uploads and results take as many bytes as they may."""

    status = 507
    code = "storage_full"
    title = "Storage full"
