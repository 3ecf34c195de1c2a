"""A job's way in: admitted, read, examined, stored in one transaction, and only then told to Redis."""

from uuid import uuid4

import structlog
from sqlalchemy import Connection

from api.callers import Caller
from api.client_limits import check_waiting
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
    await _admit(services, turn, form, caller)
    async with receive_upload(form, services.settings.targets) as upload:
        job = await services.database.run_blob(_store, upload, caller, services.clients.most_waiting)
    structlog.contextvars.bind_contextvars(job=str(job.id))
    services.backlog.count_job()
    services.store.count_upload(upload.size)
    services.clients.count_upload(caller, upload.size)
    services.owners.put(job.id, caller.owner)
    SUBMITTED.inc()
    await turn.publish(job, add=job.id)
    log.info("submitted", source=upload.source.name, target=upload.target.name, bytes=upload.size)
    return job


async def _admit(services: Services, turn: Turn, form: FormReader, caller: Caller) -> None:
    try:
        await services.rate.admit(turn, caller)
        await services.backlog.admit()
        await services.store.admit()
        await services.clients.admit(caller)
    except ImagemillError:
        await form.drain()
        raise


def _store(connection: Connection, upload: Upload, caller: Caller, most_waiting: int) -> Job:
    new = NewJob(
        id=uuid4(),
        filename=upload.filename,
        target_format=upload.target.name,
        options=upload.options,
        source={"format": upload.source.name, "bytes": upload.size},
        owner=caller.owner,
    )
    day = today(connection)
    job = insert_job(connection, new, day)
    store_upload(connection, day, job.id, upload.file.file, upload.size)
    check_waiting(connection, caller, most_waiting)
    return job
