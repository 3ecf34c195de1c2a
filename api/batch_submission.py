"""A batch's way in: admitted, read, every file examined, all stored in one transaction, and only then told to Redis.

A file that cannot be taken becomes an entry with its problem, and the others go on. What is wrong with the form as a
whole refuses all of it.
"""

from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID, uuid4

import structlog
from anyio import to_thread
from sqlalchemy import Connection

from api.batch_files import Asked, Sorted, Wish, sort_files
from api.batches import batch_when_over, find_batch_for, until_all_over
from api.callers import Caller
from api.client_limits import ClientLimits
from api.costs import check_cost
from api.errors import ImagemillError, MissingFile
from api.forms import FILE, FormReader
from api.idempotency import Held, digest_payload, hold_key, read_held
from api.kept_uploads import store_image
from api.names import clean_name
from api.redis_gate import Turn
from api.request_ids import current_traceparent
from api.services import Services
from api.spool import refuse_full_spool
from api.storage import Room
from api.submission import Submission, admit, as_queued, count_taken, make_job
from api.uploads import TARGET, WEBHOOK_URL, drop_blank, once_each, read_options, read_target
from api.webhooks import check_webhook_url
from core.batches import Batch, NewBatch, insert_batch
from core.idempotency import KeyTaken, Made
from core.outbox import note_batches
from core.partitions import today
from core.record import insert_job
from core.turns import take_turns

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TakenBatch:
    """A batch that was taken; `replayed` when an earlier request with the same key made it."""

    batch: Batch
    replayed: bool = False


async def submit_batch(services: Services, turn: Turn, asked: Submission, batch_id: UUID | None = None) -> TakenBatch:
    """Take a batch. Raises what refuses all of it: admission, the form, the key, the database; then nothing is kept."""
    try:
        with refuse_full_spool():
            async with hold_key(services, asked.caller, asked.key) as held:
                with await admit(services, turn, asked, held) as room:
                    await asked.form.read()
                    return await _take(services, turn, asked, held, batch_id or uuid4(), room)
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
    return TakenBatch(replace(batch, jobs=tuple(first), webhook_state=None, webhook_error=None), taken.replayed)


async def _take(
    services: Services, turn: Turn, asked: Submission, held: Held | None, batch_id: UUID, room: Room
) -> TakenBatch:
    form = _read_form(services, asked.form)
    digest = await to_thread.run_sync(_digest, asked.call, form) if held is not None else b""
    if held is not None and held.made is not None:
        return await _replay(services, asked.caller, held, digest)
    found = await sort_files(services, turn, form, asked.caller)
    # In a transaction of its own: the owner's row is locked for no longer than this.
    first = await services.database.run(take_turns, asked.caller.owner, max(1, len(found.uploads)))
    store = partial(store_batch, clients=services.clients, found=found, caller=asked.caller, held=held, digest=digest)
    try:
        size = sum(upload.size for _, upload in found.uploads)
        batch = await services.database.run_blob(size, store, batch_id=batch_id, first_turn=first)
    except KeyTaken:
        held = await read_held(services, asked.caller, asked.key or "")
        return await _replay(services, asked.caller, held, digest)
    room.settle(sum(upload.size for _, upload in found.uploads))
    for job in batch.jobs:
        count_taken(services, asked.caller, job)
    await turn.publish_all(batch.jobs, add=True)
    log.info("batch submitted", batch=str(batch.id), jobs=len(batch.jobs), refused=len(batch.refused))
    return TakenBatch(batch)


async def _replay(services: Services, caller: Caller, held: Held, digest: bytes) -> TakenBatch:
    """Return the batch that the key made before. Raises IdempotencyKeyReused, or BatchNotFound once its record is gone."""
    held.check_payload(digest)
    batch_id = held.made.batch_id if held.made is not None else None
    return TakenBatch(await find_batch_for(services, caller, batch_id or UUID(int=0)), replayed=True)


def _read_form(services: Services, form: FormReader) -> Asked:
    """Read what the form says. Raises what is wrong with it as a whole."""
    files = drop_blank(form.files())
    fields = once_each(form.fields())
    webhook_url = check_webhook_url(fields.pop(WEBHOOK_URL, "").strip(), services.settings)
    if not files and not any(fields.values()):
        return Asked(files=(), wish=None, webhook_url=webhook_url)
    if not files or any(field != FILE for field, _ in files):
        raise MissingFile(field=FILE)
    target = read_target(fields.pop(TARGET, ""), services.settings.targets)
    wish = Wish(target, read_options(target, fields))
    check_cost(target, wish.options, services.settings.job_seconds)
    return Asked(files=tuple(file for _, file in files), wish=wish, webhook_url=webhook_url)


def _digest(call: str, form: Asked) -> bytes:
    fields: list[tuple[str, object]] = [("webhook_url", form.webhook_url)]
    if form.wish is not None:
        fields += [(TARGET, form.wish.target.name), *form.wish.options.items()]
    return digest_payload(call, fields, [(clean_name(file.filename or ""), file.file) for file in form.files])


def store_batch(
    connection: Connection,
    *,
    clients: ClientLimits,
    found: Sorted,
    caller: Caller,
    batch_id: UUID,
    first_turn: int,
    held: Held | None,
    digest: bytes,
) -> Batch:
    """Store the batch with all its jobs, and the key that made it, in one transaction. Raises KeyTaken, TooManyWaiting."""
    if held is not None:
        held.record(connection, Made(digest=digest, job_id=None, batch_id=batch_id))
    new = NewBatch(
        id=batch_id,
        owner=caller.owner,
        refused=found.refused,
        jobs=len(found.uploads),
        webhook_url=found.webhook_url,
        traceparent=current_traceparent(),
    )
    batch = insert_batch(connection, new)
    day = today(connection)
    jobs = []
    for turn, (position, upload) in enumerate(found.uploads, first_turn):
        job = replace(make_job(upload, caller, uuid4(), turn), batch_id=batch_id, batch_position=position)
        store_image(connection, upload, day, job.id)
        jobs.append(insert_job(connection, job, day))
    clients.check_waiting(connection, caller)
    batch = replace(batch, jobs=tuple(jobs))
    if batch.is_over:
        # No job will end it.
        note_batches(connection, {batch_id})
    return batch
