"""A load test as the system sees it, over one time axis: requests, answer times, queue and workers."""

from dashboards.model import Board, Kind, Panel, Query, Row
from dashboards.promql import CONTAINERS, TRAFFIC, WINDOW, gauge, mean, ours, quantile, rate, total
from dashboards.service import HIT_SHARE, REQUESTS, SECONDS, STATUS, SUBMIT

STAGES = "imagemill_job_stage_seconds"
TOTAL = 'stage="total"'
FAILED = f'{TRAFFIC}, status=~"5.."'
ALL = total(rate(REQUESTS, TRAFFIC))

RESULT = Row(
    "The whole of the time above",
    (
        Panel(
            id=1,
            title="Requests",
            description="Answered requests in this time.",
            queries=(Query(f"sum(increase({ours(REQUESTS, TRAFFIC)}[$__range]))", "requests"),),
            unit="short",
            kind=Kind.FIGURE,
            width=6,
        ),
        Panel(
            id=2,
            title="Errors",
            description="Answers of 500 and above in this time. The objective is none.",
            queries=(
                Query(
                    f"sum(increase({ours(REQUESTS, FAILED)}[$__range])) or 0 * sum({ours(REQUESTS, TRAFFIC)})",
                    "errors",
                ),
            ),
            unit="short",
            kind=Kind.FIGURE,
            thresholds=(1,),
            width=6,
        ),
        Panel(
            id=3,
            title="Ended jobs",
            description="Jobs that ended in this time, succeeded or not.",
            queries=(Query(f"sum(increase({ours(f'{STAGES}_count', TOTAL)}[$__range]))", "jobs"),),
            unit="short",
            kind=Kind.FIGURE,
            width=6,
        ),
        Panel(
            id=4,
            title="Cache hits",
            description="Share of look-ups in the status cache that found the job, now.",
            queries=(Query(HIT_SHARE, "hits"),),
            unit="percentunit",
            kind=Kind.FIGURE,
            width=6,
        ),
    ),
)

ASKED = Row(
    "What was asked, and how it was answered",
    (
        Panel(
            id=10,
            title="Requests",
            description="Requests a second as the service counts them. The lines are the usual 30 and the peak of 100. "
            "The run's report has the rate asked for; if this is lower, requests did not arrive."
            "",
            queries=(
                Query(ALL, "all"),
                Query(total(rate(REQUESTS, SUBMIT)), "submits"),
                Query(total(rate(REQUESTS, STATUS)), "status"),
            ),
            unit="reqps",
            thresholds=(30, 100),
        ),
        Panel(
            id=11,
            title="Errors",
            description="Answers of 500 and above, a second.",
            queries=(Query(f"{total(rate(REQUESTS, FAILED))} or 0 * {ALL}", "errors"),),
            unit="reqps",
            thresholds=(0.01,),
        ),
        Panel(
            id=12,
            title="Answer time, mean",
            description="The lines are the means of the lab set-up at 100 users: 1,000 ms with a status cache, "
            "1,500 ms without.",
            queries=(Query(mean(SECONDS, TRAFFIC), "mean"),),
            unit="s",
            thresholds=(1, 1.5),
        ),
        Panel(
            id=13,
            title="Answer time, percentiles",
            description="All requests but long polls and event streams.",
            queries=tuple(
                Query(quantile(share, SECONDS, TRAFFIC), name)
                for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ),
            unit="s",
        ),
        Panel(
            id=14,
            title="Submit and status, p95",
            description="The objectives are 100 ms for a submit and 50 ms for a status (the lines).",
            queries=(
                Query(quantile(0.95, SECONDS, SUBMIT), "submit"),
                Query(quantile(0.95, SECONDS, STATUS), "status"),
            ),
            unit="s",
            thresholds=(0.05, 0.1),
        ),
        Panel(
            id=15,
            title="From submit to result",
            description="The objective is 2 s for 95 % at the usual rate (the line).",
            queries=(
                Query(quantile(0.5, STAGES, TOTAL), "p50"),
                Query(quantile(0.95, STAGES, TOTAL), "p95"),
            ),
            unit="s",
            thresholds=(2,),
        ),
    ),
)

SYSTEM = Row(
    "What the system did",
    (
        Panel(
            id=20,
            title="Queue",
            description="Waiting and running jobs.",
            queries=(Query(gauge("imagemill_queue_messages"), "messages"),),
            unit="none",
        ),
        Panel(
            id=21,
            title="Workers and slots",
            description="Workers, jobs that they can run at the same time, and jobs that they do run.",
            queries=(
                Query(ours("imagemill:workers:count"), "workers"),
                Query(ours("imagemill:worker_slots:sum"), "slots"),
                Query(ours("imagemill:worker_slots_busy:sum"), "busy"),
            ),
            unit="none",
        ),
        Panel(
            id=22,
            title="Age of the oldest queued job",
            description="If it grows through the run, the workers do not keep up.",
            queries=(Query(gauge("imagemill_queue_oldest_seconds"), "oldest"),),
            unit="s",
        ),
        Panel(
            id=23,
            title="Jobs in and out",
            description="Submitted and ended jobs a second. They meet when the system keeps up.",
            queries=(
                Query(total(rate("imagemill_jobs_submitted_total")), "submitted"),
                Query(total(rate(f"{STAGES}_count", TOTAL)), "ended"),
            ),
            unit="ops",
        ),
        Panel(
            id=24,
            title="CPU by kind of pod",
            description="Cores in use.",
            queries=(
                Query(
                    f"sum by (container) (rate(container_cpu_usage_seconds_total{{{CONTAINERS}}}[{WINDOW}]))",
                    "{{container}}",
                ),
            ),
            unit="none",
            kind=Kind.STACK,
        ),
        Panel(
            id=25,
            title="Connections to PostgreSQL",
            description="Open connections of the whole server, and its limit.",
            queries=(
                Query(gauge("imagemill_postgresql_connections"), "open"),
                Query(gauge("imagemill_postgresql_connections_max"), "allowed"),
            ),
            unit="none",
        ),
    ),
)

LOADTEST = Board(
    name="loadtest",
    title="imagemill / Load test",
    description="A load test as the system sees it. The run's report has the view of the generator.",
    rows=(RESULT, ASKED, SYSTEM),
    refresh="5s",
    span="now-15m",
)
