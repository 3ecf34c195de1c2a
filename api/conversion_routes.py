"""One call from bytes to bytes: `POST /v1/convert`, and PUT for programs that only send a file to an address."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers

from api import errors
from api.batch_openapi import BATCH_FIELD
from api.bounds import may_hold
from api.conversion_body import FILENAME
from api.deps import CallerDep, ConversionBodyDep, IdempotencyKey, LongWaitDep, ServicesDep, TurnDep
from api.downloads import download
from api.links import prefix_of
from api.middleware import mark_held
from api.openapi import UPLOAD_FIELD, document_downloads, document_refusals, option_parameters, upload_form
from api.routes import REFUSED, RETRY_AFTER, SUBMIT_HEADERS, TAKEN, taken_headers
from api.submission import Submission, submit_and_wait
from core.job_answers import JobAnswer, job_answer
from core.jobs import Job
from core.json_types import Json
from core.transitions import Status

router = APIRouter(tags=["jobs"])

WARNING = "Warning-Code"
WHOLE = document_downloads(headers=("Location",), sometimes=(WARNING, *SUBMIT_HEADERS["sometimes"]))[200]
WHOLE["headers"] = {name: told for name, told in WHOLE["headers"].items() if name != "Accept-Ranges"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: WHOLE,
    202: {
        "description": "The job is not over in time, or too many download at the same time; ask for it.",
        "model": JobAnswer,
        **TAKEN,
    },
    **document_refusals(
        *REFUSED, errors.JobNotFound, errors.JobCanceled, errors.ResultExpired, errors.ConversionFailed
    ),
}
NAME: Json = {
    "name": FILENAME,
    "in": "query",
    "required": False,
    "description": "The name of the image; in a form it goes before the file's own.",
    "schema": {"type": "string"},
}
BATCH: Json = {
    "name": "batch",
    "in": "query",
    "required": False,
    "description": "The id of a batch that the job is added to.",
    "schema": {"type": "string", "format": "uuid"},
}
UPLOAD: Json = {
    "name": "upload",
    "in": "query",
    "required": False,
    "description": "The id of a whole upload, in place of the image.",
    "schema": {"type": "string", "format": "uuid"},
}
EXTRA = {
    **upload_form("ConversionForm", raw=True, fields=BATCH_FIELD | UPLOAD_FIELD),
    "parameters": [NAME, BATCH, UPLOAD, *option_parameters()],
}


@router.post("/v1/convert", response_class=Response, responses=RESPONSES, openapi_extra=EXTRA)
async def convert(
    request: Request,
    services: ServicesDep,
    turn: TurnDep,
    body: ConversionBodyDep,
    caller: CallerDep,
    key: IdempotencyKey,
    wait: LongWaitDep,
) -> Response:
    """Convert an image and answer with the result, or with the job when that takes longer than `wait`."""
    mark_held(request)
    asked = Submission(form=body, caller=caller, call="convert", key=key)
    seconds = wait.seconds if may_hold(request, services.waiters) else 0
    try:
        taken = await submit_and_wait(services, turn, asked, seconds)
    except errors.UnsupportedMedia as refusal:
        raise body.explain(refusal) from None
    headers = {**taken_headers(request, taken), **wait.headers}
    is_refused = taken.job.status is Status.SUCCEEDED and not may_hold(request, services.transfers)
    if is_refused or not taken.job.is_over:
        headers["Retry-After"] = RETRY_AFTER
        return JSONResponse(job_answer(taken.job, prefix_of(request)).model_dump(mode="json"), 202, headers)
    _refuse_failed(taken.job, headers["Location"])
    # Conditions and ranges are for GET (RFC 9110), so none of the request's headers are passed on.
    answer = await download(services, taken.job, Headers({}), head_only=False)
    answer.headers.update({**headers, "Cache-Control": "no-store"})
    del answer.headers["Accept-Ranges"]
    for warned in taken.job.warnings:
        answer.headers.append(WARNING, warned["code"])
    return answer


@router.put("/v1/convert", response_class=Response, responses=RESPONSES, openapi_extra=EXTRA)
async def put_conversion(
    request: Request,
    services: ServicesDep,
    turn: TurnDep,
    body: ConversionBodyDep,
    caller: CallerDep,
    key: IdempotencyKey,
    wait: LongWaitDep,
) -> Response:
    """Do the same for programs that can only PUT a file, like `curl -T`."""
    return await convert(request, services, turn, body, caller, key, wait)


def _refuse_failed(job: Job, location: str) -> None:
    """Raise ConversionFailed for a failed job."""
    if job.status is Status.FAILED and job.error is not None:
        raise errors.ConversionFailed(failure=job.error["code"], reason=job.error["detail"], job=location)
