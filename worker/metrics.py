"""What a worker counts."""

from prometheus_client import Counter, Gauge, Histogram

from core.metrics import STAGE_BUCKETS

SLOTS = Gauge("imagemill_worker_slots", "Jobs that this worker can convert at the same time.")
SLOTS_BUSY = Gauge("imagemill_worker_slots_busy", "Jobs that this worker is converting.")
STAGE_SECONDS = Histogram(
    "imagemill_job_stage_seconds",
    "How long a stage of a job took: queued, fetch, convert, store, total.",
    ["stage"],
    buckets=STAGE_BUCKETS,
)
STAGES = ("queued", "fetch", "convert", "store", "total")
FENCED = Counter("imagemill_jobs_fenced_total", "Results that came after the claim was lost and were thrown away.")


def show_stages() -> None:
    """Show every stage with 0, so that a rate sees the first job of a new worker."""
    for stage in STAGES:
        STAGE_SECONDS.labels(stage)
