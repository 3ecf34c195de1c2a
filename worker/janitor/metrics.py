"""What the janitor shows: the state of all jobs and of the queue, told in one place so it is never summed twice."""

from prometheus_client import Counter, Gauge

JOBS = Gauge("imagemill_jobs", "Jobs in the record, by status.", ["status"])
QUEUE_MESSAGES = Gauge("imagemill_queue_messages", "Messages in the stream: jobs that wait or run.")
QUEUE_OLDEST_SECONDS = Gauge("imagemill_queue_oldest_seconds", "How long the oldest queued job has waited.")
RECLAIMED = Counter("imagemill_jobs_reclaimed_total", "Jobs taken back because their lease ran out.")
SWEEP_FAILURES = Counter("imagemill_janitor_sweep_failures_total", "Sweeps that failed, by sweep.", ["sweep"])
