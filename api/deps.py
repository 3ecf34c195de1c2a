"""What routes ask for, by name."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header, Path, Query, Request

from api.callers import Caller
from api.errors import JobNotFound
from api.forms import FormReader
from api.gate import admit_caller
from api.redis_gate import Turn
from api.services import Services
from api.status import check_owner
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
JobId = Annotated[UUID, Depends(_job_id)]
"""The id of a job that the caller may see. Whatever takes a job's id from an address takes it from here."""

LastEvent = Annotated[int, Depends(_last_event)]

WaitSeconds = Annotated[
    float,
    Query(ge=0, le=60, allow_inf_nan=False, description="Answer when the job is over, or after so many seconds."),
]
