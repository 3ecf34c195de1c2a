"""Refusals about a job and its result. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError


class JobNotFound(ImagemillError, status=404, code="job_not_found", title="Unknown job"):
    """No job has this id (any more)."""

    template = "There is no job with this id. It may have been deleted some days after it ended."


class ResultNotReady(ImagemillError, status=409, code="not_ready", title="Result not ready"):
    """The job is still queued or processing."""

    template = "The job is {state}; there is no result yet. Ask again in a moment."
    state: str


class JobFailed(ImagemillError, status=409, code="job_failed", title="Conversion failed"):
    """The job failed, so there is no result."""

    template = "The conversion failed: {reason}"
    reason: str


class ResultExpired(ImagemillError, status=410, code="expired", title="Result expired"):
    """The bytes are gone: deleted, or past their time."""

    template = "The result was deleted, or its time is over. Upload the image again."


class JobCanceled(ImagemillError, status=410, code="canceled", title="Job canceled"):
    """The job was canceled before it had a result."""

    template = "The job was canceled before it had a result. Upload the image again."


class RangeNotSatisfiable(ImagemillError, status=416, code="range_not_satisfiable", title="Range not satisfiable"):
    """The range lies outside of the result, which has `size` bytes."""

    template = "The result has {size:,} bytes; the range {asked} lies outside of it."
    size: int
    asked: str


class ConversionFailed(ImagemillError, status=422, code="conversion_failed", title="Conversion failed"):
    """The image could not be converted; the code is the failure's own, and `job` is where the job is."""

    template = "{reason}"
    failure: str
    reason: str
    job: str

    @property
    def problem_code(self) -> str:
        """Return the code of the failure."""
        return self.failure


class IdempotencyKeyReused(
    ImagemillError, status=422, code="idempotency_key_reused", title="Idempotency key used for something else"
):
    """The key was sent before, with another payload."""

    template = (
        "The Idempotency-Key '{key}' was sent with another request within the last 24 hours. Use a new key for each "
        "request, and the same key only to send the same request again."
    )
    key: str
