"""A job's way in: admitted, read, examined, stored in one transaction, and only then told to Redis."""

from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID, uuid4

import structlog
from anyio import to_thread
from sqlalchemy import Connection

from api.batches import join_batch
from api.callers import Caller
from api.client_limits import ClientLimits
from api.costs import check_cost
from api.errors import ImagemillError, UploadNotFound
from api.forms import FormReader
from api.idempotency import Held, digest_payload, hold_key, read_held
from api.kept_uploads import find_image, store_image
from api.metrics import SUBMITTED
from api.redis_gate import Turn
from api.request_ids import current_traceparent
from api.services import Services
from api.spool import refuse_full_spool
from api.status import job_when_over, recorded_job, until_over
from api.storage import Room
from api.uploads import Order, Upload, receive_order
from api.webhooks import check_webhook_url
from core.idempotency import KeyTaken, Made
from core.jobs import Job
from core.partitions import today
from core.record import NewJob, insert_job
from core.transitions import Status
from core.turns import take_turns

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a client asks for: the form, who sends it, the call's name, and the idempotency key if there is one."""

    form: FormReader
    caller: Caller
    call: str = "form"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that was taken; `replayed` when an earlier request with the same key made it."""

    job: Job
    replayed: bool = False


async def submit(services: Services, turn: Turn, asked: Submission, job_id: UUID | None = None) -> Taken:
    """Take a job. Raises the refusals of admission, the form, the key and the database; then nothing is kept."""
    try:
        with refuse_full_spool():
            async with hold_key(services, asked.caller, asked.key) as held:
                with await admit(services, turn, asked, held) as room:
                    return await _take(services, turn, asked, held, job_id or uuid4(), room)
    except ImagemillError:
        await asked.form.drain()
        raise


async def submit_and_wait(services: Services, turn: Turn, asked: Submission, seconds: float) -> Taken:
    """Take a job, and return it once it is over, or as it is after `seconds`."""
    job_id = uuid4()
    # The watch begins before the job exists, so that no change falls between.
    with services.hub.watch(job_id) as watch:
        taken = await submit(services, turn, asked, job_id)
        if taken.job.id == job_id:
            return Taken(await until_over(services, watch, taken.job, seconds))
    return Taken(await job_when_over(services, turn, taken.job.id, seconds), replayed=True)


def as_first_answered(taken: Taken) -> Taken:
    """Return the job as the answer to its submission showed it, whatever became of it since."""
    return Taken(as_queued(taken.job), taken.replayed)


def as_queued(job: Job) -> Job:
    """Return the job as it was when it was stored."""
    return replace(
        job,
        status=Status.QUEUED,
        rev=1,
        attempts=0,
        source={"format": job.source["format"], "bytes": job.source["bytes"]},
        started_at=None,
        finished_at=None,
        expires_at=None,
        result=None,
        error=None,
        warnings=[],
        webhook_state=None,
        webhook_error=None,
    )


async def admit(services: Services, turn: Turn, asked: Submission, held: Held | None) -> Room:
    """Admit an upload, and return the room that is kept for it. One that asks for what it made before needs none."""
    await services.rate.admit(turn, asked.caller)
    if held is not None and held.made is not None:
        return Room()
    await services.backlog.admit()
    services.lateness.admit()
    services.queue_time.admit(services.backlog.last_count, has_waiting=await services.clients.has_waiting(asked.caller))
    await services.clients.admit(asked.caller)
    return await services.store.reserve(asked.form.expected_bytes)


async def _take(
    services: Services, turn: Turn, asked: Submission, held: Held | None, job_id: UUID, room: Room
) -> Taken:
    async with receive_order(asked.form, services.settings.targets) as order:
        check_webhook_url(order.webhook_url, services.settings)
        check_cost(order.target, order.options, services.settings.job_seconds)
        digest = await to_thread.run_sync(_digest, asked.call, order) if held is not None else b""
        if held is not None and held.made is not None:
            return await _replay(services, held, digest)
        try:
            upload = await find_image(services, asked.caller, order)
            # The pieces of a kept upload are written a second time.
            with await services.store.reserve(upload.size if isinstance(upload.content, UUID) else 0):
                # In a transaction of its own: the owner's row is locked for no longer than this.
                place = await services.database.run(take_turns, asked.caller.owner)
                store = partial(
                    _store, clients=services.clients, upload=upload, caller=asked.caller, held=held, digest=digest
                )
                job = await services.database.run_blob(upload.size, store, job_id=job_id, turn=place)
                room.settle(upload.size)
        except (KeyTaken, UploadNotFound) as lost:
            return await _replay_of_other(services, asked, digest, lost)
    structlog.contextvars.bind_contextvars(job=str(job.id))
    count_taken(services, asked.caller, job, is_kept=isinstance(upload.content, UUID))
    await turn.publish(job, add=job.id)
    shown = {"filename": job.filename} if services.settings.log_filenames else {}
    log.info("submitted", source=upload.source.name, target=upload.target.name, bytes=upload.size, **shown)
    return Taken(job)


def count_taken(services: Services, caller: Caller, job: Job, *, is_kept: bool = False) -> None:
    """Count a job that was stored, until this process counts anew, and remember whose it is.

    The bytes of a kept upload were counted when they came.
    """
    size = 0 if is_kept else job.source["bytes"]
    services.backlog.count_job()
    services.clients.count_upload(caller, size)
    services.owners.put(job.id, caller.owner)
    SUBMITTED.inc()


async def _replay_of_other(
    services: Services, asked: Submission, digest: bytes, lost: KeyTaken | UploadNotFound
) -> Taken:
    """Return the job of another request with the same key, which was first. Raises UploadNotFound when there is none."""
    held = await read_held(services, asked.caller, asked.key) if asked.key is not None else None
    if held is None or (held.made is None and isinstance(lost, UploadNotFound)):
        raise lost
    return await _replay(services, held, digest)


async def _replay(services: Services, held: Held, digest: bytes) -> Taken:
    """Return the job that the key made before. Raises IdempotencyKeyReused, or JobNotFound once its record is gone."""
    held.check_payload(digest)
    job_id = held.made.job_id if held.made is not None else None
    return Taken(await recorded_job(services, job_id or UUID(int=0)), replayed=True)


def _digest(call: str, order: Order) -> bytes:
    fields = [("target_format", order.target.name), *order.options.items(), ("webhook_url", order.webhook_url)]
    if order.batch is not None:
        fields.append(("batch", str(order.batch)))
    if isinstance(order.content, UUID):
        # The id stands for the bytes: they are not the upload's any more once there is a job.
        return digest_payload(call, [*fields, ("upload", str(order.content))], [])
    return digest_payload(call, fields, [(order.filename, order.content.file)])


def _store(
    connection: Connection,
    *,
    clients: ClientLimits,
    upload: Upload,
    caller: Caller,
    job_id: UUID,
    turn: int,
    held: Held | None,
    digest: bytes,
) -> Job:
    if held is not None:
        held.record(connection, Made(digest=digest, job_id=job_id, batch_id=None))
    day = today(connection)
    # The bytes go before the row, because the batch is locked from its next place to the commit.
    store_image(connection, upload, day, job_id)
    new = make_job(upload, caller, job_id, turn)
    if new.batch_id is not None:
        new = replace(new, batch_position=join_batch(connection, caller, new.batch_id))
    job = insert_job(connection, new, day)
    clients.check_waiting(connection, caller)
    return job


def make_job(upload: Upload, caller: Caller, job_id: UUID, turn: int) -> NewJob:
    """Return what the record is to know of an upload."""
    return NewJob(
        id=job_id,
        filename=upload.filename,
        target_format=upload.target.name,
        options=upload.options,
        source={"format": upload.source.name, "bytes": upload.size},
        owner=caller.owner,
        turn=turn,
        batch_id=upload.batch,
        webhook_url=upload.webhook_url or None,
        traceparent=current_traceparent(),
    )
