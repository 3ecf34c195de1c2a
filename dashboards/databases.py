"""PostgreSQL and Redis as the janitor sees them, the release's as well as your own."""

from dashboards.model import Kind, Panel, Query, Row
from dashboards.promql import VOLUMES, gauge, ours

DATABASES = Row(
    "PostgreSQL and Redis",
    (
        Panel(
            id=20,
            title="PostgreSQL answers",
            description="1 while PostgreSQL answers the janitor.",
            queries=(Query(f"min({ours('imagemill_postgresql_up')})", "up"),),
            unit="none",
            kind=Kind.FIGURE,
            thresholds=(1,),
            below=True,
            alerts=("ImagemillPostgresqlAway",),
            width=6,
        ),
        Panel(
            id=21,
            title="Redis answers",
            description="1 while Redis answers the janitor.",
            queries=(Query(f"min({ours('imagemill_redis_up')})", "up"),),
            unit="none",
            kind=Kind.FIGURE,
            thresholds=(1,),
            below=True,
            alerts=("ImagemillRedisAway",),
            width=6,
        ),
        Panel(
            id=22,
            title="Database",
            description="Size of the database: jobs, uploads and results within the retention time.",
            queries=(Query(gauge("imagemill_postgresql_bytes"), "size"),),
            unit="bytes",
            kind=Kind.FIGURE,
            width=6,
        ),
        Panel(
            id=23,
            title="Keys evicted by Redis",
            description="Job states evicted within the last hour because memory was full. The queue is never evicted.",
            queries=(Query(f"sum(delta({ours('imagemill_redis_evicted_keys')}[1h]))", "keys"),),
            unit="short",
            kind=Kind.FIGURE,
            thresholds=(1,),
            width=6,
        ),
        Panel(
            id=24,
            title="Connections to PostgreSQL",
            description="Open connections of the whole server, and its limit.",
            queries=(
                Query(gauge("imagemill_postgresql_connections"), "open"),
                Query(gauge("imagemill_postgresql_connections_max"), "allowed"),
            ),
            unit="none",
            alerts=("ImagemillPostgresqlConnections",),
            width=8,
        ),
        Panel(
            id=25,
            title="Memory of Redis",
            description="Used memory as a share of maxmemory. The alert begins at the line.",
            queries=(Query(ours("imagemill:redis_memory:ratio"), "used"),),
            unit="percentunit",
            thresholds=(0.9,),
            most=1,
            alerts=("ImagemillRedisMemory",),
            width=8,
        ),
        Panel(
            id=26,
            title="Volumes",
            description="Free share of each claim. The alert begins at the line.",
            queries=(
                Query(
                    f"max by (persistentvolumeclaim) (kubelet_volume_stats_available_bytes{{{VOLUMES}}})"
                    f" / max by (persistentvolumeclaim) (kubelet_volume_stats_capacity_bytes{{{VOLUMES}}})",
                    "{{persistentvolumeclaim}}",
                ),
            ),
            unit="percentunit",
            thresholds=(0.1, 0.2),
            below=True,
            most=1,
            alerts=("ImagemillVolumeNearlyFull",),
            width=8,
        ),
    ),
)
