"""What the API counts. Labels are bounded: route templates, known methods, the targets of our table."""

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from core.metrics import HTTP_BUCKETS

REQUESTS = Counter("imagemill_http_requests_total", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "imagemill_http_request_duration_seconds",
    "From the request's head to the end of its answer, in seconds; waiting ones and event streams too.",
    ["method", "route", "status"],
    buckets=HTTP_BUCKETS,
)
SUBMITTED = Counter("imagemill_jobs_submitted_total", "Jobs that were taken.")
STATUS_CACHE = Counter(
    "imagemill_status_cache_total", "Looks into the status cache, by result: hit, miss, error or off.", ["result"]
)


def metrics_response() -> Response:
    """Everything in the exposition format of Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
