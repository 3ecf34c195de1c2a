"""The interface for programs: many files at once, `/v1/batches`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse

from api import errors
from api.batch_archive import send_archive
from api.batch_events import batch_events
from api.batch_openapi import ARCHIVE, batch_form
from api.batch_submission import TakenBatch, as_first_answered, submit_batch, submit_batch_and_wait
from api.batches import batch_when_over, delete_batch, find_batch_for
from api.bounds import hold, may_hold
from api.deps import BatchFormDep, BatchId, CallerDep, IdempotencyKey, LastEvent, ServicesDep, TurnDep, WaitDep
from api.event_openapi import document_batch_events
from api.examples import BATCH, batch_example
from api.idempotency import REPLAYED
from api.links import link, prefix_of
from api.middleware import HEAD_ONLY, mark_held
from api.openapi import document_refusals
from api.queries import refuse_strays
from api.response_headers import describe_headers
from api.routes import RETRY_AFTER, SUBMIT_HEADERS
from api.submission import Submission
from api.webhooks import resend_batch_webhook
from core.batch_answers import BatchAnswer, batch_answer

router = APIRouter(tags=["batches"])

Partial = Annotated[
    bool, Query(description="Take the results that are there, though jobs of the batch are not over yet.")
]
TAKEN = {
    "content": batch_example(BATCH),
    "headers": describe_headers("Location", "Retry-After", "Cache-Control", **SUBMIT_HEADERS),
}
OVER = {
    "description": "All jobs of the batch are over within the time of `wait`.",
    "model": BatchAnswer,
    "content": batch_example(BATCH),
    "headers": describe_headers("Location", "Cache-Control", sometimes=("Retry-After", *SUBMIT_HEADERS["sometimes"])),
}
SUBMIT_REFUSALS = document_refusals(
    errors.MalformedRequest, errors.MissingFile, errors.SeveralFiles, errors.BatchNotFound, errors.BodyTimeout,
    errors.UploadTooLarge, errors.UnknownTarget, errors.BadOptions, errors.RateLimited, errors.TooManyWaiting,
    errors.TooMuchStored, errors.QueueFull, errors.Busy, errors.StorageFull, errors.IdempotencyInProgress, errors.IdempotencyKeyReused,
)  # fmt: skip
ARCHIVE_REFUSALS = document_refusals(
    errors.MalformedRequest, errors.BatchNotFound, errors.ResultNotReady, errors.ResultExpired, errors.Busy
)


@router.post(
    "/v1/batches",
    status_code=202,
    response_description="The batch is stored, and its jobs will be converted.",
    responses={201: OVER, 202: TAKEN, **SUBMIT_REFUSALS},
    openapi_extra=batch_form(),
)
async def submit_many(
    request: Request,
    services: ServicesDep,
    turn: TurnDep,
    form: BatchFormDep,
    caller: CallerDep,
    key: IdempotencyKey,
    wait: WaitDep,
    response: Response,
) -> BatchAnswer:
    """Upload up to 100 images for one conversion; with `wait`, answer once all are over.

    Files that are refused are entries with their problem, and the others go on. Without files it is an empty batch, to
    which `POST /v1/jobs` adds by its field `batch`.
    """
    asked = Submission(form=form, caller=caller, call="batches", key=key)
    if wait.seconds:
        mark_held(request)
        # A batch is taken even where nobody can wait for it.
        seconds = wait.seconds if may_hold(request, services.waiters) else 0
        taken = await submit_batch_and_wait(services, turn, asked, seconds)
        response.status_code = 201 if taken.batch.is_over else 202
    else:
        taken = as_first_answered(await submit_batch(services, turn, asked))
    response.headers.update({**_taken_headers(request, taken, done=response.status_code == 201), **wait.headers})
    return batch_answer(taken.batch, prefix_of(request))


def _taken_headers(request: Request, taken: TakenBatch, *, done: bool) -> dict[str, str]:
    headers = {"Location": link(request, f"/v1/batches/{taken.batch.id}"), "Cache-Control": "no-store"}
    seconds = taken.batch.retry_after if taken.batch.is_over else None
    if seconds is not None:
        # Nothing of the batch is waited for, but some of its files may be sent again then.
        headers["Retry-After"] = str(seconds)
    elif not done:
        headers["Retry-After"] = RETRY_AFTER
    if taken.replayed:
        headers[REPLAYED] = "true"
    return headers


@router.get(
    "/v1/batches/{batch_id}",
    responses={
        200: {
            "content": batch_example(BATCH),
            "headers": describe_headers("Cache-Control", sometimes=("Retry-After", "Preference-Applied")),
        },
        **document_refusals(errors.MalformedRequest, errors.BatchNotFound, errors.Busy),
    },
)
async def get_batch(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId, response: Response, wait: WaitDep
) -> BatchAnswer:
    """Show a batch with all its jobs; with `wait`, once they are over."""
    refuse_strays(request.query_params, "wait")
    if wait.seconds:
        mark_held(request)
        hold(request, services.waiters)
        batch = await batch_when_over(services, caller, batch_id, wait.seconds)
    else:
        batch = await find_batch_for(services, caller, batch_id)
    response.headers["Cache-Control"] = "no-store"
    if not batch.is_over:
        response.headers["Retry-After"] = RETRY_AFTER
    response.headers.update(wait.headers)
    return batch_answer(batch, prefix_of(request))


@router.get(
    "/v1/batches/{batch_id}/events",
    response_class=Response,
    responses={**document_batch_events(), **document_refusals(errors.BatchNotFound, errors.Busy)},
)
async def follow_batch(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId, seen: LastEvent
) -> Response:
    """Stream every change of a batch's jobs, until all are over or for five minutes."""
    batch = await find_batch_for(services, caller, batch_id)
    if batch.is_over and seen >= batch.rev:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if HEAD_ONLY in request.scope:
        return Response(headers=headers, media_type=EventSourceResponse.media_type)
    mark_held(request)
    hold(request, services.waiters)
    events = batch_events(services, caller, batch_id, seen, prefix_of(request))
    return EventSourceResponse(events, headers=headers)


@router.get("/v1/batches/{batch_id}/result", response_class=Response, responses={**ARCHIVE, **ARCHIVE_REFUSALS})
async def get_batch_result(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId, *, partial: Partial = False
) -> Response:
    """Download all results as one ZIP, with `manifest.json` about every file."""
    refuse_strays(request.query_params, "partial")
    hold(request, services.transfers)
    batch = await find_batch_for(services, caller, batch_id)
    prefix, head_only = prefix_of(request), HEAD_ONLY in request.scope
    return await send_archive(services, batch, prefix, partial=partial, head_only=head_only)


@router.delete(
    "/v1/batches/{batch_id}",
    name="delete_batch",
    status_code=204,
    response_class=Response,
    responses=document_refusals(errors.BatchNotFound),
)
async def remove_batch(services: ServicesDep, caller: CallerDep, batch_id: BatchId) -> Response:
    """Delete all jobs of a batch, as each would be. Again does no harm."""
    await delete_batch(services, caller, batch_id)
    return Response(status_code=204)


@router.post(
    "/v1/batches/{batch_id}/webhook",
    status_code=202,
    response_description="The last message is due now, with another day of attempts.",
    responses=document_refusals(errors.BatchNotFound, errors.NoWebhook),
)
async def send_batch_webhook_again(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId
) -> BatchAnswer:
    """Send the last message of a batch that is over once more, delivered or dead."""
    return batch_answer(await resend_batch_webhook(services, caller, batch_id), prefix_of(request))
