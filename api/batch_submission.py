"""A batch's way in: admitted, read, every file examined, all stored in one transaction, and only then told to Redis.

A file that cannot be taken becomes an entry with its problem, and the others go on. What is wrong with the form as a
whole refuses all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import structlog
from anyio import to_thread
from sqlalchemy import Connection
from starlette.datastructures import UploadFile

from api.batch_forms import BatchFile
from api.batches import batch_when_over, find_batch_for, until_all_over
from api.callers import Caller
from api.errors import DatabaseAway, ImagemillError, MissingFile, UploadTooLarge
from api.forms import FILE
from api.idempotency import Held, digest_payload, hold_key, read_held
from api.metrics import SUBMITTED
from api.names import clean_name
from api.problems import make_problem
from api.redis_gate import Turn
from api.services import Services
from api.submission import Submission, admit, as_queued, make_job
from api.uploads import TARGET, Upload, drop_blank, once_each, read_options, read_target, sniff_file
from core.batches import Batch, NewBatch, Refused, insert_batch
from core.blobs import store_upload
from core.formats import Format
from core.idempotency import KeyTaken, Made
from core.option_kinds import OptionValue
from core.partitions import today
from core.record import insert_job

log = structlog.get_logger(__name__)


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


@dataclass(frozen=True, slots=True)
class TakenBatch:
    """A batch that was taken; `replayed` when an earlier request with the same key made it."""

    batch: Batch
    replayed: bool = False


async def submit_batch(services: Services, turn: Turn, asked: Submission, batch_id: UUID | None = None) -> TakenBatch:
    """Take a batch. Raises what refuses all of it: admission, the form, the key, the database; then nothing is kept."""
    try:
        async with hold_key(services, asked.caller, asked.key) as held:
            await admit(services, asked.caller, is_known=held is not None and held.made is not None)
            await asked.form.read()
            return await _take(services, turn, asked, held, batch_id or uuid4())
    except ImagemillError:
        await asked.form.drain()
        raise
    finally:
        asked.form.close()


async def submit_batch_and_wait(services: Services, turn: Turn, asked: Submission, seconds: float) -> TakenBatch:
    """Take a batch, and return it once all its jobs are over, or as it is after `seconds`."""
    batch_id = uuid4()
    # The watch begins before the batch exists, so that no change falls between.
    with services.hub.watch(batch_id) as watch:
        taken = await submit_batch(services, turn, asked, batch_id)
        if not taken.replayed:
            return TakenBatch(await until_all_over(services, watch, taken.batch, seconds))
    return TakenBatch(await batch_when_over(services, asked.caller, taken.batch.id, seconds), replayed=True)


def as_first_answered(taken: TakenBatch) -> TakenBatch:
    """Return the batch as the answer to its submission showed it, whatever became of it since."""
    batch = taken.batch
    # What one transaction stored has one time.
    first = [as_queued(job) for job in batch.jobs if job.created_at == batch.created_at]
    return TakenBatch(replace(batch, jobs=tuple(first), webhook_state=None), taken.replayed)


async def _take(services: Services, turn: Turn, asked: Submission, held: Held | None, batch_id: UUID) -> TakenBatch:
    files = drop_blank(asked.form.files())
    wish = _read_wish(services, files, once_each(asked.form.fields()))
    digest = await to_thread.run_sync(_digest, asked.call, wish, files) if held is not None else b""
    if held is not None and held.made is not None:
        return await _replay(services, asked.caller, held, digest)
    found = await _sort_files(services, [file for _, file in files], wish, asked.caller) if wish else Sorted()
    try:
        batch = await services.database.run_blob(store_batch, found, asked.caller, batch_id, held, digest)
    except KeyTaken:
        held = await read_held(services, asked.caller, asked.key or "")
        return await _replay(services, asked.caller, held, digest)
    SUBMITTED.inc(len(batch.jobs))
    await turn.publish_all(batch.jobs, add=True)
    log.info("batch submitted", batch=str(batch.id), jobs=len(batch.jobs), refused=len(batch.refused))
    return TakenBatch(batch)


async def _replay(services: Services, caller: Caller, held: Held, digest: bytes) -> TakenBatch:
    """Return the batch that the key made before. Raises IdempotencyKeyReused, or BatchNotFound once its record is gone."""
    held.check_payload(digest)
    batch_id = held.made.batch_id if held.made is not None else None
    return TakenBatch(await find_batch_for(services, caller, batch_id or UUID(int=0)), replayed=True)


def _digest(call: str, wish: Wish | None, files: Sequence[tuple[str, UploadFile]]) -> bytes:
    fields = [("target_format", wish.target.name), *wish.options.items()] if wish else []
    return digest_payload(call, fields, [(clean_name(file.filename or ""), file.file) for _, file in files])


def store_batch(
    connection: Connection,
    found: Sorted,
    caller: Caller,
    batch_id: UUID,
    held: Held | None = None,
    digest: bytes = b"",
) -> Batch:
    """Store the batch with all its jobs, and the key that made it, in the caller's transaction. Raises KeyTaken."""
    if held is not None:
        held.record(connection, Made(digest=digest, job_id=None, batch_id=batch_id))
    new = NewBatch(id=batch_id, owner=caller.owner, refused=found.refused, jobs=len(found.uploads))
    batch = insert_batch(connection, new)
    day = today(connection)
    jobs = []
    for position, upload in found.uploads:
        job = replace(make_job(upload, caller, uuid4()), batch_id=batch_id, batch_position=position)
        store_upload(connection, day, job.id, upload.file.file, upload.size)
        jobs.append(insert_job(connection, job, day))
    return replace(batch, jobs=tuple(jobs))


def _read_wish(services: Services, files: Sequence[tuple[str, UploadFile]], fields: dict[str, str]) -> Wish | None:
    """Return what the files are to become; None for a form that is empty. Raises what is wrong with all of it."""
    if not files and not any(fields.values()):
        return None
    if not files or any(field != FILE for field, _ in files):
        raise MissingFile(field=FILE)
    target = read_target(fields.pop(TARGET, ""), services.settings.targets)
    return Wish(target, read_options(target, fields))


async def _sort_files(services: Services, files: Sequence[UploadFile], wish: Wish, caller: Caller) -> Sorted:
    """Examine every file. Raises DatabaseAway."""
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
            problem = make_problem(refusal, "").model_dump(mode="json", exclude_none=True)
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
        await admit(services, caller)
    services.backlog.count_job()
    services.store.count_upload(upload.size)
