"""Every refusal as a class: its status, code and title, and a template for its fields.

    ImagemillError (base)
    |- InternalError 500
    |- access: KeyRequired 401   KeyInvalid 401   CrossSite 403   MethodNotAllowed 405   HostNotAllowed 421
    |          NotFound 404 <- ProblemNotFound   NoJobList
    |- wire:   BrokenHead (a MalformedRequest)   LongTarget 414   LargeHead 431
    |- bodies: MalformedRequest 400 <- NotMultipart   FormCutOff   BrokenForm   LongField   RepeatedFields   WrongParameters
    |          MissingFile 400   EmptyFile 400   SeveralFiles 400 <- TooManyFiles
    |          BodyTimeout 408 <- SlowBody   UploadTooLarge 413   UnsupportedMedia 415 <- UnsupportedBody
    |          UnknownTarget 422 <- MissingTarget   UnavailableTarget
    |          BadOptions 422
    |- jobs:   JobNotFound 404   ResultNotReady 409   JobFailed 409   ResultExpired 410   JobCanceled 410
    |          RangeNotSatisfiable 416   ConversionFailed 422   IdempotencyKeyReused 422
    |- batches: BatchNotFound 404   BatchFull 409   TooManyInBatch (SeveralFiles)   BatchTooLarge (UploadTooLarge)
    |          BatchNotReady (ResultNotReady)   BatchExpired (ResultExpired)
    |- uploads: FileAndUpload (a MalformedRequest)   SlowUpload (BodyTimeout)   BeyondLength (UploadTooLarge)
    |          UploadNotFound 404   UploadIncomplete 409   WrongOffset 409   UploadExpired 410   WrongTusVersion 412
    |          NotAPiece 415
    |- webhooks: NoWebhook 409 <- WebhookNotDue   WebhooksOff
    `- later:  TryLater <- IdempotencyInProgress 409   RateLimited 429   TooManyWaiting 429   TooMuchStored 429
               QueueFull 503 <- LongQueue   Busy 503   DatabaseAway 503
               StorageFull 507 <- DiskFull   SpoolFull

Each branch is a module. A class without a number shares status, code and title with its parent; only its sentence differs.
api.handlers turns any of them into an answer. A conversion that fails is no error of the request: its codes are in
core.failures and core.losses.
"""

from api.errors.access import (
    CrossSite,
    HostNotAllowed,
    KeyInvalid,
    KeyRequired,
    MethodNotAllowed,
    NoJobList,
    NotFound,
    ProblemNotFound,
)
from api.errors.base import ImagemillError, InternalError, TryLater
from api.errors.batches import BatchExpired, BatchFull, BatchNotFound, BatchNotReady, BatchTooLarge, TooManyInBatch
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
    SlowBody,
    TooManyFiles,
    UnavailableTarget,
    UnknownTarget,
    UnsupportedBody,
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
    Busy,
    DatabaseAway,
    DiskFull,
    IdempotencyInProgress,
    LongQueue,
    QueueFull,
    RateLimited,
    SpoolFull,
    StorageFull,
    TooManyWaiting,
    TooMuchStored,
)
from api.errors.uploads import (
    BeyondLength,
    FileAndUpload,
    NotAPiece,
    SlowUpload,
    UploadExpired,
    UploadIncomplete,
    UploadNotFound,
    WrongOffset,
    WrongTusVersion,
)
from api.errors.webhooks import NoWebhook, WebhookNotDue, WebhooksOff
from api.errors.wire import BrokenHead, LargeHead, LongTarget

__all__ = ["BadOptions", "BatchExpired", "BatchFull", "BatchNotFound", "BatchNotReady", "BatchTooLarge", "BeyondLength", "BodyTimeout", "BrokenForm", "BrokenHead", "Busy", "ConversionFailed", "CrossSite", "DatabaseAway", "DiskFull", "EmptyFile", "FileAndUpload", "FormCutOff", "HostNotAllowed", "IdempotencyInProgress", "IdempotencyKeyReused", "ImagemillError", "InternalError", "JobCanceled", "JobFailed", "JobNotFound", "KeyInvalid", "KeyRequired", "LargeHead", "LongField", "LongQueue", "LongTarget", "MalformedRequest", "MethodNotAllowed", "MissingFile", "MissingTarget", "NoJobList", "NoWebhook", "NotAPiece", "NotFound", "NotMultipart", "ProblemNotFound", "QueueFull", "RangeNotSatisfiable", "RateLimited", "RepeatedFields", "ResultExpired", "ResultNotReady", "SeveralFiles", "SlowBody", "SlowUpload", "SpoolFull", "StorageFull", "TooManyFiles", "TooManyInBatch", "TooManyWaiting", "TooMuchStored", "TryLater", "UnavailableTarget", "UnknownTarget", "UnsupportedBody", "UnsupportedMedia", "UploadExpired", "UploadIncomplete", "UploadNotFound", "UploadTooLarge", "WebhookNotDue", "WebhooksOff", "WrongOffset", "WrongParameters", "WrongTusVersion"]  # fmt: skip
