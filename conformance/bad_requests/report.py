"""The page of bad requests: docs/results/bad-requests.md."""

from collections.abc import Iterable, Sequence

from conformance.bad_requests.building import CLOSED, KEPT, Row
from conformance.bad_requests.running import Trial

HEAD = """# Bad requests

Each row is sent byte by byte to a running service, and must get this answer: a status, the code of its problem, and whether the server ends the connection after it. On a connection that goes on, the next request must be answered, so that no byte of a
refused one is taken for a request. Afterwards the service must hold nothing more than before: no row, no upload, no temporary file, no connection. `make bad-requests` sends them all; the suite does too.

"Either" is said of large requests, where it depends on what was read already. A row without a code is answered by a page, without a body (`HEAD`), or as RFC 9110 wants it: what cannot be understood of `Range` and of conditions is ignored.
"""


def describe_faults(trials: Iterable[Trial], left: Iterable[str]) -> list[str]:
    """Return a sentence for each row with another answer, and for each thing left."""
    wrong = [
        f"{trial.row.topic}, {trial.row.name}: {describe_answer(trial)}, not {describe_row(trial.row)}"
        for trial in trials
        if not trial.is_right
    ]
    return [*wrong, *(f"left: {sentence}" for sentence in left)]


def describe_answer(trial: Trial) -> str:
    """Return what the server did."""
    answer = trial.answer
    return trial.broken or f"{answer.status} {answer.code} {'closed' if answer.is_closed else 'kept'}"


def describe_row(row: Row) -> str:
    """Return what it must do."""
    return f"{row.status} {row.code} {describe_end(row)}"


def describe_end(row: Row) -> str:
    """Return what becomes of the connection."""
    return {CLOSED: "closed", KEPT: "kept"}.get(row.is_closed, "either")  # type: ignore[arg-type] # None is no key


def make_page(rows: Sequence[Row]) -> str:
    """Return the page."""
    lines = [HEAD, f"{len(rows)} rows.", "", "| call | request | status | code | connection |", "|---|---|---|---|---|"]
    for row in rows:
        status = str(row.status or "none")
        code = f"`{row.code}`" if row.code else ""
        lines.append(f"| {row.topic} | {row.name} | {status} | {code} | {describe_end(row)} |")
    return "\n".join([*lines, ""])
