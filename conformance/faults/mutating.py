"""Leave out one rule of the protocol after the other: if its row still passes, either is useless."""

from collections.abc import Callable, Sequence

from conformance.faults.judging import Outcome
from conformance.faults.report import show_line
from conformance.faults.rows import Row
from conformance.faults.rules import RULES, Rule
from conformance.faults.running import run_row
from conformance.faults.stand import new_stand
from conformance.faults.traffic import Traffic


def mutate(rows: Sequence[Row], names: Sequence[str], say: Callable[[str], object]) -> list[tuple[Rule, Outcome]]:
    """Run the row of each rule on a service that lacks the rule."""
    by_name = {row.name: row for row in rows}
    trials = []
    for name in names:
        rule = RULES[name]
        with new_stand(name) as stand:
            traffic = Traffic([stand.doors[door].port for door in stand.doors])
            outcome = run_row(stand, traffic, by_name[rule.row])
            traffic.close()
        trials.append((rule, outcome))
        say(show_line(outcome))
        say(f"without {name:14} {rule.row:22} {'; '.join(outcome.faults) or 'NOTHING FAILS'}")
    return trials
