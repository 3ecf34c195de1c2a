"""Warnings of one kind are counted, not repeated."""

import logging

import pytest

from core.log_folding import MOST_LINES, WINDOW_SECONDS, LineFolder


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def line(event: str, level: int = logging.WARNING, **facts: object) -> logging.LogRecord:
    record = logging.LogRecord("api", level, "", 0, "", (), None)
    record.msg = {"event": event, **facts}
    return record


def test_lines_of_one_kind_are_counted() -> None:
    clock = Clock()
    folder = LineFolder(clock=clock)
    written = [folder.filter(line("too many connections", client=n)) for n in range(1000)]
    assert sum(written) == MOST_LINES
    assert written[:MOST_LINES] == [True] * MOST_LINES
    clock.now += WINDOW_SECONDS
    later = line("too many connections")
    assert folder.filter(later)
    assert later.msg == {"event": "too many connections", "left_out": 1000 - MOST_LINES}


def test_a_text_says_it_too() -> None:
    clock = Clock()
    folder = LineFolder(clock=clock, most=1)
    for _ in range(3):
        folder.filter(logging.LogRecord("asyncio", logging.ERROR, "", 0, "accept failed: %s", ("EMFILE",), None))
    clock.now += WINDOW_SECONDS
    later = logging.LogRecord("asyncio", logging.ERROR, "", 0, "accept failed: %s", ("EMFILE",), None)
    assert folder.filter(later)
    assert later.getMessage() == "accept failed: EMFILE (2 lines like this were left out)"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_what_is_said_of_each_request_is_never_left_out(level: int) -> None:
    folder = LineFolder(clock=Clock())
    assert all(folder.filter(line("submitted", level)) for _ in range(1000))


def test_what_was_refused_unread_is_counted() -> None:
    folder = LineFolder(clock=Clock())
    assert sum(folder.filter(line("request refused unread", logging.INFO)) for _ in range(1000)) == MOST_LINES


def test_one_kind_hides_no_other() -> None:
    folder = LineFolder(clock=Clock())
    for n in range(1000):
        folder.filter(line("too many connections", client=n))
    assert folder.filter(line("the database is away"))
    assert folder.filter(line("too many connections", logging.ERROR))


def test_kinds_of_a_stranger_are_forgotten() -> None:
    clock = Clock()
    folder = LineFolder(clock=clock)
    for n in range(5000):
        clock.now += 0.1
        folder.filter(line(f"{n} is wrong"))
    assert len(folder._kinds) <= 1001
