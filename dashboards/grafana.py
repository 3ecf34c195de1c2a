"""Grafana's JSON of a dashboard, by the SDK's builders."""

import json
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.model import Board, Kind, Panel, Query, runbook

SOURCE = DataSourceRef(type_val="prometheus", uid="$datasource")
RUNBOOKS = "RUNBOOKS"
"""Where the chart writes the address of the runbooks."""

TAG = "imagemill"
FIRST_ROW = 1000
"""Rows are numbered from here on, far from panels."""

HEIGHT, FIGURE_HEIGHT = 8, 4
ORANGE, RED, GREEN = "orange", "red", "green"

AnyPanel = timeseries.Panel | stat.Panel | heatmap.Panel


def to_json(board: Board) -> str:
    """The dashboard as the file that Grafana reads."""
    return json.dumps(build(board), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def build(board: Board) -> Dashboard:
    """The dashboard in the SDK's model."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .refresh(board.refresh)
        .time(board.span, "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("imagemill")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
            .include_vars(True)
        )
    )
    for variable in variables():
        builder.with_variable(variable)
    for number, row in enumerate(board.rows, FIRST_ROW):
        builder.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            builder.with_panel(drawn(panel))
    return builder.build()


def variables() -> Sequence[Any]:
    """What is chosen above each dashboard: the Prometheus, the namespace, the release."""
    return [
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        _choice("namespace", "Namespace", "label_values(imagemill_postgresql_up, namespace)"),
        _choice("release", "Release", 'label_values(imagemill_postgresql_up{namespace="$namespace"}, release)'),
        dashboard.ConstantVariable("runbooks").value(RUNBOOKS),
    ]


def drawn(panel: Panel) -> AnyPanel:
    """The panel's builder, complete."""
    builder = _DRAW[panel.kind](panel)
    builder.id(panel.id).title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    builder.span(panel.width).height(FIGURE_HEIGHT if panel.kind is Kind.FIGURE else HEIGHT)
    builder.links([_runbook_link(alert) for alert in panel.alerts])
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        builder.with_target(_target(query, panel.kind).ref_id(letter))
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    return builder


def _lines(panel: Panel) -> timeseries.Panel:
    builder = timeseries.Panel().fill_opacity(10).line_width(1).color_scheme(_colour(FieldColorModeId.PALETTE_CLASSIC))
    builder.legend(
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    builder.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    if panel.thresholds:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        builder.thresholds(_thresholds(panel)).thresholds_style(style)
    if panel.least is not None:
        builder.min(panel.least)
    if panel.most is not None:
        builder.max(panel.most)
    return builder


def _stack(panel: Panel) -> timeseries.Panel:
    return _lines(panel).fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def _figure(panel: Panel) -> stat.Panel:
    builder = stat.Panel().graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
    builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    return builder.thresholds(_thresholds(panel)).color_scheme(_colour(FieldColorModeId.THRESHOLDS))


def _heatmap(panel: Panel) -> heatmap.Panel:
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(32)
    # Prometheus has counted into buckets already.
    return heatmap.Panel().calculate(False).color(colours).y_axis(heatmap.YAxisConfig().unit(panel.unit))


_DRAW: Mapping[Kind, Callable[[Panel], AnyPanel]] = {
    Kind.LINES: _lines,
    Kind.STACK: _stack,
    Kind.FIGURE: _figure,
    Kind.HEATMAP: _heatmap,
}


def _target(query: Query, kind: Kind) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).datasource(SOURCE)
    if kind is Kind.HEATMAP:
        target.format(PromQueryFormat.HEATMAP)
    return target.range()


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """From the first value on it is orange, from the second red; with one value, red. `below`: up to there instead."""
    colours = [RED] if len(panel.thresholds) == 1 else [ORANGE, RED]
    steps = [Threshold(None, GREEN), *map(Threshold, panel.thresholds, colours)]
    if panel.below:
        steps = [
            Threshold(None, RED),
            *map(Threshold, panel.thresholds, [GREEN] if len(colours) == 1 else [ORANGE, GREEN]),
        ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _runbook_link(alert: str) -> dashboard.DashboardLink:
    """The page of one alert; a panel without alerts has none."""
    link = dashboard.DashboardLink(f"Runbook of {alert}").type(DashboardLinkType.LINK)
    return link.url(f"${{runbooks}}/{runbook(alert)}").target_blank(True)


def _choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(label).query(query).datasource(SOURCE)
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)


def _colour(mode: FieldColorModeId) -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(mode)
