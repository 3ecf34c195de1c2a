"""Logs: one line an event, text on a terminal, JSON elsewhere; the job's id is bound if one is at hand."""

import logging
import sys

import structlog
from structlog.typing import Processor

from core.jobs import Job
from core.log_folding import LineFolder


def configure_logs(level: str, style: str, *, folded: bool = False) -> None:
    """Send our logs and the libraries' to stderr in one shape; `style` is auto, json or text.

    With `folded`, warnings of one kind are counted and not repeated: for a program that strangers reach.
    """
    text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        # First, so that an event below the level costs next to nothing.
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    if folded:
        handler.addFilter(LineFolder())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(text=text))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)


def name_job(job: Job) -> dict[str, str]:
    """Return what a line about this job has, beside what it says."""
    trace = {} if job.traceparent is None else {"traceparent": job.traceparent}
    return {"job": str(job.id), **trace}


def _rendering(*, text: bool) -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if text:
        return [drop_meta, structlog.dev.ConsoleRenderer()]
    return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
