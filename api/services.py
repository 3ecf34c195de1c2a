"""What requests share: one of each a process, made when the application starts."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Engine

from api.admission import Backlog
from api.bounds import Bound
from api.client_limits import ClientLimits
from api.database import Database
from api.hub import Hub
from api.job_owners import JobOwners
from api.key_ring import KeyRing
from api.load import Lateness, QueueTime, Throughput
from api.patience import renew_patience
from api.places import PlaceBoard
from api.rate_guard import RateGuard
from api.redis_gate import RedisGate
from api.settings import ApiSettings
from api.static_keys import read_static_keys
from api.storage import Store
from api.taking import Taking
from core.database import make_engine
from core.jobs import Job
from core.record import find_job
from core.redis_client import make_async_redis
from core.transitions import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ways to the databases, and what watches over them. `probes` is a way of its own, so that a busy API is no dead one."""

    settings: ApiSettings
    database: Database
    probes: Database
    redis: RedisGate
    hub: Hub
    places: PlaceBoard
    backlog: Backlog
    store: Store
    rate: RateGuard
    clients: ClientLimits
    keys: KeyRing
    owners: JobOwners
    taking: Taking
    transfers: Bound
    waiters: Bound
    lateness: Lateness
    queue_time: QueueTime


@asynccontextmanager
async def running_services(settings: ApiSettings) -> AsyncIterator[Services]:
    """Make all of them, and close them at the end. The start waits for no database."""
    engine = make_engine(settings.database_url, pool=settings.threads)
    probe_engine = make_engine(settings.database_url, pool=1)
    client = make_async_redis(settings.redis_url, prefix=settings.redis_prefix)
    database = Database(engine, threads=settings.threads)
    probes = Database(probe_engine, threads=1)
    backlog = Backlog(database, settings.max_queued)
    throughput, lateness = Throughput(), Lateness(database.wait_for_thread)
    hub = Hub(client, partial(_look_again, database), note_change=partial(_note_change, backlog, throughput))
    places = PlaceBoard(database)
    gate = RedisGate(client, cache=settings.status_cache)
    taking = Taking(gate)
    store = Store(database, gate, settings.max_stored_bytes)
    tasks = _start_tasks(hub.listen(), places.watch(), taking.keep(), store.keep(), lateness.watch())
    try:
        yield Services(
            settings=settings,
            database=database,
            probes=probes,
            redis=gate,
            hub=hub,
            places=places,
            backlog=backlog,
            store=store,
            rate=RateGuard(settings.rate_limit),
            clients=_make_client_limits(database, settings),
            keys=KeyRing(database, read_static_keys(settings.keys)),
            owners=JobOwners(),
            taking=taking,
            transfers=Bound("transfers", "uploads and downloads", settings.max_transfers),
            waiters=Bound("waiters", "waiting requests", settings.max_waiters),
            lateness=lateness,
            queue_time=QueueTime(throughput, settings.max_queue_seconds),
        )
    finally:
        await _end_tasks(tasks)
        await taking.close()
        await client.aclose()
        _close_databases({database: engine, probes: probe_engine})


def _note_change(backlog: Backlog, throughput: Throughput, job: Job) -> None:
    """Keep the figures of the queue between two counts."""
    if job.status is Status.PROCESSING:
        backlog.count_start()
    elif job.status in {Status.SUCCEEDED, Status.FAILED}:
        throughput.note_end()


def _make_client_limits(database: Database, settings: ApiSettings) -> ClientLimits:
    return ClientLimits(
        database, most_waiting=settings.max_waiting_per_client, most_bytes=settings.max_stored_per_client_bytes
    )


def _close_databases(databases: Mapping[Database, Engine]) -> None:
    for database, engine in databases.items():
        database.close()
        engine.dispose()


def _start_tasks(*works: Coroutine[None, None, None]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(work) for work in works]


async def _end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _look_again(database: Database, job_id: UUID) -> Job | None:
    """Read a job for somebody who waits for it on purpose."""
    renew_patience()
    return await database.run(find_job, job_id)
