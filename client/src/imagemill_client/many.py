"""Many files at once: in batches, and what a batch could not take in further attempts."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from imagemill_client import errors
from imagemill_client.core import Order, submit, submit_batch, wait_for_batch, wait_for_job
from imagemill_client.models import Batch, Job, RefusedFile
from imagemill_client.retries import RetryPolicy
from imagemill_client.uploads import Upload
from imagemill_client.wire import Pause, Steps

BATCH_FILES = 100
BATCH_BYTES = 100_000_000
"""As many files, and bytes, go into one batch: it is uploaded again as a whole when its answer is lost."""
LATER = frozenset({429, 503, 507})
"""Statuses of refused files that may be taken later."""

Entries = list[Job | RefusedFile]


@dataclass(frozen=True, slots=True)
class Group:
    """Files that went up together. `batch` is None where the service has none."""

    entries: Entries
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the caller's time ends, if it does."""

    until: float | None

    @classmethod
    def after(cls, timeout: float | None) -> "Deadline":
        """Begin now."""
        return cls(None if timeout is None else time.monotonic() + timeout)

    @property
    def left(self) -> float | None:
        """Seconds that are left, or None without an end."""
        return None if self.until is None else self.until - time.monotonic()

    def limit(self, policy: RetryPolicy) -> RetryPolicy:
        """Return the policy without patience beyond the end."""
        left = self.left
        return policy if left is None else replace(policy, patience=max(0.0, min(policy.patience, left)))


def convert_all(
    policy: RetryPolicy, uploads: Iterable[Upload], order: Order, timeout: float | None
) -> Steps[list[Job | RefusedFile]]:
    """Upload many files and wait until all are over. The answers are in the order of the files."""
    deadline = Deadline.after(timeout)
    groups: list[Group] = []
    for uploaded in _split(uploads):
        group = yield from _submit_group(policy, uploaded, order, deadline)
        groups.append(group)
    over: Entries = []
    for group in groups:
        over += yield from _wait_for_group(policy, group, deadline)
    return over


def _split(uploads: Iterable[Upload]) -> Iterator[list[Upload]]:
    group: list[Upload] = []
    room = BATCH_BYTES
    for upload in uploads:
        if group and (len(group) == BATCH_FILES or upload.size > room):
            yield group
            group, room = [], BATCH_BYTES
        group.append(upload)
        room -= upload.size
    if group:
        yield group


def _submit_group(policy: RetryPolicy, uploads: list[Upload], order: Order, deadline: Deadline) -> Steps[Group]:
    try:
        batch = yield from submit_batch(policy, uploads, order)
    except (errors.NotFound, errors.FileTooLarge):
        # A service of before batches, or one that takes fewer bytes at once: the files go one by one.
        entries = yield from _submit_each(policy, uploads, order, deadline)
        return Group(entries)
    if len(batch.entries) != len(uploads):
        raise errors.UnexpectedAnswer(f"The batch has {len(batch.entries)} entries for {len(uploads)} files.")
    entries = yield from _submit_refused(policy, uploads, replace(order, batch=batch.id), batch, deadline)
    return Group(entries, batch)


def _submit_refused(
    policy: RetryPolicy, uploads: Sequence[Upload], order: Order, batch: Batch, deadline: Deadline
) -> Steps[Entries]:
    """Send again what a limit kept out of the batch, each file as a job that joins it."""
    entries = list(batch.entries)
    refused = [(number, entry) for number, entry in enumerate(entries) if isinstance(entry, RefusedFile)]
    later = {number: entry for number, entry in refused if entry.status in LATER}
    pause = max((entry.retry_after or 0.0 for entry in later.values()), default=0.0)
    if not later or pause > deadline.limit(policy).patience:
        return entries
    if pause:
        yield Pause(pause)
    taken = yield from _submit_each(policy, [uploads[number] for number in later], order, deadline)
    for number, entry in zip(later, taken, strict=True):
        entries[number] = entry
    return entries


def _submit_each(policy: RetryPolicy, uploads: Sequence[Upload], order: Order, deadline: Deadline) -> Steps[Entries]:
    """Submit files one by one. Once one was told "later" beyond patience, the others are not tried."""
    entries: Entries = []
    later: errors.TryLater | None = None
    for upload in uploads:
        if later is not None:
            entries.append(RefusedFile.of(upload.filename, later))
            continue
        try:
            entry: Job | RefusedFile = yield from submit(deadline.limit(policy), upload, order)
        except (errors.TryLater, errors.UnsupportedImage, errors.FileTooLarge) as refused:
            later = refused if isinstance(refused, errors.TryLater) else None
            entry = RefusedFile.of(upload.filename, refused)
        entries.append(entry)
    return entries


def _wait_for_group(policy: RetryPolicy, group: Group, deadline: Deadline) -> Steps[Entries]:
    if group.batch is None:
        over: Entries = []
        for entry in group.entries:
            done = yield from _wait_until_over(policy, entry, deadline.left)
            over.append(done)
        return over
    grown = any(isinstance(entry, Job) and entry not in group.batch.jobs for entry in group.entries)
    # A batch that was over is open again once a job has joined.
    batch = yield from wait_for_batch(policy, group.batch.id if grown else group.batch, deadline.left)
    jobs = {job.id: job for job in batch.jobs}
    return [jobs.get(entry.id, entry) if isinstance(entry, Job) else entry for entry in group.entries]


def _wait_until_over(policy: RetryPolicy, entry: Job | RefusedFile, timeout: float | None) -> Steps[Job | RefusedFile]:
    if isinstance(entry, RefusedFile):
        return entry
    try:
        return (yield from wait_for_job(policy, entry, timeout))
    except errors.JobOver as over:
        return over.job or entry
