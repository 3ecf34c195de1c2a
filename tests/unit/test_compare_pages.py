"""docs/compare-pages.md: what it says of another page has a source of that page, and its figures of ours are ours."""

import re
from collections.abc import Iterator

from core.formats import READABLE, TARGETS
from tests.markdown import ROOT

TEXT = (ROOT / "docs/compare-pages.md").read_text(encoding="utf-8")
SOURCES = dict(re.findall(r"^(\d+)\. (\w+): ", TEXT, re.MULTILINE))
"""Whose each source is, by its number."""
UNKNOWN = {"not found", "not measured", "does not apply"}
"""What may be said without a source."""


def cells() -> Iterator[tuple[str, str, str]]:
    """The row, the column and the text of each cell, in all tables."""
    for table in re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE):
        names, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
        yield from ((row[0], name, cell) for row in rows for name, cell in zip(names[1:], row[1:], strict=True))


def test_each_claim_about_another_page_has_a_source_of_it() -> None:
    theirs = [cell for cell in cells() if cell[1] != "imagemill" and cell[2] not in UNKNOWN]
    assert len(theirs) > 100
    assert [cell for cell in theirs if {SOURCES[n] for n in re.findall(r"\[(\d+)\]", cell[2])} != {cell[1]}] == []


def test_each_source_is_used() -> None:
    assert set(re.findall(r" \[(\d+)\]", TEXT)) == SOURCES.keys()


def test_our_formats_are_counted() -> None:
    assert f"| {len(READABLE)} pictures read, {len(TARGETS)} written |" in TEXT
