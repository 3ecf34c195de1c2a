"""Who gets memory when: beside others where it fits, in the order of asking, and large ones in the end too."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from worker.sandbox import memory_budget as admission
from worker.sandbox.memory_budget import Admission, Grant


@pytest.fixture
def places() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def asking(admitted: Admission, places: ExitStack, *sizes: int) -> list[Grant]:
    """A conversion for each size, which asks for it."""
    grants = [places.enter_context(admitted.enter()) for _ in sizes]
    for grant, size in zip(grants, sizes, strict=True):
        grant.ask(size)
    return grants


def granted(grants: list[Grant]) -> list[bool]:
    """Which were granted since the last look."""
    return [grant.wait(0) for grant in grants]


def test_what_fits_is_granted_at_once(places: ExitStack) -> None:
    grants = asking(Admission(10), places, 4, 4, 4)
    assert granted(grants) == [True, True, False]
    assert [grant.held for grant in grants] == [4, 4, 0]


def test_one_that_waits_gets_what_another_leaves(places: ExitStack) -> None:
    admitted = Admission(10)
    with admitted.enter() as first:
        first.ask(8)
        (second,) = asking(admitted, places, 5)
        assert not second.wait(0)
    assert second.wait(0)
    assert not second.wait(0)


def test_what_is_asked_replaces_what_is_held(places: ExitStack) -> None:
    admitted = Admission(10)
    first, second = asking(admitted, places, 6, 2)
    assert granted([first, second]) == [True, True]
    second.ask(5)
    assert not second.wait(0)
    first.ask(5)
    assert granted([first, second]) == [True, True]


def test_without_a_budget_everything_is_granted(places: ExitStack) -> None:
    assert granted(asking(Admission(), places, 1 << 50, 1 << 50)) == [True, True]


def test_a_budget_that_comes_later(places: ExitStack) -> None:
    admitted = Admission(1)
    grants = asking(admitted, places, 4, 4)
    assert granted(grants) == [True, False]
    admitted.set_budget(8)
    assert granted(grants) == [False, True]


def test_more_than_there_is_runs_alone(places: ExitStack) -> None:
    admitted = Admission(10)
    with admitted.enter() as small:
        small.ask(1)
        (large,) = asking(admitted, places, 50)
        assert granted([small, large]) == [True, False]
    assert large.wait(0)
    (other,) = asking(admitted, places, 1)
    assert not other.wait(0)


def test_those_that_wait_for_more_do_not_wait_for_each_other(places: ExitStack) -> None:
    """Each holds a part and wants the most: one goes first, the other after it."""
    admitted = Admission(10)
    with admitted.enter() as first:
        first.ask(4)
        (second,) = asking(admitted, places, 4)
        assert granted([first, second]) == [True, True]
        first.ask(9)
        second.ask(9)
        assert granted([first, second]) == [True, False]
    assert second.wait(0)


def test_a_small_one_passes_a_large_one_only_for_a_while(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    admitted = Admission(10)
    running, large, small = asking(admitted, places, 4, 9, 2)
    assert granted([running, large, small]) == [True, False, True]
    monkeypatch.setattr(admission, "PATIENCE", -1.0)
    (late,) = asking(admitted, places, 2)
    assert not late.wait(0)
    running.ask(0)
    small.ask(0)
    assert granted([large, late]) == [True, False]


def test_one_that_leaves_while_it_waits_blocks_nobody(places: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE", -1.0)
    admitted = Admission(10)
    asking(admitted, places, 4)
    with admitted.enter() as large:
        large.ask(9)
        (small,) = asking(admitted, places, 2)
        assert not small.wait(0)
    assert small.wait(0)
