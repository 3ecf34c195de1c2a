"""Formats and jobs as tables for people, or as JSON for programs."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from imagemill_client.models import FormatInfo, Formats, Job


def print_json(document: Any) -> None:  # noqa: ANN401 - whatever the service said
    """Print what the service said."""
    print(json.dumps(document))  # noqa: T201 - this is the output


def print_formats(formats: Formats, *, as_json: bool) -> None:
    """Print what is read and written."""
    if as_json:
        print_json(formats.raw)
        return
    targets = {target.name: target for target in formats.write}
    table = Table("format", "read", "target", "further names", box=None)
    for fmt in {**{fmt.name: fmt for fmt in formats.read}, **targets}.values():
        is_read = any(other.name == fmt.name for other in formats.read)
        name = fmt.name if fmt.name in targets else ""
        table.add_row(fmt.title, "yes" if is_read else "", name, ", ".join(fmt.aliases))
    _print(table)
    for missing in formats.unavailable:
        print(missing.detail)  # noqa: T201 - this is the output


def print_target(target: FormatInfo, formats: Formats, *, as_json: bool) -> None:
    """Print the options of a target."""
    if as_json:
        print_json(next(entry for entry in formats.raw["write"] if entry["name"] == target.name))
        return
    table = Table("option", "value", "what it does", box=None)
    for option in target.options.values():
        table.add_row(option.name, option.allowed or option.type, option.description)
    _print(table)


def print_job(job: Job) -> None:
    """Print a job."""
    table = Table(show_header=False, box=None)
    facts = {
        "job": job.id,
        "status": job.status,
        "file": job.filename,
        "target": job.target_format,
        "options": ", ".join(f"{name}={value}" for name, value in job.options.items()),
        "result": f"{job.result.filename}, {job.result.bytes:,} bytes" if job.result else "",
        "until": job.expires_at or "",
        "error": f"{job.error.detail} ({job.error.code})" if job.error else "",
    }
    for name, fact in facts.items():
        if fact:
            table.add_row(name, fact)
    for warning in job.warnings:
        table.add_row("warning", f"{warning.detail} ({warning.code})")
    _print(table)


def _print(table: Table) -> None:
    # Nothing that the service or a file's name says is markup.
    Console(markup=False, highlight=False, emoji=False).print(table)
