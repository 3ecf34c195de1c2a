"""A worker whose clock is wrong: what is shown of its jobs is right all the same."""

import httpx
import pytest

from conformance.names import cache_key
from conformance.service import Service, wait_for
from core.transitions import Status
from tests.e2e.test_protocol import picture

RETENTION_HOURS = 0.05
"""Less than the longest time for which a final state is cached."""


@pytest.mark.parametrize("skew_hours", ["25", "-25"])
def test_the_state_in_the_cache_is_right_whatever_the_clock_of_its_worker(service: Service, skew_hours: str) -> None:
    api = service.start("api")
    service.start("worker", skew_hours=skew_hours, retention_hours=str(RETENTION_HOURS))
    job_id = service.submit(picture())
    job = service.wait(job_id, Status.SUCCEEDED)
    # Nobody asks for the job before: an API that misses it in the cache would put it there.
    wait_for("the final state", lambda: '"succeeded"' in str(service.redis.get(cache_key(job_id))))
    assert job.expires_at is not None
    assert job.seen_at is not None
    left_ms = service.redis.pttl(cache_key(job_id))
    assert 0 < left_ms <= RETENTION_HOURS * 3_600_000
    told = httpx.get(f"http://127.0.0.1:{api.probe_port}/v1/jobs/{job_id}").json()
    assert told["status"] == "succeeded"
