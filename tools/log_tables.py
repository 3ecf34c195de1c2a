"""Read every line that the programs log from the code, and write the tables of docs/logs.md.

A field or a line of the log exists where the code logs it. What a field means stands in tools.log_fields.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.log_fields import FIELDS, SPREAD

ROOT = Path(__file__).parents[1]
ROOMS = {"api": "API", "worker": "worker", "janitor": "janitor", "core": "all"}
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
BINDERS = frozenset({"bind_contextvars", "bound_contextvars"})


@dataclass(frozen=True, slots=True)
class Line:
    """One call that logs, or that binds fields to the lines after it (no level). `event` is "" where it is made at run time."""

    program: str
    event: str
    level: str
    fields: tuple[str, ...]


def list_lines(root: Path = ROOT) -> list[Line]:
    """Return every call that logs, of every program."""
    return [
        line
        for room, program in ROOMS.items()
        for file in sorted((root / room).rglob("*.py"))
        for line in _read_lines(ast.parse(file.read_text(encoding="utf-8")), program)
    ]


def make_lines_table() -> str:
    """List the lines by program, with their levels and fields."""
    lines = ["| line | level | program | fields of its own |", "|---|---|---|---|"]
    for line in list_lines():
        if line.event:
            fields = ", ".join(f"`{field}`" for field in line.fields)
            lines.append(f"| {line.event} | {line.level} | {line.program} | {fields} |")
    return "\n".join(lines)


def make_fields_table() -> str:
    """List the fields with their meanings."""
    programs: dict[str, set[str]] = {}
    for line in list_lines():
        for field in line.fields:
            programs.setdefault(field, set()).add(line.program)
    lines = ["| field | logged by | what it says |", "|---|---|---|"]
    for field, meaning in FIELDS.items():
        found = programs.get(field, {"all"})
        who = "all" if "all" in found else ", ".join(name for name in ROOMS.values() if name in found)
        lines.append(f"| `{field}` | {who} | {meaning} |")
    return "\n".join(lines)


def _read_lines(tree: ast.AST, program: str) -> Iterator[Line]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (level := _find_level(node.func)) is not None:
            event = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            fields = tuple(name for keyword in node.keywords for name in _name_fields(keyword))
            yield Line(program, str(event), level, fields)


def _find_level(called: ast.expr) -> str | None:
    """Return the level of a call that logs, "" for one that binds, None for any other."""
    match called:
        case ast.Attribute(value=ast.Name(id="log"), attr=name) if name in LEVELS:
            return LEVELS[name]
        case ast.Attribute(attr=name) if name in BINDERS:
            return ""
        case ast.Name(id="write_line"):
            return "info or warning"
        case _:
            return None


def _name_fields(keyword: ast.keyword) -> tuple[str, ...]:
    """Return the names that a keyword brings; several where a mapping is spread, which SPREAD has to know."""
    match keyword:
        case ast.keyword(arg=str(name)):
            return (name,)
        case ast.keyword(value=ast.Call(func=ast.Name(id=name)) | ast.Name(id=name)):
            return SPREAD[name]
        case _:
            raise ValueError(f"line {keyword.value.lineno}: give the fields of a log line by name")
