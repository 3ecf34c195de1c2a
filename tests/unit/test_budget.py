"""Who gets memory and processors when: beside others, in the order of asking, and large ones in the end too."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from worker.sandbox import budget as budget_module
from worker.sandbox.budget import Budget, Level, Reservation, Share


@pytest.fixture
def places() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asking(budget: Budget, places: ExitStack, *sizes: int) -> list[Reservation]:
    """A conversion for each size, which asks for it."""
    reservations = [places.enter_context(budget.open_reservation()) for _ in sizes]
    for reservation, size in zip(reservations, sizes, strict=True):
        reservation.request(Share(size))
    return reservations


def granted(reservations: list[Reservation]) -> list[bool]:
    """Which were granted since the last look."""
    return [reservation.wait(0) for reservation in reservations]


def test_what_fits_is_granted_at_once(places: ExitStack) -> None:
    reservations = asking(Budget(10), places, 4, 4, 4)
    assert granted(reservations) == [True, True, False]
    assert [reservation.size for reservation in reservations] == [4, 4, 0]


def test_one_that_waits_gets_what_another_leaves(places: ExitStack) -> None:
    budget = Budget(10)
    with budget.open_reservation() as first:
        first.request(Share(8))
        (second,) = asking(budget, places, 5)
        assert not second.wait(0)
    assert second.wait(0)
    assert not second.wait(0)


def test_what_is_asked_replaces_what_is_held(places: ExitStack) -> None:
    budget = Budget(10)
    first, second = asking(budget, places, 6, 2)
    assert granted([first, second]) == [True, True]
    second.request(Share(5))
    assert not second.wait(0)
    first.request(Share(5))
    assert granted([first, second]) == [True, True]


def test_without_a_budget_everything_is_granted(places: ExitStack) -> None:
    assert granted(asking(Budget(), places, 1 << 50, 1 << 50)) == [True, True]


def test_a_budget_that_comes_later(places: ExitStack) -> None:
    budget = Budget(1)
    reservations = asking(budget, places, 4, 4)
    assert granted(reservations) == [True, False]
    budget.set_total(8)
    assert granted(reservations) == [False, True]


def test_more_than_there_is_runs_alone(places: ExitStack) -> None:
    budget = Budget(10)
    with budget.open_reservation() as small:
        small.request(Share(1))
        (large,) = asking(budget, places, 50)
        assert granted([small, large]) == [True, False]
    assert large.wait(0)
    (other,) = asking(budget, places, 1)
    assert not other.wait(0)


def test_those_that_wait_for_more_do_not_wait_for_each_other(places: ExitStack) -> None:
    """Each holds a part and wants the most: one goes first, the other after it."""
    budget = Budget(10)
    with budget.open_reservation() as first:
        first.request(Share(4))
        (second,) = asking(budget, places, 4)
        assert granted([first, second]) == [True, True]
        first.request(Share(9))
        second.request(Share(9))
        assert granted([first, second]) == [True, False]
    assert second.wait(0)


def test_a_small_one_passes_a_large_one_only_for_a_while(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(10)
    running, large, small = asking(budget, places, 4, 9, 2)
    assert granted([running, large, small]) == [True, False, True]
    monkeypatch.setattr(budget_module, "PATIENCE", -1.0)
    (late,) = asking(budget, places, 2)
    assert not late.wait(0)
    running.request(Share(0))
    small.request(Share(0))
    assert granted([large, late]) == [True, False]


def test_one_that_leaves_while_it_waits_blocks_nobody(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "PATIENCE", -1.0)
    budget = Budget(10)
    asking(budget, places, 4)
    with budget.open_reservation() as large:
        large.request(Share(9))
        (small,) = asking(budget, places, 2)
        assert not small.wait(0)
    assert small.wait(0)


def asking_heavily(budget: Budget, places: ExitStack, count: int) -> list[Reservation]:
    reservations = [places.enter_context(budget.open_reservation()) for _ in range(count)]
    for reservation in reservations:
        reservation.request(Share(1, heavy=True))
    return reservations


def test_no_more_heavy_ones_run_than_there_are_processors(places: ExitStack) -> None:
    budget = Budget(100, processors=2)
    first, *others = asking_heavily(budget, places, 4)
    assert granted([first, *others]) == [True, True, False, False]
    first.request(Share(0))
    assert granted([first, *others]) == [True, False, True, False]


def test_light_ones_pass_heavy_ones_however_long_these_have_waited(
    places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_module, "PATIENCE", -1.0)
    budget = Budget(100, processors=1)
    running, waiting = asking_heavily(budget, places, 2)
    assert granted([running, waiting]) == [True, False]
    assert granted(asking(budget, places, 5, 5)) == [True, True]


def test_a_heavy_one_that_needs_no_more_memory_waits_for_a_processor(places: ExitStack) -> None:
    budget = Budget(100, processors=1)
    (running,), (waiting,) = asking_heavily(budget, places, 1), asking(budget, places, 50)
    assert granted([running, waiting]) == [True, True]
    waiting.request(Share(10, heavy=True))
    assert not waiting.wait(0)
    running.request(Share(1))
    assert waiting.wait(0)


def test_one_that_is_alone_starts_last_and_nothing_starts_beside_it(places: ExitStack) -> None:
    budget = Budget(100, processors=1)
    with budget.open_reservation(is_alone=True) as alone:
        with budget.open_reservation() as running:
            running.request(Share(1))
            alone.request(Share(1))
            assert granted([running, alone]) == [True, False]
        assert alone.wait(0)
        (late,) = asking(budget, places, 1)
        assert not late.wait(0)
        alone.request(Share(1, heavy=True))
        assert granted([alone, late]) == [True, False]
    assert late.wait(0)


def test_what_is_shown_tells_what_is_waited_for(places: ExitStack) -> None:
    shown: list[Level] = []
    budget = Budget(10, 1, shown.append)
    asking_heavily(budget, places, 3)
    assert shown[-1] == Level(1, 0, 2)
    asking(budget, places, 10)
    assert shown[-1] == Level(1, 1, 2)
