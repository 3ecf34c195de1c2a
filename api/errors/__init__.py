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
api.handlers turns any of them into an answer. A conversion that fails is no error of the request:
its codes are in core.failures and core.losses.
"""

from api.errors.access import (
    CrossSite,
    HostNotAllowed,
    KeyInvalid,
    KeyRequired,
    MethodNotAllowed,
    NotFound,
    ProblemNotFound,
)
from api.errors.base import ImagemillError, InternalError, TryLater
from api.errors.bodies import (
    BadOptions,
    BodyTimeout,
    BrokenForm,
    EmptyFile,
    FormCutOff,
    LongField,
    MalformedRequest,
    MissingFile,
    MissingTarget,
    NotMultipart,
    RepeatedFields,
    SeveralFiles,
    TooManyFiles,
    UnavailableTarget,
    UnknownTarget,
    UnsupportedMedia,
    UploadTooLarge,
    WrongParameters,
)
from api.errors.jobs import (
    ConversionFailed,
    IdempotencyKeyReused,
    JobCanceled,
    JobFailed,
    JobNotFound,
    RangeNotSatisfiable,
    ResultExpired,
    ResultNotReady,
)
from api.errors.later import (
    DatabaseAway,
    IdempotencyInProgress,
    QueueFull,
    RateLimited,
    StorageFull,
    TooManyWaiting,
    TooMuchStored,
)
from api.errors.webhooks import NoWebhook, WebhookNotDue, WebhooksOff
from api.errors.wire import BrokenHead, LargeHead, LongTarget

__all__ = ["BadOptions", "BodyTimeout", "BrokenForm", "BrokenHead", "ConversionFailed", "CrossSite", "DatabaseAway", "EmptyFile", "FormCutOff", "HostNotAllowed", "IdempotencyInProgress", "IdempotencyKeyReused", "ImagemillError", "InternalError", "JobCanceled", "JobFailed", "JobNotFound", "KeyInvalid", "KeyRequired", "LargeHead", "LongField", "LongTarget", "MalformedRequest", "MethodNotAllowed", "MissingFile", "MissingTarget", "NoWebhook", "NotFound", "NotMultipart", "ProblemNotFound", "QueueFull", "RangeNotSatisfiable", "RateLimited", "RepeatedFields", "ResultExpired", "ResultNotReady", "SeveralFiles", "StorageFull", "TooManyFiles", "TooManyWaiting", "TooMuchStored", "TryLater", "UnavailableTarget", "UnknownTarget", "UnsupportedMedia", "UploadTooLarge", "WebhookNotDue", "WebhooksOff", "WrongParameters"]  # fmt: skip
