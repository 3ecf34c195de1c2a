"""Whose job is next: turns, claims and messages as tokens, on a real PostgreSQL and a real Redis."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from conformance.names import STREAM
from core.jobs import Job
from core.publisher import Publisher
from core.queue import Message, ensure_group, finish_message, read_messages, replace_message
from core.record import advance, claim_job, find_job
from core.redis_client import RedisClient
from core.transitions import FAIL, HAND_BACK, Status
from core.turns import claim_next_job, find_places, take_turns
from janitor.leases import reclaim_jobs
from janitor.queue_sweep import sweep_queue
from janitor.settings import JanitorSettings
from tests.integration.conftest import Submit, send_message, set_columns

MANY = "key:many"
SETTINGS = JanitorSettings(lease_seconds=3, heartbeat_seconds=1)
ANY = Message("1-0", uuid4())
"""A message whose job is gone: a token like any other."""


def take_next(engine: Engine, message: Message = ANY) -> Job | None:
    with engine.begin() as connection:
        return claim_next_job(connection, message, worker="test", lease_seconds=30)


def take_all(engine: Engine, most: int) -> list[str]:
    """The owners of the next jobs, in the order of their claims."""
    found = (take_next(engine) for _ in range(most))
    return [job.owner for job in found if job is not None]


def take_many(engine: Engine, owner: str, count: int) -> int:
    with engine.begin() as connection:
        return take_turns(connection, owner, count)


def read_clock(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(connection.execute(text("SELECT last_value FROM jobs_clock")).scalar_one())


def insert_many(engine: Engine, owner: str, count: int) -> None:
    """Queued jobs of one owner, with the turns that it is given."""
    first = take_many(engine, owner, count)
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source,
                    warnings, upload_day, created_at, changed_at, owner, turn)
                    SELECT gen_random_uuid(), 'queued', 1, 0, 0, 'a', 'png', '{}', '{}', '[]', current_date,
                    clock_timestamp(), clock_timestamp(), :owner, :first + n FROM generate_series(0, :count - 1) AS n"""),
            {"owner": owner, "first": first, "count": count},
        )


def test_another_owners_job_is_next_though_a_thousand_wait(engine: Engine, submit: Submit) -> None:
    insert_many(engine, MANY, 1000)
    take_all(engine, 20)
    late = submit(owner="key:other")
    owners = take_all(engine, 2)
    assert "key:other" in owners
    with engine.begin() as connection:
        job = find_job(connection, late)
    assert job is not None
    assert job.status is Status.PROCESSING


def test_places_are_the_order_of_the_claims(engine: Engine) -> None:
    for owner, count in (("key:a", 12), ("key:b", 5), ("key:c", 8)):
        insert_many(engine, owner, count)
    take_all(engine, 6)
    insert_many(engine, "key:d", 4)
    with engine.begin() as connection:
        ids = connection.scalars(text("SELECT id FROM jobs")).all()
        places = find_places(connection, ids)
        some = find_places(connection, ids[:9])
    assert sorted(places.values(), key=lambda place: place or 0) == list(range(23))
    assert some == {job_id: places[job_id] for job_id in ids[:9] if job_id in places}
    claimed = [job.id for job in (take_next(engine) for _ in range(23)) if job is not None]
    assert claimed == sorted(places, key=lambda job_id: places[job_id] or 0)


def test_beyond_a_thousand_nobody_is_counted(engine: Engine, submit: Submit) -> None:
    gone = submit(owner="key:gone")
    take_all(engine, 1)
    insert_many(engine, MANY, 1001)
    with engine.begin() as connection:
        ids = connection.scalars(text("SELECT id FROM jobs WHERE status = 'queued' ORDER BY turn")).all()
        assert list(find_places(connection, [gone, *ids]).values()) == [None, *range(1001)]
    take_all(engine, 1)
    with engine.begin() as connection:
        assert find_places(connection, [gone, ids[0], ids[-1]]) == {ids[-1]: 999}


def test_three_owners_share_evenly_and_each_in_its_order(engine: Engine) -> None:
    for owner in ("key:a", "key:b", "key:c"):
        insert_many(engine, owner, 40)
    owners = take_all(engine, 90)
    for start in range(0, 90, 3):
        assert set(owners[start : start + 3]) == {"key:a", "key:b", "key:c"}, start
    with engine.begin() as connection:
        started = connection.execute(
            text("SELECT owner, turn FROM jobs WHERE status = 'processing' ORDER BY started_at")
        ).all()
    for owner in set(owners):
        turns = [turn for name, turn in started if name == owner]
        assert turns == sorted(turns)


def test_who_was_away_gets_no_more_than_its_share_for_it(engine: Engine, submit: Submit) -> None:
    submit(owner="key:away")
    assert take_all(engine, 1) == ["key:away"]
    insert_many(engine, MANY, 100)
    take_all(engine, 50)
    insert_many(engine, "key:away", 20)
    assert Counter(take_all(engine, 20)) == {"key:away": 10, MANY: 10}


def test_turns_of_one_owner_differ_and_follow_each_other(engine: Engine) -> None:
    with ThreadPoolExecutor(5) as pool:
        first = sorted(pool.map(lambda count: (take_many(engine, MANY, count), count), [1, 3] * 20))
    assert all(turn + count == after for (turn, count), (after, _) in pairwise(first))


def test_claims_at_once_take_different_jobs_and_wait_for_nobody(engine: Engine, submit: Submit) -> None:
    first, second = submit(), submit()
    with engine.begin() as held, engine.begin() as other:
        one = claim_next_job(held, ANY, worker="one", lease_seconds=30)
        two = claim_next_job(other, ANY, worker="two", lease_seconds=30)
        assert one is not None
        assert two is not None
        assert (one.id, two.id) == (first, second)
    assert take_next(engine) is None


def test_fifty_jobs_and_five_claimers_each_job_once(engine: Engine) -> None:
    insert_many(engine, MANY, 50)
    barrier = threading.Barrier(5)

    def take(_: int) -> list[UUID]:
        barrier.wait(60)
        return [job.id for job in iter(lambda: take_next(engine), None)]

    with ThreadPoolExecutor(5) as pool:
        taken = [job_id for ids in pool.map(take, range(5)) for job_id in ids]
    assert (len(taken), len(set(taken))) == (50, 50)


def test_a_started_job_is_no_message_but_its_own(engine: Engine, submit: Submit) -> None:
    retried = submit(attempts=1)
    assert take_next(engine) is None
    waiting = submit()
    assert take_next(engine, Message("1-0", retried)) is None, "its own message is no token either"
    job = take_next(engine)
    assert job is not None
    assert job.id == waiting


def test_the_clock_follows_the_claims_and_never_goes_back(engine: Engine) -> None:
    insert_many(engine, MANY, 10)
    job = take_next(engine)
    assert job is not None
    take_all(engine, 4)
    assert read_clock(engine) == 4
    with engine.begin() as connection:
        advance(connection, HAND_BACK, job.id, claim=1)
    back = take_next(engine)
    assert back is not None
    assert (back.id, back.claim, read_clock(engine)) == (job.id, 2, 4)


def test_the_row_keeps_the_message_of_its_claim_until_it_ends(engine: Engine, submit: Submit) -> None:
    ids = [submit() for _ in range(2)]
    for _ in ids:
        take_next(engine)
    assert read_messages_of(engine, ids) == ["1-0", "1-0"]
    with engine.begin() as connection:
        advance(connection, FAIL, ids[0], claim=1, error={"code": "internal"})
        advance(connection, HAND_BACK, ids[1], claim=1)
    assert read_messages_of(engine, ids) == [None, None]


def read_messages_of(engine: Engine, ids: list[UUID]) -> list[str | None]:
    with engine.begin() as connection:
        found = {row.id: row.message for row in connection.execute(text("SELECT id, message FROM jobs"))}
    return [found[job_id] for job_id in ids]


def settle(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET changed_at = changed_at - interval '1 minute'"))


def count_open(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(
            connection.execute(text("SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing')")).scalar_one()
        )


def sweep(engine: Engine, client: RedisClient) -> int:
    """Let the janitor mend the queue after a while, and return how many messages it added."""
    settle(engine)
    plan = sweep_queue(engine, client)
    assert plan is not None
    assert client.xlen(STREAM) == count_open(engine)
    return len(plan.adds)


def swap(engine: Engine, client: RedisClient, submit: Submit) -> tuple[UUID, UUID, Job]:
    """Two jobs with their messages; the later one's turn is first, so it is claimed by the message of the other."""
    ensure_group(client)
    take_many(engine, MANY, 5)
    first = submit(owner=MANY)
    second = submit(owner="key:other")
    for job_id in (first, second):
        send_message(client, job_id)
    (message,) = read_messages(client, "worker", 1, 10)
    job = take_next(engine, message)
    assert job is not None
    assert (message.job_id, job.id) == (first, second)
    assert read_messages_of(engine, [second]) == [message.id]
    return first, second, job


def end(engine: Engine, client: RedisClient, job: Job) -> None:
    (message,) = read_messages_of(engine, [job.id])
    with engine.begin() as connection:
        assert advance(connection, FAIL, job.id, claim=job.claim, error={"code": "internal"}) is not None
    assert message is not None
    finish_message(client, message)


def test_swapped_messages_are_all_used_up(engine: Engine, client: RedisClient, submit: Submit) -> None:
    first, _, running = swap(engine, client, submit)
    assert sweep(engine, client) == 0, "the message in use counts the running job, the other one the waiting job"
    end(engine, client, running)
    assert sweep(engine, client) == 0
    (message,) = read_messages(client, "worker", 1, 10)
    job = take_next(engine, message)
    assert job is not None
    assert job.id == first
    end(engine, client, job)
    assert client.xlen(STREAM) == 0


def test_a_worker_that_dies_with_anothers_message_loses_no_job(
    engine: Engine, client: RedisClient, submit: Submit
) -> None:
    first, second, _ = swap(engine, client, submit)
    with engine.begin() as connection:
        set_columns(connection, second, "lease_until = now() - interval '1 second'")
    assert reclaim_jobs(engine, Publisher(client, cache=False), SETTINGS) == 1
    sweep(engine, client)
    found = {message.job_id: message for message in read_messages(client, "other", 10, 10)}
    assert second in found, "a job that was started has a message of its own"
    assert take_next(engine, found[second]) is None
    with engine.begin() as connection:
        retried = claim_job(connection, second, worker="other", lease_seconds=30, message=found[second].id)
    assert retried is not None
    job = take_next(engine)
    assert job is not None
    assert job.id == first


def test_flushall_with_swapped_messages_is_mended(engine: Engine, client: RedisClient, submit: Submit) -> None:
    first, _, running = swap(engine, client, submit)
    client.flushall()
    assert sweep(engine, client) == 2
    for message in read_messages(client, "other", 10, 10):
        job = take_next(engine, message)
        if job is not None:
            assert job.id == first
            waiting = job
    assert sweep(engine, client) == 0, "the message that found no job stands for the running one"
    end(engine, client, running)
    end(engine, client, waiting)


def test_what_an_older_worker_claims_by_its_message_is_mended(
    engine: Engine, client: RedisClient, submit: Submit
) -> None:
    first, second, running = swap(engine, client, submit)
    submit(owner="key:third")
    with engine.begin() as connection:
        old = claim_job(connection, first, worker="older", lease_seconds=30)
    assert old is not None
    assert sweep(engine, client) == 1
    assert read_messages_of(engine, [first]) == [None]
    replace_message(client, read_messages(client, "other", 1, 10)[0].id, second)
    assert client.xlen(STREAM) == count_open(engine)
    end(engine, client, running)
