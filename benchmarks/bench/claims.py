"""What a fair claim costs: `python -m benchmarks.bench.claims [ROWS ...]`.

A claim and the end of the job, by the claim of before (the message's own job, by its id) and by the claim of now (the job
whose turn it is), in turn on the same rows; and the insert of a job with and without its turn. Both ways of claiming begin
with 10,000 queued jobs of 100 owners among so many rows. PostgreSQL runs with its default settings, so commits wait for
the disk as they do in production. `CHURN` claims follow while another transaction keeps its snapshot, as a long backup does.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, func, text

from conformance.servers import embedded_postgres
from core.database import make_engine
from core.jobs import SourceFacts
from core.migrations import upgrade
from core.partitions import today
from core.queue import Message
from core.record import NewJob, advance, claim_job, insert_job
from core.transitions import FAIL
from core.turns import claim_next_job, take_turns

QUEUED = 10_000
OWNERS = 100
ROUNDS = 1500
CHURN = 10_000
NOBODY = Message("1-0", uuid4())

FILL = text("""
    INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, error, warnings,
                      upload_day, created_at, changed_at, finished_at, expires_at, owner, turn)
    SELECT gen_random_uuid(), :status, 1, 0, 0, 'photo.jpg', 'webp', '{"quality": 80}',
           '{"format": "jpeg", "bytes": 500000}', '{"code": "internal", "detail": "It broke."}', '[]', current_date,
           now() - interval '1 hour' + n * interval '1 ms', now() - interval '1 hour' + n * interval '1 ms',
           now(), now() + interval '1 day', 'address:10.0.0.' || n % :owners, n / :owners
    FROM generate_series(0, :count - 1) AS n
""")


def main() -> None:
    """Print a row of medians for each number of rows."""
    print("| rows | claim before, ms | claim now, ms | ratio | submit before, ms | with its turn, ms | ratio |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        Path(directory).chmod(0o711)
        with embedded_postgres(Path(directory) / "p") as url:
            engine = make_engine(url, pool=3)
            upgrade(engine)
            for rows in [int(given) for given in sys.argv[1:]] or [1_000, 1_000_000]:
                fill_rows(engine, rows)
                print(f"| {rows:,} | {compare_claims(engine)} | {compare_submits(engine)} |", flush=True)
            print(f"\n{CHURN:,} claims while a snapshot is kept, claim now, ms: {churn_claims(engine)}")
            engine.dispose()


def fill_rows(engine: Engine, rows: int) -> None:
    """Make the table anew: so many rows that are over, and the queued ones."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("TRUNCATE jobs, owners"))
        connection.execute(text("SELECT setval('jobs_clock', 0)"))
        for status, count in (("failed", rows), ("queued", QUEUED)):
            connection.execute(FILL, {"status": status, "count": count, "owners": OWNERS})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE jobs"))
        connection.execute(text("RESET statement_timeout"))


def compare_claims(engine: Engine) -> str:
    ids = iter(list_queued(engine))
    # Each way takes from its own end of the line, so that neither takes the other's jobs.
    return compare_ways(lambda: end_claim(engine, next(ids)), lambda: end_claim(engine, None))


def list_queued(engine: Engine) -> list[UUID]:
    with engine.begin() as connection:
        return list(connection.scalars(text("SELECT id FROM jobs WHERE status = 'queued' ORDER BY turn DESC")))


def end_claim(engine: Engine, job_id: UUID | None) -> None:
    """Claim a job and end it, each in a transaction as a worker does."""
    with engine.begin() as connection:
        if job_id is not None:
            job = claim_job(connection, job_id, worker="bench", lease_seconds=30)
        else:
            job = claim_next_job(connection, NOBODY, worker="bench", lease_seconds=30)
    assert job is not None
    with engine.begin() as connection:
        ended = advance(connection, FAIL, job.id, claim=job.claim, error={"code": "internal"}, finished_at=func.now())
    assert ended is not None


def compare_submits(engine: Engine) -> str:
    return compare_ways(lambda: submit_job(engine, with_turn=False), lambda: submit_job(engine, with_turn=True))


def submit_job(engine: Engine, *, with_turn: bool) -> None:
    turn = 1_000_000
    if with_turn:
        with engine.begin() as connection:
            turn = take_turns(connection, "address:10.0.0.1")
    with engine.begin() as connection:
        insert_job(connection, make_job(turn), today(connection))


def make_job(turn: int) -> NewJob:
    source: SourceFacts = {"format": "jpeg", "bytes": 500_000}
    return NewJob(
        id=uuid4(),
        filename="photo.jpg",
        target_format="webp",
        options={"quality": 80},
        source=source,
        owner="address:10.0.0.1",
        turn=turn,
    )


def compare_ways(before: Callable[[], object], now: Callable[[], object]) -> str:
    """Time both ways in turn, so that other work of the machine falls on both."""
    pairs = [(time_call(before), time_call(now)) for _ in range(ROUNDS)]
    one, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    return f"{one:.2f} | {other:.2f} | {other / one:.2f}"


def churn_claims(engine: Engine) -> str:
    """Claim all that is queued while no dead row can be removed, and return the medians of the tenths."""
    fill_rows(engine, 1000)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as backup:
        keep_snapshot(backup)
        times = [time_call(lambda: end_claim(engine, None)) for _ in range(CHURN)]
    tenth = CHURN // 10
    return ", ".join(f"{statistics.median(times[at : at + tenth]):.2f}" for at in range(0, CHURN, tenth))


def keep_snapshot(connection: Connection) -> None:
    connection.execute(text("SELECT count(*) FROM jobs"))


def time_call(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
