"""The pages of results agree with themselves, and speak of every format; what they claim, their commands have measured."""

import re
from pathlib import Path

import pytest

from conformance.fuzz.bombs import BOMBS
from conformance.matrix.subjects import subjects
from core.formats import READABLE, TARGETS

RESULTS = Path(__file__).parents[2] / "docs" / "results"
PAGES = ("matrix", "corpora", "fuzz", "bombs")
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
    for row in by_source[1:]:
        assert all(re.fullmatch(r"\d+", cell) for cell in row[1:]), row
    found = re.search(r"^([\d,]+) conversions: ([\d,]+) as promised, (\d+) not;", text, re.MULTILINE)
    assert found is not None
    for table in (by_source, by_picture):
        assert sum(number(cell) for row in table[1:] for cell in row[1:] if cell != "·") == number(found[1])
    assert (found[2], found[3]) == (found[1], "0")
    assert "All were read back as they were meant." in text


def test_what_fuzzing_counted_adds_up() -> None:
    (head, *rows, total), text = tables(text_of("fuzz"))[0], text_of("fuzz")
    assert [row[0] for row in rows] == sorted(fmt.name for fmt in READABLE)
    for row in [*rows, total]:
        assert number(row[1]) == sum(map(number, row[2:])), row
    for column in range(1, len(head)):
        assert number(total[column]) == sum(number(row[column]) for row in rows)
    assert number(total[1]) >= 20_000
    assert ": 0 broke a promise" in text
    assert "internal" not in head


def test_what_the_corpora_counted_adds_up() -> None:
    text = text_of("corpora")
    by_corpus, by_format = tables(text)[:2]
    found = re.search(r"^([\d,]+) images, ([\d,]+) conversions; 0 ended as `internal`", text, re.MULTILINE)
    assert found is not None
    assert sum(number(row[5]) for row in by_corpus[1:]) == number(found[1])
    assert sum(number(cell) for row in by_corpus[1:] for cell in row[6:]) == number(found[2])
    assert sum(number(row[1]) for row in by_format[1:]) == number(found[2])
    assert {row[0] for row in by_format[1:]} <= {fmt.name for fmt in READABLE}


def test_every_bomb_has_its_line_and_its_code() -> None:
    (table,) = tables(text_of("bombs"))
    assert [row[0] for row in table[1:]] == [bomb.name for bomb in BOMBS]
    for row, bomb in zip(table[1:], BOMBS, strict=True):
        assert row[3].strip("`") in bomb.codes
        assert float(row[5]) < 5
        assert number(row[6]) < 300
        assert row[7] == ""
