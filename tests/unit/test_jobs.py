import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from core.jobs import Job, decode_job, encode_job
from core.status_cache import OPEN_TTL_MS, OVER_TTL_MS, decode_cached, ttl_ms
from core.transitions import OPEN, TERMINAL, TRANSITIONS, Status
from tests.model.rows import Row, take

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


RESULT = {
    "filename": "Grüße.jpg",
    "media_type": "image/jpeg",
    "bytes": 5,
    "sha256": "9f" * 32,
    "width": 1,
    "height": 1,
    "frames": 1,
}


def job(status: Status = Status.SUCCEEDED, **values: object) -> Job:
    fields: dict[str, object] = {
        "id": uuid4(),
        "status": status,
        "rev": 3,
        "claim": 1,
        "attempts": 1,
        "filename": 'Grüße "1".png',
        "target_format": "jpeg",
        "options": {"quality": 80, "lossless": True, "effort": 1, "fit": "cover"},
        "source": {"format": "png", "bytes": 10, "width": 1},
        "upload_day": date(2026, 11, 24),
        "created_at": NOW,
        "changed_at": NOW,
        "warnings": [{"code": "alpha_flattened", "detail": "…"}],
        **values,
    }
    return Job(**fields)  # type: ignore[arg-type]


def test_a_job_survives_the_cache_unchanged() -> None:
    one = job(result=RESULT, result_day=date(2026, 11, 24), finished_at=NOW, expires_at=NOW, started_at=NOW)
    assert decode_job(encode_job(one)) == one
    assert decode_cached(f"{one.rev} {encode_job(one)}") == one


def test_a_name_that_this_version_does_not_know_is_passed_over() -> None:
    one = job()
    newer = {**json.loads(encode_job(one)), "from_a_newer_version": 1}
    assert decode_job(json.dumps(newer)) == one


@pytest.mark.parametrize("body", ["", "{}", "[]", "nonsense", "5", '{"id": 5}'])
def test_a_broken_entry_is_an_error_that_callers_expect(body: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        decode_job(body)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_state_is_cached_for_a_short_time(status: Status) -> None:
    assert ttl_ms(job(status)) == OPEN_TTL_MS
    assert not job(status).is_over


def test_a_final_state_is_never_cached_past_its_expiry() -> None:
    assert ttl_ms(job(expires_at=NOW + timedelta(hours=1), seen_at=NOW)) == OVER_TTL_MS
    assert ttl_ms(job(expires_at=NOW + timedelta(seconds=7), seen_at=NOW)) == 7000
    assert ttl_ms(job(expires_at=NOW - timedelta(seconds=7), seen_at=NOW)) < 0
    assert ttl_ms(job(Status.EXPIRED, expires_at=NOW - timedelta(seconds=7))) == OVER_TTL_MS
    assert ttl_ms(job(Status.CANCELED)) == OVER_TTL_MS


def test_a_final_state_is_kept_by_the_clock_of_the_database_alone() -> None:
    over = job(expires_at=NOW + timedelta(seconds=7), seen_at=NOW)
    assert ttl_ms(decode_job(encode_job(over))) == 0
    assert "seen_at" not in encode_job(over)


def test_no_transition_leaves_a_terminal_state_but_to_expire() -> None:
    for step in TRANSITIONS:
        for status in TERMINAL:
            after = take(step, Row(status, claim=1, attempts=1), claim=1, lease_over=True, limit=3)
            assert after is None or (step.name, after.status) == ("expire", Status.EXPIRED)
