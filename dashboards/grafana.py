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

from dashboards.model import Board, Kind, Panel, Query, name_runbook

SOURCE = DataSourceRef(type_val="prometheus", uid="$datasource")
RUNBOOKS = "RUNBOOKS"
"""The chart puts the address of the runbooks here."""

TAG = "imagemill"
FIRST_ROW = 1000
"""Rows are numbered from here on, far from panels."""

HEIGHT, FIGURE_HEIGHT = 8, 4
ORANGE, RED, GREEN = "orange", "red", "green"

AnyPanel = timeseries.Panel | stat.Panel | heatmap.Panel


def write_json(board: Board) -> str:
    """Return the dashboard as a file for Grafana."""
    return json.dumps(build_dashboard(board), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def build_dashboard(board: Board) -> Dashboard:
    """Build the dashboard in the SDK's model."""
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
    for variable in list_variables():
        builder.with_variable(variable)
    for number, row in enumerate(board.rows, FIRST_ROW):
        builder.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            builder.with_panel(build_panel(panel))
    return builder.build()


def list_variables() -> Sequence[Any]:
    """Return the choices above each dashboard: the Prometheus, the namespace, the release."""
    return [
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        _offer_choice("namespace", "Namespace", "label_values(imagemill_postgresql_up, namespace)"),
        _offer_choice("release", "Release", 'label_values(imagemill_postgresql_up{namespace="$namespace"}, release)'),
        dashboard.ConstantVariable("runbooks").value(RUNBOOKS),
    ]


def build_panel(panel: Panel) -> AnyPanel:
    """Build the panel with its title, queries, links and size."""
    builder = _DRAW[panel.kind](panel)
    builder.id(panel.id).title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    builder.span(panel.width).height(FIGURE_HEIGHT if panel.kind is Kind.FIGURE else HEIGHT)
    builder.links([_link_runbook(alert) for alert in panel.alerts])
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        builder.with_target(_make_target(query, panel.kind).ref_id(letter))
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    return builder


def _draw_lines(panel: Panel) -> timeseries.Panel:
    builder = (
        timeseries.Panel().fill_opacity(10).line_width(1).color_scheme(_choose_color(FieldColorModeId.PALETTE_CLASSIC))
    )
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
        builder.thresholds(_set_thresholds(panel)).thresholds_style(style)
    if panel.least is not None:
        builder.min(panel.least)
    if panel.most is not None:
        builder.max(panel.most)
    return builder


def _draw_stack(panel: Panel) -> timeseries.Panel:
    return _draw_lines(panel).fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def _draw_figure(panel: Panel) -> stat.Panel:
    builder = stat.Panel().graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.VALUE)
    builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    return builder.thresholds(_set_thresholds(panel)).color_scheme(_choose_color(FieldColorModeId.THRESHOLDS))


def _draw_heatmap(panel: Panel) -> heatmap.Panel:
    colors = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(32)
    # Prometheus has counted into buckets already.
    return heatmap.Panel().calculate(False).color(colors).y_axis(heatmap.YAxisConfig().unit(panel.unit))


_DRAW: Mapping[Kind, Callable[[Panel], AnyPanel]] = {
    Kind.LINES: _draw_lines,
    Kind.STACK: _draw_stack,
    Kind.FIGURE: _draw_figure,
    Kind.HEATMAP: _draw_heatmap,
}


def _make_target(query: Query, kind: Kind) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).datasource(SOURCE)
    if kind is Kind.HEATMAP:
        target.format(PromQueryFormat.HEATMAP)
    return target.range()


def _set_thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """Return the colors: orange from the first value on, red from the second or the only one. `below` turns that round."""
    colors = [RED] if len(panel.thresholds) == 1 else [ORANGE, RED]
    steps = [Threshold(None, GREEN), *map(Threshold, panel.thresholds, colors)]
    if panel.below:
        steps = [
            Threshold(None, RED),
            *map(Threshold, panel.thresholds, [GREEN] if len(colors) == 1 else [ORANGE, GREEN]),
        ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _link_runbook(alert: str) -> dashboard.DashboardLink:
    """Return the link to the alert's runbook."""
    link = dashboard.DashboardLink(f"Runbook of {alert}").type(DashboardLinkType.LINK)
    return link.url(f"${{runbooks}}/{name_runbook(alert)}").target_blank(True)


def _offer_choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(label).query(query).datasource(SOURCE)
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)


def _choose_color(mode: FieldColorModeId) -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(mode)
