"""A job's way in: admitted, read, examined, stored in one transaction, and only then told to Redis."""

from dataclasses import replace
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection

from api.batches import join_batch
from api.callers import Caller
from api.errors import ImagemillError
from api.forms import FormReader
from api.metrics import SUBMITTED
from api.redis_gate import Turn
from api.services import Services
from api.uploads import Upload, receive_upload
from core.blobs import store_upload
from core.jobs import Job
from core.partitions import today
from core.record import NewJob, insert_job

log = structlog.get_logger(__name__)


async def submit(services: Services, turn: Turn, form: FormReader, caller: Caller) -> Job:
    """Take a job. Raises the refusals of admission, the form and the database; then nothing is kept."""
    await _admit(services, form, caller)
    async with receive_upload(form, services.settings.targets) as upload:
        job = await services.database.run_blob(_store, upload, caller)
    structlog.contextvars.bind_contextvars(job=str(job.id))
    services.backlog.count_job()
    services.store.count_upload(upload.size)
    SUBMITTED.inc()
    await turn.publish(job, add=job.id)
    log.info("submitted", source=upload.source.name, target=upload.target.name, bytes=upload.size)
    return job


async def _admit(services: Services, form: FormReader, caller: Caller) -> None:
    try:
        await services.rate.admit(caller.owner)
        await services.backlog.admit()
        await services.store.admit()
    except ImagemillError:
        await form.drain()
        raise


def _store(connection: Connection, upload: Upload, caller: Caller) -> Job:
    day = today(connection)
    new = make_job(upload, caller, uuid4())
    # The bytes first: the batch's row is locked from here to the commit.
    store_upload(connection, day, new.id, upload.file.file, upload.size)
    if new.batch_id is not None:
        new = replace(new, batch_position=join_batch(connection, caller, new.batch_id))
    return insert_job(connection, new, day)


def make_job(upload: Upload, caller: Caller, job_id: UUID) -> NewJob:
    """Return what the record is to know of an upload."""
    return NewJob(
        id=job_id,
        filename=upload.filename,
        target_format=upload.target.name,
        options=upload.options,
        source={"format": upload.source.name, "bytes": upload.size},
        owner=caller.owner,
        batch_id=upload.batch,
    )
