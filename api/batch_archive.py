"""The results of a batch as one ZIP, made while it is sent: never whole in memory or on disk.

The sizes and checksums of a streamed entry stand behind its bytes. Readers that go through the archive from its beginning
find them only if the compression tells where it ends, which STORED does not (Java's ZipInputStream refuses it so). So
results are DEFLATED at level 0: five bytes more for each 64 KB, and no work to pack images that are packed already.

The manifest comes last, because only then is it known what the archive holds. A result whose bytes went before its turn
is told in it. One whose bytes go in the middle breaks the stream: an archive that ends early has no directory, and the
answer no end, so nobody takes it for whole.
"""

import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime

from starlette.responses import Response, StreamingResponse

from api.archive_names import MANIFEST, ArchiveNames
from api.batch_manifest import Manifest, ManifestEntry, describe_batch, describe_result
from api.dispositions import content_disposition
from api.downloads import Span, read_slice
from api.errors import BatchExpired, BatchNotReady, ResultExpired
from api.problems import make_problem
from api.services import Services
from core.batches import Batch
from core.jobs import Job, ResultFacts
from core.transitions import Status

MEDIA_TYPE = "application/zip"
GONE = (Status.EXPIRED, Status.CANCELED)
STORED_LEVEL, PACKED_LEVEL = 0, 6
REGULAR_FILE = 0o100644 << 16
"""As Unix has it: whoever unpacks it may write it, everybody read."""


async def send_archive(services: Services, batch: Batch, prefix: str, *, partial: bool, head_only: bool) -> Response:
    """Answer with the results as a ZIP; with `partial`, those that are there. Raises BatchNotReady, BatchExpired."""
    _check_ready(batch, partial=partial)
    archive = Archive(services, batch, prefix)
    pieces = archive.stream()
    # The first slice is read before the status is said: where all bytes are gone is a 410.
    first = await anext(pieces)
    if archive.has_lost_all and batch.is_over:
        raise BatchExpired
    headers = {
        "Content-Disposition": content_disposition(f"batch-{str(batch.id)[:8]}.zip"),
        "Accept-Ranges": "none",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    if head_only:
        await pieces.aclose()
        return Response(headers=headers, media_type=MEDIA_TYPE)
    return StreamingResponse(_chain(first, pieces), headers=headers, media_type=MEDIA_TYPE)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _check_ready(batch: Batch, *, partial: bool) -> None:
    if not (batch.is_over or partial):
        left, total = sum(not job.is_over for job in batch.jobs), len(batch.jobs)
        verb = "is" if left == 1 else "are"
        state = f"{left:,} of {total:,} jobs {verb} not over" if total else "There is nothing in this batch yet"
        raise BatchNotReady(state=state)
    states = {job.status for job in batch.jobs}
    if batch.is_over and Status.SUCCEEDED not in states and not states.isdisjoint(GONE):
        raise BatchExpired


class Archive:
    """One answer. What `zipfile` writes is taken away after each slice."""

    def __init__(self, services: Services, batch: Batch, prefix: str) -> None:
        self._services = services
        self._prefix = prefix
        self._batch = batch
        self._sink = Sink()
        self._zip = zipfile.ZipFile(self._sink, "w")
        self._names = ArchiveNames()
        self.has_lost_all = False
        """Whether there were results in the record, and the bytes of none."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the archive piece by piece: every result, the manifest, the directory."""
        manifest = describe_batch(self._batch, self._prefix)
        told = {entry.job: entry for entry in manifest.files if entry.job is not None}
        for job in self._batch.jobs:
            if job.status is Status.SUCCEEDED and job.result is not None:
                async for piece in self._add_result(job, job.result, told[job.id]):
                    yield piece
        had_results = any(job.status is Status.SUCCEEDED for job in self._batch.jobs)
        self.has_lost_all = had_results and not any(entry.result for entry in manifest.files)
        yield self._add_manifest(manifest)
        self._zip.close()
        yield self._sink.take()

    async def _add_result(self, job: Job, result: ResultFacts, entry: ManifestEntry) -> AsyncIterator[bytes]:
        """Yield the entry of one result. The first slice is read before it begins: it has to be there."""
        size = result["bytes"]
        try:
            piece = await read_slice(self._services, job, Span(0, size))
        except ResultExpired as gone:
            entry.problem = make_problem(gone, self._prefix)
            return
        name = self._names.give(result["filename"])
        entry.result = describe_result(result, name)
        info = _Entry(name, job.finished_at or job.changed_at, size, STORED_LEVEL)
        with self._zip.open(info, "w") as file:
            start = 0
            while True:
                file.write(piece)
                yield self._sink.take()
                start += len(piece)
                if start >= size:
                    break
                piece = await read_slice(self._services, job, Span(start, size))
        yield self._sink.take()

    def _add_manifest(self, manifest: Manifest) -> bytes:
        text = manifest.model_dump_json(indent=2).encode()
        self._zip.writestr(_Entry(MANIFEST, datetime.now(UTC), len(text), PACKED_LEVEL), text)
        return self._sink.take()


class Sink:
    """What `zipfile` writes into. It can neither tell nor seek, so entries are written as for a pipe."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        """Do nothing: there is no file."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class _Entry(zipfile.ZipInfo):
    """Describes a file. ZIP knows times without a zone and none before 1980; ours are UTC."""

    def __init__(self, name: str, changed: datetime, size: int, level: int) -> None:
        super().__init__(name, changed.astimezone(UTC).timetuple()[:6])
        self.create_system = 3
        self.external_attr = REGULAR_FILE
        self.compress_type = zipfile.ZIP_DEFLATED
        # Not public before Python 3.13. An entry has the archive's level only if it is made from a name alone.
        self._compresslevel = level
        self.file_size = size
