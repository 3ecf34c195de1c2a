"""The rules as the chart ships them."""

import json
from pathlib import Path
from typing import Any

from tests.chart.rendering import NAMESPACE, RELEASE, merged, of_kind, render

NAME = f"{RELEASE}-imagemill"
"""What the names of the release's objects begin with."""

MOST_WORKERS = 2
RUNBOOKS, GRAFANA = "https://runbooks.example", "https://grafana.example"
ON = {
    "monitoring": {"enabled": True, "runbooks": RUNBOOKS, "grafana": GRAFANA},
    "worker": {"autoscaling": {"maxReplicas": MOST_WORKERS}},
}
LABELS = {"namespace": NAMESPACE, "release": NAME}

Group = dict[str, Any]
Rule = dict[str, Any]


def groups(values: dict[str, Any] | None = None, release: str = RELEASE) -> list[Group]:
    """Every group of every PrometheusRule."""
    manifests = of_kind(render(merged(ON, values or {}), release=release), "PrometheusRule")
    return [group for manifest in manifests.values() for group in manifest["spec"]["groups"]]


def rules(kind: str) -> list[Rule]:
    """Every rule of a kind: `alert` or `record`."""
    return [rule for group in groups() for rule in group["rules"] if kind in rule]


def write_rules(path: Path, found: list[Group]) -> Path:
    """As a file that Prometheus and promtool read: JSON is YAML too."""
    path.write_text(json.dumps({"groups": found}), encoding="utf-8")
    return path
