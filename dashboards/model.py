"""The model of a dashboard, free of Grafana: rows of panels, each with its queries and alerts."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The ways to draw a panel."""

    LINES = "lines"
    STACK = "stack"
    FIGURE = "figure"
    HEATMAP = "heatmap"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and the name of its series (`{{label}}` is the label's value)."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. `id` is for ever: alerts link to it.

    `thresholds` are values from which it is orange and red (one value: red); `below` turns that round.
    `alerts` are the alerts of the chart's rules that this panel explains. `width` is in 24ths.
    """

    id: int
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str
    kind: Kind = Kind.LINES
    thresholds: tuple[float, ...] = ()
    below: bool = False
    alerts: tuple[str, ...] = ()
    width: int = 12
    least: float | None = 0
    most: float | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; `name` is its file's and, after `imagemill-`, its address in Grafana."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    refresh: str = "30s"
    span: str = "now-1h"

    @property
    def uid(self) -> str:
        """Grafana's name for it."""
        return f"imagemill-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel."""
        return tuple(panel for row in self.rows for panel in row.panels)


def name_runbook(alert: str) -> str:
    """Return the file of an alert's runbook: ImagemillOldestJobWaits has oldest-job-waits.md."""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in alert.removeprefix("Imagemill"))
    return f"{words.lstrip('-')}.md"
