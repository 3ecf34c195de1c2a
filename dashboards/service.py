"""The HTTP service: how much is asked, how much goes wrong, how long it takes, what the cache is worth."""

from dashboards.model import Board, Kind, Panel, Query, Row
from dashboards.promql import OURS, TRAFFIC, mean, ours, quantile, rate, total

REQUESTS = "imagemill_http_requests_total"
SECONDS = "imagemill_http_request_duration_seconds"
SUBMIT = 'method="POST", route="/v1/jobs"'
STATUS = 'method="GET", route="/v1/jobs/{job_id}"'
HITS = 'result="hit"'
ERRORS = "imagemill:http_errors"
BUDGET = 0.001
"""The share of requests that may fail: 99.9 % are to be answered."""

HIT_SHARE = f"{total(rate('imagemill_status_cache_total', HITS))} / {total(rate('imagemill_status_cache_total'))}"
UP = f'sum(up{{{OURS}, component="api"}})'

GLANCE = Row(
    "At a glance",
    (
        Panel(
            id=1,
            title="Requests",
            description="Answered requests a second, without probes.",
            queries=(Query(total(rate(REQUESTS, TRAFFIC)), "requests"),),
            unit="reqps",
            kind=Kind.FIGURE,
            width=4,
        ),
        Panel(
            id=2,
            title="Error share",
            description="The share of requests with an answer of 500 and above, over 5 minutes.",
            queries=(Query(ours(f"{ERRORS}:ratio_rate5m"), "errors"),),
            unit="percentunit",
            kind=Kind.FIGURE,
            thresholds=(BUDGET, 10 * BUDGET),
            width=4,
        ),
        Panel(
            id=3,
            title="Budget burn, 1 h",
            description="How many times faster than allowed the error budget is used: at 1 it lasts exactly 30 days.",
            queries=(Query(f"{ours(f'{ERRORS}:ratio_rate1h')} / {BUDGET}", "burn"),),
            unit="none",
            kind=Kind.FIGURE,
            thresholds=(1, 14.4),
            decimals=1,
            width=4,
        ),
        Panel(
            id=4,
            title="Answer time, p95",
            description="95 % of the requests are answered in less; without those that were held and without probes.",
            queries=(Query(quantile(0.95, SECONDS, TRAFFIC), "p95"),),
            unit="s",
            kind=Kind.FIGURE,
            thresholds=(0.1, 1),
            width=4,
        ),
        Panel(
            id=5,
            title="Cache hits",
            description="The share of looks into the status cache that found the job.",
            queries=(Query(HIT_SHARE, "hits"),),
            unit="percentunit",
            kind=Kind.FIGURE,
            width=4,
        ),
        Panel(
            id=6,
            title="API pods up",
            description="Pods of the API that Prometheus reaches.",
            queries=(Query(UP, "pods"),),
            unit="none",
            kind=Kind.FIGURE,
            thresholds=(1,),
            below=True,
            alerts=("ImagemillApiAbsent",),
            width=4,
        ),
    ),
)

TRAFFIC_ROW = Row(
    "Rate and errors",
    (
        Panel(
            id=10,
            title="Requests by route",
            description="Answered requests a second.",
            queries=(Query(total(rate(REQUESTS, TRAFFIC), "method, route"), "{{method}} {{route}}"),),
            unit="reqps",
            kind=Kind.STACK,
        ),
        Panel(
            id=11,
            title="Requests by status",
            description="4xx is the caller's doing (404 unknown job, 415 no image, 429 over the limit); 503 is a full queue "
            "or a database that is away.",
            queries=(Query(total(rate(REQUESTS, TRAFFIC), "status"), "{{status}}"),),
            unit="reqps",
            kind=Kind.STACK,
        ),
        Panel(
            id=12,
            title="Error share over the windows of the alert",
            description="The error budget is 0.1 % of requests. The lines are 3 and 14.4 times that: the slowest burn that "
            "is told, and the one that takes 2 % of a month's budget in an hour.",
            queries=tuple(
                Query(ours(f"{ERRORS}:ratio_rate{window}"), window)
                for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
            ),
            unit="percentunit",
            thresholds=(3 * BUDGET, 14.4 * BUDGET),
            alerts=("ImagemillErrorBudgetBurn",),
        ),
        Panel(
            id=13,
            title="Refused uploads",
            description="Uploads that were not taken, by status: 413 too large, 415 no image, 422 option, 429 limit, 503 full.",
            queries=(
                Query(
                    total(rate(REQUESTS, 'method="POST", route=~"/v1/jobs|/jobs", status=~"[45].."'), "status"),
                    "{{status}}",
                ),
            ),
            unit="reqps",
            kind=Kind.STACK,
        ),
    ),
)

LATENCY = Row(
    "Answer times (requests that were held are apart)",
    (
        Panel(
            id=20,
            title="All requests",
            description="From the head of the request to the end of the answer: an upload counts from its first byte, a "
            "download to its last, so slow clients count too.",
            queries=(
                Query(quantile(0.5, SECONDS, TRAFFIC), "p50"),
                Query(quantile(0.95, SECONDS, TRAFFIC), "p95"),
                Query(quantile(0.99, SECONDS, TRAFFIC), "p99"),
                Query(mean(SECONDS, TRAFFIC), "mean"),
            ),
            unit="s",
        ),
        Panel(
            id=21,
            title="p95 by route",
            description="95 % of the requests of a route are answered in less.",
            queries=(Query(quantile(0.95, SECONDS, TRAFFIC, "method, route"), "{{method}} {{route}}"),),
            unit="s",
        ),
        Panel(
            id=22,
            title="Submit and status, p95",
            description="The two that have an objective: 100 ms for a submit, 50 ms for a status (the lines).",
            queries=(
                Query(quantile(0.95, SECONDS, SUBMIT), "submit"),
                Query(quantile(0.95, SECONDS, STATUS), "status"),
            ),
            unit="s",
            thresholds=(0.05, 0.1),
        ),
        Panel(
            id=23,
            title="Distribution",
            description="How many requests took how long.",
            queries=(Query(total(rate(f"{SECONDS}_bucket", TRAFFIC), "le"), "{{le}}"),),
            unit="s",
            kind=Kind.HEATMAP,
        ),
        Panel(
            id=24,
            title="Held requests",
            description="Requests whose client asked to be kept waiting (?wait=, event streams), by how long they were open.",
            queries=(Query(total(rate("imagemill_http_held_seconds_count"), "route"), "{{route}} a second"),),
            unit="reqps",
        ),
        Panel(
            id=25,
            title="How long requests were held",
            description="The mean by route. It says how long jobs take, or clients stay, not how fast the service is.",
            queries=(Query(mean("imagemill_http_held_seconds", by="route"), "{{route}}"),),
            unit="s",
        ),
    ),
)

INSIDE = Row(
    "Cache and processes",
    (
        Panel(
            id=30,
            title="Looks into the status cache",
            description="hit: Redis knew the job. miss: PostgreSQL was asked. error: Redis did not answer. off: not used.",
            queries=(Query(total(rate("imagemill_status_cache_total"), "result"), "{{result}}"),),
            unit="ops",
            kind=Kind.STACK,
        ),
        Panel(
            id=31,
            title="Submitted jobs",
            description="Jobs that were taken, a second.",
            queries=(Query(total(rate("imagemill_jobs_submitted_total")), "jobs"),),
            unit="ops",
        ),
        Panel(
            id=32,
            title="CPU of the API",
            description="Cores in use by each process. One process serves on one core at most.",
            queries=(Query(total(rate("process_cpu_seconds_total", 'component="api"'), "pod"), "{{pod}}"),),
            unit="none",
            thresholds=(0.9,),
        ),
        Panel(
            id=33,
            title="Memory of the API",
            description="Resident memory of each process.",
            queries=(Query(total(ours("process_resident_memory_bytes", 'component="api"'), "pod"), "{{pod}}"),),
            unit="bytes",
        ),
    ),
)

SERVICE = Board(
    name="service",
    title="imagemill / Service",
    description="Rate, errors and answer times of the HTTP service, by route.",
    rows=(GLANCE, TRAFFIC_ROW, LATENCY, INSIDE),
)
