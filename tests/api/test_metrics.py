"""How long a request was kept is one thing, how long we took is another."""

import pytest

from conformance.service import wait_for
from core.metrics import render_metrics
from core.transitions import Status
from tests.api.live import Live, metric

JOB, EVENTS = "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/events"


def counted(route: str, *, held: bool, method: str = "GET") -> float:
    if held:
        return metric("imagemill_http_held_seconds_count", route=route)
    return metric("imagemill_http_request_duration_seconds_count", method=method, route=route, status="200")


@pytest.mark.parametrize(
    ("path", "route", "held"),
    [("", JOB, False), ("?wait=0", JOB, False), ("?wait=0.5", JOB, True), ("/events", EVENTS, True)],
)
def test_requests_that_are_held_are_timed_apart(shared: Live, path: str, route: str, held: bool) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    before = {kind: counted(route, held=kind) for kind in (True, False)}
    requests = metric("imagemill_http_requests_total", method="GET", route=route, status="200")
    assert shared.http.get(f"/v1/jobs/{job_id}{path}").status_code == 200
    wait_for(
        "the count",
        lambda: metric("imagemill_http_requests_total", method="GET", route=route, status="200") == requests + 1,
    )
    wait_for("the time", lambda: counted(route, held=held) == before[held] + 1)
    assert counted(route, held=not held) == before[not held]


def test_a_head_for_a_held_request_is_held_too(shared: Live) -> None:
    before = counted(JOB, held=True)
    shared.http.head(f"/v1/jobs/{shared.in_status(Status.SUCCEEDED)}?wait=0.5")
    wait_for("the time", lambda: counted(JOB, held=True) == before + 1)


def test_no_series_says_when_it_was_made(shared: Live) -> None:
    shared.http.get("/")
    page = render_metrics()[0].decode()
    assert "imagemill_http_requests_total{" in page
    assert "_created" not in page
