"""Break the running service in every way that we know of, under load: `python -m conformance.faults`.

Exits with 1 when a row lost, doubled or mixed up a job, hung, left something behind, or answered what the contract does
not know.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch

from conformance.faults.judging import Outcome
from conformance.faults.mutating import mutate
from conformance.faults.report import heading, show_line, write_mutations, write_page, write_walks
from conformance.faults.rows import Row
from conformance.faults.rules import RULES
from conformance.faults.running import run_row
from conformance.faults.stand import Stand, can_mount, new_stand
from conformance.faults.table import ROWS
from conformance.faults.traffic import Traffic
from conformance.faults.walking import walk


def main() -> int:
    given = read_arguments()
    rows = choose_rows(given.only, given.rate)
    if given.list:
        for row in rows:
            say(f"{row.name:28} {row.kind:12} {row.says}")
        return 0
    if given.walk:
        walks = [(seed, walk(rows, given.walk, seed, say)) for seed in given.seed]
        if given.write:
            write_walks(walks)
        return 1 if any(outcome.faults for _, outcome in walks) else 0
    if given.mutate:
        trials = mutate(rows, given.rule, say)
        if given.write:
            write_mutations(trials)
        return 1 if any(not outcome.faults for _, outcome in trials) else 0
    outcomes = run_rows(rows, given.seconds)
    if given.write:
        write_page(outcomes)
    return 1 if any(outcome.faults for outcome in outcomes) else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.faults", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", default=[], help="rows of these names, or patterns like 'redis-*'"
    )
    parser.add_argument("--rate", type=float, default=10.0, help="submissions a second (10)")
    parser.add_argument("--seconds", type=float, help="how long each fault lasts, instead of its own time")
    parser.add_argument(
        "--walk", metavar="N", type=int, default=0, help="N rows drawn by chance, under one load without a pause"
    )
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="of the walk; several make several walks")
    parser.add_argument(
        "--mutate", action="store_true", help="leave out each rule of the protocol, and see its row fail"
    )
    parser.add_argument(
        "--rule", metavar="NAME", nargs="+", default=sorted(RULES), help="the rules to leave out, one after the other"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md and docs/data")
    return parser.parse_args()


def choose_rows(patterns: Sequence[str], rate: float) -> list[Row]:
    """Return the rows that are asked for and can be made here; a row with a rate of its own keeps its share."""
    rows = [row for row in ROWS if not patterns or any(fnmatch(row.name, pattern) for pattern in patterns)]
    if left_out := [row.name for row in rows if row.needs_disk and not can_mount()]:
        say(f"Left out, because no disk can be mounted here that is small enough to fill: {', '.join(left_out)}")
    return [
        replace(row, manner=replace(row.manner, rate=row.manner.rate * rate / 10.0))
        for row in rows
        if row.name not in left_out
    ]


def run_rows(rows: Sequence[Row], seconds: float | None) -> list[Outcome]:
    """Run the rows on one service. A row that cannot be run to its end is bad, and the next one gets a new service."""
    say(heading())
    outcomes: list[Outcome] = []
    while len(outcomes) < len(rows):
        with serving() as (stand, traffic):
            for row in rows[len(outcomes) :]:
                outcome = try_row(stand, traffic, row, seconds)
                outcomes.append(outcome)
                say(show_line(outcome))
                if outcome.is_broken:
                    break
    return outcomes


@contextmanager
def serving() -> Iterator[tuple[Stand, Traffic]]:
    with new_stand() as stand:
        traffic = Traffic([stand.doors[name].port for name in stand.doors])
        yield stand, traffic
        traffic.close()


def try_row(stand: Stand, traffic: Traffic, row: Row, seconds: float | None) -> Outcome:
    try:
        return run_row(stand, traffic, row, seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rows are run
        return Outcome(row.name, row.kind, row.says, notes=[f"not run to its end: {error!r}"[:300]], is_broken=True)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
