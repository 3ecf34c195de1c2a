"""Conversions: queue, workers, autoscaling, times, outcomes, and memory."""

from dashboards.model import Board, Kind, Panel, Query, Row
from dashboards.promql import HPA, WINDOW, gauge, keda, mean, ours, quantile, rate, total
from dashboards.webhooks import WEBHOOKS

STAGES = "imagemill_job_stage_seconds"
FINISHED = "imagemill_jobs_finished_total"
SUCCEEDED = 'status="succeeded"'
WORKER = 'namespace="$namespace", deployment="$release-worker"'

QUEUE = Row(
    "Queue",
    (
        Panel(
            id=1,
            title="Queue",
            description="messages: waiting and running jobs in the stream; KEDA scales on it. queued and processing: the same jobs "
            "in the record. The janitor makes both agree within seconds.",
            queries=(
                Query(gauge("imagemill_queue_messages"), "messages"),
                Query(gauge("imagemill_jobs", 'status="queued"'), "queued"),
                Query(gauge("imagemill_jobs", 'status="processing"'), "processing"),
            ),
            unit="none",
            alerts=("ImagemillNothingConverts",),
        ),
        Panel(
            id=2,
            title="Age of the oldest queued job",
            description="The alert begins at the line: 5 minutes.",
            queries=(Query(gauge("imagemill_queue_oldest_seconds"), "oldest"),),
            unit="s",
            thresholds=(300,),
            alerts=("ImagemillOldestJobWaits",),
        ),
    ),
)

SCALING = Row(
    "Autoscaling",
    (
        Panel(
            id=10,
            title="Workers",
            description="wanted: by the HPA. ready: by Kubernetes. scraped: by Prometheus. If wanted stays above ready, "
            "pods find no room on the nodes, or no image.",
            queries=(
                Query(f"max(kube_horizontalpodautoscaler_status_desired_replicas{{{HPA}}})", "wanted"),
                Query(f"max(kube_deployment_status_replicas_ready{{{WORKER}}})", "ready"),
                Query(ours("imagemill:workers:count"), "scraped"),
                Query(f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}})", "most"),
            ),
            unit="none",
            alerts=("ImagemillWorkersAtMaximum",),
        ),
        Panel(
            id=11,
            title="Slots",
            description="slots: jobs that can run at the same time. busy: jobs that do.",
            queries=(
                Query(ours("imagemill:worker_slots:sum"), "slots"),
                Query(ours("imagemill:worker_slots_busy:sum"), "busy"),
            ),
            unit="none",
        ),
        Panel(
            id=12,
            title="KEDA: what it sees",
            description="value: the queue's length as KEDA reads it. active: 1 lets workers start from zero. paused: 1 if "
            "somebody stopped the scaling.",
            queries=(
                Query(f"max({keda('keda_scaler_metrics_value')})", "value"),
                Query(f"max({keda('keda_scaler_active')})", "active"),
                Query(f"max({keda('keda_scaled_object_paused')})", "paused"),
            ),
            unit="none",
        ),
        Panel(
            id=13,
            title="KEDA: polls of Redis",
            description="Time of a poll, and failed polls a second. After three failures in a row KEDA leaves the number of workers as it is.",
            queries=(
                Query(f"max({keda('keda_scaler_metrics_latency_seconds')})", "time of a poll, s"),
                Query(f"sum({keda('keda_scaler_detail_errors_total', WINDOW)})", "failures a second"),
            ),
            unit="none",
        ),
        Panel(
            id=14,
            title="HPA: what it wants",
            description="Current and wanted replicas, and the bounds.",
            queries=(
                Query(f"max(kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}})", "current"),
                Query(f"max(kube_horizontalpodautoscaler_status_desired_replicas{{{HPA}}})", "wanted"),
                Query(f"max(kube_horizontalpodautoscaler_spec_min_replicas{{{HPA}}})", "least"),
                Query(f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}})", "most"),
            ),
            unit="none",
        ),
        Panel(
            id=15,
            title="HPA: its conditions",
            description="ScalingLimited 1: the HPA wants more or fewer replicas than allowed. ScalingActive 0: it gets no figure from KEDA.",
            queries=(
                Query(
                    f'max by (condition) (kube_horizontalpodautoscaler_status_condition{{{HPA}, status="true"}})',
                    "{{condition}}",
                ),
            ),
            unit="none",
        ),
    ),
)

LATENCY = Row(
    "Stages of a job",
    (
        Panel(
            id=20,
            title="Stages, p95",
            description="queued: from the submit to the claim. fetch: the upload out of PostgreSQL. convert: in the sandbox. "
            "store: the result into PostgreSQL. total: from the submit to the end.",
            queries=(Query(quantile(0.95, STAGES, by="stage"), "{{stage}}"),),
            unit="s",
        ),
        Panel(
            id=21,
            title="Stages, mean",
            description="The same, as a mean.",
            queries=(Query(mean(STAGES, by="stage"), "{{stage}}"),),
            unit="s",
        ),
        Panel(
            id=22,
            title="From submit to result",
            description="Jobs by their time from submit to result.",
            queries=(Query(total(rate(f"{STAGES}_bucket", 'stage="total"'), "le"), "{{le}}"),),
            unit="s",
            kind=Kind.HEATMAP,
        ),
        Panel(
            id=23,
            title="Conversion alone",
            description="Conversions by their time in the sandbox.",
            queries=(Query(total(rate(f"{STAGES}_bucket", 'stage="convert"'), "le"), "{{le}}"),),
            unit="s",
            kind=Kind.HEATMAP,
        ),
    ),
)

OUTCOMES = Row(
    "Outcomes",
    (
        Panel(
            id=30,
            title="Ended jobs by status",
            description="Ended jobs a second.",
            queries=(Query(total(rate(FINISHED), "status"), "{{status}}"),),
            unit="ops",
            kind=Kind.STACK,
        ),
        Panel(
            id=31,
            title="Failed jobs by code",
            description="Most codes are about the file. internal and worker_lost are faults of the service. If there are many of "
            "decoder_crashed, memory_limit or timeout, check the limits.",
            queries=(Query(total(rate("imagemill_jobs_failed_total"), "code"), "{{code}}"),),
            unit="ops",
            kind=Kind.STACK,
        ),
        Panel(
            id=32,
            title="Share of own failures",
            description="internal and worker_lost, of all ended jobs, over 15 minutes. The alert begins at the line.",
            queries=(Query(ours("imagemill:own_failures:ratio_rate15m"), "ours"),),
            unit="percentunit",
            thresholds=(0.01,),
            alerts=("ImagemillOwnFailures",),
        ),
        Panel(
            id=33,
            title="The ten busiest pairs",
            description="Ended jobs a second, by source and target format.",
            queries=(
                Query(f"topk(10, {total(rate(FINISHED, SUCCEEDED), 'source, target')})", "{{source}} to {{target}}"),
            ),
            unit="ops",
        ),
        Panel(
            id=34,
            title="Lost claims",
            description="reclaimed: a lease ran out and the job was queued again. fenced: a late result was refused. "
            "Both are 0 unless workers die or hang.",
            queries=(
                Query(total(rate("imagemill_jobs_reclaimed_total")), "reclaimed"),
                Query(total(rate("imagemill_jobs_fenced_total")), "fenced"),
            ),
            unit="ops",
        ),
        Panel(
            id=35,
            title="Since the janitor's last good sweep",
            description="By sweep. Some run each minute only. The alert begins at the line, if no sweep succeeds.",
            queries=(Query(f"time() - {gauge('imagemill_janitor_swept_timestamp_seconds', by='sweep')}", "{{sweep}}"),),
            unit="s",
            thresholds=(120,),
            alerts=("ImagemillJanitorAbsent",),
        ),
        Panel(
            id=36,
            title="Failed sweeps",
            description="By sweep, a second. Sweeps fail while PostgreSQL or Redis does not answer.",
            queries=(Query(total(rate("imagemill_janitor_sweep_failures_total"), "sweep"), "{{sweep}}"),),
            unit="ops",
        ),
        Panel(
            id=37,
            title="Jobs in the record",
            description="Jobs in the database by status, counted each minute.",
            queries=(Query(gauge("imagemill_jobs", by="status"), "{{status}}"),),
            unit="short",
        ),
    ),
)

SANDBOX = Row(
    "Memory and sandbox",
    (
        Panel(
            id=40,
            title="Memory of conversions",
            description="budget: memory for the conversions of all workers. granted: their forecasts together. If granted is near "
            "the budget and conversions wait, the pictures are large and a larger budget would help.",
            queries=(
                Query(total(ours("imagemill_worker_memory_budget_bytes")), "budget"),
                Query(total(ours("imagemill_worker_memory_reserved_bytes")), "granted"),
            ),
            unit="bytes",
        ),
        Panel(
            id=41,
            title="Conversions waiting for memory or a processor",
            description="They have a slot and have read the header. They go on when others end. Many that wait for a "
            "processor: a worker has more slots for heavy pictures than processors, and light ones pass them.",
            queries=(
                Query(total(ours("imagemill_worker_memory_waiting")), "for memory"),
                Query(total(ours("imagemill_worker_processors_waiting")), "for a processor"),
            ),
            unit="none",
        ),
        Panel(
            id=42,
            title="Conversions started again",
            description="Missed: with the full memory of a job. A few are noise; many mean that the forecasts do not fit "
            "these pictures, and the work is done twice. Killed from outside: alone, because something like a node short "
            "of memory killed them; the pods have less memory than their limits say.",
            queries=(
                Query(total(rate("imagemill_worker_forecasts_missed_total")), "missed"),
                Query(total(rate("imagemill_worker_killed_outside_total")), "killed from outside"),
            ),
            unit="ops",
        ),
        Panel(
            id=43,
            title="Layers of the sandbox",
            description="1: the kernels of all workers have the layer. 0: one lacks it; the log of that worker says why.",
            queries=(Query(f"min by (layer) ({ours('imagemill_sandbox_layer')})", "{{layer}}"),),
            unit="none",
        ),
        Panel(
            id=44,
            title="Zygotes made anew",
            description="The process that conversions are forked from. jobs: after its number of jobs, as it should be. crash: a "
            "child crashed; many mean damaged files, or somebody who tries to break in. died: it ended by itself.",
            queries=(Query(total(rate("imagemill_sandbox_zygotes_total"), "reason"), "{{reason}}"),),
            unit="ops",
        ),
    ),
)

CONVERSIONS = Board(
    name="conversions",
    title="imagemill / Conversions and autoscaling",
    description="Queue, workers and autoscaling, stages and outcomes, memory and the sandbox, webhooks.",
    rows=(QUEUE, SCALING, LATENCY, OUTCOMES, SANDBOX, WEBHOOKS),
)
