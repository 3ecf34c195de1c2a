"""The routes of the pages with lists: a batch, the jobs of a key, and the formats."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.batches import batch_when_changed, delete_batch, find_batch_for
from api.bounds import hold
from api.deps import BatchId, CallerDep, ServicesDep
from api.job_list import find_page
from api.job_list_query import read_list_query
from api.links import link
from api.list_views import batch_page, formats_page, jobs_page
from api.middleware import mark_held
from api.pages import HELD_SECONDS, Seen
from api.same_site import check_same_site

router = APIRouter(include_in_schema=False)


@router.get("/jobs")
async def show_jobs(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """List the key's own jobs, page by page, or say why there is no list."""
    if caller.key_id is None:
        return jobs_page(request, None, "")
    query = read_list_query(request.query_params, caller.owner)
    page = await services.database.run(find_page, query)
    return jobs_page(request, page, query.status.value if query.status else "", is_first=query.after is None)


@router.get("/batches/{batch_id}")
async def show_batch(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId, seen: Seen = 0
) -> Response:
    """Show a batch with all its files; with `seen`, once it is another than that."""
    if not seen:
        return batch_page(request, await find_batch_for(services, caller, batch_id))
    mark_held(request)
    hold(request, services.waiters)
    until = asyncio.get_running_loop().time() + HELD_SECONDS
    return batch_page(request, await batch_when_changed(services, caller, batch_id, seen, until))


@router.post("/batches/{batch_id}/delete")
async def delete_batch_from_page(
    request: Request, services: ServicesDep, caller: CallerDep, batch_id: BatchId
) -> Response:
    """Delete all jobs of a batch by the button of its page."""
    check_same_site(request)
    await delete_batch(services, caller, batch_id)
    return RedirectResponse(link(request, f"/batches/{batch_id}"), status_code=303)


@router.get("/formats")
async def show_formats(request: Request) -> Response:
    """Show what is read and written, the options, and the limits."""
    return formats_page(request)
