"""The line of a job's end in the log: what it was, how it ended, and what it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.jobs import Job, ResultFacts, SourceFacts
from engine.request import Outcome
from worker.metrics import STAGE_SECONDS
from worker.sandbox.usage import Usage

log = structlog.get_logger(__name__)


class RunLog:
    """What is learned of one run of a job while it lasts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.reason = ""

    def observe_wait(self, job: Job) -> None:
        """Note how long the job waited for its worker."""
        if job.started_at is not None:
            self._note("queued", (job.started_at - job.created_at).total_seconds())

    def note_outcome(self, outcome: Outcome) -> None:
        """Keep what the decoder said."""
        self.reason = outcome.reason

    @contextmanager
    def measure_stage(self, name: str) -> Iterator[None]:
        """Measure a stage, however it ends."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._note(name, time.monotonic() - start)

    def write_end(self, ended: Job, usage: Usage, *, with_name: bool) -> None:
        """Write the line of a job that this run has ended."""
        if ended.finished_at is not None:
            self._note("total", (ended.finished_at - ended.created_at).total_seconds())
        name = {"filename": ended.filename} if with_name else {}
        log.info(
            "finished",
            status=ended.status,
            code=ended.error["code"] if ended.error else "",
            reason=self.reason,
            attempts=ended.attempts,
            options=sorted(ended.options),
            source=ended.source["format"],
            source_size=_show_size(ended.source),
            source_bytes=ended.source["bytes"],
            target=ended.target_format,
            result_size=_show_size(ended.result),
            result_bytes=ended.result["bytes"] if ended.result else 0,
            warnings=[warning["code"] for warning in ended.warnings],
            cpu_seconds=round(usage.cpu_seconds, 3),
            peak_bytes=usage.peak_bytes,
            queued_seconds=self._show("queued"),
            fetch_seconds=self._show("fetch"),
            convert_seconds=self._show("convert"),
            store_seconds=self._show("store"),
            total_seconds=self._show("total"),
            **name,
        )

    def _note(self, stage: str, seconds: float) -> None:
        STAGE_SECONDS.labels(stage).observe(seconds)
        self.seconds[stage] = seconds

    def _show(self, stage: str) -> float:
        return round(self.seconds.get(stage, 0.0), 4)


def _show_size(facts: SourceFacts | ResultFacts | None) -> str:
    """Return width, height and frames, empty where nobody has read the header."""
    if facts is None or "width" not in facts:
        return ""
    return f"{facts['width']}x{facts['height']}x{facts['frames']}"
