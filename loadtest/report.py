"""The folder of a run: report.html, stats.csv, result.json."""

import csv
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from loadtest.charts import PANELS, chart, overlay

TEMPLATES = Path(__file__).with_name("templates")
Result = dict[str, Any]

LAB = {"off": 1500.0, "on": 1000.0}
"""Mean milliseconds at 100 users of the lab set-up that this replaces, without and with a status cache."""


def write(directory: Path, result: Result) -> None:
    """All three files; the directory is made."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    with (directory / "stats.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(result["table"][0]) if result["table"] else ["name"])
        writer.writeheader()
        writer.writerows(result["table"])
    page = _page("report.html", result=result, chart=chart(result["series"]))
    (directory / "report.html").write_text(page, encoding="utf-8")


def compare(runs: list[Path], target: Path, *, lab: bool = False) -> Path:
    """One page with the runs (folders) side by side, and with the lab's figures where asked."""
    results = {_short(run.name): json.loads((run / "result.json").read_text(encoding="utf-8")) for run in runs}
    names = sorted({name for result in results.values() for name in result["figures"]})
    drawing = overlay({name: result["series"] for name, result in results.items()}, PANELS[:3])
    target.mkdir(parents=True, exist_ok=True)
    page = _page("compare.html", results=results, names=names, chart=drawing, lab=LAB if lab else None)
    (target / "compare.html").write_text(page, encoding="utf-8")
    return target / "compare.html"


def _short(name: str) -> str:
    """A folder's name without the time that it begins with."""
    return re.sub(r"^\d{8}-\d{6}-", "", name)


def number(value: float | None) -> str:
    """For people: three digits that count, and a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _page(template: str, **given: object) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True)
    environment.filters["number"] = number
    return environment.get_template(template).render(**given)
