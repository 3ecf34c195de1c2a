"""The folder of a run: report.html, stats.csv, result.json."""

import csv
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from loadtest.charts import PANELS, draw_chart, draw_overlay

TEMPLATES = Path(__file__).with_name("templates")
Result = dict[str, Any]

LAB = {"off": 1500.0, "on": 1000.0}
"""Mean milliseconds of the lab set-up (the predecessor of imagemill) at 100 users, without and with a status cache."""


def write_report(directory: Path, result: Result) -> None:
    """Write the three files; make the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    with (directory / "stats.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(result["table"][0]) if result["table"] else ["name"])
        writer.writeheader()
        writer.writerows(result["table"])
    page = _render_page("report.html", result=result, chart=draw_chart(result["series"]))
    (directory / "report.html").write_text(page, encoding="utf-8")


def compare(runs: list[Path], target: Path, *, lab: bool = False) -> Path:
    """Write a page with the runs (folders) side by side, and with the lab's figures if `lab`."""
    results = {_shorten_name(run.name): json.loads((run / "result.json").read_text(encoding="utf-8")) for run in runs}
    names = sorted({name for result in results.values() for name in result["figures"]})
    drawing = draw_overlay({name: result["series"] for name, result in results.items()}, PANELS[:3])
    target.mkdir(parents=True, exist_ok=True)
    page = _render_page("compare.html", results=results, names=names, chart=drawing, lab=LAB if lab else None)
    (target / "compare.html").write_text(page, encoding="utf-8")
    return target / "compare.html"


def _shorten_name(name: str) -> str:
    """Return a folder's name without the time at its beginning."""
    return re.sub(r"^\d{8}-\d{6}-", "", name)


def format_number(value: float | None) -> str:
    """Return the number for people: three significant digits, a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _render_page(template: str, **given: object) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True)
    environment.filters["number"] = format_number
    return environment.get_template(template).render(**given)
