"""Convert images with an imagemill service.

    from imagemill_client import Client

    with Client("https://images.example.org") as client:
        client.convert("photo.heic", to="avif", quality=60).save("photo.avif")

`AsyncClient` has the same methods for asyncio. The errors are drawn in `imagemill_client.errors`.
"""

from imagemill_client.async_client import AsyncClient
from imagemill_client.client import Client
from imagemill_client.errors import (
    BadOption,
    BadRequest,
    ConversionFailed,
    DamagedDownload,
    FieldError,
    FileExists,
    FileTooLarge,
    ImagemillError,
    JobCanceled,
    JobExpired,
    JobOver,
    KeyRefused,
    NotFound,
    RateLimited,
    Refused,
    ResultNotReady,
    ServiceBusy,
    ServiceUnavailable,
    TryLater,
    UnexpectedAnswer,
    UnsupportedImage,
    WaitTimeout,
    WrongAddress,
    WrongInput,
)
from imagemill_client.models import Batch, FormatInfo, Formats, Job, Notice, OptionInfo, RefusedFile, ResultInfo
from imagemill_client.options import Options
from imagemill_client.results import Conversion
from imagemill_client.retries import RetryPolicy
from imagemill_client.uploads import Upload
from imagemill_client.version import VERSION

__version__ = VERSION
__all__ = [
    "AsyncClient",
    "BadOption",
    "BadRequest",
    "Batch",
    "Client",
    "Conversion",
    "ConversionFailed",
    "DamagedDownload",
    "FieldError",
    "FileExists",
    "FileTooLarge",
    "FormatInfo",
    "Formats",
    "ImagemillError",
    "Job",
    "JobCanceled",
    "JobExpired",
    "JobOver",
    "KeyRefused",
    "NotFound",
    "Notice",
    "OptionInfo",
    "Options",
    "RateLimited",
    "Refused",
    "RefusedFile",
    "ResultInfo",
    "ResultNotReady",
    "RetryPolicy",
    "ServiceBusy",
    "ServiceUnavailable",
    "TryLater",
    "UnexpectedAnswer",
    "UnsupportedImage",
    "Upload",
    "WaitTimeout",
    "WrongAddress",
    "WrongInput",
]
