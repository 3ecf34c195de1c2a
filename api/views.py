"""Pages for people, rendered: the form, a job, the key, and what went wrong. Lists are in api.list_views."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.controls import CHOICES, CONTROLS, GROUPS, Control, group_title
from api.errors import DatabaseAway, ImagemillError
from api.figures import change_percent, size_text
from api.links import prefix_of
from api.modules import FORM, list_modules
from api.option_sentences import tell_advice, tell_wrong_fields
from api.page_data import make_page_data
from api.page_shell import limits_of, render_page, settings_of, words_of
from api.presets import list_presets
from api.request_log import find_facts
from api.sentences import tell_code, tell_problem
from api.uploads import READABLE_TITLES, TARGET
from api.wording import Words
from core.formats import FORMATS, READABLE, find_target
from core.job_answers import JobAnswer, job_answer
from core.jobs import Job
from core.record import ERASED

ACCEPTED = ",".join(
    ["image/*", *(f".{name}" for fmt in READABLE for name in sorted({fmt.extension, fmt.name, *fmt.aliases}))]
)
"""What a browser offers to choose. Many a system knows no media type for the rarer extensions."""

TITLES = {fmt.name: fmt.title for fmt in FORMATS}

SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/bmp"})
"""What every browser of today shows."""
MOST_SHOWN_BYTES = 4_000_000
"""A larger result is not shown on its page, which would download it once more."""


def form_page(
    request: Request, chosen: Mapping[str, str] | None = None, refusal: ImagemillError | None = None
) -> HTMLResponse:
    """Render the form, empty, or with the person's `chosen` values and the sentence of the refusal."""
    settings, words, chosen = settings_of(request), words_of(request), chosen or {}
    target = find_target(chosen.get(TARGET, ""))
    wrong = tell_wrong_fields(refusal, chosen, target, words)
    return render_page(
        request,
        "form.html",
        refusal,
        told=tell_problem(refusal, words, limits_of(request)) if refusal is not None else None,
        advice=tell_advice(refusal, target),
        chosen=chosen,
        told_fields=wrong,
        wrong={name: told.text for name, told in wrong.items() if told.text},
        asked={
            control.name: control.label_in(words)
            for control in CONTROLS
            if chosen.get(control.name) or control.name in wrong
        },
        target_field=TARGET,
        targets=settings.targets,
        readable=", ".join(READABLE_TITLES),
        accepted=ACCEPTED,
        groups=GROUPS,
        presets=list_presets(settings.targets),
        group_title=group_title,
        page_data=make_page_data(request, settings, words),
        modules=list_modules(FORM),
        most=size_text(settings.max_upload_bytes, words.language),
        hours=f"{settings.retention_hours:g}",
    )


def job_page(request: Request, job: Job, place: int | None = None) -> HTMLResponse:
    """Render a job. Until it is over, the page follows it by scripts, or asks for itself again without.

    `place` is how many jobs start before it, None where that is not known.
    """
    shown, words, limits = job_answer(job, prefix_of(request)), words_of(request), limits_of(request)
    result = shown.result
    return render_page(
        request,
        "job.html",
        job=shown,
        rev=job.rev,
        name=name_of(job, words),
        what=_what_happened(job),
        place=_say_place(place, words),
        failure=tell_code("failure", dict(job.error), words, limits) if shown.error and job.error else None,
        warnings=[tell_code("warning", warned, words, limits) for warned in job.warnings] if result else [],
        saved=change_percent(shown.source.bytes, result.bytes) if result else 0,
        shows_preview=result is not None and result.media_type in SHOWN_TYPES and result.bytes <= MOST_SHOWN_BYTES,
        titles=TITLES,
        options=_name_options(shown, words),
        over=job.is_over,
        hours=limits["hours"],
        follow=_follow(shown, words),
    )


def key_page(request: Request, name: str | None, next_page: str, refusal: ImagemillError | None) -> HTMLResponse:
    """Render the page of the key: `name` is the one that this browser has, None without one."""
    told = tell_problem(refusal, words_of(request), limits_of(request)) if refusal is not None else None
    return render_page(request, "key.html", refusal, name=name, next_page=next_page, told=told)


def error_page(request: Request, error: ImagemillError) -> HTMLResponse:
    """Render a refusal. A page that an outage keeps away comes back by itself."""
    comes_back = isinstance(error, DatabaseAway) and request.method in {"GET", "HEAD"}
    return render_page(
        request,
        "error.html",
        error,
        told=tell_problem(error, words_of(request), limits_of(request), comes_back=comes_back),
        status=error.status,
        refresh=error.retry_after if isinstance(error, DatabaseAway) and comes_back else None,
        # For whoever looks into the log: a person has no other answer to name.
        request_id=find_facts(request.scope).id if error.status >= 500 else None,
    )


def problem_page(request: Request, example: ImagemillError, meaning: str | None = None) -> HTMLResponse:
    """Render the page behind a problem's `type`; what it means stands at its class unless `meaning` is given."""
    # The example may be of a subclass; the class that has the code says what it means.
    meant = next(kind for kind in type(example).__mro__ if "code" in vars(kind))
    return render_page(
        request,
        "problem.html",
        told=tell_problem(example, words_of(request), limits_of(request)),
        meaning=meaning or meant.__doc__ or "",
        example=example,
    )


def name_of(job: Job, words: Words) -> str:
    """Return what the image is called. The name of a deleted one is gone with it."""
    return words.say("job.no_name") if job.status in ERASED else job.filename


def _what_happened(job: Job) -> str:
    """Return the key of the sentence that says what happened, why, and what next."""
    return f"job.{job.status}"


def _name_options(job: JobAnswer, words: Words) -> dict[str, str]:
    """Return the given options by their labels, with their values as the form names them."""
    named = {control.name: control for control in CONTROLS}
    return {
        named[name].label_in(words) if name in named else name: _name_value(named.get(name), value, words)
        for name, value in job.options.items()
    }


def _name_value(control: Control | None, value: object, words: Words) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    known = control is not None and text in CHOICES.get(control.name, {})
    if isinstance(value, bool) and not known:
        return words.say("page.on") if value else words.say("page.off")
    return control.name_choice(text, words) if control is not None and known else text


def _say_place(place: int | None, words: Words) -> str:
    if place is None:
        return ""
    return words.say("job.place", place=place) if place else words.say("job.next")


def _follow(job: JobAnswer, words: Words) -> dict[str, str]:
    """Return what the script of the page needs to follow the job."""
    return {
        "events": job.links.events,
        "page": job.links.page,
        "job": str(job.id),
        "away": words.say("job.away"),
        "back": words.say("job.back"),
        "next": words.say("job.next"),
        "place": words.say("job.place"),
    }
