"""Jobs and refusals as the OpenAPI document shows them, made by the same code as real answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from api import errors
from api.errors import BatchFull, BatchNotFound, ImagemillError, NoWebhook
from api.problems import make_problem
from core.batch_answers import BATCH_ID, batch_answer
from core.batches import MOST_ENTRIES, Batch, Refused
from core.failures import TruncatedImage
from core.job_answers import JOB_ID, job_answer
from core.jobs import Job
from core.json_types import Json
from core.losses import AlphaFlattened
from core.option_rules import WrongOption
from core.transitions import Status

_CREATED = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

QUEUED = Job(
    id=UUID(JOB_ID),
    status=Status.QUEUED,
    rev=1,
    claim=0,
    attempts=0,
    filename="holiday.png",
    target_format="jpeg",
    options={"quality": 80},
    source={"format": "png", "bytes": 482_113},
    upload_day=date(2026, 3, 14),
    created_at=_CREATED,
    changed_at=_CREATED,
)
_OVER = replace(
    QUEUED,
    attempts=1,
    source={"format": "png", "width": 1920, "height": 1080, "frames": 1, "bytes": 482_113},
    started_at=_CREATED + timedelta(seconds=1),
    finished_at=_CREATED + timedelta(seconds=2),
    expires_at=_CREATED + timedelta(hours=24),
)
SUCCEEDED = replace(
    _OVER,
    status=Status.SUCCEEDED,
    result={
        "filename": "holiday.jpg",
        "media_type": "image/jpeg",
        "bytes": 103_220,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "width": 1920,
        "height": 1080,
        "frames": 1,
    },
    warnings=[AlphaFlattened(format="JPEG", background="#ffffff").warned.as_json()],
)
FAILED = replace(_OVER, status=Status.FAILED, error=TruncatedImage().failure.as_json())

TARGETS = ("jpeg", "png", "webp")

REFUSALS: tuple[ImagemillError, ...] = (
    errors.InternalError(),
    errors.FormCutOff(),
    errors.MissingFile(field="file"),
    errors.EmptyFile(),
    errors.SeveralFiles(count=2),
    errors.KeyRequired(),
    errors.KeyInvalid(),
    errors.CrossSite(),
    errors.JobNotFound(),
    BatchNotFound(),
    BatchFull(limit=MOST_ENTRIES),
    errors.UploadNotFound(),
    errors.NotFound(path="/v2/jobs"),
    errors.MethodNotAllowed(method="PUT", allowed=("GET", "HEAD", "DELETE")),
    errors.SlowBody(seconds=20, rate=8192),
    errors.ResultNotReady(state=Status.PROCESSING),
    errors.JobFailed(reason=TruncatedImage().failure.detail),
    NoWebhook(),
    errors.UploadIncomplete(stored=31_457_280, length=45_000_000),
    errors.WrongOffset(stored=31_457_280, offset=33_554_432),
    errors.UploadExpired(),
    errors.WrongTusVersion(version="1.0.0"),
    errors.ResultExpired(),
    errors.JobCanceled(),
    errors.UploadTooLarge(limit=50_000_000),
    errors.LongTarget(limit=16_384),
    errors.LargeHead(headers=200, limit=65_536),
    errors.UnsupportedMedia(supported=("JPEG", "PNG", "WebP")),
    errors.NotAPiece(expected="application/offset+octet-stream", given="'application/json'"),
    errors.RangeNotSatisfiable(size=103_220, asked="bytes=200000-"),
    errors.HostNotAllowed(host="evil.example"),
    errors.UnknownTarget(name="docx", targets=TARGETS),
    errors.BadOptions(errors=(WrongOption("quality", "quality must be a whole number from 1 to 100, not '101'."),)),
    errors.ConversionFailed(
        failure=TruncatedImage.code, reason=TruncatedImage().failure.detail, job=f"/v1/jobs/{JOB_ID}"
    ),
    errors.IdempotencyKeyReused(key="8e03978e-40d5-43e8-bc93-6894a57f9324"),
    errors.IdempotencyInProgress(key="8e03978e-40d5-43e8-bc93-6894a57f9324", retry_after=2),
    errors.RateLimited(limit="600 uploads per minute", client="key", retry_after=17),
    errors.TooManyWaiting(jobs=1_000, client="key", retry_after=5),
    errors.TooMuchStored(limit=5_000_000_000, client="address", retry_after=60),
    errors.QueueFull(jobs=10_000, retry_after=5),
    errors.Busy(what="uploads and downloads (256)", retry_after=3),
    errors.DatabaseAway(),
    errors.StorageFull(limit=14_000_000_000, retry_after=60),
)
"""One error of every code."""

BATCH = Batch(
    id=UUID(BATCH_ID),
    owner="",
    created_at=_CREATED,
    refused=(
        Refused(
            position=1,
            filename="notes.txt",
            problem=make_problem(errors.UnsupportedMedia(supported=("JPEG", "PNG", "WebP")), "").model_dump(
                mode="json", exclude_none=True
            ),
        ),
    ),
    jobs=(replace(QUEUED, batch_id=UUID(BATCH_ID)),),
)


FOLDED = "x-json"
"""Marks an example as text: FastAPI drops every null of the document, also from examples."""


def job_examples(*jobs: Job) -> dict[str, Json]:
    """Make the `content` of an answer with these jobs, each named by its status."""
    return show_examples({job.status.value: job_answer(job, "") for job in jobs})


def show_examples(answers: Mapping[str, BaseModel]) -> dict[str, Json]:
    """Make the `content` of an answer with these examples, each by its name."""
    shown: dict[str, Json] = {name: {"value": {FOLDED: answer.model_dump_json()}} for name, answer in answers.items()}
    return {"application/json": {"examples": shown}}


def batch_example(batch: Batch) -> dict[str, Json]:
    """Make the `content` of an answer with this batch."""
    return show_examples({"over" if batch.is_over else "open": batch_answer(batch, "")})
