"""The list of a key's own jobs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text, update

from api.job_list import ListQuery, Place, page_ids, read_cursor, write_cursor
from core.tables import jobs
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.keyed import Holder, holder
from tests.api.live import Live


@pytest.fixture
def keyed(serve: Serve) -> Live:
    return serve(auth="keys")


@pytest.fixture
def ana(keyed: Live) -> Iterator[Holder]:
    with holder(keyed, "ana") as ana:
        yield ana


def pages(ana: Holder, query: str = "") -> list[list[str]]:
    """The ids of all pages, by the links."""
    address, found = f"/v1/jobs{query}", []
    while address:
        answer = ana.http.get(address)
        assert answer.status_code == 200, answer.text
        found.append([job["id"] for job in answer.json()["jobs"]])
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (link is None) is (answer.json()["next"] is None)
        address = link[1] if link else ""
    return found


def test_own_jobs_come_newest_first_page_by_page(keyed: Live, ana: Holder) -> None:
    made = [str(ana.submit()) for _ in range(5)]
    with holder(keyed, "ben") as ben:
        ben.submit()
        newest_first = made[::-1]
        assert pages(ana) == [newest_first]
        assert pages(ana, "?limit=2") == [newest_first[:2], newest_first[2:4], newest_first[4:]]
        assert pages(ana, "?limit=5") == [newest_first]
        assert made[0] not in str(pages(ben))
    shown = ana.http.get("/v1/jobs?limit=1").json()["jobs"][0]
    assert shown == ana.http.get(f"/v1/jobs/{made[-1]}").json()


def test_jobs_of_one_moment_are_neither_lost_nor_twice(ana: Holder, engine: Engine) -> None:
    made = {str(ana.submit()) for _ in range(7)}
    with engine.begin() as connection:
        connection.execute(update(jobs).values(created_at=datetime(2026, 3, 14, tzinfo=UTC)))
    found = pages(ana, "?limit=2")
    assert [len(page) for page in found] == [2, 2, 2, 1]
    assert {job for page in found for job in page} == made


def test_a_new_job_moves_no_page(ana: Holder) -> None:
    made = [str(ana.submit()) for _ in range(4)]
    first = ana.http.get("/v1/jobs?limit=2").json()
    ana.submit()
    second = ana.http.get("/v1/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["id"] for job in second["jobs"]] == [made[1], made[0]]


def test_the_list_is_filtered(keyed: Live, ana: Holder, engine: Engine) -> None:
    waiting, running, batched = ana.submit(), ana.submit(), ana.submit()
    keyed.claim(running)
    batch = uuid4()
    with engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id.in_([batched, running])).values(batch_id=batch))
    assert pages(ana, "?status=processing") == [[str(running)]]
    assert pages(ana, "?status=queued&limit=1") == [[str(batched)], [str(waiting)]]
    assert pages(ana, f"?batch={batch}&limit=1") == [[str(batched)], [str(running)]]
    assert pages(ana, f"?batch={batch}&status=queued") == [[str(batched)]]
    assert pages(ana, "?status=failed") == [[]]
    assert pages(ana, f"?batch={uuid4()}") == [[]]


def test_a_batch_of_somebody_else_is_empty(keyed: Live, ana: Holder, engine: Engine) -> None:
    batch = uuid4()
    with holder(keyed, "ben") as ben:
        job = ben.submit()
        with engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(batch_id=batch))
        assert pages(ben, f"?batch={batch}") == [[str(job)]]
        assert pages(ana, f"?batch={batch}") == [[]]


LIMIT = "limit must be a whole number from 1 to 100, not "
CURSOR = "cursor must be the value of next on the page before, as it is, not "


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=0", f"{LIMIT}'0'."),
        ("limit=101", f"{LIMIT}'101'."),
        ("limit=-1", f"{LIMIT}'-1'."),
        ("limit=ten", f"{LIMIT}'ten'."),
        ("limit=1.5", f"{LIMIT}'1.5'."),
        ("limit=", f"{LIMIT}''."),
        ("limit=٣", f"{LIMIT}'٣'."),
        ("limit=99999999999999999999", f"{LIMIT}'99999999999999999999'."),
        ("limit=1&limit=2", "Give limit once."),
        ("status=done", "status must be one of queued, processing, succeeded, failed, canceled, expired, not 'done'."),
        (
            "status=QUEUED",
            "status must be one of queued, processing, succeeded, failed, canceled, expired, not 'QUEUED'.",
        ),
        ("batch=7", "batch must be the id of a batch, not '7'."),
        ("cursor=abc", f"{CURSOR}'abc'."),
        ("cursor=", f"{CURSOR}''."),
        (f"cursor={'A' * 36}", f"{CURSOR}'{'A' * 36}'."),
        ("cursor=f" + "_" * 31, f"{CURSOR}'f{'_' * 31}'."),
        ("page=2", "The parameters here are status, batch, limit, cursor, and not 'page'."),
        (
            "limit=0&status=x",
            f"status must be one of queued, processing, succeeded, failed, canceled, expired, not 'x'. {LIMIT}'0'.",
        ),
    ],
)
def test_each_wrong_parameter_is_named(ana: Holder, query: str, sentence: str) -> None:
    answer = ana.http.get(f"/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert answer.json()["detail"] == sentence


def test_a_cursor_is_read_as_it_was_written(keyed: Live, ana: Holder) -> None:
    job = keyed.record(ana.submit())
    assert read_cursor(write_cursor(job)) == Place(job.created_at, job.id)


@pytest.mark.parametrize("status", [None, Status.EXPIRED])
@pytest.mark.parametrize("later", [False, True])
def test_a_page_is_searched_in_an_index_alone(engine: Engine, status: Status | None, later: bool) -> None:
    fill_jobs(engine, 4_000)
    after = Place(datetime.now(UTC) - timedelta(minutes=30), uuid4()) if later else None
    plan = plan_of(engine, ListQuery(owner="key:ana", status=status, after=after))
    assert "Index Only Scan" in plan
    assert "Sort" not in plan


def test_a_page_of_a_batch_reads_no_other_jobs(engine: Engine) -> None:
    fill_jobs(engine, 4_000)
    plan = plan_of(engine, ListQuery(owner="key:ana", batch_id=UUID(int=5)))
    assert "Seq Scan" not in plan
    assert "batch" in plan


def plan_of(engine: Engine, query: ListQuery) -> str:
    with engine.connect() as connection:
        statement = page_ids(query, 21).compile(engine, compile_kwargs={"literal_binds": True})
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}").scalars())


def fill_jobs(engine: Engine, count: int) -> None:
    """Jobs of two keys and of addresses, of all states."""
    with engine.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, warnings,
                upload_day, created_at, changed_at, owner, batch_id)
            SELECT gen_random_uuid(), (ARRAY['queued', 'expired', 'canceled'])[1 + n % 3], 1, 0, 0, 'a.png',
                'jpeg', '{}', '{"format": "png", "bytes": 70}', '[]', current_date, now() - n * interval '1 second', now(),
                (ARRAY['key:ana', 'key:ben', 'address:203.0.113.5'])[1 + n / 7 % 3],
                CASE WHEN n % 5 = 0 THEN ('00000000-0000-0000-0000-' || lpad((n % 50)::text, 12, '0'))::uuid END
            FROM generate_series(1, :count) AS n
            """),
            {"count": count},
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE jobs"))


def test_without_keys_the_refusal_names_the_setting(shared: Live) -> None:
    answer = shared.http.get("/v1/jobs")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "IMAGEMILL_AUTH=keys" in answer.json()["detail"]
