"""The row of webhooks: what waits, how late it is, and what becomes of the attempts."""

from dashboards.model import Kind, Panel, Query, Row
from dashboards.promql import gauge, rate, total

WEBHOOKS = Row(
    "Webhooks",
    (
        Panel(
            id=50,
            title="Webhooks that wait",
            description="Messages not delivered yet: receivers that are away get theirs for a day.",
            queries=(Query(gauge("imagemill_webhooks_pending"), "pending"),),
            unit="none",
        ),
        Panel(
            id=51,
            title="Lateness of webhooks",
            description="late: for how long the next attempt of some message has been due; the alert begins at the line. oldest: "
            "the age of the oldest message, which may be a day if its receiver is away.",
            queries=(
                Query(gauge("imagemill_webhooks_late_seconds"), "late"),
                Query(gauge("imagemill_webhooks_oldest_seconds"), "oldest"),
            ),
            unit="s",
            thresholds=(300,),
            alerts=("ImagemillWebhooksLate",),
        ),
        Panel(
            id=52,
            title="Attempts of webhooks",
            description="A second, by result. Nothing but unreachable: the janitor is not let out.",
            queries=(Query(total(rate("imagemill_webhook_attempts_total"), "result"), "{{result}}"),),
            unit="ops",
            kind=Kind.STACK,
        ),
        Panel(
            id=53,
            title="Webhooks given up",
            description="A second. Each can be sent again with POST /v1/jobs/{id}/webhook.",
            queries=(Query(total(rate("imagemill_webhooks_dead_total")), "dead"),),
            unit="ops",
        ),
    ),
)
