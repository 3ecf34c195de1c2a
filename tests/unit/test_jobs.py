import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from core.jobs import Job
from core.status_cache import OPEN_TTL_MS, OVER_TTL_MS, decode_cached, decode_job, encode_job, ttl_ms
from core.transitions import OPEN, TERMINAL, TRANSITIONS, Status
from tests.model.rows import Row, take

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


def job(status: Status = Status.SUCCEEDED, **values: object) -> Job:
    fields: dict[str, object] = {
        "id": uuid4(),
        "status": status,
        "rev": 3,
        "claim": 1,
        "attempts": 1,
        "filename": 'Grüße "1".png',
        "target_format": "jpeg",
        "options": {"quality": 80},
        "source": {"format": "png", "bytes": 10},
        "upload_day": date(2026, 11, 24),
        "created_at": NOW,
        "changed_at": NOW,
        "warnings": [{"code": "alpha_flattened", "detail": "…"}],
        **values,
    }
    return Job(**fields)  # type: ignore[arg-type]


def test_a_job_survives_the_cache_unchanged() -> None:
    one = job(result={"bytes": 5}, result_day=date(2026, 11, 24), finished_at=NOW, expires_at=NOW, started_at=NOW)
    assert decode_job(encode_job(one)) == one
    assert decode_cached(f"{one.rev} {encode_job(one)}") == one


def test_a_name_that_this_version_does_not_know_is_passed_over() -> None:
    one = job()
    assert Job.from_json({**json.loads(encode_job(one)), "from_a_newer_version": 1}) == one


@pytest.mark.parametrize("body", ["", "{}", "[]", "nonsense", '{"id": 5}'])
def test_a_broken_entry_is_an_error_that_callers_expect(body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        decode_job(body)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_state_is_cached_for_a_short_time(status: Status) -> None:
    assert ttl_ms(job(status), NOW) == OPEN_TTL_MS
    assert not job(status).over


def test_a_final_state_is_never_cached_past_its_expiry() -> None:
    assert ttl_ms(job(expires_at=NOW + timedelta(hours=1)), NOW) == OVER_TTL_MS
    assert ttl_ms(job(expires_at=NOW + timedelta(seconds=7)), NOW) == 7000
    assert ttl_ms(job(expires_at=NOW - timedelta(seconds=7)), NOW) < 0
    assert ttl_ms(job(Status.EXPIRED, expires_at=NOW - timedelta(seconds=7)), NOW) == OVER_TTL_MS
    assert ttl_ms(job(Status.CANCELED), NOW) == OVER_TTL_MS


def test_no_transition_leaves_a_terminal_state_but_to_expire() -> None:
    for step in TRANSITIONS:
        for status in TERMINAL:
            after = take(step, Row(status, claim=1, attempts=1), claim=1, lease_over=True, limit=3)
            assert after is None or (step.name, after.status) == ("expire", Status.EXPIRED)
