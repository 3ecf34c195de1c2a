"""Idempotency keys: which job or batch a key has made, written in the transaction that makes it.

So a submit whose answer was lost is found again, and the same key never makes two. `scope` is whose keys these are: an
owner's, or those of all clients together.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from core.tables import idempotency

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a key has made, a job or a batch, and the digest of the payload that made it."""

    digest: bytes
    job_id: UUID | None
    batch_id: UUID | None


class KeyTaken(Exception):
    """Another request has used the key meanwhile; the transaction must not be committed."""


def find_made(connection: Connection, scope: str, key: str) -> Made | None:
    """Return what the key has made within its time; None when it is free."""
    statement = select(idempotency.c.digest, idempotency.c.job_id, idempotency.c.batch_id).where(
        idempotency.c.owner == scope, idempotency.c.key == key, idempotency.c.created_at > func.now() - KEPT
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else Made(**{**row, "digest": bytes(row["digest"])})


def record_made(connection: Connection, scope: str, key: str, made: Made) -> None:
    """Write what the key makes. Raises KeyTaken.

    It comes first in its transaction: a second request with the same key then waits here for the first one's commit,
    before it stores an image.
    """
    values = {"digest": made.digest, "job_id": made.job_id, "batch_id": made.batch_id, "created_at": func.now()}
    statement = (
        insert(idempotency)
        .values(owner=scope, key=key, **values)
        .on_conflict_do_update(
            index_elements=[idempotency.c.owner, idempotency.c.key],
            set_=values,
            where=idempotency.c.created_at <= func.now() - KEPT,
        )
        .returning(idempotency.c.key)
    )
    if connection.execute(statement).one_or_none() is None:
        raise KeyTaken


def forget_old_keys(connection: Connection, most: int) -> int:
    """Delete at most so many keys whose time is over, and return how many."""
    old = (
        select(idempotency.c.owner, idempotency.c.key).where(idempotency.c.created_at <= func.now() - KEPT).limit(most)
    )
    where = func.row(idempotency.c.owner, idempotency.c.key).in_(old.with_for_update(skip_locked=True))
    return connection.execute(delete(idempotency).where(where)).rowcount
