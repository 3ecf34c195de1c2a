"""The machines and pods under the service, and both databases."""

from dashboards.databases import DATABASES
from dashboards.model import Board, Kind, Panel, Query, Row
from dashboards.promql import CONTAINERS, PODS, WINDOW

DISK = 'fstype!~"tmpfs|overlay|squashfs|ramfs", mountpoint!~"/run.*|/boot.*|/var/lib/kubelet/.+"'
CARDS = 'device!~"lo|veth.*|cni.*|cali.*|flannel.*|docker.*|br-.*"'
DISKS = 'device!~"loop.*|ram.*|sr.*|dm-.*"'


def used(metric: str, resource: str, kind: str) -> str:
    """Return the use of the containers as a share of their `requests` or `limits`."""
    given = f'kube_pod_container_resource_{kind}{{{PODS}, resource="{resource}"}}'
    return f"max by (container) (sum by (pod, container) ({metric}) / sum by (pod, container) ({given}))"


def node_rate(metric: str, labels: str = "") -> str:
    """Return a counter of Node Exporter, a second, by node."""
    return f"sum by (instance) (rate({metric}{{{labels}}}[{WINDOW}]))"


NODES = Row(
    "Nodes (Node Exporter)",
    (
        Panel(
            id=1,
            title="CPU",
            description="Busy share of each node's cores.",
            queries=(
                Query(
                    f'1 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}[{WINDOW}]))',
                    "{{instance}}",
                ),
            ),
            unit="percentunit",
            thresholds=(0.8, 0.95),
            most=1,
            width=8,
        ),
        Panel(
            id=2,
            title="Memory",
            description="Share that is not available for new work.",
            queries=(
                Query(
                    "1 - sum by (instance) (node_memory_MemAvailable_bytes) / sum by (instance) (node_memory_MemTotal_bytes)",
                    "{{instance}}",
                ),
            ),
            unit="percentunit",
            thresholds=(0.8, 0.95),
            most=1,
            width=8,
        ),
        Panel(
            id=3,
            title="Disk in use",
            description="Used share of each file system.",
            queries=(
                Query(
                    f"1 - max by (instance, mountpoint) (node_filesystem_avail_bytes{{{DISK}}})"
                    f" / max by (instance, mountpoint) (node_filesystem_size_bytes{{{DISK}}})",
                    "{{instance}} {{mountpoint}}",
                ),
            ),
            unit="percentunit",
            thresholds=(0.8, 0.9),
            most=1,
            width=8,
        ),
        Panel(
            id=4,
            title="Disk traffic",
            description="Bytes read and written a second.",
            queries=(
                Query(node_rate("node_disk_read_bytes_total", DISKS), "{{instance}} read"),
                Query(node_rate("node_disk_written_bytes_total", DISKS), "{{instance}} written"),
            ),
            unit="Bps",
            width=8,
        ),
        Panel(
            id=5,
            title="Network",
            description="Bytes received and sent a second.",
            queries=(
                Query(node_rate("node_network_receive_bytes_total", CARDS), "{{instance}} received"),
                Query(node_rate("node_network_transmit_bytes_total", CARDS), "{{instance}} sent"),
            ),
            unit="Bps",
            width=8,
        ),
        Panel(
            id=6,
            title="Pressure",
            description="Share of time with work waiting for CPU, memory or disk (pressure stall information).",
            queries=tuple(
                Query(node_rate(f"node_pressure_{resource}_waiting_seconds_total"), f"{{{{instance}}}} {resource}")
                for resource in ("cpu", "memory", "io")
            ),
            unit="percentunit",
            width=8,
        ),
    ),
)

POD_ROW = Row(
    "Pods of the release",
    (
        Panel(
            id=10,
            title="CPU against the request",
            description="The busiest pod of each kind, as a share of its request. Above 1 it depends on CPU that others leave idle.",
            queries=(
                Query(
                    used(f"rate(container_cpu_usage_seconds_total{{{CONTAINERS}}}[{WINDOW}])", "cpu", "requests"),
                    "{{container}}",
                ),
            ),
            unit="percentunit",
            thresholds=(1,),
        ),
        Panel(
            id=11,
            title="Memory against the limit",
            description="The fullest pod of each kind, as a share of its limit. At 1 the kernel kills it.",
            queries=(
                Query(used(f"container_memory_working_set_bytes{{{CONTAINERS}}}", "memory", "limits"), "{{container}}"),
            ),
            unit="percentunit",
            thresholds=(0.8, 0.95),
        ),
        Panel(
            id=12,
            title="CPU by kind of pod",
            description="Cores in use, all pods of a kind together.",
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
            id=13,
            title="Memory by kind of pod",
            description="Working set, all pods of a kind together.",
            queries=(
                Query(f"sum by (container) (container_memory_working_set_bytes{{{CONTAINERS}}})", "{{container}}"),
            ),
            unit="bytes",
            kind=Kind.STACK,
        ),
        Panel(
            id=14,
            title="Restarts",
            description="Restarts of containers within the last hour.",
            queries=(
                Query(
                    f"sum by (container) (increase(kube_pod_container_status_restarts_total{{{PODS}}}[1h]))",
                    "{{container}}",
                ),
            ),
            unit="none",
            thresholds=(1,),
        ),
        Panel(
            id=15,
            title="OOM kills",
            description="kills: by the kernel within the last hour, children of conversions too. pods: last ended by such a kill.",
            queries=(
                Query(
                    f"sum by (container) (increase(container_oom_events_total{{{CONTAINERS}}}[1h]))",
                    "{{container}} kills",
                ),
                Query(
                    f'sum by (container) (kube_pod_container_status_last_terminated_reason{{{PODS}, reason="OOMKilled"}})',
                    "{{container}} pods",
                ),
            ),
            unit="none",
            thresholds=(1,),
        ),
        Panel(
            id=16,
            title="Pods by phase",
            description="If a pod stays pending, no node has room, an image is missing, or a claim is not bound.",
            queries=(Query(f"sum by (phase) (kube_pod_status_phase{{{PODS}}})", "{{phase}}"),),
            unit="none",
            kind=Kind.STACK,
        ),
        Panel(
            id=17,
            title="Network of the pods",
            description="Bytes a second, all pods of the release.",
            queries=(
                Query(f"sum(rate(container_network_receive_bytes_total{{{PODS}}}[{WINDOW}]))", "received"),
                Query(f"sum(rate(container_network_transmit_bytes_total{{{PODS}}}[{WINDOW}]))", "sent"),
            ),
            unit="Bps",
        ),
    ),
)

CLUSTER = Board(
    name="cluster",
    title="imagemill / Cluster",
    description="Nodes, the pods of the release against their requests and limits, PostgreSQL and Redis.",
    rows=(NODES, POD_ROW, DATABASES),
)
