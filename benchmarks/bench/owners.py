"""What the list of a key's jobs and the limits of a client cost, with a thousand and with a million rows.

python -m benchmarks.bench.owners [ROWS ...]
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from api.client_limits import count_waiting, sum_stored
from api.job_list import ListQuery, Place, find_page, page_ids
from conformance.servers import embedded_postgres
from core.database import make_engine
from core.migrations import upgrade
from core.transitions import Status

ROWS = (1_000, 1_000_000)
TIMES = 300
OWNER = "key:ana"
FILL = text("""
INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, result, result_day, warnings,
    upload_day, created_at, changed_at, stored, owner, batch_id)
SELECT gen_random_uuid(), CASE WHEN n % 10 = 0 THEN 'canceled' ELSE 'succeeded' END, 3, 1, 1, 'photo.png', 'jpeg', '{}',
    '{"format": "png", "bytes": 1000}', '{"bytes": 1000}', current_date, '[]', current_date,
    now() - n * interval '1 second', now(), CASE WHEN n % 10 = 0 THEN 0 ELSE 2000 END,
    CASE WHEN n % 2 = 0 THEN 'key:ana' ELSE 'key:k' || n % 50 END,
    CASE WHEN n % 100 = 0 THEN ('00000000-0000-0000-0000-' || lpad((n / 10000)::text, 12, '0'))::uuid END
FROM generate_series(1, :rows) AS n
""")
"""Half of all jobs are of one key, a tenth of them canceled; every hundredth is in a batch of a hundred."""
WAITING = text("""
INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, warnings, upload_day,
    created_at, changed_at, stored, owner)
SELECT gen_random_uuid(), 'queued', 1, 0, 0, 'photo.png', 'jpeg', '{}', '{"format": "png", "bytes": 1000}', '[]',
    current_date, now(), now(), 1000, 'key:ana'
FROM generate_series(1, 999)
""")


def main() -> None:
    """Print the table."""
    for rows in [int(word.replace("_", "")) for word in sys.argv[1:]] or ROWS:
        with _filled(rows) as engine, engine.connect() as connection:
            for name, query in _queries(rows).items():
                _show(rows, name, connection, partial(find_page, connection, query), _plan(connection, query))
            _show(rows, "count 999 waiting jobs", connection, lambda: count_waiting(connection, OWNER, 1001))
            _show(rows, "sum the stored bytes", connection, lambda: sum_stored(connection, OWNER), times=5)


@contextmanager
def _filled(rows: int) -> Iterator[Engine]:
    with TemporaryDirectory(prefix="imagemill-bench-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres(Path(name), {}) as url:
            engine = make_engine(url, pool=2)
            upgrade(engine)
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(FILL, {"rows": rows})
                connection.execute(WAITING)
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE jobs"))
                connection.execute(text("RESET statement_timeout"))
            yield engine
            engine.dispose()


def _queries(rows: int) -> dict[str, ListQuery]:
    last = Place(datetime.now(UTC) - timedelta(seconds=rows - 15), UUID(int=0))
    return {
        "first page": ListQuery(owner=OWNER),
        "last page": ListQuery(owner=OWNER, after=last),
        "first page, canceled": ListQuery(owner=OWNER, status=Status.CANCELED),
        "last page, canceled": ListQuery(owner=OWNER, status=Status.CANCELED, after=last),
        "no job failed": ListQuery(owner=OWNER, status=Status.FAILED),
        "first page, one batch": ListQuery(owner=OWNER, batch_id=UUID(int=0)),
        "a page of 100": ListQuery(owner=OWNER, limit=100),
    }


def _plan(connection: Connection, query: ListQuery) -> str:
    statement = page_ids(query, query.limit + 1).compile(connection.engine, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(str(statement))
    lines = list(connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}").scalars())
    scan = next(line.strip().removeprefix("->").strip().partition("  (")[0] for line in lines if "Scan" in line)
    pages = next((line.strip() for line in lines if "Buffers:" in line), "")
    return f"{scan}; {pages}"


def _show(
    rows: int, name: str, connection: Connection, work: Callable[[], object], plan: str = "", times: int = TIMES
) -> None:
    for _ in range(min(times, 20)):
        work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    connection.rollback()
    sys.stdout.write(f"{rows:>9,}  {name:26} least {min(took):8.3f} median {statistics.median(took):8.3f} ms  {plan}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
