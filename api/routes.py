"""The interface for programs: `/v1`."""

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse

from api import batch_errors, errors
from api.deps import CallerDep, FormDep, JobId, LastEvent, ServicesDep, TurnDep, WaitSeconds
from api.downloads import download
from api.examples import FAILED, QUEUED, SUCCEEDED, job_examples
from api.middleware import HEAD_ONLY, mark_held
from api.openapi import Responses, describe_header, document_refusals, upload_form
from api.queries import refuse_strays
from api.schemas import FormatsAnswer, Limits, Readable, Target, Unavailable, option_answer
from api.settings import ApiSettings
from api.status import current_job, delete_job, job_events, job_when_over, recorded_job
from api.submission import submit
from api.uploads import explain_unavailable
from core.formats import READABLE, TARGETS, Format
from core.job_answers import JobAnswer, job_answer
from core.json_types import Json
from core.options import OPTIONS

router = APIRouter(tags=["jobs"])

RETRY_AFTER = "1"
BINARY: Json = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
DOWNLOAD_HEADERS = {
    "ETag": describe_header("The SHA-256 of the bytes, quoted."),
    "Content-Disposition": describe_header("An attachment with the original stem and the true extension."),
    "Accept-Ranges": describe_header("bytes"),
}
TAKEN = {
    "content": job_examples(QUEUED),
    "headers": {
        "Location": describe_header("The job."),
        "Retry-After": describe_header("Seconds until it is worth asking.", "integer"),
    },
}
SUBMIT_REFUSALS = document_refusals(
    errors.MalformedRequest, errors.MissingFile, errors.EmptyFile, errors.SeveralFiles, errors.BodyTimeout,
    errors.UploadTooLarge, errors.UnsupportedMedia, errors.UnknownTarget, errors.BadOptions, errors.RateLimited,
    errors.QueueFull, errors.StorageFull, batch_errors.BatchNotFound, batch_errors.BatchFull,
)  # fmt: skip
DOWNLOADS: Responses = {
    200: {"description": "The whole result.", "content": {"image/*": BINARY}, "headers": DOWNLOAD_HEADERS},
    206: {
        "description": "The range that was asked for.",
        "content": {"image/*": BINARY},
        "headers": {**DOWNLOAD_HEADERS, "Content-Range": describe_header("Which bytes of how many.")},
    },
    304: {"description": "If-None-Match names this result."},
}
DOWNLOAD_REFUSALS = document_refusals(
    errors.JobNotFound, errors.ResultNotReady, errors.JobFailed, errors.ResultExpired, errors.JobCanceled,
    errors.RangeNotSatisfiable,
)  # fmt: skip
STREAM: Responses = {
    200: {
        "description": "Events named `status` whose data is the job and whose id goes up.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The job is over, and Last-Event-ID says that its last event was seen."},
}


@router.post(
    "/v1/jobs",
    status_code=202,
    response_description="The job is stored and will be converted.",
    responses={202: TAKEN, **SUBMIT_REFUSALS},
    openapi_extra=upload_form(),
)
async def submit_job(
    services: ServicesDep, turn: TurnDep, form: FormDep, caller: CallerDep, response: Response
) -> JobAnswer:
    """Upload an image for conversion."""
    job = await submit(services, turn, form, caller)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers["Retry-After"] = RETRY_AFTER
    return job_answer(job)


@router.get(
    "/v1/jobs/{job_id}",
    responses={
        200: {"content": job_examples(QUEUED, SUCCEEDED, FAILED)},
        **document_refusals(errors.MalformedRequest, errors.JobNotFound),
    },
)
async def get_job(
    request: Request, services: ServicesDep, turn: TurnDep, job_id: JobId, response: Response, wait: WaitSeconds = 0
) -> JobAnswer:
    """Show a job; with `wait`, once it is over."""
    refuse_strays(request.query_params, "wait")
    response.headers["Cache-Control"] = "no-store"
    if wait:
        mark_held(request)
        return job_answer(await job_when_over(services, turn, job_id, wait))
    return job_answer(await current_job(services, turn, job_id))


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=Response,
    responses={**STREAM, **document_refusals(errors.JobNotFound)},
)
async def follow_job(request: Request, services: ServicesDep, job_id: JobId, seen: LastEvent) -> Response:
    """Stream every change of a job, until it is over or for five minutes."""
    job = await recorded_job(services, job_id)
    if job.is_over and seen >= job.rev:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if HEAD_ONLY in request.scope:
        return Response(headers=headers, media_type=EventSourceResponse.media_type)
    mark_held(request)
    return EventSourceResponse(job_events(services, job_id, seen), headers=headers)


@router.get(
    "/v1/jobs/{job_id}/result",
    response_class=Response,
    responses={**DOWNLOADS, **DOWNLOAD_REFUSALS},
)
async def get_result(request: Request, services: ServicesDep, job_id: JobId) -> Response:
    """Download the result; If-None-Match and a single Range are honoured."""
    job = await recorded_job(services, job_id)
    return await download(services, job, request.headers, head_only=HEAD_ONLY in request.scope)


@router.delete(
    "/v1/jobs/{job_id}", status_code=204, response_class=Response, responses=document_refusals(errors.JobNotFound)
)
async def remove_job(services: ServicesDep, turn: TurnDep, job_id: JobId) -> Response:
    """Cancel a job that is not over; erase the bytes of one that is. Again does no harm."""
    await delete_job(services, turn, job_id)
    return Response(status_code=204)


@router.get("/v1/formats", tags=["formats"])
async def list_formats(services: ServicesDep) -> FormatsAnswer:
    """List the formats to read and to write, the options of each target, and the limits."""
    return FormatsAnswer(
        read=[_readable(fmt) for fmt in READABLE],
        write=[_target(fmt) for fmt in services.settings.targets],
        unavailable=[
            Unavailable(name=fmt.name, title=fmt.title, detail=explain_unavailable(fmt))
            for fmt in TARGETS
            if fmt not in services.settings.targets
        ],
        limits=_limits(services.settings),
    )


def _readable(fmt: Format) -> Readable:
    return Readable(name=fmt.name, title=fmt.title, media_type=fmt.media_type, extension=fmt.extension)


def _target(fmt: Format) -> Target:
    return Target(
        name=fmt.name,
        title=fmt.title,
        media_type=fmt.media_type,
        extension=fmt.extension,
        aliases=list(fmt.aliases),
        options={option.name: option_answer(option) for option in OPTIONS if option.name in fmt.options},
    )


def _limits(settings: ApiSettings) -> Limits:
    return Limits(
        upload_bytes=settings.max_upload_bytes,
        pixels=settings.max_pixels,
        frames=settings.max_frames,
        result_bytes=settings.max_result_bytes,
        job_seconds=settings.job_seconds,
        retention_hours=settings.retention_hours,
    )
