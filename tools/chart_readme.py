"""Make the table of values in the chart's README from values.yaml: `python -m tools.chart_readme` writes it.

A description is the comment right above a key, from `# -- ` on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

CHART = Path(__file__).parents[1] / "charts" / "imagemill"
README = CHART / "README.md"
TABLE = re.compile(r"(<!-- values -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its path (`worker.slots`), its default as YAML in one line, its description or nothing."""

    path: str
    default: str
    text: str


def read_values(text: str) -> list[Value]:
    """Read the values of a values file in its order: keys with a description, and keys with nothing below them."""
    root = yaml.compose(text)
    return list(_walk_values(root, (), text.splitlines())) if isinstance(root, yaml.MappingNode) else []


def make_table(found: list[Value]) -> str:
    """Return the values as a Markdown table."""
    lines = ["| value | default | what it does |", "|---|---|---|"]
    lines.extend(
        f"| `{value.path}` | `{value.default}` | {value.text.replace('|', chr(92) + '|')} |" for value in found
    )
    return "\n".join(lines)


def fill_table(readme: str) -> str:
    """Return the README with the table made anew."""
    made = make_table(read_values((CHART / "values.yaml").read_text(encoding="utf-8")))
    return TABLE.sub(lambda found: f"{found[1]}{made}\n{found[2]}", readme)


def _walk_values(node: yaml.MappingNode, path: tuple[str, ...], lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        here = (*path, key.value)
        described = _find_description(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and value.value and not described:
            yield from _walk_values(value, here, lines)
        else:
            yield Value(".".join(here), _show_default(value), described)


def _find_description(lines: list[str], line: int) -> str:
    """Return the description in the comment right above a line."""
    comment: list[str] = []
    while line and (text := lines[line - 1].strip()).startswith("#"):
        comment.insert(0, text.removeprefix("#").strip())
        line -= 1
    start = next((at for at, text in enumerate(comment) if text.startswith("-- ")), None)
    return "" if start is None else " ".join(comment[start:]).removeprefix("-- ")


def _show_default(node: yaml.Node) -> str:
    plain = yaml.safe_dump(yaml.safe_load(yaml.serialize(node)), default_flow_style=True, width=10_000, sort_keys=False)
    return plain.removesuffix("\n").removesuffix("\n...")


if __name__ == "__main__":
    README.write_text(fill_table(README.read_text(encoding="utf-8")), encoding="utf-8")
