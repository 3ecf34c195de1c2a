"""The quick rows of `make faults`, and what each part of the driver can see."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from conformance.faults.rows import Row
from conformance.faults.running import run_row
from conformance.faults.stand import Stand, new_stand
from conformance.faults.table import BY_NAME, ROWS
from conformance.faults.traffic import Traffic

QUICK = [row for row in ROWS if row.is_quick]
RATE = 3.0
"""Submissions a second, beside other tests on the same machine."""
SECONDS = 1.0


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_stand() as stand:
        yield stand


@pytest.fixture(scope="module")
def traffic(stand: Stand) -> Iterator[Traffic]:
    traffic = Traffic([stand.doors[name].port for name in stand.doors])
    yield traffic
    traffic.close()


def test_there_are_many_rows_and_each_has_a_name_of_its_own() -> None:
    assert len(ROWS) == len(BY_NAME) >= 60


@pytest.mark.parametrize("row", QUICK, ids=lambda row: row.name)
def test_nothing_is_lost_or_doubled(stand: Stand, traffic: Traffic, row: Row) -> None:
    outcome = run_row(stand, traffic, replace(row, manner=replace(row.manner, rate=RATE)), SECONDS)
    assert outcome.accepted > 0
    # How long an answer takes depends on the machine, which is shared here; `make faults` judges it.
    outcome.hung = outcome.late = 0
    assert outcome.faults == [], outcome
