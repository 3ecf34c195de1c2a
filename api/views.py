"""Pages for people, rendered: plain HTML without JavaScript, one stylesheet, nothing from elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.callers import KEY_COOKIE
from api.controls import CONTROLS, GROUPS, group_title
from api.errors import BadOptions, ImagemillError
from api.links import own_path, prefix_of
from api.page_data import make_page_data
from api.presets import list_presets
from api.problems import refusal_headers
from api.same_site import mark_page
from api.settings import ApiSettings
from api.uploads import READABLE_TITLES, TARGET
from api.wording import LANGUAGES, language_of, words_for
from core.formats import READABLE
from core.job_answers import job_answer
from core.jobs import Job
from core.transitions import Status

SECURITY = {
    # Scripts show pictures that they made (blob:, data:). Nothing else comes from elsewhere, and no code is inline.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

STATES = {
    Status.QUEUED: "Waiting for a free worker",
    Status.PROCESSING: "Converting",
    Status.SUCCEEDED: "Done",
    Status.FAILED: "Failed",
    Status.CANCELED: "Canceled",
    Status.EXPIRED: "Deleted",
}
ACCEPTED = ",".join(
    ["image/*", *(f".{name}" for fmt in READABLE for name in sorted({fmt.extension, fmt.name, *fmt.aliases}))]
)
"""What a browser offers to choose. Many a system knows no media type for the rarer extensions."""

PATIENCE = timedelta(minutes=1)
"""A page that has waited this long refreshes itself less often."""


def make_templates() -> Environment:
    """Make the templates of the pages. All their values are escaped."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def form_page(
    request: Request,
    settings: ApiSettings,
    chosen: Mapping[str, str] | None = None,
    refusal: ImagemillError | None = None,
) -> HTMLResponse:
    """Render the form, empty, or with the person's `chosen` values and the sentence of the refusal."""
    wrong = {error.field: error.detail for error in refusal.errors} if isinstance(refusal, BadOptions) else {}
    words = words_for(language_of(request))
    asked = {
        control.name: control.label_in(words)
        for control in CONTROLS
        if (chosen or {}).get(control.name) or control.name in wrong
    }
    return _page(
        request,
        "form.html",
        refusal,
        chosen=chosen or {},
        wrong=wrong,
        asked=asked,
        target_field=TARGET,
        targets=settings.targets,
        readable=", ".join(READABLE_TITLES),
        accepted=ACCEPTED,
        groups=GROUPS,
        presets=list_presets(settings.targets),
        group_title=group_title,
        page_data=make_page_data(request, settings, words),
        most=size_text(settings.max_upload_bytes),
        hours=f"{settings.retention_hours:g}",
    )


def job_page(request: Request, job: Job) -> HTMLResponse:
    """Render a job's status. The page asks for itself again until the job is over."""
    waited = datetime.now(UTC) - job.created_at
    refresh = None if job.is_over else 1 if waited < PATIENCE else 5
    return _page(
        request,
        "job.html",
        None,
        job=job_answer(job, prefix_of(request)),
        state=STATES[job.status],
        refresh=refresh,
        over=job.is_over,
    )


def key_page(request: Request, name: str | None, next_page: str, refusal: ImagemillError | None) -> HTMLResponse:
    """Render the page of the key: `name` is the one that this browser has, None without one."""
    return _page(request, "key.html", refusal, name=name, next_page=next_page)


def error_page(request: Request, error: ImagemillError) -> HTMLResponse:
    """Render a refusal."""
    return _page(request, "error.html", error)


def problem_page(request: Request, example: ImagemillError, meaning: str | None = None) -> HTMLResponse:
    """Render the page behind a problem's `type`; what it means stands at its class unless `meaning` is given."""
    # The example may be of a subclass; the class that has the code says what it means.
    meant = next(kind for kind in type(example).__mro__ if "code" in vars(kind))
    return _page(request, "problem.html", None, meaning=meaning or meant.__doc__ or "", example=example)


def size_text(count: int) -> str:
    """Write bytes as people say them: 482 kB, 1.3 MB."""
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB"):
        count_in_unit = count / (1000 if unit == "kB" else 1_000_000)
        if count_in_unit < 999.5:
            return f"{count_in_unit:.3g} {unit}"
    return f"{count / 1e9:.3g} GB"


def _page(request: Request, template: str, refusal: ImagemillError | None, **values: object) -> HTMLResponse:
    templates: Environment = request.app.state.templates
    keys_on = request.app.state.services.settings.auth == "keys"
    shown = {"keys_on": keys_on, "has_key": KEY_COOKIE in request.cookies, "path": own_path(request), **values}
    language = language_of(request)
    words = words_for(language)
    body = templates.get_template(template).render(
        root=prefix_of(request), refusal=refusal, size_text=size_text,
        words=words, say=words.say, language=language, languages=LANGUAGES, **shown,
    )  # fmt: skip
    headers = {**SECURITY, "Content-Language": language, "Vary": "Accept-Language, Cookie"}
    if refusal is None:
        page = HTMLResponse(body, headers=headers)
    else:
        page = HTMLResponse(body, refusal.status, {**headers, **refusal_headers(request, refusal)})
    mark_page(request, page)
    return page
