"""`python -m conformance.skewed HOURS MODULE`: run a program of the service whose clock is that far ahead, or behind.

The clock of the databases and of all other processes stays right. What waits counts on the monotonic clock, as ever.
"""

import datetime as dt
import runpy
import sys
import time
from typing import Self

# What reads or types a datetime of its own is imported before the clock changes.
import psycopg2.extensions
import pydantic
import redis.asyncio
import sqlalchemy.dialects.postgresql
import structlog
from pydantic_core import CoreSchema, core_schema

IMPORTED = (psycopg2.extensions, pydantic, redis.asyncio, sqlalchemy.dialects.postgresql, structlog)


def main() -> None:
    hours, module = sys.argv[1:]
    skew_clock(float(hours) * 3600)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def skew_clock(seconds: float) -> None:
    """Move what this process takes for the time of day. Modules that are imported from now on see nothing else."""
    right, skew = time.time, dt.timedelta(seconds=seconds)

    class Skewed(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Self:
            return super().now(tz) + skew

        @classmethod
        def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
            return core_schema.datetime_schema()

    vars(dt)["datetime"] = Skewed
    vars(time)["time"] = lambda: right() + seconds


if __name__ == "__main__":
    main()
