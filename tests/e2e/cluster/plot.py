"""A timeline as a picture for the docs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from tests.e2e.cluster.timeline import Sample

JOBS = (("messages", "queue length (XLEN)", "#c44e52"), ("busy", "busy slots", "#dd8452"))
WORKERS = (("wanted", "workers wanted", "#4c72b0"), ("ready", "workers ready", "#55a868"))


def plot(samples: Sequence["Sample"], events: Sequence[tuple[float, str]], title: str, path: Path) -> None:
    """Queue and busy slots above, workers below, over the seconds since the first sample."""
    # The same input gives the same file; and text stays text, which is smaller and can be searched.
    with mpl.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9, 5), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        start = samples[0].at
        for axes, curves in ((upper, JOBS), (lower, WORKERS)):
            _curves(axes, samples, curves, lambda at: at - start)
            _marks(axes, events, start)
        upper.set(title=title, ylabel="jobs")
        lower.set(xlabel="seconds", ylabel="workers")
        figure.savefig(path, metadata={"Date": None})


def _curves(
    axes: Any, samples: Sequence["Sample"], curves: Sequence[tuple[str, str, str]], since: Callable[[float], float]
) -> None:
    for name, label, colour in curves:
        values = [getattr(sample, name) for sample in samples]
        known = [float("nan") if value is None else value for value in values]
        axes.step([since(s.at) for s in samples], known, where="post", label=label, color=colour, linewidth=1.4)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.legend(loc="center right", frameon=False)


def _marks(axes: Any, events: Sequence[tuple[float, str]], start: float) -> None:
    for at, text in events:
        axes.axvline(at - start, color="#888888", linewidth=0.7, linestyle=":")
        axes.annotate(text, (at - start, 0.98), xycoords=("data", "axes fraction"), rotation=90, va="top", fontsize=6)
