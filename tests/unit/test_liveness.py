import httpx
import pytest

from core.liveness import Liveness
from core.probes import serve_probes
from janitor.leases import OutageGuard


def test_a_loop_that_stopped_is_overdue() -> None:
    liveness = Liveness({"loop": 1e9, "heartbeat": -1.0})
    liveness.beat("loop")
    assert liveness.find_overdue().keys() == {"heartbeat"}


@pytest.mark.parametrize(("limit", "status"), [(1e9, 200), (-1.0, 503)])
def test_livez_follows_liveness(limit: float, status: int) -> None:
    server = serve_probes("127.0.0.1", 0, Liveness({"loop": limit}))
    base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        answer = httpx.get(f"{base}/livez")
        assert answer.status_code == status
        assert ("loop has not moved" in answer.text) == (status == 503)
        assert "imagemill_jobs_reclaimed_total" in httpx.get(f"{base}/metrics").text
        assert httpx.get(f"{base}/nothing").status_code == 404
    finally:
        server.shutdown()
        server.server_close()


def test_readyz_shows_what_the_operator_should_know() -> None:
    server = serve_probes("127.0.0.1", 0, Liveness({"loop": 1e9}), ["sandbox without seccomp: no filters here"])
    base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        answer = httpx.get(f"{base}/readyz")
        assert (answer.status_code, answer.text) == (200, "ok\nsandbox without seccomp: no filters here\n")
        assert httpx.get(f"{base}/livez").text == "ok\n"
    finally:
        server.shutdown()
        server.server_close()


def test_leases_are_not_trusted_until_everyone_could_renew() -> None:
    now = [100.0]
    guard = OutageGuard(10.0, clock=lambda: now[0])
    assert not guard.can_trust_leases()
    now[0] = 116.0
    assert guard.can_trust_leases()
    guard.note_outage()
    now[0] = 125.0
    assert not guard.can_trust_leases()
    now[0] = 131.0
    assert guard.can_trust_leases()
