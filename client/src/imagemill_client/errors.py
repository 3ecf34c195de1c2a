"""Every error that the client raises.

ImagemillError                   all of them: `code` for programs, `detail` for people, `status` of HTTP or None
├── ServiceUnavailable           nothing useful answers: no connection, or an error of the service itself
│   └── UnexpectedAnswer         what answers is no imagemill, or one that this client does not understand
├── Refused                      the service read the request and says no
│   ├── BadRequest               400, 408, 413, 415, 422: another request is needed
│   │   ├── BadOption            an option is wrong; `errors` names each field
│   │   ├── UnsupportedImage     no image that is read here
│   │   └── FileTooLarge         above the limit of an upload
│   ├── KeyRefused               401, 403: the key is missing, wrong or not enough
│   ├── NotFound                 404: no such job, batch or call
│   ├── ResultNotReady           409: the job runs still
│   └── TryLater                 the same request may succeed later; `retry_after` says when, in seconds
│       ├── RateLimited          429: more than this key or address may send
│       └── ServiceBusy          503, 507: the queue or the storage is full, the database away
├── JobOver                      the job ended without a result that can be had; `job` is it
│   ├── ConversionFailed         `code` is the reason, like truncated_image
│   ├── JobCanceled              somebody deleted it before it was over
│   └── JobExpired               its result was deleted, or is past its time
├── WrongInput                   what the caller gave cannot be sent: an open text file, a bad Idempotency-Key
│   └── WrongAddress             the address of the service, or the key, cannot be used
├── WaitTimeout                  the job runs longer than the caller wanted to wait
├── DamagedDownload              the bytes that came are not those that the service stored
└── FileExists                   the target exists, and nobody said to overwrite it
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagemill_client.models import Job


@dataclass(frozen=True, slots=True)
class FieldError:
    """A wrong field of the request."""

    field: str
    detail: str


class ImagemillError(Exception):
    """Base of every error. `code` is stable, `detail` is a sentence, `status` that of HTTP if there was an answer.

    A local file that is missing, or cannot be read or written, is an OSError of Python, like FileNotFoundError.
    """

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.status = status
        self.request_id: str | None = None


class ServiceUnavailable(ImagemillError):
    """No connection, or an answer that only a broken service gives."""

    code = "unreachable"


class UnexpectedAnswer(ServiceUnavailable):
    """The answer is not what an imagemill service says."""

    code = "unexpected_answer"


class Refused(ImagemillError):
    """The service said no. `errors` names wrong fields, if it is about fields."""

    code = "refused"

    def __init__(
        self, detail: str, *, code: str | None = None, status: int | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail, code=code, status=status)
        self.errors = tuple(errors)


class BadRequest(Refused):
    """Another request is needed."""


class BadOption(BadRequest):
    """An option is wrong for this target."""


class UnsupportedImage(BadRequest):
    """The content is no image that the service reads."""


class FileTooLarge(BadRequest):
    """The file is above the limit of an upload."""


class KeyRefused(Refused):
    """The key is missing or wrong."""


class NotFound(Refused):
    """There is no such job, batch or call."""


class ResultNotReady(Refused):
    """The job is not over."""


class TryLater(Refused):
    """The same request may succeed in `retry_after` seconds."""

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, code=code, status=status, errors=errors)
        self.retry_after = retry_after


class RateLimited(TryLater):
    """This key or address sent more than it may."""


class ServiceBusy(TryLater):
    """The queue or the storage is full, or the database away."""


class JobOver(ImagemillError):
    """The job ended without a result that can be had."""

    def __init__(self, detail: str, *, code: str | None = None, job: "Job | None" = None) -> None:
        super().__init__(detail, code=code)
        self.job = job


class ConversionFailed(JobOver):
    """The conversion failed; `code` says why."""

    code = "failed"


class JobCanceled(JobOver):
    """The job was deleted before it was over."""

    code = "canceled"


class JobExpired(JobOver):
    """The result was deleted, or is past its time."""

    code = "expired"


class WrongInput(ImagemillError, ValueError):
    """What the caller gave cannot be sent. No request was made."""

    code = "wrong_input"


class WrongAddress(WrongInput):
    """The address of the service, or the key, cannot be used."""

    code = "wrong_address"


class WaitTimeout(ImagemillError):
    """The job is not over within the time that the caller gave."""

    code = "wait_timeout"


class DamagedDownload(ImagemillError):
    """Size or SHA-256 of the bytes differ from those of the stored result."""

    code = "damaged_download"


class FileExists(ImagemillError):
    """A file of that name exists already."""

    code = "file_exists"
