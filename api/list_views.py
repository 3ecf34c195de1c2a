"""Pages with lists, rendered: a batch, the jobs of a key, and the formats."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.controls import GROUPS, Control, group_title
from api.job_list import JobPage
from api.links import link, prefix_of
from api.modules import BATCH, list_modules
from api.page_data import make_page_data
from api.page_shell import limits_of, render_page, settings_of, words_of
from api.sentences import Told, tell_code, tell_stored
from api.settings import ApiSettings
from api.views import name_of
from api.wording import Words
from core.batch_answers import batch_answer, show_problem
from core.batches import Batch, Refused
from core.formats import FORMATS, Format
from core.job_answers import Result, Source, job_answer
from core.jobs import Job
from core.transitions import Status

_ENDS = (Status.SUCCEEDED, Status.FAILED, "refused", Status.CANCELED, Status.EXPIRED)
"""What becomes of a file, as it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list: a job, or a file that became none."""

    status: str
    name: str
    page: str = ""
    created_at: datetime | None = None
    source: Source | None = None
    result: Result | None = None
    said: Told | None = None
    warnings: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """A format in the table for people."""

    name: str
    title: str
    endings: str
    reads: bool
    writes: bool
    unavailable: bool
    alpha: str
    frames: str
    max_side: int


def batch_page(request: Request, batch: Batch) -> HTMLResponse:
    """Render a batch: a table of its files, which scripts make the list of the form's page."""
    entries = [_describe_entry(request, entry) for entry in batch.entries]
    over = sum(job.is_over for job in batch.jobs) + len(batch.refused)
    return render_page(
        request,
        "batch.html",
        batch=batch_answer(batch, prefix_of(request)),
        rev=batch.rev,
        entries=entries,
        done=over,
        progress=_say_progress(entries, over, words_of(request)),
        is_open=not batch.is_over,
        has_results=any(entry.result for entry in entries),
        can_delete=any(job.status not in {Status.CANCELED, Status.EXPIRED} for job in batch.jobs),
        hours=limits_of(request)["hours"],
        page_data=make_page_data(request, settings_of(request), words_of(request), batch.id),
        modules=list_modules(BATCH),
    )


def jobs_page(request: Request, page: JobPage | None, status: str, *, is_first: bool = True) -> HTMLResponse:
    """Render a page of a key's jobs. None: nobody has jobs of their own here, and the page says why."""
    cursor = page.cursor if page is not None else None
    kept = f"status={status}&" if status else ""
    return render_page(
        request,
        "jobs.html",
        page=None if page is None else [_describe_job(request, job) for job in page.jobs],
        status=status,
        statuses=[state.value for state in Status],
        next_page=link(request, f"/jobs?{kept}cursor={cursor}") if cursor else "",
        is_first=is_first,
    )


def formats_page(request: Request) -> HTMLResponse:
    """Render what is read and written, the options, and the limits."""
    settings, words = settings_of(request), words_of(request)
    return render_page(
        request,
        "formats.html",
        formats=list(_describe_formats(settings)),
        limits=limits_of(request),
        groups=GROUPS,
        group_title=group_title,
        targets=[
            {"name": fmt.name, "title": fmt.title, "options": list(_list_options(fmt, words))}
            for fmt in settings.targets
        ],
    )


def _say_progress(entries: Sequence[Entry], over: int, words: Words) -> str:
    """Say how many files are over, and of all that are what became of them."""
    if over < len(entries) or not entries:
        return words.say("batch.progress", done=over, all=len(entries))
    counts = Counter(entry.status for entry in entries)
    parts = [words.say(f"batch.count.{status}", count=counts[status]) for status in _ENDS if counts[status]]
    return words.say("batch.over", counts=", ".join(parts))


def _describe_entry(request: Request, entry: Job | Refused) -> Entry:
    if isinstance(entry, Job):
        return _describe_job(request, entry)
    problem = show_problem(entry, prefix_of(request))
    return Entry(
        status="refused", name=entry.filename, said=tell_stored(problem, words_of(request), limits_of(request))
    )


def _describe_job(request: Request, job: Job) -> Entry:
    words, limits = words_of(request), limits_of(request)
    shown = job_answer(job, prefix_of(request))
    warned = job.warnings if shown.result is not None else []
    return Entry(
        status=job.status.value,
        name=name_of(job, words),
        page=shown.links.page,
        created_at=job.created_at,
        source=shown.source,
        result=shown.result,
        said=tell_code("failure", dict(job.error), words, limits) if shown.error and job.error else None,
        warnings=tuple(tell_code("warning", warning, words, limits) for warning in warned),
    )


def _describe_formats(settings: ApiSettings) -> Iterator[FormatRow]:
    for fmt in sorted(FORMATS, key=lambda fmt: (not fmt.reads, not fmt.writes)):
        written = fmt in settings.targets
        yield FormatRow(
            name=fmt.name,
            title=fmt.title,
            endings=" ".join(f".{name}" for name in dict.fromkeys((fmt.extension, *fmt.aliases))),
            reads=fmt.reads,
            writes=written,
            unavailable=fmt.writes and not written,
            alpha=fmt.alpha.value,
            frames=fmt.frames.value,
            max_side=fmt.max_side,
        )


def _list_options(fmt: Format, words: Words) -> Iterator[dict[str, str]]:
    controls: Iterator[Control] = (control for controls in GROUPS.values() for control in controls)
    return ({"name": item.name, "label": item.label_in(words)} for item in controls if item.name in fmt.options)
