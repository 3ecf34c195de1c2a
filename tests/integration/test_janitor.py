"""Every sweep of the janitor on a real PostgreSQL and a real Redis."""

from datetime import timedelta
from uuid import UUID, uuid4

from prometheus_client import REGISTRY
from sqlalchemy import Engine, func, text

from conformance.names import GROUP, STREAM, cache_key
from core.liveness import Liveness
from core.partial_uploads import begin_upload
from core.partitions import partition_days, partition_name, today
from core.publisher import Publisher
from core.queue import ensure_group, read_messages, remove_idle_consumers
from core.record import advance, find_job
from core.redis_client import RedisClient, make_redis
from core.status_cache import decode_cached
from core.transitions import CANCEL, FAIL, SUCCEED, Status
from janitor.expiry import expire_jobs
from janitor.gauges import show_finished_jobs, show_open_jobs, show_queue
from janitor.leases import reclaim_jobs
from janitor.locks import Sweep, lock_sweep
from janitor.loop import Janitor
from janitor.queue_sweep import apply_plan, sweep_queue
from janitor.reconcile import Plan
from janitor.settings import JanitorSettings
from janitor.storage import drop_partitions, keep_partitions
from janitor.unfinished import erase_unfinished
from tests.integration.conftest import Submit, claim, send_message, set_columns
from worker.consumer.heartbeat import renew_leases

SETTINGS = JanitorSettings(lease_seconds=3, heartbeat_seconds=1)
LEASE_OVER = "lease_until = now() - interval '1 second'"
LONG_AGO = "changed_at = now() - interval '1 hour'"


def change(engine: Engine, job_id: UUID, assignments: str) -> None:
    with engine.begin() as connection:
        set_columns(connection, job_id, assignments)


def status(engine: Engine, job_id: UUID) -> Status:
    with engine.begin() as connection:
        job = find_job(connection, job_id)
    assert job is not None
    return job.status


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_an_expired_lease_goes_back_to_the_queue_and_is_announced(
    engine: Engine, client: RedisClient, submit: Submit
) -> None:
    over, alive = submit(claimed=True), submit(claimed=True)
    change(engine, over, LEASE_OVER)

    assert reclaim_jobs(engine, Publisher(client, cache=True), SETTINGS) == 1

    assert (status(engine, over), status(engine, alive)) == (Status.QUEUED, Status.PROCESSING)
    cached = client.get(cache_key(over))
    assert decode_cached(str(cached)).status is Status.QUEUED
    assert reclaim_jobs(engine, Publisher(client, cache=True), SETTINGS) == 0


def test_the_last_attempt_is_lost(engine: Engine, client: RedisClient, submit: Submit) -> None:
    job_id = submit(claimed=True, attempts=2)
    change(engine, job_id, LEASE_OVER)
    reclaim_jobs(engine, Publisher(client, cache=True), SETTINGS)
    with engine.begin() as connection:
        job = find_job(connection, job_id)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error["code"], job.attempts) == (Status.FAILED, "worker_lost", 3)
    assert "3 times" in job.error["detail"]
    assert job.expires_at is not None


def test_a_heartbeat_renews_what_is_ours_even_late_and_names_what_is_not(engine: Engine, submit: Submit) -> None:
    ours, late, taken, canceled = (submit(claimed=True) for _ in range(4))
    change(engine, late, LEASE_OVER)
    change(engine, taken, "claim = 2")
    with engine.begin() as connection:
        advance(connection, CANCEL, canceled)
    claims = [(job_id, 1) for job_id in (ours, late, taken, canceled, uuid4())]
    with engine.begin() as connection:
        assert renew_leases(connection, dict(claims), 30) == {taken, canceled, claims[-1][0]}
    with engine.begin() as connection:
        left = connection.execute(text("SELECT count(*) FROM jobs WHERE lease_until > now() + interval '20 s'"))
        assert left.scalar_one() == 3, "ours, late, and the taken one's own"


def test_a_heartbeat_waits_for_no_lock_and_does_not_take_a_locked_row_for_lost(engine: Engine, submit: Submit) -> None:
    job_id = submit(claimed=True)
    with engine.begin() as other, engine.begin() as connection:
        set_columns(other, job_id, "worker = 'busy'")
        assert renew_leases(connection, {job_id: 1}, 30) == set()


def test_a_lost_message_is_put_back_and_what_is_not_ours_goes(
    engine: Engine, client: RedisClient, submit: Submit
) -> None:
    lost = submit()
    change(engine, lost, LONG_AGO)
    client.xadd(STREAM, {"something": "else"})

    plan = sweep_queue(engine, client)

    assert plan is not None
    assert (plan.adds, len(plan.deletes)) == ((lost,), 1)
    (message,) = read_messages(client, "c", 10, 100)
    assert message.job_id == lost
    again = sweep_queue(engine, client)
    assert again is not None
    assert (again.adds, again.deletes, again.surplus) == ((), (), ())


def test_a_finished_jobs_message_is_kept_for_another_and_goes_without_one(
    engine: Engine, client: RedisClient, submit: Submit
) -> None:
    done, waiting = submit(claimed=True), submit()
    change(engine, waiting, LONG_AGO)
    left = send_message(client, done)
    with engine.begin() as connection:
        advance(connection, FAIL, done, claim=1, error={"code": "internal"})
    plan = sweep_queue(engine, client)
    assert plan is not None
    assert (plan.adds, plan.deletes, plan.surplus) == ((), (), ())

    with engine.begin() as connection:
        advance(connection, CANCEL, waiting)
    plan = sweep_queue(engine, client)
    assert plan is not None
    assert (plan.surplus, client.xlen(STREAM)) == ((left,), 0)


def test_thousands_of_surplus_messages_go_but_none_that_was_read(client: RedisClient) -> None:
    ensure_group(client)
    names = [send_message(client, uuid4()) for _ in range(2500)]
    read = [message.id for message in read_messages(client, "c", 10, 100)]
    apply_plan(client, Plan((), (), tuple(names)))
    assert read == names[:10]
    assert [name for name, _ in client.xrange(STREAM) or []] == read
    assert client.xpending(STREAM, GROUP)["pending"] == 10


def test_a_flushed_redis_is_filled_again(engine: Engine, client: RedisClient, submit: Submit) -> None:
    ids = {submit(), submit(claimed=True)}
    for job_id in ids:
        change(engine, job_id, LONG_AGO)
    client.flushall()
    sweep_queue(engine, client)
    assert client.xlen(STREAM) == 2
    assert {message.job_id for message in read_messages(client, "c", 10, 100)} == ids


def test_ten_thousand_messages_are_compared(engine: Engine, client: RedisClient) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, warnings,
                    upload_day, created_at, changed_at)
                    SELECT gen_random_uuid(), 'queued', 1, 0, 0, 'a', 'png', '{}', '{}', '[]', current_date, now(),
                    now() - interval '1 minute' FROM generate_series(1, 10000)""")
        )
    plan = sweep_queue(engine, client)
    assert plan is not None
    assert (len(plan.adds), client.xlen(STREAM)) == (10_000, 10_000)
    again = sweep_queue(engine, client)
    assert again is not None
    assert again.adds == ()


def test_a_second_janitor_leaves_the_sweep_to_the_first(engine: Engine, client: RedisClient, submit: Submit) -> None:
    job_id = submit(claimed=True)
    change(engine, job_id, LEASE_OVER)
    with lock_sweep(engine, Sweep.LEASES), lock_sweep(engine, Sweep.QUEUE), lock_sweep(engine, Sweep.EXPIRY):
        assert reclaim_jobs(engine, Publisher(client, cache=True), SETTINGS) == 0
        assert sweep_queue(engine, client) is None
        assert expire_jobs(engine, Publisher(client, cache=True), SETTINGS) == 0
    with lock_sweep(engine, Sweep.PARTITIONS):
        keep_partitions(engine)
    assert status(engine, job_id) is Status.PROCESSING


def test_idle_consumers_go_but_never_one_with_a_message(client: RedisClient) -> None:
    ensure_group(client)
    send_message(client, uuid4())
    read_messages(client, "busy", 1, 10)
    read_messages(client, "idle", 1, 10)
    client.xgroup_createconsumer(STREAM, GROUP, "idle")
    remove_idle_consumers(client, 3600)
    assert {c["name"] for c in client.xinfo_consumers(STREAM, GROUP)} == {"busy", "idle"}
    remove_idle_consumers(client, 0)
    assert {c["name"] for c in client.xinfo_consumers(STREAM, GROUP)} == {"busy"}


def succeed(engine: Engine, job_id: UUID) -> None:
    with engine.begin() as connection:
        day = today(connection)
        done = advance(
            connection,
            SUCCEED,
            job_id,
            claim=1,
            result={"bytes": 1},
            result_day=day,
            finished_at=func.now(),
            expires_at=func.now() + timedelta(hours=24),
        )
        assert done is not None


def test_results_expire_and_old_records_go(engine: Engine, client: RedisClient, submit: Submit) -> None:
    fresh, old, ancient = (submit(claimed=True) for _ in range(3))
    for job_id in (fresh, old):
        succeed(engine, job_id)
    change(engine, old, "expires_at = now() - interval '1 second'")
    with engine.begin() as connection:
        advance(connection, CANCEL, ancient)
        set_columns(connection, ancient, "changed_at = now() - interval '8 days'")

    assert expire_jobs(engine, Publisher(client, cache=True), SETTINGS) == 1

    assert (status(engine, fresh), status(engine, old)) == (Status.SUCCEEDED, Status.EXPIRED)
    with engine.begin() as connection:
        assert find_job(connection, ancient) is None


def test_owners_not_seen_for_days_are_forgotten(engine: Engine, client: RedisClient, submit: Submit) -> None:
    for owner in ("key:old", "key:new"):
        submit(owner=owner)
    with engine.begin() as connection:
        connection.execute(text("UPDATE owners SET changed_at = now() - interval '4 days' WHERE owner = 'key:old'"))
    expire_jobs(engine, Publisher(client, cache=True), SETTINGS)
    with engine.begin() as connection:
        assert connection.scalars(text("SELECT owner FROM owners")).all() == ["key:new"]


def test_an_old_partition_is_dropped_once_nobody_needs_it(engine: Engine, submit: Submit) -> None:
    with engine.begin() as connection:
        old = today(connection) - timedelta(days=3)
        for table in ("uploads", "results"):
            connection.execute(
                text(
                    f"CREATE TABLE {partition_name(table, old)} PARTITION OF {table} "
                    f"FOR VALUES FROM ('{old}') TO ('{old + timedelta(days=1)}')"
                )
            )
    waiting, done = submit(), submit(claimed=True)
    succeed(engine, done)
    change(engine, waiting, f"upload_day = '{old}'")
    change(engine, done, f"result_day = '{old}'")
    keep_partitions(engine)
    with engine.begin() as connection:
        assert old in partition_days(connection, "uploads"), "a queued job needs its upload"
        assert old in partition_days(connection, "results"), "a result can still be downloaded"

    for job_id in (waiting, done):
        change(engine, job_id, "status = 'canceled'")
    keep_partitions(engine)

    with engine.begin() as connection:
        assert old not in partition_days(connection, "uploads") + partition_days(connection, "results")
        gone = connection.execute(text("SELECT to_regclass(:name)"), {"name": partition_name("uploads", old)})
        assert gone.scalar_one() is None


def test_the_pieces_of_an_upload_stay_until_it_expires(engine: Engine) -> None:
    with engine.begin() as connection:
        old = today(connection) - timedelta(days=3)
        connection.execute(
            text(
                f"CREATE TABLE {partition_name('upload_pieces', old)} PARTITION OF upload_pieces "
                f"FOR VALUES FROM ('{old}') TO ('{old + timedelta(days=1)}')"
            )
        )
        begin_upload(connection, uuid4(), owner="key:a", length=5, metadata="", kept=timedelta(hours=1))
        connection.execute(text("UPDATE partial_uploads SET day = :day"), {"day": old})
    keep_partitions(engine)
    with engine.begin() as connection:
        assert old in partition_days(connection, "upload_pieces")
        connection.execute(text("UPDATE partial_uploads SET expires_at = now() - interval '1 second'"))
    keep_partitions(engine)
    with engine.begin() as connection:
        assert old not in partition_days(connection, "upload_pieces")
    assert erase_unfinished(engine) == 0, "an upload without bytes is only forgotten, a day later"


def test_a_partition_that_was_detached_but_not_dropped_is_dropped_later(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE uploads_20200101 (LIKE uploads)"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert drop_partitions(connection) == ["uploads_20200101"]


def test_the_gauges_show_jobs_and_queue(engine: Engine, client: RedisClient, submit: Submit) -> None:
    submit()
    waiting, failed = submit(), submit(claimed=True)
    change(engine, waiting, "created_at = now() - interval '100 seconds'")
    with engine.begin() as connection:
        advance(connection, FAIL, failed, claim=1, error={"code": "internal"})
        claim(connection, submit())
    send_message(client, waiting)
    show_open_jobs(engine)
    show_finished_jobs(engine)
    show_queue(client)
    shown = {name: sample("imagemill_jobs", status=name) for name in ("queued", "processing", "failed", "succeeded")}
    assert shown == {"queued": 2, "processing": 1, "failed": 1, "succeeded": 0}
    assert sample("imagemill_queue_messages") == 1
    assert sample("imagemill_queue_oldest_seconds") >= 100


def test_a_sweep_that_fails_keeps_no_other_from_running(engine: Engine, submit: Submit) -> None:
    job_id = submit(claimed=True)
    change(engine, job_id, "expires_at = now()")
    succeed(engine, job_id)
    change(engine, job_id, "expires_at = now() - interval '1 second'")
    before = sample("imagemill_janitor_sweep_failures_total", sweep="queue")
    with make_redis("redis://127.0.0.1:1/0") as dead:
        janitor = Janitor(engine, dead, SETTINGS, Liveness({"loop": 60}))
        janitor.run_due()
    assert sample("imagemill_janitor_sweep_failures_total", sweep="queue") == before + 1
    assert status(engine, job_id) is Status.EXPIRED


def test_after_an_outage_of_the_database_no_lease_is_taken_at_once(client: RedisClient) -> None:
    from core.database import make_engine

    away = make_engine("postgresql://nobody@127.0.0.1:1/none", pool=2)
    janitor = Janitor(away, client, SETTINGS, Liveness({"loop": 60}))
    janitor._guard._since -= 1000
    assert janitor._guard.can_trust_leases()
    janitor.run_due()
    assert not janitor._guard.can_trust_leases()
