"""Say that a batch is over: its jobs left notes as they ended, and here the whole batch is looked at.

Notes and jobs are read in one snapshot. A note is seen if and only if the end of its job is: so the last one that ends
always finds the batch over, and no two looks find it over for the same end.
"""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, RowMapping, delete, exists, func, insert, select, update

from core.batch_answers import batch_answer
from core.batches import find_batch
from core.json_types import Json
from core.outbox import BATCH_OVER, describe_message
from core.tables import batch_ends, batches, jobs, webhooks
from core.transitions import OPEN
from janitor.locks import Sweep, take_lock

MOST = 100
"""Batches in one transaction."""


def tell_batches(engine: Engine) -> int:
    """Write the messages of the batches that are over; return how many. Another janitor at the same work is let be.

    Raises OperationalError when another transaction was faster; then the notes are still there.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        if not take_lock(connection, Sweep.BATCHES):
            return 0
        notes = connection.execute(select(batch_ends.c.id, batch_ends.c.batch_id).limit(MOST * MOST)).all()
        if not notes:
            return 0
        over = [batch for batch_id in {note.batch_id for note in notes} if (batch := _find_over(connection, batch_id))]
        for batch in over:
            _write_message(connection, batch)
        connection.execute(delete(batch_ends).where(batch_ends.c.id.in_([note.id for note in notes])))
    return len(over)


def _find_over(connection: Connection, batch_id: UUID) -> RowMapping | None:
    """Return the batch when none of its jobs is open any more."""
    is_open = exists().where(jobs.c.batch_id == batches.c.id, jobs.c.status.in_(sorted(OPEN)))
    return connection.execute(select(batches).where(batches.c.id == batch_id, ~is_open)).mappings().one_or_none()


def _write_message(connection: Connection, batch: RowMapping) -> None:
    now = connection.execute(select(func.now())).scalar_one()
    body: Json = {
        "type": BATCH_OVER,
        "timestamp": TypeAdapter(datetime).dump_python(now, mode="json"),
        "data": show_batch(connection, batch["id"]),
    }
    described = describe_message(
        kind=BATCH_OVER,
        url=batch["webhook_url"],
        owner=batch["owner"],
        body=body,
        traceparent=batch["traceparent"],
    )
    connection.execute(insert(webhooks).values({**described, "batch_id": batch["id"]}))
    values = {"webhook_state": "pending", "webhook_error": None}
    connection.execute(update(batches).where(batches.c.id == batch["id"]).values(values))


def show_batch(connection: Connection, batch_id: UUID) -> Json:
    """Return the batch as the API shows it."""
    batch = find_batch(connection, batch_id)
    return None if batch is None else batch_answer(batch, "").model_dump(mode="json")
