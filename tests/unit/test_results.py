"""The pages of results are of today's formats, show nothing of a machine, and claim no promise that was broken."""

import re
from pathlib import Path

import pytest

from conformance.browser.sources import SHOWN
from conformance.fuzz.bombs import BOMBS
from conformance.matrix.subjects import subjects
from conformance.tiff_grid.cells import REFUSED, list_cells
from conformance.tiff_grid.meanings import MEANINGS
from core.formats import READABLE, TARGETS

RESULTS = Path(__file__).parents[2] / "docs" / "results"
PAGES = ("matrix", "corpora", "fuzz", "bombs", "flaws", "sizes", "browser")
MACHINE = re.compile(r"(?:^|[\s`'(])/(?:root|home|tmp|work|usr|var)\b")


def text_of(page: str) -> str:
    return (RESULTS / f"{page}.md").read_text(encoding="utf-8")


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, its head first."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    rows = [[[cell.strip() for cell in line.strip("|").split("|")] for line in one.splitlines()] for one in found]
    return [[one[0], *one[2:]] for one in rows]


def number(cell: str) -> int:
    return int(cell.replace(",", "").replace("*", ""))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_when_it_was_made_and_nothing_of_the_machine(page: str) -> None:
    text = text_of(page)
    assert re.search(r"^Made on 20\d\d-\d\d-\d\d with Python ", text, re.MULTILINE)
    assert MACHINE.findall(text) == []


def test_the_matrix_has_every_pair_and_nothing_unexplained() -> None:
    text = text_of("matrix")
    by_source, by_picture = tables(text)[:2]
    assert by_source[0][1:] == by_picture[0][1:] == [fmt.name for fmt in TARGETS]
    assert [row[0] for row in by_source[1:]] == [fmt.name for fmt in READABLE]
    assert [row[0] for row in by_picture[1:]] == [subject.name for subject in subjects()]
    assert re.search(r"^[\d,]+ conversions: [\d,]+ as promised, 0 not;", text, re.MULTILINE)
    assert "All were read back as they were meant." in text


def test_every_format_was_damaged_and_no_promise_broken() -> None:
    (head, *rows, total), text = tables(text_of("fuzz"))[0], text_of("fuzz")
    assert [row[0] for row in rows] == sorted(fmt.name for fmt in READABLE)
    assert number(total[1]) >= 20_000
    assert ": 0 broke a promise" in text
    assert "internal" not in head


def test_no_public_image_ended_as_our_fault() -> None:
    text = text_of("corpora")
    assert re.search(r"^[\d,]+ images, [\d,]+ conversions; 0 ended as `internal`", text, re.MULTILINE)
    assert {row[0] for row in tables(text)[1][1:]} <= {fmt.name for fmt in READABLE}


def test_what_others_read_and_we_refuse_has_its_reason() -> None:
    (listed,) = re.findall(r"^## Refused here, read by others\n(.*?)^## ", text_of("corpora"), re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^- .*", listed, re.MULTILINE)
    assert len(lines) <= 31
    for line in lines:
        found = re.fullmatch(r"- [\w.-]+: \S+ \(\w+\): `\w+`; read by [\w ]+: ([A-Z].*\.)", line)
        assert found, line


def test_no_layout_of_tiff_is_wrong_in_silence() -> None:
    text = text_of("tiff-grid")
    grid, refused = tables(text)
    assert [row[0] for row in grid[1:]] == [meaning.name for meaning in MEANINGS]
    assert sum(number(row[2]) for row in grid[1:]) == len(list(list_cells()))
    assert {row[5] for row in grid[1:]} == {"0"}
    assert {row[0] for row in refused[1:]} == set(REFUSED.values())
    assert "cells, 0 wrong in silence." in text


def test_no_file_is_shown_otherwise_than_by_a_browser_without_a_reason() -> None:
    text = text_of("browser")
    assert re.search(r"^[\d,]+ files that Chromium shows, 0 wrong, ", text, re.MULTILINE)
    (table,) = tables(text)
    assert {row[0] for row in table[1:]} == {fmt.title for fmt in READABLE if fmt.name in SHOWN}


def test_every_bomb_has_its_line_and_its_code() -> None:
    (table,) = tables(text_of("bombs"))
    assert [row[0] for row in table[1:]] == [bomb.name for bomb in BOMBS]
    for row, bomb in zip(table[1:], BOMBS, strict=True):
        assert row[3].strip("`") in bomb.codes
        assert float(row[5]) < 5
        assert number(row[6]) < 300
        assert row[7] == ""


def test_no_gif_is_larger_than_others_make_it() -> None:
    """By a few bytes for each frame at most."""
    rows = [row for row in tables(text_of("sizes"))[0][1:] if row[0].endswith(".gif")]
    compared = 0
    for _, source, target, ours, others in rows:
        best = [number(size) for size in re.findall(r"(?:gifsicle -O2`?|gif2webp|-mixed`?) ([\d,]+)", others)]
        if target == "gif":
            best.append(number(source))
        assert all(number(ours) <= 1.03 * size for size in best)
        compared += len(best)
    assert compared >= 15
