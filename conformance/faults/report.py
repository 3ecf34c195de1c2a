"""The table, on the terminal, as JSON and in docs/reliability.md."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from conformance.faults.judging import Outcome
from conformance.faults.rules import Rule

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
DATA = ROOT / "docs" / "data"
COLUMNS = (
    "row",
    "taken",
    "again",
    "done",
    "failed",
    "rerun",
    "lost",
    "2x",
    "hung",
    "outside",
    "longest",
    "p95",
    "over",
    "left",
)

HEAD = (
    "| fault | what happens | accepted | sent again | succeeded | canceled | failed | started again | lost | doubled | hung | outside | longest answer "
    "| p95 of submits | all over after | left over |"
)
BENCHMARK = {
    "postgres_restart": ("PostgreSQL stopped and restarted", "100 % · 0 % · 0 % · ended · 0 % · 101 % · 100 % · 0 %", "postgres-restart"),
    "pg_backend_kill": ("`pg_terminate_backend`, again and again", "100 % · 0 % · 100 % · ended · 0 % · 101 % · 100 % · 0 %", "postgres-terminate"),
    "pool_exhaustion": ("idle connections of others", "100 % · 87 % · 86 % · 96 % · 99 % · 100 % · 100 % · 100 %", "postgres-idle-crowd"),
    "crash_recovery": ("a worker killed and restarted", "98 % · 103 % · 98 % · 117 % · 73 % · 121 % · 98 % · 74 %", "worker-kill"),
    "repeated_kills": ("a worker killed again and again", "99 % · 112 % · 88 % · 99 % · 18 % · 109 % · 72 % · 26 %", "worker-kill-again"),
}  # fmt: skip
"""The chaos scenarios of hardbyte/postgresql-job-queue-benchmarking, what its run of 2026-05-09 found, and our row."""


def heading() -> str:
    return "{:26} {:>5} {:>5} {:>5} {:>6} {:>5} {:>4} {:>3} {:>4} {:>7} {:>7} {:>6} {:>6} {}".format(*COLUMNS)


def show_line(outcome: Outcome) -> str:
    line = (
        f"{outcome.row:26} {outcome.accepted:5} {outcome.sent_again:5} {outcome.succeeded + outcome.canceled:5} {sum(outcome.failed.values()):6} {outcome.started_again:5} "
        f"{outcome.lost + outcome.untold:4} {outcome.doubled:3} {outcome.hung:4} {sum(outcome.outside.values()):7} "
        f"{outcome.longest:7.2f} {outcome.p95:6.2f} {outcome.over_after:6.1f} {sum(outcome.leftovers.values())}"
    )
    bad = [*outcome.faults, *(f"{n}x {what}" for what, n in outcome.outside.items()), str(outcome.leftovers or "")]
    return line + ("  BAD: " + "; ".join(filter(None, bad)) if outcome.faults else "")


def write_page(outcomes: Sequence[Outcome]) -> None:
    """Put the table of all rows into the page, and the figures beside it."""
    bad = sum(bool(outcome.faults) for outcome in outcomes)
    taken, lost = sum(o.accepted for o in outcomes), sum(o.lost for o in outcomes)
    total = (
        f"{len(outcomes)} faults, {taken} accepted jobs, {lost} lost, {sum(o.doubled for o in outcomes)} doubled; "
        f"{bad} rows with anything wrong. Made on {_today()}."
    )
    fill("table", "\n".join([total, "", HEAD, "|---|---|" + "--:|" * 14, *map(_row, outcomes)]))
    fill("benchmark", _compare(outcomes))
    save("faults", outcomes)


def write_walks(walks: Iterable[tuple[int, Outcome]]) -> None:
    walks = list(walks)
    lines = [
        "| seed | faults, one after the other | accepted | succeeded | failed | lost | doubled | wrong |",
        "|--:|---|" + "--:|" * 6,
    ]
    for seed, outcome in walks:
        wrong = "; ".join(outcome.faults) or "0"
        failed = sum(outcome.failed.values())
        lines.append(
            f"| {seed} | {outcome.says} | {outcome.accepted} | {outcome.succeeded} | {failed} | {outcome.lost} | {outcome.doubled} | {wrong} |"
        )
    fill("walks", "\n".join([f"Made on {_today()}.", "", *lines]))
    save("walks", [outcome for _, outcome in walks])


def write_mutations(trials: Sequence[tuple[Rule, Outcome]]) -> None:
    lines = ["| without the rule that | the row | then shows |", "|---|---|---|"]
    for rule, outcome in trials:
        lines.append(f"| {rule.says} | `{outcome.row}` | {'; '.join(outcome.faults) or 'nothing'} |")
    fill("mutations", "\n".join([f"Made on {_today()}.", "", *lines]))
    save("mutations", [outcome for _, outcome in trials])


def fill(name: str, text: str) -> None:
    """Put the text between its marks in the page."""
    page = PAGE.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- faults: {name} -->\n).*?(<!-- end of faults -->)", re.DOTALL)
    made, count = marks.subn(lambda found: f"{found[1]}{text}\n{found[2]}", page)
    assert count == 1, f"{PAGE.name} has no place for {name}"
    PAGE.write_text(made, encoding="utf-8")


def save(name: str, outcomes: Sequence[Outcome]) -> None:
    rows = [{**asdict(outcome), "faults": outcome.faults} for outcome in outcomes]
    text = json.dumps({"made": _today(), "rows": rows}, indent=1)
    (DATA / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def _row(outcome: Outcome) -> str:
    failed = ", ".join(f"{count} `{code}`" for code, count in outcome.failed.items()) or "0"
    outside = ", ".join(f"{count} {what}" for what, count in outcome.outside.items()) or "0"
    left = ", ".join(f"{count} {what}" for what, count in outcome.leftovers.items()) or "0"
    cells = (
        f"`{outcome.row}`", outcome.says, outcome.accepted, outcome.sent_again, outcome.succeeded, outcome.canceled, failed, outcome.started_again, outcome.lost + outcome.untold,
        outcome.doubled, outcome.hung, outside, f"{outcome.longest:.2f} s", f"{outcome.p95:.2f} s", f"{outcome.over_after:.1f} s", left,
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _compare(outcomes: Sequence[Outcome]) -> str:
    by_name = {outcome.row: outcome for outcome in outcomes}
    lines = [
        "| scenario | what it does | its eight queues: completions afterwards, of those before | here | lost | doubled | all over after |",
        "|---|---|---|---|--:|--:|--:|",
    ]
    for scenario, (says, found, row) in BENCHMARK.items():
        if row in by_name:
            ours = by_name[row]
            figures = f"{ours.lost} of {ours.accepted} | {ours.doubled} | {ours.over_after:.1f} s"
            lines.append(f"| `{scenario}` | {says} | {found} | `{row}` | {figures} |")
    return "\n".join(lines)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
