"""The queries of the dashboards' files as Prometheus gets them from Grafana."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.chart.rendering import CHART, NAMESPACE
from tests.monitoring.chart_rules import NAME

VARIABLES = {"namespace": NAMESPACE, "release": NAME, "__rate_interval": "2m", "__range": "5m"}
"""What Grafana fills in; for the rates and the range it chooses by the scrape interval and the time shown."""

FOREIGN = ("kube_", "keda_", "kubelet_", "container_", "node_")
NAMES = re.compile(rf"\b((?:imagemill[_:]|process_|{'|'.join(FOREIGN)})\w[\w:]*|up(?={{))")


@dataclass(frozen=True)
class Asked:
    """One query of one panel."""

    board: str
    panel: str
    expr: str
    legend: str

    def __str__(self) -> str:
        return f"{self.board} / {self.panel}: {self.expr}"

    @property
    def metrics(self) -> set[str]:
        return set(NAMES.findall(self.expr))

    @property
    def labels(self) -> set[str]:
        """Labels that its series are named by."""
        return set(re.findall(r"\{\{(\w+)\}\}", self.legend))


def dashboards() -> dict[str, Any]:
    """The files that the chart ships, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (CHART / "dashboards").glob("*.json")}


def panels(board: Any) -> list[Any]:
    """The panels of a file, rows left out."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Every query of every panel."""
    for board in dashboards().values():
        for panel in panels(board):
            for target in panel["targets"]:
                yield Asked(board["title"], panel["title"], filled(target["expr"]), target["legendFormat"])


def filled(text: str) -> str:
    """With the variables' values; AssertionError for a variable that there is not."""
    for name, value in VARIABLES.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text, text
    return text
