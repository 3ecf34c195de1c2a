"""Files to results, several at a time, each step remembered in the ledger."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from imagemill_client.async_client import AsyncClient
from imagemill_client.command.ledger import Entry, Ledger
from imagemill_client.command.plans import Task
from imagemill_client.command.screen import Outcome, Screen, Stage, count_files, explain
from imagemill_client.errors import (
    ImagemillError,
    JobCanceled,
    JobExpired,
    JobOver,
    KeyRefused,
    NotFound,
    Refused,
    ServiceUnavailable,
    TryLater,
)
from imagemill_client.files import exists_already
from imagemill_client.models import Job
from imagemill_client.uploads import Upload

STOPPING = (KeyRefused, ServiceUnavailable)
"""Errors that every other file would have too."""
UNSETTLED = (*STOPPING, TryLater)
"""Errors after which the same attempt can go on."""


@dataclass(slots=True)
class Converter:
    """Converts files by one client, one ledger and one set of options."""

    client: AsyncClient
    ledger: Ledger
    url: str
    to: str
    options: Mapping[str, Any]
    overwrite: bool
    delete: bool
    screen: Screen
    outcomes: list[Outcome] = field(default_factory=list)
    begun: int = 0

    async def convert(self, task: Task) -> Outcome:
        """Convert one file. Whatever goes wrong with it is in the outcome."""
        self.begun += 1
        try:
            outcome = Outcome(task, await self._convert_once(task))
        except (ImagemillError, OSError) as error:
            outcome = Outcome(task, error=error)
        self.outcomes.append(outcome)
        self.screen.finish(outcome)
        return outcome

    async def convert_all(self, tasks: Iterable[Task], jobs: int) -> None:
        """Convert files, so many at a time. It ends early when no other could succeed."""
        left = list(reversed(list(tasks)))

        async def work() -> None:
            while left:
                outcome = await self.convert(left.pop())
                if isinstance(outcome.error, STOPPING):
                    left.clear()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(jobs, len(left))):
                group.create_task(work())

    def describe_rest(self, total: int) -> list[str]:
        """Return the lines at the end: warnings, failures, and a sum of all files."""
        lines = [
            f"warning: {outcome.task.source.name}: {warning.detail} ({warning.code})"
            for outcome in self.outcomes
            if outcome.job
            for warning in outcome.job.warnings
        ]
        lines += [f"failed: {outcome.line}" for outcome in self.outcomes if outcome.error and not outcome.is_for_all]
        lines += dict.fromkeys(f"failed: {explain(outcome.error)}" for outcome in self.outcomes if outcome.is_for_all)
        return [*lines, f"{count_files(total)}: {', '.join(self._count(total))}."]

    def _count(self, total: int) -> list[str]:
        counts = Counter(outcome.status for outcome in self.outcomes)
        on_way = self.begun - len(self.outcomes)
        told = [f"{counts[status]} {status}" for status in ("converted", "unchanged", "failed") if counts[status]]
        told += [f"{on_way} on {'its' if on_way == 1 else 'their'} way"] if on_way else []
        return [*told, f"{total - self.begun} not tried"] if total > self.begun else told

    async def _convert_once(self, task: Task) -> Job | None:
        entry = self.ledger.begin(task, self.url, self.to, self.options)
        if entry.is_done(task.target):
            return None
        if entry.made is not None:
            # It was made once and is gone or changed since: that is a new conversion.
            entry = self._begin_anew(entry, task)
        if task.target.exists() and not self.overwrite:
            self.ledger.forget(entry)
            raise exists_already(task.target)
        try:
            job = await self._finish_job(entry, task)
        except (Refused, JobOver) as error:
            if not isinstance(error, UNSETTLED):
                self.ledger.forget(entry)
            raise
        await self._download(job, task)
        self.ledger.mark_done(entry, task.target)
        if self.delete:
            with suppress(ImagemillError):
                # The result is here; what cannot be deleted expires by itself.
                await self.client.delete(job)
        return job

    async def _finish_job(self, entry: Entry, task: Task) -> Job:
        try:
            job = await self._resume_or_submit(entry, task)
            self.screen.move(task, Stage.CONVERTING)
            return await self.client.wait(job)
        except (JobExpired, JobCanceled, NotFound):
            if entry.is_new:
                raise
        # The job that an earlier run made, or whose answer it lost, is of no use any more.
        return await self._finish_job(self._begin_anew(entry, task), task)

    async def _resume_or_submit(self, entry: Entry, task: Task) -> Job | str:
        if entry.job is not None:
            return entry.job
        upload = Upload.of(task.source)
        size = upload.size
        upload = upload.watched(lambda sent: self.screen.move(task, Stage.UPLOADING, sent, size))
        key = entry.key
        job = await self.client.submit(upload, to=self.to, idempotency_key=key, more=self.options)
        self.ledger.mark_submitted(entry, job.id)
        return job

    async def _download(self, job: Job, task: Task) -> None:
        size = job.result.bytes if job.result else None
        task.target.parent.mkdir(parents=True, exist_ok=True)
        await self.client.download(
            job,
            task.target,
            overwrite=self.overwrite,
            progress=lambda got: self.screen.move(task, Stage.DOWNLOADING, got, size),
        )

    def _begin_anew(self, entry: Entry, task: Task) -> Entry:
        self.ledger.forget(entry)
        return self.ledger.begin(task, self.url, self.to, self.options)
