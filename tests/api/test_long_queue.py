"""A queue that takes too long is refused by the jobs that really ended."""

from conformance.service import wait_for
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG


def test_who_would_wait_for_too_long_is_told_at_once(serve: Serve) -> None:
    live = serve(max_queue_seconds=1)
    throughput = live.app.state.services.queue_time._throughput
    wait_for("Redis to be listened to", lambda: live.redis.pubsub_numsub("imagemill:events")[0][1])
    for _ in range(5):
        live.in_status(Status.SUCCEEDED)
    wait_for("the ends to be heard", throughput.find_rate)
    throughput.find_rate = lambda: 2.0
    taken = []
    for _ in range(20):
        # Each request counts anew, as it would a second later.
        live.app.state.services.backlog._queued._good_until = 0
        live.app.state.services.clients._waiting._numbers.clear()
        taken.append(live.post())
    refused = taken[-1]
    assert taken[0].status_code == 202
    assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
    assert "which takes about" in refused.json()["detail"]
    assert refused.headers["Retry-After"] == "5"
    other = live.http.post(
        "/v1/jobs",
        files={"file": ("a.png", PNG)},
        data={"target_format": "jpeg"},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    assert other.status_code == 202
