"""Every refusal as a class: its status, code and title, and a template for its fields.

    ImagemillError
      +- InternalError 500        +- NotFound 404            +- UploadTooLarge 413
      +- MalformedRequest 400     |    +- ProblemNotFound    +- UnsupportedMedia 415
      |    +- NotMultipart        +- JobNotFound 404         +- RangeNotSatisfiable 416
      |    +- FormCutOff          +- MethodNotAllowed 405    +- UnknownTarget 422
      |    +- BrokenForm          +- BodyTimeout 408         |    +- MissingTarget
      |    +- LongField           +- ResultNotReady 409      |    +- UnavailableTarget
      |    +- RepeatedFields      +- JobFailed 409           +- BadOptions 422
      |    +- WrongParameters     +- ResultExpired 410       +- TryLater
      +- MissingFile 400          +- JobCanceled 410              +- RateLimited 429
      +- EmptyFile 400                                            +- TooManyWaiting 429
      +- SeveralFiles 400         +- ConversionFailed 422         +- TooMuchStored 429
      |    +- TooManyFiles        +- IdempotencyKeyReused 422     +- QueueFull 503
      +- CrossSite 403            +- KeyRequired 401              +- DatabaseAway 503
                                  +- KeyInvalid 401               +- StorageFull 507
                                  +- HostNotAllowed 421           +- IdempotencyInProgress 409
                                  +- NoWebhook 409
                                       +- WebhookNotDue
                                       +- WebhooksOff

A class without a number shares status, code and title with its parent; only its sentence differs.
Those of batches are in api.batch_errors. api.handlers turns any of them into an answer. A conversion that fails is no error of the request:
its codes are in core.failures and core.losses.
"""

from dataclasses import dataclass
from typing import ClassVar, dataclass_transform

from core.option_rules import WrongOption


@dataclass_transform(eq_default=False, kw_only_default=True)
class ImagemillError(Exception):
    """Base of all. Every subclass is a dataclass, and its template names its fields."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str]

    def __init_subclass__(cls, *, status: int | None = None, code: str | None = None, title: str | None = None) -> None:
        super().__init_subclass__()
        dataclass(eq=False, kw_only=True)(cls)
        # What is not given stays the parent's.
        for name, value in (("status", status), ("code", code), ("title", title)):
            if value is not None:
                setattr(cls, name, value)

    @property
    def problem_code(self) -> str:
        """Return the code that the answer shows."""
        return self.code

    @property
    def detail(self) -> str:
        """Return the refusal as a sentence for a person."""
        return self.template.format_map({name: _spoken(value) for name, value in vars(self).items()})

    def __str__(self) -> str:
        return self.detail


class InternalError(ImagemillError, status=500, code="internal", title="Internal error"):
    """A defect of the service; its log holds the traceback."""

    template = "Something went wrong on our side. Try again; if it fails again, report it with the time."


class MalformedRequest(ImagemillError, status=400, code="malformed_request", title="Malformed request"):
    """The body is no multipart form, or a field of it is broken or twice there."""

    template = "The request cannot be read."


class NotMultipart(MalformedRequest):
    """The body has another media type."""

    template = "The body must be multipart/form-data with the image in the field named {field}."
    field: str


class FormCutOff(MalformedRequest):
    """The form has no closing boundary."""

    template = "The form ends before its closing boundary. Send it again."


class BrokenForm(MalformedRequest):
    """The form breaks the rules of multipart; `reason` says which."""

    template = "The form cannot be read: {reason}."
    reason: str


class LongField(MalformedRequest):
    """A text has more bytes than a text may; `field` is its name, quoted."""

    template = "The field {field} is too long: a text has at most {limit:,} bytes. An image is sent as a file, with a file name."
    field: str
    limit: int


class RepeatedFields(MalformedRequest):
    """Some fields were given more than once."""

    template = "Each field may be given once; more than once there is: {fields}."
    fields: str


class WrongParameters(MalformedRequest):
    """Parameters of the address or the head are wrong; `sentences` name them."""

    template = "{sentences}"
    sentences: str


class MissingFile(ImagemillError, status=400, code="missing_file", title="No file"):
    """The form has no file."""

    template = "There is no file in this form. Send the image in the field named {field}."
    field: str


class EmptyFile(ImagemillError, status=400, code="empty_file", title="Empty file"):
    """The file has 0 bytes."""

    template = "The file has 0 bytes. Choose the image again; perhaps it was not copied completely."


class SeveralFiles(ImagemillError, status=400, code="several_files", title="Several files"):
    """More than one file in one job."""

    template = "There are {count} files in this form; a job takes one. Send each in a form of its own."
    count: int


class TooManyFiles(SeveralFiles):
    """More files than are counted, which is `count`."""

    template = "There are more than {count} files in this form; a job takes one."


class KeyRequired(ImagemillError, status=401, code="key_required", title="Key required"):
    """The request names no key, and this installation asks for one."""

    template = (
        "A key is required. Programs send it in the header 'Authorization: Bearer <key>'; people enter it once on the "
        "page /key. Whoever runs this service gives keys out."
    )


class KeyInvalid(ImagemillError, status=401, code="key_invalid", title="Invalid key"):
    """The key is unknown, revoked or not whole; `reason` says what can be said."""

    template = "{reason} Whoever runs this service gives keys out."
    reason: str = "This key is not valid: it is unknown or revoked, or was not copied whole."


class CrossSite(ImagemillError, status=403, code="cross_site", title="Form of another site"):
    """A form of another site was sent here."""

    template = (
        "This form was sent from another site, or by a browser that keeps no cookies. "
        "Open the page here and send it again."
    )


class JobNotFound(ImagemillError, status=404, code="job_not_found", title="Unknown job"):
    """No job has this id (any more)."""

    template = "There is no job with this id. It may have been deleted some days after it ended."


class NotFound(ImagemillError, status=404, code="not_found", title="Not found"):
    """Nothing has this address."""

    template = "There is nothing at {path}."
    path: str


class ProblemNotFound(NotFound):
    """No problem has the code that the path ends with."""

    template = "There is no problem with the code {path}."


class MethodNotAllowed(ImagemillError, status=405, code="method_not_allowed", title="Method not allowed"):
    """The address exists, the method does not fit; `allowed` are those that do."""

    template = "{method} is not possible here; possible are: {allowed}."
    method: str
    allowed: tuple[str, ...]


class BodyTimeout(ImagemillError, status=408, code="body_timeout", title="Upload took too long"):
    """The body did not arrive in time."""

    template = (
        "The upload was not complete after {seconds:g} seconds. Try again on a faster connection, "
        "or with a smaller image."
    )
    seconds: float


class ResultNotReady(ImagemillError, status=409, code="not_ready", title="Result not ready"):
    """The job is still queued or processing."""

    template = "The job is {state}; there is no result yet. Ask again in a moment."
    state: str


class JobFailed(ImagemillError, status=409, code="job_failed", title="Conversion failed"):
    """The job failed, so there is no result."""

    template = "The conversion failed: {reason}"
    reason: str


class NoWebhook(ImagemillError, status=409, code="no_webhook", title="No webhook to send"):
    """The job was sent without a webhook."""

    template = "The job has no webhook. Give the field webhook_url when you send the image."


class WebhookNotDue(NoWebhook):
    """The job is not over."""

    template = "The job is {state}; its webhook is sent when it is over."
    state: str


class WebhooksOff(NoWebhook):
    """No webhook is sent by this installation."""

    template = "Webhooks are switched off here. Whoever runs this service can set IMAGEMILL_WEBHOOKS=on."


class ResultExpired(ImagemillError, status=410, code="expired", title="Result expired"):
    """The bytes are gone: deleted, or past their time."""

    template = "The result was deleted, or its time is over. Upload the image again."


class JobCanceled(ImagemillError, status=410, code="canceled", title="Job canceled"):
    """The job was canceled before it had a result."""

    template = "The job was canceled before it had a result. Upload the image again."


class UploadTooLarge(ImagemillError, status=413, code="too_large", title="File too large"):
    """More bytes than a file may have."""

    template = (
        "The file is larger than {limit:,} bytes, which is the most that is taken. "
        "Make the image smaller and upload it again."
    )
    limit: int


class UnsupportedMedia(ImagemillError, status=415, code="unsupported_media_type", title="Not an accepted image"):
    """The bytes are no image of a format that is read."""

    template = "This is not a supported image (judged by its content, not its name). Supported: {supported}."
    supported: tuple[str, ...]


class RangeNotSatisfiable(ImagemillError, status=416, code="range_not_satisfiable", title="Range not satisfiable"):
    """The range lies outside of the result, which has `size` bytes."""

    template = "The result has {size:,} bytes; the range {asked} lies outside of it."
    size: int
    asked: str


class HostNotAllowed(ImagemillError, status=421, code="host_not_allowed", title="Unknown host"):
    """The request names a host that this service does not answer for."""

    template = (
        "This service does not answer for the host '{host}'. Use the address that you were given; "
        "whoever runs it lists its hosts in IMAGEMILL_ALLOWED_HOSTS."
    )
    host: str


class UnknownTarget(ImagemillError, status=422, code="unknown_target_format", title="Unknown target format"):
    """target_format is missing or unknown."""

    template = "'{name}' is not a supported target format. Choose one of: {targets}."
    name: str
    targets: tuple[str, ...]


class MissingTarget(UnknownTarget):
    """The form names no target; `name` is the field that would."""

    template = "The field {name} is missing. Choose one of: {targets}."


class UnavailableTarget(UnknownTarget):
    """Others write this format; `name` is the sentence about it."""

    template = "{name} Choose one of: {targets}."


class BadOptions(ImagemillError, status=422, code="bad_option", title="Bad option"):
    """One or more options are wrong; `errors` names each field. `advice` is about all of them."""

    errors: tuple[WrongOption, ...]
    advice: str = ""

    @property
    def detail(self) -> str:
        """Return the sentences about all fields."""
        return " ".join([*(error.detail for error in self.errors), self.advice]).strip()


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


class TryLater(ImagemillError):
    """The same request may succeed later; `retry_after` says when, in seconds."""

    retry_after: int


class RateLimited(TryLater, status=429, code="rate_limited", title="Too many requests"):
    """This key, or this address where there are no keys, has sent too many images."""

    template = "Rate limit reached: {limit} from this {client}. Try again in {retry_after} s."
    limit: str
    client: str


class TooManyWaiting(TryLater, status=429, code="too_many_waiting", title="Too many jobs waiting"):
    """As many jobs of this key or address wait as may."""

    template = (
        "{jobs:,} jobs of this {client} may wait at the same time, and as many do. "
        "Wait until some are converted, or cancel some. Try again in {retry_after} s."
    )
    jobs: int
    client: str


class TooMuchStored(TryLater, status=429, code="too_much_stored", title="Too many bytes stored"):
    """The images and results of this key or address take as many bytes as they may."""

    template = (
        "The images and results of this {client} take all of the {limit:,} bytes that they may. "
        "Delete jobs that are no longer needed, or wait until they expire. Try again in {retry_after} s."
    )
    limit: int
    client: str


class IdempotencyInProgress(
    TryLater, status=409, code="idempotency_in_progress", title="The same request is still being taken"
):
    """A request with this key is not over yet."""

    template = "A request with the Idempotency-Key '{key}' is still being taken. Ask again in {retry_after} s."
    key: str


class QueueFull(TryLater, status=503, code="queue_full", title="Queue full"):
    """As many jobs wait as may wait."""

    template = "The queue is full ({jobs:,} jobs). Try again in {retry_after} s."
    jobs: int


class DatabaseAway(TryLater, status=503, code="database_away", title="Database away"):
    """PostgreSQL did not answer."""

    template = "The database does not answer. Nothing was changed; try again in a moment."
    retry_after: int = 5


class StorageFull(TryLater, status=507, code="storage_full", title="Storage full"):
    """Uploads and results take as many bytes as they may."""

    template = (
        "Uploads and results take all of the {limit:,} bytes that they may. "
        "Try again in {retry_after} seconds: room comes back as results expire."
    )
    limit: int


def _spoken(value: object) -> object:
    return ", ".join(value) if isinstance(value, tuple) else value
