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
MEMORY_BUDGET = Gauge("imagemill_worker_memory_budget_bytes", "What the conversions of this worker may hold together.")
MEMORY_RESERVED = Gauge("imagemill_worker_memory_reserved_bytes", "What its conversions were granted.")
MEMORY_WAITING = Gauge("imagemill_worker_memory_waiting", "Conversions that wait until there is memory for them.")
FORECASTS_MISSED = Counter(
    "imagemill_worker_forecasts_missed_total", "Conversions that needed more memory than forecast and began again."
)
SANDBOX_LAYER = Gauge(
    "imagemill_sandbox_layer", "Whether the kernel has this layer of the sandbox (1) or lacks it (0).", ["layer"]
)


def show_stages() -> None:
    """Show every stage with 0, so that a rate sees the first job of a new worker."""
    for stage in STAGES:
        STAGE_SECONDS.labels(stage)
