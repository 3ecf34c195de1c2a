"""Send every row to a service, and judge the answers and what is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.bad_requests import call_rows, form_rows, wire_rows
from conformance.bad_requests.building import EITHER, Row
from conformance.bad_requests.stand import Stand, take_stock, wait_for_stock
from conformance.bad_requests.wire import Answer, Broken, ask_raw

ROWS: Sequence[Row] = (*wire_rows.ROWS, *form_rows.ROWS, *call_rows.ROWS)


@dataclass(frozen=True, slots=True)
class Trial:
    """A row with its answer. `broken` says how the server broke HTTP."""

    row: Row
    answer: Answer
    broken: str = ""

    @property
    def is_right(self) -> bool:
        """Return whether the answer is that of the table."""
        is_ended_so = self.row.is_closed in {EITHER, self.answer.is_closed}
        return (
            not self.broken
            and is_ended_so
            and (self.answer.status, self.answer.code) == (self.row.status, self.row.code)
        )


def try_rows(stand: Stand, rows: Iterable[Row] = ROWS) -> list[Trial]:
    """Send every row."""
    return [try_row(stand, row) for row in rows]


def try_row(stand: Stand, row: Row) -> Trial:
    """Send a row."""
    request = stand.fill(row.request, keyed=row.keyed)
    try:
        return Trial(row, ask_raw(stand.address(keyed=row.keyed), request, breaks_off=row.breaks_off))
    except (Broken, TimeoutError) as error:
        return Trial(row, Answer(0, "", is_closed=True, text=""), str(error))


def find_leftovers(stand: Stand, rows: Iterable[Row] = ROWS) -> tuple[list[Trial], list[str]]:
    """Send every row. Return the trials, and a sentence for each thing that is held afterwards and was not before."""
    before = take_stock(stand)
    trials = try_rows(stand, rows)
    after = wait_for_stock(stand, before)
    left = [
        f"{name}: {count} rows, {before.rows[name]} before"
        for name, count in after.rows.items()
        if count != before.rows[name]
    ]
    if after.files > before.files:
        left.append(f"{after.files} open files, {before.files} before")
    if after.connections > before.connections:
        left.append(f"{after.connections} connections, {before.connections} before")
    return trials, left
