"""A batch's way in: admitted, read, every file examined, all stored in one transaction, and only then told to Redis.

A file that cannot be taken becomes an entry with its problem, and the others go on. What is wrong with the form as a
whole refuses all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

import structlog
from sqlalchemy import Connection
from starlette.datastructures import UploadFile

from api.batch_forms import BatchFile, BatchForm
from api.callers import Caller
from api.errors import DatabaseAway, ImagemillError, MissingFile, UploadTooLarge
from api.forms import FILE
from api.metrics import SUBMITTED
from api.problems import make_problem
from api.redis_gate import Turn
from api.services import Services
from api.submission import make_job
from api.uploads import TARGET, Upload, clean_name, drop_blank, once_each, read_options, read_target, sniff_file
from core.batches import Batch, NewBatch, Refused, insert_batch, with_jobs
from core.blobs import store_upload
from core.formats import Format
from core.option_kinds import OptionValue
from core.partitions import today
from core.record import insert_job

log = structlog.get_logger(__name__)

Also = Callable[[Connection, Batch], None]
"""What else is written in the transaction of a batch, such as its idempotency key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The files of a form: those that can be stored, each with its place, and the refused ones."""

    uploads: tuple[tuple[int, Upload], ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What all files of a batch are to become."""

    target: Format
    options: dict[str, OptionValue]


async def submit_batch(
    services: Services, turn: Turn, form: BatchForm, caller: Caller, also: Also | None = None
) -> Batch:
    """Take a batch. Raises the refusals of admission, of the form as a whole, and of the database; then nothing is kept."""
    try:
        await _admit(services, caller)
        await form.read()
        found = await _sort_files(services, form, caller)
        batch = await services.database.run_blob(store_batch, found, caller, also)
    except ImagemillError:
        await form.drain()
        raise
    finally:
        form.close()
    SUBMITTED.inc(len(batch.jobs))
    await turn.publish_all(batch.jobs, add=True)
    log.info("batch submitted", batch=str(batch.id), jobs=len(batch.jobs), refused=len(batch.refused))
    return batch


def store_batch(connection: Connection, found: Sorted, caller: Caller, also: Also | None = None) -> Batch:
    """Store the batch with all its jobs, and what `also` writes, in the caller's transaction."""
    new = NewBatch(id=uuid4(), owner=caller.owner, refused=found.refused, jobs=len(found.uploads))
    batch = insert_batch(connection, new)
    day = today(connection)
    jobs = []
    for position, upload in found.uploads:
        job = replace(make_job(upload, caller, uuid4()), batch_id=batch.id, batch_position=position)
        store_upload(connection, day, job.id, upload.file.file, upload.size)
        jobs.append(insert_job(connection, job, day))
    batch = with_jobs(batch, jobs)
    if also is not None:
        also(connection, batch)
    return batch


async def _admit(services: Services, caller: Caller) -> None:
    """Admit one upload. Raises RateLimited, QueueFull, StorageFull, DatabaseAway."""
    await services.rate.admit(caller.owner)
    await services.backlog.admit()
    await services.store.admit()


async def _sort_files(services: Services, form: BatchForm, caller: Caller) -> Sorted:
    """Examine the form. Raises what is wrong with it as a whole."""
    files = drop_blank(form.files())
    fields = once_each(form.fields())
    if not files and not any(fields.values()):
        return Sorted()
    if not files or any(field != FILE for field, _ in files):
        raise MissingFile(field=FILE)
    target = read_target(fields.pop(TARGET, ""), services.settings.targets)
    wish = Wish(target, read_options(target, fields))
    return await _examine_files(services, [file for _, file in files], wish, caller)


async def _examine_files(services: Services, files: Sequence[UploadFile], wish: Wish, caller: Caller) -> Sorted:
    uploads: list[tuple[int, Upload]] = []
    refused: list[Refused] = []
    for position, file in enumerate(files):
        try:
            upload = await _examine_file(services, file, wish)
            # The first one was admitted at the door.
            await _count_upload(services, caller, upload, first=not uploads)
            uploads.append((position, upload))
        except DatabaseAway:
            raise
        except ImagemillError as refusal:
            problem = make_problem(refusal).model_dump(mode="json", exclude_none=True)
            refused.append(Refused(position=position, filename=clean_name(file.filename or ""), problem=problem))
    return Sorted(uploads=tuple(uploads), refused=tuple(refused))


async def _examine_file(services: Services, file: UploadFile, wish: Wish) -> Upload:
    if isinstance(file, BatchFile) and file.is_too_large:
        raise UploadTooLarge(limit=services.settings.max_upload_bytes)
    source = await sniff_file(file)
    return Upload(
        file=file,
        size=file.size or 0,
        filename=clean_name(file.filename or ""),
        source=source,
        target=wish.target,
        options=wish.options,
    )


async def _count_upload(services: Services, caller: Caller, upload: Upload, *, first: bool) -> None:
    """Admit a file and count it at once, so that those after it are held to what is left of every limit."""
    if not first:
        await _admit(services, caller)
    services.backlog.count_job()
    services.store.count_upload(upload.size)
