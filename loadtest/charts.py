"""The curves of a run as SVG, one below the other over the same time axis."""

from collections.abc import Mapping, Sequence
from io import StringIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]
Panel = tuple[str, tuple[tuple[str, str], ...]]
"""The unit, and the series with their labels."""

PANELS: tuple[Panel, ...] = (
    ("asked", (("level", "asked: users, requests/s or jobs/s"), ("rate", "requests answered/s"))),
    ("ms", (("p50", "answers p50"), ("p95", "p95"), ("p99", "p99"))),
    ("s", (("result_p50", "submit to result p50"), ("result_p95", "p95"))),
    ("errors/s", (("errors", "errors/s"),)),
    ("jobs", (("queue", "queue length"), ("busy", "busy slots"))),
    ("workers", (("workers", "scraped workers"),)),
    ("cores", (("service_cores", "CPU of the service"), ("generator_cores", "CPU of the load generator"))),
    ("MiB", (("api_mib", "API"), ("worker_mib", "worker"), ("janitor_mib", "janitor"))),
)
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
COLORS = ("#4c72b0", "#dd8452", "#55a868")


def draw_chart(series: Mapping[str, Points]) -> str:
    """Draw an SVG element with a panel for each group of series. Series without points are left out."""
    return _draw_panels(
        [(unit, _select_lines(lines, series)) for unit, lines in PANELS if _select_lines(lines, series)], series
    )


def draw_overlay(runs: Mapping[str, Mapping[str, Points]], panels: Sequence[Panel]) -> str:
    """Draw the same series of several runs into the same panels, with the run's name in each label."""
    joined = {f"{run}: {name}": points for run, series in runs.items() for name, points in series.items()}
    wanted = [
        (unit, tuple((f"{run}: {name}", f"{run}: {label}") for name, label in lines for run in runs))
        for unit, lines in panels
    ]
    return _draw_panels(
        [(unit, _select_lines(lines, joined)) for unit, lines in wanted if _select_lines(lines, joined)], joined
    )


def _select_lines(lines: Sequence[tuple[str, str]], series: Mapping[str, Points]) -> list[tuple[str, str]]:
    return [(name, label) for name, label in lines if series.get(name)]


def _draw_panels(panels: Sequence[tuple[str, Sequence[tuple[str, str]]]], series: Mapping[str, Points]) -> str:
    with mpl.rc_context({"svg.hashsalt": "imagemill", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 1.7 * max(1, len(panels))), layout="constrained")
        for axes, (unit, lines) in zip(
            figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0], panels, strict=False
        ):
            _draw_panel(axes, unit, lines, series)
        out = StringIO()
        figure.savefig(out, format="svg", metadata=NO_METADATA)
    return out.getvalue()[out.getvalue().index("<svg") :]


def _draw_panel(axes: Axes, unit: str, lines: Sequence[tuple[str, str]], series: Mapping[str, Points]) -> None:
    for (name, label), color in zip(lines, COLORS * 3, strict=False):
        points = series[name]
        axes.plot([at for at, _ in points], [value for _, value in points], label=label, color=color, linewidth=1.2)
    axes.margins(y=0.3)  # room for the legend
    axes.set_ylim(bottom=0)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize=7, ncols=2 if len(lines) > 3 else 3, frameon=False)
