"""docs/encoders.md is of the settings that the engine has: when they change, `make tune ARGS=--write` is due."""

import itertools
import re
from collections.abc import Iterator

import pytest

from benchmarks.tune.__main__ import CHOICES, PAGE, describe_settings, fill_page, list_ends

FASTER = 0.8
"""Times are measured: so much less is no longer the noise of a machine."""


def rows(name: str) -> Iterator[list[str]]:
    found = re.search(rf"<!-- measured: {name} -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    for line in found[1].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("name", CHOICES)
def test_every_row_is_of_what_the_encoder_is_told_today(name: str) -> None:
    wanted = [[fmt.title, choice, describe_settings(fmt, options)] for fmt, choice, options in CHOICES[name]]
    assert [row[:3] for row in rows(name)] == wanted


def test_the_ends_of_effort_are_told_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "<!-- measured: ends -->" in text
    assert fill_page(text, {"ends": list_ends()}) == text


def test_more_effort_never_takes_less_time() -> None:
    for target, group in itertools.groupby(rows("efforts"), lambda row: row[0]):
        times = [int(row[4]) for row in group if row[1].startswith("effort ")]
        for faster, slower in itertools.pairwise(times):
            assert slower >= faster * FASTER, (target, times)


def test_more_quality_is_more_bytes_and_more_likeness() -> None:
    for target, group in itertools.groupby(rows("qualities"), lambda row: row[0]):
        figures = [(float(row[3]), float(row[5])) for row in group]
        assert figures == sorted(figures), target
        assert [likeness for _, likeness in figures] == sorted(likeness for _, likeness in figures), target
