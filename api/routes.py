"""The interface for programs: `/v1`."""

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse

from api import errors
from api.batch_openapi import BATCH_FIELD
from api.bounds import hold, may_hold
from api.deps import CallerDep, FormDep, IdempotencyKey, JobId, LastEvent, ServicesDep, TurnDep, WaitDep
from api.downloads import download
from api.errors import NoWebhook
from api.event_openapi import document_job_events
from api.examples import FAILED, QUEUED, SUCCEEDED, job_examples
from api.idempotency import REPLAYED
from api.links import link, prefix_of
from api.middleware import HEAD_ONLY, mark_held
from api.openapi import RANGE_PARAMETERS, UPLOAD_FIELD, document_downloads, document_refusals, upload_form
from api.queries import refuse_strays
from api.response_headers import describe_headers
from api.schemas import FormatsAnswer, Readable, Target, Unavailable, limits_answer, option_answer
from api.status import current_job, delete_job, job_events, job_when_over, recorded_job
from api.submission import Submission, Taken, as_first_answered, submit, submit_and_wait
from api.uploads import explain_unavailable
from api.webhooks import resend_webhook
from core.costs import list_paces
from core.formats import READABLE, TARGETS, Format
from core.job_answers import JobAnswer, job_answer
from core.options import OPTIONS

router = APIRouter(tags=["jobs"])

RETRY_AFTER = "1"
SUBMIT_HEADERS = {"sometimes": ("Idempotency-Replayed", "Preference-Applied")}
TAKEN = {
    "content": job_examples(QUEUED),
    "headers": describe_headers("Location", "Retry-After", "Cache-Control", **SUBMIT_HEADERS),
}
OVER = {
    "description": "The job is over within the time of `wait`.",
    "model": JobAnswer,
    "content": job_examples(SUCCEEDED, FAILED),
    "headers": describe_headers("Location", "Cache-Control", **SUBMIT_HEADERS),
}
REFUSED = (
    errors.MalformedRequest, errors.MissingFile, errors.EmptyFile, errors.SeveralFiles, errors.BodyTimeout,
    errors.UploadTooLarge, errors.UnsupportedMedia, errors.UnknownTarget, errors.BadOptions, errors.RateLimited,
    errors.TooManyWaiting, errors.TooMuchStored, errors.QueueFull, errors.Busy, errors.StorageFull, errors.IdempotencyInProgress, errors.IdempotencyKeyReused,
    errors.BatchNotFound, errors.BatchFull, errors.UploadNotFound, errors.UploadIncomplete, errors.UploadExpired,
)  # fmt: skip
DOWNLOAD_REFUSALS = document_refusals(
    errors.JobNotFound, errors.ResultNotReady, errors.JobFailed, errors.ResultExpired, errors.JobCanceled,
    errors.RangeNotSatisfiable, errors.Busy,
)  # fmt: skip


@router.post(
    "/v1/jobs",
    status_code=202,
    response_description="The job is stored and will be converted.",
    responses={201: OVER, 202: TAKEN, **document_refusals(*REFUSED, errors.JobNotFound)},
    openapi_extra=upload_form("JobForm", fields=BATCH_FIELD | UPLOAD_FIELD),
)
async def submit_job(
    request: Request,
    services: ServicesDep,
    turn: TurnDep,
    form: FormDep,
    caller: CallerDep,
    key: IdempotencyKey,
    wait: WaitDep,
    response: Response,
) -> JobAnswer:
    """Upload an image for conversion, or name a whole upload; with `wait`, answer once the job is over."""
    asked = Submission(form=form, caller=caller, call="jobs", key=key)
    if wait.seconds:
        mark_held(request)
        # A job is taken even where nobody can wait for it.
        seconds = wait.seconds if may_hold(request, services.waiters) else 0
        taken = await submit_and_wait(services, turn, asked, seconds)
        response.status_code = 201 if taken.job.is_over else 202
    else:
        taken = as_first_answered(await submit(services, turn, asked))
    response.headers.update({**taken_headers(request, taken), **wait.headers})
    return job_answer(taken.job, prefix_of(request))


def taken_headers(request: Request, taken: Taken) -> dict[str, str]:
    """Return the headers about a job that was taken."""
    headers = {"Location": link(request, f"/v1/jobs/{taken.job.id}"), "Cache-Control": "no-store"}
    if not taken.job.is_over:
        headers["Retry-After"] = RETRY_AFTER
    if taken.replayed:
        headers[REPLAYED] = "true"
    return headers


@router.get(
    "/v1/jobs/{job_id}",
    responses={
        200: {
            "content": job_examples(QUEUED, SUCCEEDED, FAILED),
            "headers": describe_headers("Cache-Control", sometimes=("Retry-After", "Preference-Applied")),
        },
        **document_refusals(errors.MalformedRequest, errors.JobNotFound, errors.Busy),
    },
)
async def get_job(
    request: Request, services: ServicesDep, turn: TurnDep, job_id: JobId, response: Response, wait: WaitDep
) -> JobAnswer:
    """Show a job; with `wait`, once it is over."""
    refuse_strays(request.query_params, "wait")
    if wait.seconds:
        mark_held(request)
        hold(request, services.waiters)
        job = await job_when_over(services, turn, job_id, wait.seconds)
    else:
        job = await current_job(services, turn, job_id)
    response.headers["Cache-Control"] = "no-store"
    if not job.is_over:
        response.headers["Retry-After"] = RETRY_AFTER
    response.headers.update(wait.headers)
    return job_answer(job, prefix_of(request))


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=Response,
    responses={**document_job_events(), **document_refusals(errors.JobNotFound, errors.Busy)},
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
    hold(request, services.waiters)
    return EventSourceResponse(job_events(services, job_id, seen, prefix_of(request)), headers=headers)


@router.get(
    "/v1/jobs/{job_id}/result",
    response_class=Response,
    responses={**document_downloads(), **DOWNLOAD_REFUSALS},
    openapi_extra={"parameters": RANGE_PARAMETERS},
)
async def get_result(request: Request, services: ServicesDep, job_id: JobId) -> Response:
    """Download the result; If-None-Match and a single Range are honoured."""
    hold(request, services.transfers)
    job = await recorded_job(services, job_id)
    return await download(services, job, request.headers, head_only=HEAD_ONLY in request.scope)


@router.delete(
    "/v1/jobs/{job_id}",
    name="delete_job",
    status_code=204,
    response_class=Response,
    responses=document_refusals(errors.JobNotFound),
)
async def remove_job(services: ServicesDep, turn: TurnDep, job_id: JobId) -> Response:
    """Cancel a job that is not over; erase the bytes of one that is. Again does no harm."""
    await delete_job(services, turn, job_id)
    return Response(status_code=204)


@router.post(
    "/v1/jobs/{job_id}/webhook",
    status_code=202,
    response_description="The message is due now, with another day of attempts.",
    responses=document_refusals(errors.JobNotFound, NoWebhook),
)
async def send_webhook_again(request: Request, services: ServicesDep, turn: TurnDep, job_id: JobId) -> JobAnswer:
    """Send the message of a job that is over once more, delivered or dead."""
    return job_answer(await resend_webhook(services, turn, job_id), prefix_of(request))


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
        limits=limits_answer(services.settings),
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
        megapixel_seconds=list(list_paces(fmt.name)),
        megapixel_seconds_lossless=list(list_paces(fmt.name, lossless=True)) if "lossless" in fmt.options else [],
    )
