"""Metrics counted by more than one room, the buckets shared by all rooms, and how metrics are shown."""

from prometheus_client import REGISTRY, Counter, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.failures import FailureCode

HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds."""

STAGE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
"""Seconds."""

JOBS_FINISHED = Counter(
    "imagemill_jobs_finished_total",
    "Jobs that ended, by outcome; code is the failure code or empty.",
    ["status", "source", "target", "code"],
)
JOBS_FAILED = Counter(
    "imagemill_jobs_failed_total",
    "Jobs that failed, by code; each code is there from the start, so that a rate sees its first failure.",
    ["code"],
)


def count_finished(status: str, source: str, target: str, code: str = "") -> None:
    """Count a finished job. `code` is the failure's, empty when it did not fail."""
    JOBS_FINISHED.labels(status, source, target, code).inc()
    if code:
        JOBS_FAILED.labels(code).inc()


def show_failure_codes() -> None:
    """Show every failure code with 0: Prometheus sees no increase in a counter first shown with 1."""
    for code in FailureCode:
        JOBS_FAILED.labels(code)


def render_metrics() -> tuple[bytes, str]:
    """Return all metrics of this process as text, and the media type. The times of creation are left out."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library's
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
