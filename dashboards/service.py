"""The HTTP service: requests, errors, answer times, and the worth of the cache."""

from dashboards.model import Board, Kind, Panel, Query, Row
from dashboards.promql import OURS, TRAFFIC, mean, ours, quantile, rate, total

REQUESTS = "imagemill_http_requests_total"
SECONDS = "imagemill_http_request_duration_seconds"
SUBMIT = 'method="POST", route="/v1/jobs"'
STATUS = 'method="GET", route="/v1/jobs/{job_id}"'
HITS = 'result="hit"'
ERRORS = "imagemill:http_errors"
BUDGET = 0.001
"""The allowed share of failed requests; the objective is 99.9 %."""

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
            description="Speed of the use of the error budget. At 1 it lasts exactly 30 days; at 14.4, 2 % go in an hour.",
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
            description="95 % of the requests are answered faster. Long polls, event streams and probes do not count.",
            queries=(Query(quantile(0.95, SECONDS, TRAFFIC), "p95"),),
            unit="s",
            kind=Kind.FIGURE,
            thresholds=(0.1, 1),
            width=4,
        ),
        Panel(
            id=5,
            title="Cache hits",
            description="Share of look-ups in the status cache that found the job.",
            queries=(Query(HIT_SHARE, "hits"),),
            unit="percentunit",
            kind=Kind.FIGURE,
            width=4,
        ),
        Panel(
            id=6,
            title="API pods up",
            description="Pods of the API within reach of Prometheus.",
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
            description="4xx: the caller's mistake (404 unknown job, 415 no image, 429 rate limit). 503: the queue is full "
            "or a database does not answer.",
            queries=(Query(total(rate(REQUESTS, TRAFFIC), "status"), "{{status}}"),),
            unit="reqps",
            kind=Kind.STACK,
        ),
        Panel(
            id=12,
            title="Error share over the windows of the alert",
            description="The error budget is 0.1 % of requests. The lines are at 3 times that, where the alert begins, and "
            "at 14.4 times: 2 % of a month's budget in an hour.",
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
            description="Refused uploads by status: 413 too large, 415 no image, 422 option, 429 limit, 503 full.",
            queries=(
                Query(
                    total(rate(REQUESTS, 'method="POST", route=~"/v1/jobs|/jobs", status=~"[45].."'), "status"),
                    "{{status}}",
                ),
            ),
            unit="reqps",
            kind=Kind.STACK,
        ),
        Panel(
            id=14,
            title="Limits of clients",
            description="Uploads refused with 429, by limit: uploads in a time, jobs waiting, bytes stored; and where rates are "
            "counted. In the process means that Redis is away: then each API process has the whole limit.",
            queries=(
                Query(total(rate("imagemill_client_limits_reached_total"), "limit"), "refused: {{limit}}"),
                Query(total(rate("imagemill_rate_limit_checks_total"), "where"), "counted in: {{where}}"),
            ),
            unit="reqps",
        ),
    ),
)

LATENCY = Row(
    "Answer times (without long polls and event streams)",
    (
        Panel(
            id=20,
            title="All requests",
            description="From the head of the request to the end of the answer. An upload counts from its first byte and a "
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
            description="95 % of the requests of a route are answered faster.",
            queries=(Query(quantile(0.95, SECONDS, TRAFFIC, "method, route"), "{{method}} {{route}}"),),
            unit="s",
        ),
        Panel(
            id=22,
            title="Submit and status, p95",
            description="The lines are the objectives: 100 ms for a submit, 50 ms for a status.",
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
            description="Requests by their time.",
            queries=(Query(total(rate(f"{SECONDS}_bucket", TRAFFIC), "le"), "{{le}}"),),
            unit="s",
            kind=Kind.HEATMAP,
        ),
        Panel(
            id=24,
            title="Long polls and event streams",
            description="Requests of clients that asked to wait (?wait=, event streams), a second.",
            queries=(Query(total(rate("imagemill_http_held_seconds_count"), "route"), "{{route}} a second"),),
            unit="reqps",
        ),
        Panel(
            id=25,
            title="Time of long polls and event streams",
            description="The mean by route. It shows how long jobs take or clients stay, not how fast the service is.",
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
            title="Look-ups in the status cache",
            description="hit: Redis knew the job. miss: PostgreSQL was asked. error: Redis did not answer. off: the cache is off.",
            queries=(Query(total(rate("imagemill_status_cache_total"), "result"), "{{result}}"),),
            unit="ops",
            kind=Kind.STACK,
        ),
        Panel(
            id=31,
            title="Submitted jobs",
            description="Accepted jobs a second.",
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
        Panel(
            id=34,
            title="Places of the API in use",
            description="Share of the connections, transfers and waiters that a process may have at the same time, the fullest "
            "process. At 1 the next one is refused with 503 busy: more replicas, or higher IMAGEMILL_MAX_TRANSFERS and "
            "IMAGEMILL_MAX_WAITERS with more memory.",
            queries=(Query(f"max by (of) ({ours('imagemill_places')} / {ours('imagemill_places_max')})", "{{of}}"),),
            unit="percentunit",
            thresholds=(0.9,),
        ),
        Panel(
            id=35,
            title="Refused as busy",
            description="Requests refused with 503 busy, by what there were too many of. work: uploads waited for over a second "
            "for the process itself.",
            queries=(Query(total(rate("imagemill_busy_total"), "of"), "{{of}}"),),
            unit="reqps",
            kind=Kind.STACK,
        ),
    ),
)

SERVICE = Board(
    name="service",
    title="imagemill / Service",
    description="Rate, errors and answer times of the HTTP service, by route.",
    rows=(GLANCE, TRAFFIC_ROW, LATENCY, INSIDE),
)
