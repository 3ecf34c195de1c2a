"""What routes ask for, by name."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Path, Query, Request

from api.batch_errors import BatchNotFound
from api.batch_forms import BatchForm
from api.callers import Caller, identify_caller
from api.errors import JobNotFound
from api.forms import FormReader
from api.redis_gate import Turn
from api.services import Services
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
    return FormReader(request, cap=settings.max_upload_bytes, seconds=settings.upload_seconds)


async def _batch_form(request: Request, services: ServicesDep) -> BatchForm:
    settings = services.settings
    # As much time for each byte as an upload has.
    share = max(1.0, settings.max_batch_bytes / settings.max_upload_bytes)
    return BatchForm(
        request,
        cap=settings.max_batch_bytes,
        file_cap=settings.max_upload_bytes,
        seconds=settings.upload_seconds * share,
    )


async def _job_id(
    job_id: Annotated[str, Path(description="The job's id.", examples=[JOB_ID], json_schema_extra={"format": "uuid"})],
) -> UUID:
    """Read the id. Anything else is the id of no job."""
    try:
        found = UUID(job_id)
    except ValueError:
        raise JobNotFound from None
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


async def _caller(request: Request) -> Caller:
    return identify_caller(request)


async def _last_event(
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was seen; a browser sends it by itself.")
    ] = None,
) -> int:
    """Read the id; 0 when no event was seen, or its id is none of ours."""
    return int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19 else 0


TurnDep = Annotated[Turn, Depends(_turn)]
"""This request's budget of time for Redis."""

FormDep = Annotated[FormReader, Depends(_form)]
BatchFormDep = Annotated[BatchForm, Depends(_batch_form)]
BatchId = Annotated[UUID, Depends(_batch_id)]
JobId = Annotated[UUID, Depends(_job_id)]
CallerDep = Annotated[Caller, Depends(_caller)]
LastEvent = Annotated[int, Depends(_last_event)]

WaitSeconds = Annotated[
    float,
    Query(ge=0, le=60, allow_inf_nan=False, description="Answer when the job is over, or after so many seconds."),
]
