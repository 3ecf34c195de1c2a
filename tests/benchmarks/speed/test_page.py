"""What the page of results says of its own figures."""

from pathlib import Path

from benchmarks.speed.contenders import TASKS, Figures
from benchmarks.speed.overhead import Overhead
from benchmarks.speed.page import Measured, Row, _list_reasons, format_row


def row(engine: float, warm: float, command: float) -> Row:
    walls = {"engine": engine, "warm": warm, "libvips": command, "ImageMagick": 9.0}
    return Row(
        TASKS[0], "2 MP", Path("in"), {name: Figures([wall + 1, wall], [wall], 10) for name, wall in walls.items()}
    )


def test_what_is_slower_than_it_may_be_is_named_with_its_ratio() -> None:
    measured = Measured([row(1.0, 0.5, 1.0)], Overhead(1, 1.0, 1.0, 1.0), 0.05, "here", 2)
    first = _list_reasons(measured)[0]
    assert (
        first
        == f"- More than 1.1 of the time of libvips' command: none. Of warm libvips: {TASKS[0].name} at 2 MP (2.00)."
    )


def test_a_row_has_the_lowest_of_the_rounds() -> None:
    cells = [cell.strip() for cell in format_row(row(1.0, 0.5, 2.0)).strip("| ").split("|")]
    assert cells[2:9] == ["1.000", "2.000", "0.500", "9.000", "0.50", "2.00", "2.00"]
