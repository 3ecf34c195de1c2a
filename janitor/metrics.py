"""What the janitor shows: the state of all jobs, of the queue and of both servers, told in one place so it is never summed twice.

A figure that cannot be had is not a number, never an old one.
"""

from prometheus_client import Counter, Gauge

JOBS = Gauge("imagemill_jobs", "Jobs in the record, by status.", ["status"])
QUEUE_MESSAGES = Gauge("imagemill_queue_messages", "Messages in the stream: jobs that wait or run.")
QUEUE_OLDEST_SECONDS = Gauge("imagemill_queue_oldest_seconds", "How long the oldest queued job has waited.")
RECLAIMED = Counter("imagemill_jobs_reclaimed_total", "Jobs taken back because their lease ran out.")
SWEEP_FAILURES = Counter("imagemill_janitor_sweep_failures_total", "Sweeps that failed, by sweep.", ["sweep"])
SWEPT = Gauge("imagemill_janitor_swept_timestamp_seconds", "When a sweep last ran well, in Unix time.", ["sweep"])

POSTGRESQL_UP = Gauge("imagemill_postgresql_up", "Whether PostgreSQL answered the janitor's last look: 1 or 0.")
POSTGRESQL_BYTES = Gauge("imagemill_postgresql_bytes", "Size of the database on PostgreSQL's disk.")
POSTGRESQL_CONNECTIONS = Gauge("imagemill_postgresql_connections", "Open connections of the whole PostgreSQL server.")
POSTGRESQL_CONNECTIONS_MAX = Gauge("imagemill_postgresql_connections_max", "Connections that PostgreSQL allows.")
REDIS_UP = Gauge("imagemill_redis_up", "Whether Redis answered the janitor's last look: 1 or 0.")
REDIS_BYTES = Gauge("imagemill_redis_bytes", "Memory that Redis uses.")
REDIS_BYTES_MAX = Gauge("imagemill_redis_bytes_max", "Memory that Redis may use; infinite without a limit.")
REDIS_EVICTED = Gauge("imagemill_redis_evicted_keys", "Keys that Redis evicted since it started.")
