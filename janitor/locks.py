"""One lock per sweep, held by its transaction. A janitor without the lock skips the sweep."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from sqlalchemy import Connection, Engine, text


class Sweep(IntEnum):
    """The keys of the advisory locks ("im" and a number)."""

    LEASES = 0x696D_0010
    QUEUE = 0x696D_0011
    EXPIRY = 0x696D_0012
    PARTITIONS = 0x696D_0013
    BATCHES = 0x696D_0014
    UPLOADS = 0x696D_0015
    NAMES = 0x696D_0016


@contextmanager
def lock_sweep(engine: Engine, sweep: Sweep) -> Iterator[Connection | None]:
    """Yield a transaction with the sweep's lock; None when another process holds it."""
    with engine.begin() as connection:
        yield connection if take_lock(connection, sweep) else None


def take_lock(connection: Connection, sweep: Sweep) -> bool:
    """Take the sweep's lock until the end of the transaction; False when another process holds it."""
    locked = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": int(sweep)})
    return bool(locked.scalar_one())
