"""A short campaign of damaged files; `make fuzz` runs a long one."""

import random

import psutil
import pytest

from conformance import images
from conformance.fuzz import mutations
from conformance.fuzz.campaign import Case, Ended, Tally, campaign, cases, growth
from conformance.fuzz.seeds import seeds
from engine.containers import png_chunks


def test_damaged_files_end_as_promised() -> None:
    # Other tests of this process may have servers and sandboxes running.
    others = len(psutil.Process().children(recursive=True))
    tally = campaign(seeds(), count=300, seed=7, seconds=600, threads=2)
    assert tally.cases == 300
    assert [(one.case.number, one.case.source, one.case.target, one.code) for one in tally.bad] == []
    assert len({code for _, code in tally.codes}) >= 3, tally.codes
    assert {source for source, _ in tally.codes} == set(seeds())
    assert tally.processes
    assert max(tally.processes) - others <= 12


def test_the_same_seed_makes_the_same_cases() -> None:
    files = {"png": [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4]}
    assert list(cases(files, 50, 3)) == list(cases(files, 50, 3))
    assert list(cases(files, 50, 3)) != list(cases(files, 50, 4))


@pytest.mark.parametrize("mutation", dict.fromkeys(mutations.MUTATIONS))
def test_a_mutation_changes_a_file_and_may_meet_the_shortest(mutation: mutations.Mutation) -> None:
    chance, data = random.Random(1), bytes(range(200))  # noqa: S311 - repeatable chance, no secret
    assert any(mutation(data, data[::-1], chance) != data for _ in range(10))
    mutation(b"a", b"c", chance)


def test_a_damaged_png_can_have_sums_that_are_right() -> None:
    whole = images.encoded(images.quarters(), "PNG")
    assert mutations.with_sums(whole) == whole
    damaged = whole.replace(b"IDAT", b"IDAX")
    mended = mutations.with_sums(damaged)
    assert mended != damaged
    assert len(list(png_chunks.read_chunks(mended))) == len(list(png_chunks.read_chunks(whole)))


def test_what_breaks_a_promise_is_kept() -> None:
    tally, case = Tally(), Case(1, "png", "gif", b"", {})
    for code in ("ok", "corrupt_image", "timeout", "internal", "lost", "empty result"):
        tally.add(Ended(case, code, 0.1))
    tally.add(Ended(case, "timeout", 1000.0))
    assert [one.code for one in tally.bad] == ["internal", "lost", "empty result", "timeout"]


def test_growth_is_told_from_warming_up() -> None:
    assert growth([1, 9, 9, 9, 9, 9, 9, 9]) == 0
    assert growth([1, 2, 3, 4, 5, 6, 7, 8]) == 4
    assert growth([1]) == 0
