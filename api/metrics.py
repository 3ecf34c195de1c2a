"""What the API counts. Labels are bounded: route templates, known methods, the targets of our table."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from core.metrics import HTTP_BUCKETS

HELD_BUCKETS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Seconds: a status call waits for at most 60, an event stream for 300."""

LABELS = ("method", "route", "status")
REQUESTS = Counter("imagemill_http_requests_total", "Answered requests, those that were held too.", LABELS)
SECONDS = Histogram(
    "imagemill_http_request_duration_seconds",
    "From the request's head to the end of its answer, in seconds; without requests that were held.",
    LABELS,
    buckets=HTTP_BUCKETS,
)
HELD_SECONDS = Histogram(
    "imagemill_http_held_seconds",
    "How long requests were open whose client asked to be held, in seconds: waiting status calls and event streams.",
    ["route"],
    buckets=HELD_BUCKETS,
)
SUBMITTED = Counter("imagemill_jobs_submitted_total", "Jobs that were taken.")
RATE_CHECKS = Counter(
    "imagemill_rate_limit_checks_total",
    "Uploads counted against the rate limit of their client, by where: in redis over all API processes, or in this "
    "process alone while Redis is away.",
    ["where"],
)
LIMITS_REACHED = Counter(
    "imagemill_client_limits_reached_total",
    "Uploads refused with 429, by the limit of the client: uploads, waiting or stored.",
    ["limit"],
)
PLACES = Gauge(
    "imagemill_places", "Connections, transfers (uploads and downloads) and waiters of this process right now.", ["of"]
)
PLACES_MAX = Gauge("imagemill_places_max", "How many of them there may be at the same time.", ["of"])
BUSY = Counter(
    "imagemill_busy_total",
    "Requests refused with 503 busy, by what there were too many of: connections, transfers, waiters or work.",
    ["of"],
)
# Shown from the start: Prometheus sees no increase in a counter first shown with 1.
for _where in ("redis", "process"):
    RATE_CHECKS.labels(_where)
for _limit in ("uploads", "waiting", "stored"):
    LIMITS_REACHED.labels(_limit)
for _of in ("connections", "transfers", "waiters", "work"):
    BUSY.labels(_of)
STATUS_CACHE = Counter(
    "imagemill_status_cache_total", "Looks into the status cache, by result: hit, miss, error or off.", ["result"]
)


# Looking a series up by its labels costs more than counting; the labels are few, so each is looked up once.
_requests = cache(REQUESTS.labels)
_seconds = cache(SECONDS.labels)
_held_seconds = cache(HELD_SECONDS.labels)


def count_request(method: str, route: str, status: int, seconds: float, *, held: bool) -> None:
    """Count and time one request; `held` when its client asked for a later answer."""
    _requests(method, route, status).inc()
    duration = _held_seconds(route) if held else _seconds(method, route, status)
    duration.observe(seconds)


def count_refusal(limit: str) -> None:
    """Count an upload that a client's limit refused."""
    LIMITS_REACHED.labels(limit).inc()


def count_busy(of: str) -> None:
    """Count a request that was refused because there is too much of something at the same time."""
    BUSY.labels(of).inc()
