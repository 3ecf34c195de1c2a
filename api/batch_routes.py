"""The interface for programs: many files at once, `/v1/batches`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse

from api import batch_errors, errors
from api.batch_archive import send_archive
from api.batch_events import batch_events
from api.batch_forms import MOST_FILES
from api.batch_submission import submit_batch
from api.batches import batch_when_over, delete_batch, find_batch_for
from api.deps import BatchFormDep, BatchId, CallerDep, LastEvent, ServicesDep, TurnDep, WaitSeconds
from api.examples import BATCH, batch_example
from api.middleware import HEAD_ONLY, mark_held
from api.openapi import Responses, describe_header, document_refusals, upload_form
from api.queries import refuse_strays
from core.batch_answers import BatchAnswer, batch_answer
from core.json_types import Json

router = APIRouter(tags=["batches"])

RETRY_AFTER = "1"
Partial = Annotated[
    bool, Query(description="Take the results that are there, though jobs of the batch are not over yet.")
]
TAKEN = {
    "content": batch_example(BATCH),
    "headers": {
        "Location": describe_header("The batch."),
        "Retry-After": describe_header("Seconds until it is worth asking.", "integer"),
    },
}
SUBMIT_REFUSALS = document_refusals(
    errors.MalformedRequest, errors.MissingFile, errors.SeveralFiles, errors.BodyTimeout, errors.UploadTooLarge,
    errors.UnknownTarget, errors.BadOptions, errors.RateLimited, errors.QueueFull, errors.StorageFull,
)  # fmt: skip
ARCHIVE: Responses = {
    200: {
        "description": "A ZIP of the results, and `manifest.json` about every file of the batch.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Content-Disposition": describe_header("An attachment."),
            "Accept-Ranges": describe_header("none"),
        },
    }
}
STREAM: Responses = {
    200: {
        "description": "First an event `batch`, whose data is the batch; then an event `job` for each job that changes; "
        "last the batch again, when all its jobs are over. Ids go up.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The batch is over, and Last-Event-ID says that its last event was seen."},
}


def batch_form() -> dict[str, Json]:
    """Describe the multipart body of a batch: as for a job, with many files, or none for an empty batch."""
    form: dict[str, Any] = upload_form()
    schema = form["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = {name: field for name, field in schema["properties"].items() if name != "batch"}
    files: Json = {
        "type": "array",
        "items": {**fields["file"], "description": "An image."},
        "maxItems": MOST_FILES,
        "description": "The images, each in a part of its own.",
    }
    schema = {"type": "object", "properties": {**fields, "file": files}}
    return {"requestBody": {"required": False, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post(
    "/v1/batches",
    status_code=202,
    response_description="The batch is stored, and its jobs will be converted.",
    responses={202: TAKEN, **SUBMIT_REFUSALS},
    openapi_extra=batch_form(),
)
async def create_batch(
    services: ServicesDep, turn: TurnDep, form: BatchFormDep, caller: CallerDep, response: Response
) -> BatchAnswer:
    """Upload up to 100 images for the same conversion; without files, make an empty batch to add jobs to."""
    batch = await submit_batch(services, turn, form, caller)
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    response.headers["Retry-After"] = RETRY_AFTER
    return batch_answer(batch)


@router.get(
    "/v1/batches/{batch_id}",
    responses={
        200: {"content": batch_example(BATCH)},
        **document_refusals(errors.MalformedRequest, batch_errors.BatchNotFound),
    },
)
async def get_batch(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    batch_id: BatchId,
    response: Response,
    wait: WaitSeconds = 0,
) -> BatchAnswer:
    """Show a batch with all its jobs; with `wait`, once they are over."""
    refuse_strays(request.query_params, "wait")
    response.headers["Cache-Control"] = "no-store"
    if wait:
        mark_held(request)
        return batch_answer(await batch_when_over(services, caller, batch_id, wait))
    return batch_answer(await find_batch_for(services, caller, batch_id))


@router.get(
    "/v1/batches/{batch_id}/events",
    response_class=Response,
    responses={**STREAM, **document_refusals(batch_errors.BatchNotFound)},
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
    return EventSourceResponse(batch_events(services, caller, batch_id, seen), headers=headers)


@router.get(
    "/v1/batches/{batch_id}/result",
    response_class=Response,
    responses={
        **ARCHIVE,
        **document_refusals(
            errors.MalformedRequest, batch_errors.BatchNotFound, errors.ResultNotReady, errors.ResultExpired
        ),
    },
)
async def get_batch_result(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId, *, partial: Partial = False
) -> Response:
    """Download all results as one ZIP, with `manifest.json` about every file."""
    refuse_strays(request.query_params, "partial")
    batch = await find_batch_for(services, caller, batch_id)
    return await send_archive(services, batch, partial=partial, head_only=HEAD_ONLY in request.scope)


@router.delete(
    "/v1/batches/{batch_id}",
    status_code=204,
    response_class=Response,
    responses=document_refusals(batch_errors.BatchNotFound),
)
async def remove_batch(services: ServicesDep, caller: CallerDep, batch_id: BatchId) -> Response:
    """Delete all jobs of a batch, as each would be. Again does no harm."""
    await delete_batch(services, caller, batch_id)
    return Response(status_code=204)
