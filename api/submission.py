"""A job's way in: admitted, read, examined, stored in one transaction, and only then told to Redis."""

from uuid import uuid4

import structlog
from sqlalchemy import Connection

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
from core.turns import take_turns

log = structlog.get_logger(__name__)


async def submit(services: Services, turn: Turn, form: FormReader, caller: Caller) -> Job:
    """Take a job. Raises the refusals of admission, the form and the database; then nothing is kept."""
    await _admit(services, form, caller)
    async with receive_upload(form, services.settings.targets) as upload:
        # In a transaction of its own: the owner's row is locked for no longer than this.
        place = await services.database.run(take_turns, caller.owner)
        job = await services.database.run_blob(_store, upload, caller.owner, place)
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


def _store(connection: Connection, upload: Upload, owner: str, turn: int) -> Job:
    new = NewJob(
        id=uuid4(),
        filename=upload.filename,
        target_format=upload.target.name,
        options=upload.options,
        source={"format": upload.source.name, "bytes": upload.size},
        owner=owner,
        turn=turn,
    )
    day = today(connection)
    job = insert_job(connection, new, day)
    store_upload(connection, day, job.id, upload.file.file, upload.size)
    return job
