"""`GET /v1/jobs`: the list, for who has a key."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api import errors
from api.deps import CallerDep, ServicesDep
from api.errors import NoJobList
from api.job_list import DEFAULT_LIMIT, MOST_LIMIT, find_page
from api.job_list_query import EXPECTED, read_list_query
from api.links import link, prefix_of
from api.openapi import document_refusals
from api.response_headers import describe_headers
from core.job_answers import JobAnswer, job_answer
from core.transitions import Status

router = APIRouter(tags=["jobs"])

PATH = "/v1/jobs"


class JobListAnswer(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobAnswer]
    next: str | None = Field(description="The cursor of the next page; null on the last one.", examples=[None])


PARAMETERS = [
    {
        "name": "status",
        "schema": {"type": "string", "enum": [status.value for status in Status]},
        "description": "Only jobs in this state.",
    },
    {"name": "batch", "schema": {"type": "string", "format": "uuid"}, "description": "Only jobs of this batch."},
    {
        "name": "limit",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": DEFAULT_LIMIT},
        "description": "How many jobs a page has.",
    },
    {
        "name": "cursor",
        "schema": {"type": "string"},
        "description": "`next` of the page before; without it: the newest jobs.",
    },
]


@router.get(
    PATH,
    responses={
        200: {"headers": describe_headers("Cache-Control", sometimes=("Link",))},
        **document_refusals(errors.MalformedRequest, errors.NotFound),
    },
    openapi_extra={"parameters": [{"in": "query", "required": False, **parameter} for parameter in PARAMETERS]},
)
async def list_jobs(request: Request, services: ServicesDep, caller: CallerDep, response: Response) -> JobListAnswer:
    """List the key's own jobs, newest first. Where no keys are asked for, nobody has jobs of their own: 404."""
    if caller.key_id is None:
        raise NoJobList(path=PATH)
    query = read_list_query(request.query_params, caller.owner)
    page = await services.database.run(find_page, query)
    response.headers["Cache-Control"] = "no-store"
    if page.cursor is not None:
        response.headers["Link"] = f'<{next_address(request, page.cursor)}>; rel="next"'
    return JobListAnswer(jobs=[job_answer(job, prefix_of(request)) for job in page.jobs], next=page.cursor)


def next_address(request: Request, cursor: str) -> str:
    """Return the address of the next page, with the same filters."""
    kept = {name: request.query_params[name] for name in EXPECTED if name in request.query_params}
    return f"{link(request, PATH)}?{urlencode({**kept, 'cursor': cursor})}"
