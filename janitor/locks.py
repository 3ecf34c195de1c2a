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


@contextmanager
def lock_sweep(engine: Engine, sweep: Sweep) -> Iterator[Connection | None]:
    """Yield a transaction with the sweep's lock; None when another process holds it."""
    with engine.begin() as connection:
        locked = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": int(sweep)}).scalar_one()
        yield connection if locked else None
