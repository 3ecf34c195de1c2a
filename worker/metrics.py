"""The metrics of a worker."""

from prometheus_client import Counter, Gauge, Histogram

from core.metrics import STAGE_BUCKETS

SLOTS = Gauge("imagemill_worker_slots", "Number of jobs this worker can convert at the same time.")
SLOTS_BUSY = Gauge("imagemill_worker_slots_busy", "Number of jobs this worker is converting.")
STAGE_SECONDS = Histogram(
    "imagemill_job_stage_seconds",
    "Duration of each stage of a job: queued, fetch, convert, store, total.",
    ["stage"],
    buckets=STAGE_BUCKETS,
)
STAGES = ("queued", "fetch", "convert", "store", "total")
FENCED = Counter("imagemill_jobs_fenced_total", "Claims found lost at the end of a run.")
MEMORY_BUDGET = Gauge("imagemill_worker_memory_budget_bytes", "Memory for all conversions of this worker together.")
MEMORY_RESERVED = Gauge("imagemill_worker_memory_reserved_bytes", "Memory reserved by its conversions.")
MEMORY_WAITING = Gauge("imagemill_worker_memory_waiting", "Conversions waiting for memory.")
PROCESSORS_WAITING = Gauge(
    "imagemill_worker_processors_waiting", "Heavy conversions waiting for a processor of their own."
)
KILLED_OUTSIDE = Counter(
    "imagemill_worker_killed_outside_total",
    "Conversions started again alone because something outside of the worker killed them.",
)
FORECASTS_MISSED = Counter(
    "imagemill_worker_forecasts_missed_total",
    "Conversions started again because they needed more memory than forecast.",
)
SANDBOX_LAYER = Gauge(
    "imagemill_sandbox_layer", "1 if the kernel has this layer of the sandbox, 0 if it lacks it.", ["layer"]
)
ZYGOTES = Counter(
    "imagemill_sandbox_zygotes_total",
    "Zygotes made anew: after a crash of a child, after a number of jobs, or because one died.",
    ["reason"],
)
RENEWALS = ("crash", "jobs", "died")


def show_stages() -> None:
    """Show every stage and reason with 0, so that a rate sees the first one of a new worker."""
    for stage in STAGES:
        STAGE_SECONDS.labels(stage)
    for reason in RENEWALS:
        ZYGOTES.labels(reason)
