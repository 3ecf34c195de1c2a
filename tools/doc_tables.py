"""Make the tables of README and docs from the code: `python -m tools.doc_tables` writes them, a test compares them."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from prometheus_client import Counter, Gauge, Histogram
from pydantic.fields import FieldInfo

import api.metrics
import core.metrics
import janitor.metrics
import worker.metrics
from api.settings import ApiSettings
from core.settings import Settings
from janitor.settings import JanitorSettings
from tools import format_tables, license_table, log_tables, wrong_settings
from tools.protocol_tables import make_transitions_table
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
METRICS = ROOT / "docs" / "metrics.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
"""The pages that may have tables made from the code."""

ROOMS: dict[str, type[Settings]] = {"api": ApiSettings, "worker": WorkerSettings, "janitor": JanitorSettings}


def make_settings_table() -> str:
    """List every environment variable with its default, its readers and its effect."""
    readers: dict[str, list[str]] = {}
    described: dict[str, FieldInfo] = {}
    for room, settings in ROOMS.items():
        for name, info in settings.model_fields.items():
            readers.setdefault(name, []).append(room)
            described[name] = info
    lines = ["| variable | default | read by | what it does |", "|---|---|---|---|"]
    for name, info in described.items():
        who = "all" if name in Settings.model_fields else ", ".join(readers[name])
        lines.append(f"| `IMAGEMILL_{name.upper()}` | {_show_default(info.default)} | {who} | {info.description} |")
    return "\n".join(lines)


SHOWN_BY: dict[str, ModuleType] = {
    "API": api.metrics,
    "worker": worker.metrics,
    "janitor": janitor.metrics,
    "who ends the job": core.metrics,
}


def make_metrics_table() -> str:
    """List every metric of ours with its kind, its labels, its program and its meaning."""
    lines = ["| metric | kind | labels | shown by | what it says |", "|---|---|---|---|---|"]
    for who, module in SHOWN_BY.items():
        for metric in list_metrics(module):
            (told,) = metric.describe()
            name = f"{told.name}_total" if told.type == "counter" else told.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - the library shows them nowhere
            lines.append(f"| `{name}` | {told.type} | {labels} | {who} | {told.documentation} |")
    return "\n".join(lines)


def list_metrics(module: ModuleType) -> Iterator[Counter | Gauge | Histogram]:
    """Return the metrics of a module."""
    return (value for value in vars(module).values() if isinstance(value, Counter | Gauge | Histogram))


TABLES = {
    "settings": make_settings_table,
    "formats": format_tables.make_formats_table,
    "sources": format_tables.make_sources_table,
    "targets": format_tables.make_targets_table,
    "options": format_tables.make_options_table,
    "pairs": format_tables.make_pairs_table,
    "codes": format_tables.make_codes_table,
    "metrics": make_metrics_table,
    "log-lines": log_tables.make_lines_table,
    "log-fields": log_tables.make_fields_table,
    "licenses": license_table.make_licenses_table,
    "transitions": make_transitions_table,
    "wrong-settings": wrong_settings.make_refused_table,
    "warned-settings": wrong_settings.make_warned_table,
    "launcher-settings": wrong_settings.make_launcher_table,
}


def fill_tables(text: str) -> str:
    """Return the text with every `<!-- table: NAME -->` … `<!-- end -->` block made anew."""
    return re.sub(
        r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def _show_default(default: object) -> str:
    """Return a default as code. An empty one is an empty cell: Markdown shows two backticks as two backticks."""
    said = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{said}`" if said else ""


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(fill_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
