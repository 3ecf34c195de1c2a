"""The routes of the pages: form, status page, the two posts, and what problems link to. Lists are in api.list_pages."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from api.bounds import hold
from api.deps import CallerDep, FormDep, JobId, ServicesDep, TurnDep
from api.errors import ConversionFailed, ImagemillError, ProblemNotFound
from api.examples import REFUSALS
from api.links import link
from api.middleware import mark_held
from api.presets import find_preset
from api.same_site import check_same_site
from api.status import current_job, delete_job, job_when_changed
from api.submission import Submission, submit
from api.views import form_page, job_page, problem_page
from core.failures import FAILURES, FailureCode

router = APIRouter(include_in_schema=False)

HELD_SECONDS = 40.0
"""How long a page without scripts waits for a change. Browsers show the old one meanwhile, with the focus where it is."""

Seen = Annotated[int, Query(ge=0, lt=1 << 62)]
"""The revision that the page before showed; 0 for a page that nobody waits for."""


@router.get("/")
async def home(request: Request, preset: str = "") -> Response:
    """Show the form, filled in by a preset where one is named."""
    found = find_preset(preset)
    return form_page(request, found.chosen if found else None)


@router.post("/jobs")
async def submit_form(
    request: Request, services: ServicesDep, turn: TurnDep, form: FormDep, caller: CallerDep
) -> Response:
    """Take the form: on to the job's page, or the form again with its mistakes."""
    try:
        check_same_site(request)
        taken = await submit(services, turn, Submission(form=form, caller=caller))
    except ImagemillError as refusal:
        await form.drain()
        return form_page(request, dict(form.fields()), refusal)
    return RedirectResponse(link(request, f"/jobs/{taken.job.id}"), status_code=303)


@router.get("/jobs/{job_id}")
async def show_job(request: Request, services: ServicesDep, turn: TurnDep, job_id: JobId, seen: Seen = 0) -> Response:
    """Show a job's status; with `seen`, once it is another than that."""
    if seen:
        mark_held(request)
        hold(request, services.waiters)
        until = asyncio.get_running_loop().time() + HELD_SECONDS
        job = await job_when_changed(services, turn, job_id, seen, until)
    else:
        job = await current_job(services, turn, job_id)
    return job_page(request, job, await services.places.find_place(job))


@router.post("/jobs/{job_id}/delete")
async def delete_from_page(request: Request, services: ServicesDep, turn: TurnDep, job_id: JobId) -> Response:
    """Delete a job by the button of its status page."""
    check_same_site(request)
    await delete_job(services, turn, job_id)
    return RedirectResponse(link(request, f"/jobs/{job_id}"), status_code=303)


@router.get("/problems/{code}")
async def show_problem(request: Request, code: str) -> Response:
    """Explain the code of a problem."""
    for example in REFUSALS:
        if example.code == code:
            return problem_page(request, example)
    if code in FAILURES:
        return problem_page(
            request, ConversionFailed(failure=code, reason="", job=""), FAILURES[FailureCode(code)].__doc__
        )
    raise ProblemNotFound(path=code[:40])
