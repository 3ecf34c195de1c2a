"""Whether the process is alive, whether it can take uploads, and what would stop a job: each part by name."""

from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from starlette.responses import JSONResponse

import core.migrations
from api.errors import DatabaseAway
from api.redis_gate import RedisAway, Turn
from api.services import Services
from core.partitions import has_partitions_for_tomorrow
from core.queue import READER_SECONDS, count_readers
from core.record import is_job_left_waiting
from core.redis_check import try_writing
from core.redis_errors import RedisState
from core.storage import measure_taken, most_for_uploads

OK = "ok"
NO_WORKER = "none"
OPTIONAL = frozenset({"redis", "workers", "storage"})
"""None of them makes the API unready. Without Redis or workers uploads are taken all the same; when the storage is full
they are refused in a sentence of its own, and all else goes on, which it would not in a pod that gets no requests."""

HANDOVER_SECONDS = 5.0
"""A job that waits for less is on its way to a worker."""
NEARLY_FULL = 0.9
"""The share of the limit from which on somebody should look."""


async def check_readiness(services: Services, turn: Turn) -> JSONResponse:
    """Answer 200 when every part is well, else 503. Both name the parts."""
    parts = {**await _database_parts(services), "redis": await _redis_part(turn)}
    if parts.get("workers") == NO_WORKER:
        parts["workers"] = await _waiting_workers(turn)
    ready = all(state == OK for part, state in parts.items() if part not in OPTIONAL)
    answer = {"status": "ready" if ready else "not ready", "auth": services.settings.auth, "parts": parts}
    return JSONResponse(answer, 200 if ready else 503)


async def _database_parts(services: Services) -> dict[str, str]:
    try:
        return {"database": OK, **await services.probes.run(look_at_database, services.settings.max_stored_bytes)}
    except DatabaseAway:
        return {"database": "away"}


async def _redis_part(turn: Turn) -> str:
    try:
        await turn.ask(try_writing)
    except RedisAway as away:
        return away.state if away.state is not RedisState.OK else RedisState.AWAY
    return OK


async def _waiting_workers(turn: Turn) -> str:
    """Look for workers without a job. Redis alone knows them; while it is away, none can be seen."""
    try:
        readers = await turn.ask(lambda client: count_readers(client, READER_SECONDS))
    except RedisAway:
        return NO_WORKER
    return OK if readers else NO_WORKER


def look_at_database(connection: Connection, most_bytes: int) -> dict[str, str]:
    """Return how each part of the database is. `schema` is behind while migrations are to be run: then it stands alone.

    `partitions` are missing when tomorrow has none. `workers` are none when a job waits and none runs. `storage` is
    measured where `most_bytes` is a limit.
    """
    if _is_behind(connection):
        return {"schema": "behind"}
    return {
        "schema": OK,
        "partitions": OK if has_partitions_for_tomorrow(connection) else "missing",
        "workers": NO_WORKER if is_job_left_waiting(connection, HANDOVER_SECONDS) else OK,
        "storage": how_full(measure_taken(connection), most_for_uploads(most_bytes)) if most_bytes else OK,
    }


def how_full(stored: int, most: int) -> str:
    """Return the word for `stored` of at most `most` bytes."""
    if stored >= most:
        return "full"
    return "nearly full" if stored >= NEARLY_FULL * most else OK


def _is_behind(connection: Connection) -> bool:
    """Return whether migrations are to be run. An unknown revision is a newer one: in a rollout old pods stay ready."""
    current = MigrationContext.configure(connection).get_current_revision()
    return current is None or current in _revisions()[1:]


@cache
def _revisions() -> list[str]:
    """Return the revisions of this code's migrations, newest first."""
    scripts = ScriptDirectory(str(Path(core.migrations.__file__).parent))
    return [script.revision for script in scripts.walk_revisions()]
