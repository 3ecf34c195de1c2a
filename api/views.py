"""Pages for people, rendered: plain HTML without JavaScript, one stylesheet, nothing from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.callers import KEY_COOKIE
from api.errors import BadOptions, ImagemillError
from api.links import own_path, prefix_of
from api.problems import refusal_headers
from api.same_site import mark_page
from api.settings import ApiSettings
from api.uploads import READABLE_TITLES, TARGET
from core.formats import READABLE, Format
from core.job_answers import job_answer
from core.jobs import Job
from core.option_kinds import Option
from core.options import BY_NAME
from core.transitions import Status

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
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


@dataclass(frozen=True, slots=True)
class Control:
    """How the form asks for one option: the kind of control follows from the option's values."""

    option: Option
    label: str

    @property
    def name(self) -> str:
        """Return the name of the field."""
        return self.option.name

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the choices, if they are few. A switch on by default can only be chosen to be off."""
        if self.option.type == "boolean":
            return ("true", "false") if self.option.default else ()
        return tuple(str(choice) for choice in self.option.choices)

    @property
    def unchosen(self) -> str:
        """Return what the empty choice is called: by its default, if it has one whatever the picture is."""
        default = self.option.default
        return "default" if default is None else f"default: {str(default).lower()}"

    @property
    def is_free_text(self) -> bool:
        """Return whether anything can be written into it: then the page says what it must be."""
        return bool(self.option.example)

    @property
    def is_switch(self) -> bool:
        """Return whether a checkbox does."""
        return self.option.type == "boolean" and not self.option.default

    def list_takers(self, targets: Sequence[Format]) -> str:
        """Return the titles of the targets with this option; empty when all have it."""
        taking = [fmt.title for fmt in targets if self.name in fmt.options]
        return "" if len(taking) == len(targets) else ", ".join(taking)


LABELS = {
    "Size": {
        "width": "Width in pixels", "height": "Height in pixels", "fit": "Fit into width and height",
        "enlarge": "Enlarge smaller images", "rotate": "Turn clockwise, in degrees", "crop": "Cut out a part",
        "background": "Background colour",
    },
    "Quality": {
        "quality": "Quality", "max_bytes": "Largest file, in bytes", "lossless": "Lossless", "effort": "Effort, 0 fastest",
        "subsampling": "Resolution of colour", "progressive": "Progressive",
    },
    "Colours": {"color": "Colour profile", "colors": "Colours in the palette", "dither": "Dither"},
    "Pages and animation": {"page": "Only this page or frame", "animation": "Animation", "loop": "Plays"},
    "Paper and icons": {"dpi": "Resolution in dpi", "paper": "Paper", "sizes": "Sides of an icon's pictures"},
    "Metadata": {"metadata": "Metadata (camera, place, comments)"},
}  # fmt: skip
"""The options by their group in the form, with their labels."""

GROUPS = {
    title: tuple(Control(BY_NAME[name], label) for name, label in labels.items()) for title, labels in LABELS.items()
}
CONTROLS = tuple(control for controls in GROUPS.values() for control in controls)


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
    asked = {
        control.name: control.label for control in CONTROLS if (chosen or {}).get(control.name) or control.name in wrong
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
    body = templates.get_template(template).render(
        root=prefix_of(request), refusal=refusal, size_text=size_text, **shown
    )
    if refusal is None:
        page = HTMLResponse(body, headers=SECURITY)
    else:
        page = HTMLResponse(body, refusal.status, {**SECURITY, **refusal_headers(request, refusal)})
    mark_page(request, page)
    return page
