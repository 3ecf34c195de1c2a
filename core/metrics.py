"""Metrics that more than one room counts, and the buckets that all of them share."""

from prometheus_client import Counter

HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds."""

STAGE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
"""Seconds."""

JOBS_FINISHED = Counter(
    "imagemill_jobs_finished_total",
    "Jobs that ended, by outcome; code is the failure code or empty.",
    ["status", "source", "target", "code"],
)
