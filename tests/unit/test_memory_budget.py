"""Who gets memory when: beside others where it fits, in the order of asking, and large ones in the end too."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from worker.sandbox import memory_budget
from worker.sandbox.memory_budget import MemoryBudget, Reservation


@pytest.fixture
def places() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asking(budget: MemoryBudget, places: ExitStack, *sizes: int) -> list[Reservation]:
    """A conversion for each size, which asks for it."""
    reservations = [places.enter_context(budget.open_reservation()) for _ in sizes]
    for reservation, size in zip(reservations, sizes, strict=True):
        reservation.request(size)
    return reservations


def granted(reservations: list[Reservation]) -> list[bool]:
    """Which were granted since the last look."""
    return [reservation.wait(0) for reservation in reservations]


def test_what_fits_is_granted_at_once(places: ExitStack) -> None:
    reservations = asking(MemoryBudget(10), places, 4, 4, 4)
    assert granted(reservations) == [True, True, False]
    assert [reservation.size for reservation in reservations] == [4, 4, 0]


def test_one_that_waits_gets_what_another_leaves(places: ExitStack) -> None:
    budget = MemoryBudget(10)
    with budget.open_reservation() as first:
        first.request(8)
        (second,) = asking(budget, places, 5)
        assert not second.wait(0)
    assert second.wait(0)
    assert not second.wait(0)


def test_what_is_asked_replaces_what_is_held(places: ExitStack) -> None:
    budget = MemoryBudget(10)
    first, second = asking(budget, places, 6, 2)
    assert granted([first, second]) == [True, True]
    second.request(5)
    assert not second.wait(0)
    first.request(5)
    assert granted([first, second]) == [True, True]


def test_without_a_budget_everything_is_granted(places: ExitStack) -> None:
    assert granted(asking(MemoryBudget(), places, 1 << 50, 1 << 50)) == [True, True]


def test_a_budget_that_comes_later(places: ExitStack) -> None:
    budget = MemoryBudget(1)
    reservations = asking(budget, places, 4, 4)
    assert granted(reservations) == [True, False]
    budget.set_total(8)
    assert granted(reservations) == [False, True]


def test_more_than_there_is_runs_alone(places: ExitStack) -> None:
    budget = MemoryBudget(10)
    with budget.open_reservation() as small:
        small.request(1)
        (large,) = asking(budget, places, 50)
        assert granted([small, large]) == [True, False]
    assert large.wait(0)
    (other,) = asking(budget, places, 1)
    assert not other.wait(0)


def test_those_that_wait_for_more_do_not_wait_for_each_other(places: ExitStack) -> None:
    """Each holds a part and wants the most: one goes first, the other after it."""
    budget = MemoryBudget(10)
    with budget.open_reservation() as first:
        first.request(4)
        (second,) = asking(budget, places, 4)
        assert granted([first, second]) == [True, True]
        first.request(9)
        second.request(9)
        assert granted([first, second]) == [True, False]
    assert second.wait(0)


def test_a_small_one_passes_a_large_one_only_for_a_while(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = MemoryBudget(10)
    running, large, small = asking(budget, places, 4, 9, 2)
    assert granted([running, large, small]) == [True, False, True]
    monkeypatch.setattr(memory_budget, "PATIENCE", -1.0)
    (late,) = asking(budget, places, 2)
    assert not late.wait(0)
    running.request(0)
    small.request(0)
    assert granted([large, late]) == [True, False]


def test_one_that_leaves_while_it_waits_blocks_nobody(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "PATIENCE", -1.0)
    budget = MemoryBudget(10)
    asking(budget, places, 4)
    with budget.open_reservation() as large:
        large.request(9)
        (small,) = asking(budget, places, 2)
        assert not small.wait(0)
    assert small.wait(0)
