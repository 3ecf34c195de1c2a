"""The metrics of the janitor: all jobs, the queue, and both servers.

Only the janitor shows them, so they are never summed twice. A failed measurement shows NaN, never an old figure.
"""

from prometheus_client import Counter, Gauge

JOBS = Gauge("imagemill_jobs", "Jobs in the record, by status.", ["status"])
QUEUE_MESSAGES = Gauge("imagemill_queue_messages", "Messages in the stream: waiting and running jobs.")
QUEUE_OLDEST_SECONDS = Gauge("imagemill_queue_oldest_seconds", "Waiting time of the oldest queued job.")
RECLAIMED = Counter(
    "imagemill_jobs_reclaimed_total", "Jobs whose lease ran out: queued again, or failed as worker_lost."
)
SWEEP_FAILURES = Counter("imagemill_janitor_sweep_failures_total", "Sweeps that failed, by sweep.", ["sweep"])
SWEPT = Gauge("imagemill_janitor_swept_timestamp_seconds", "Unix time of the last successful run, by sweep.", ["sweep"])

WEBHOOK_ATTEMPTS = Counter(
    "imagemill_webhook_attempts_total",
    "Attempts to deliver a webhook, by result: delivered, refused (any other status), unreachable, forbidden (an address "
    "that is not allowed), gone (410).",
    ["result"],
)
WEBHOOKS_DEAD = Counter("imagemill_webhooks_dead_total", "Webhooks given up: after a day, or because of a 410.")
WEBHOOKS_PENDING = Gauge("imagemill_webhooks_pending", "Webhooks that are not delivered yet.")
WEBHOOKS_OLDEST_SECONDS = Gauge("imagemill_webhooks_oldest_seconds", "Age of the oldest webhook not delivered yet.")
WEBHOOKS_LATE_SECONDS = Gauge(
    "imagemill_webhooks_late_seconds", "For how long the next attempt of some webhook has been due."
)

POSTGRESQL_UP = Gauge("imagemill_postgresql_up", "1 if PostgreSQL answered the janitor's last check, else 0.")
POSTGRESQL_BYTES = Gauge("imagemill_postgresql_bytes", "Size of the database on PostgreSQL's disk.")
POSTGRESQL_CONNECTIONS = Gauge("imagemill_postgresql_connections", "Open connections of the whole PostgreSQL server.")
POSTGRESQL_CONNECTIONS_MAX = Gauge("imagemill_postgresql_connections_max", "Connection limit of the PostgreSQL server.")
REDIS_UP = Gauge("imagemill_redis_up", "1 if Redis answered the janitor's last check, else 0.")
REDIS_BYTES = Gauge("imagemill_redis_bytes", "Memory in use by Redis.")
REDIS_BYTES_MAX = Gauge("imagemill_redis_bytes_max", "Memory limit of Redis; infinite without one.")
REDIS_EVICTED = Gauge("imagemill_redis_evicted_keys", "Keys that Redis evicted since it started.")
