"""What routes ask for, by name."""

import re
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Path, Request

from api.batch_forms import BatchForm
from api.callers import Caller
from api.conversion_body import ConversionBody
from api.errors import BatchNotFound, JobNotFound, UploadNotFound, WrongParameters
from api.forms import FormReader
from api.gate import admit_caller
from api.idempotency import HEADER
from api.redis_gate import Turn
from api.schemas import UPLOAD_ID
from api.services import Services
from api.status import check_owner
from api.waits import Wait, waiting
from core.batch_answers import BATCH_ID
from core.job_answers import JOB_ID


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


async def _turn(services: ServicesDep) -> Turn:
    return services.redis.open_turn()


async def _form(request: Request, services: ServicesDep) -> FormReader:
    settings = services.settings
    return FormReader(request, cap=settings.max_upload_bytes, transfers=services.transfers)


async def _batch_form(request: Request, services: ServicesDep) -> BatchForm:
    settings = services.settings
    return BatchForm(
        request,
        cap=settings.max_batch_bytes,
        file_cap=settings.max_upload_bytes,
        transfers=services.transfers,
    )


async def _conversion_body(request: Request, services: ServicesDep) -> ConversionBody:
    settings = services.settings
    return ConversionBody(request, cap=settings.max_upload_bytes, transfers=services.transfers)


async def _idempotency_key(
    request: Request,
    _key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="A new text of your own for each request, at most 255 visible ASCII characters, a UUID for "
            "example. Sent again within 24 hours with the same request, it gets the same answer and makes nothing new.",
            examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
            json_schema_extra={"pattern": "^[!-~]{1,255}$"},
        ),
    ] = None,
) -> str | None:
    """Read the key. Raises WrongParameters for one that is too long, empty, or there twice."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    key = given[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(given) > 1 or not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise WrongParameters(
            sentences=f"{HEADER} must be there once, with 1 to 255 visible ASCII characters and no blanks."
        )
    return key


CallerDep = Annotated[Caller, Depends(admit_caller)]


async def _job_id(
    services: ServicesDep,
    turn: Annotated[Turn, Depends(_turn)],
    caller: CallerDep,
    job_id: Annotated[str, Path(description="The job's id.", examples=[JOB_ID], json_schema_extra={"format": "uuid"})],
) -> UUID:
    """Read the id. Anything else is the id of no job; so is the id of somebody else's."""
    try:
        found = UUID(job_id)
    except ValueError:
        raise JobNotFound from None
    await check_owner(services, turn, caller, found)
    structlog.contextvars.bind_contextvars(job=str(found))
    return found


async def _batch_id(
    batch_id: Annotated[
        str, Path(description="The batch's id.", examples=[BATCH_ID], json_schema_extra={"format": "uuid"})
    ],
) -> UUID:
    """Read the id. Anything else is the id of no batch."""
    try:
        found = UUID(batch_id)
    except ValueError:
        raise BatchNotFound from None
    structlog.contextvars.bind_contextvars(batch=str(found))
    return found


async def _upload_id(
    upload_id: Annotated[
        str, Path(description="The upload's id.", examples=[UPLOAD_ID], json_schema_extra={"format": "uuid"})
    ],
) -> UUID:
    """Read the id. Anything else is the id of no upload."""
    try:
        found = UUID(upload_id)
    except ValueError:
        raise UploadNotFound from None
    structlog.contextvars.bind_contextvars(upload=str(found))
    return found


async def _last_event(
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was seen; a browser sends it by itself.")
    ] = None,
) -> int:
    """Read the id; 0 when no event was seen, or its id is none of ours."""
    return int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19 else 0


TurnDep = Annotated[Turn, Depends(_turn)]
"""This request's budget of time for Redis."""

ConversionBodyDep = Annotated[ConversionBody, Depends(_conversion_body)]
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
WaitDep = Annotated[Wait, Depends(waiting(default=0))]
"""How long to wait for the end of a job; not at all when nobody asks for it."""

LongWaitDep = Annotated[Wait, Depends(waiting(default=30))]
FormDep = Annotated[FormReader, Depends(_form)]
BatchFormDep = Annotated[BatchForm, Depends(_batch_form)]
BatchId = Annotated[UUID, Depends(_batch_id)]
UploadId = Annotated[UUID, Depends(_upload_id)]
JobId = Annotated[UUID, Depends(_job_id)]
"""The id of a job that the caller may see. Whatever takes a job's id from an address takes it from here."""

LastEvent = Annotated[int, Depends(_last_event)]
