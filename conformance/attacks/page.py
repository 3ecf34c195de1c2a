"""The page of results, docs/results/attacks.md."""

from collections.abc import Sequence
from pathlib import Path

from conformance.attacks.attacks import MOST_LOG_BYTES, Outcome
from conformance.attacks.measuring import find_percentile
from conformance.stamp import stamp

PAGE = Path(__file__).parents[2] / "docs" / "results" / "attacks.md"
INTRODUCTION = f"""# Under attack

`make attacks` starts a real API with PostgreSQL and Redis, and attacks it from the same machine. Meanwhile a probe and
another user (another address: a status, a download and an upload, each on a new connection) ask 20 times a second. An
attack passes its bound when the API takes more memory than is said here, writes more than {MOST_LOG_BYTES // 1_000_000} MB of log, or
leaves a probe or the other user without a good answer within 10 s. The latencies are as measured, on the machine that
the attacker uses too. What the bounds are, and why: [ADR 15](../adr/0015-bounds-on-the-api.md).
"""


def show_outcome(outcome: Outcome) -> str:
    """One outcome as a few lines of text."""
    cost = outcome.cost
    verdict = "; ".join([*outcome.passed, *outcome.unserved]) or "within its bounds"
    return (
        f"{outcome.plan.name} ({outcome.count:,}): {outcome.became}\n"
        f"    {cost.rest_mib:.0f} -> {cost.peak_mib:.0f} MiB, {cost.descriptors:,} files, {cost.log_bytes:,} bytes of log, "
        f"{_tell_latencies(outcome)}\n    {verdict}"
    )


def make_page(outcomes: Sequence[Outcome]) -> str:
    """The whole page."""
    head = (
        "| attack | how many | became of it | memory at rest | peak | bound | before | log | files | "
        "others' p95 | probes' p95 | others without an answer |"
    )
    lines = [INTRODUCTION, stamp(), "", head, "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    lines += [_row(outcome) for outcome in outcomes]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> str:
    cost, plan = outcome.cost, outcome.plan
    cells = [
        f"`{plan.name}`: {plan.what}", f"{outcome.count:,}", outcome.became, f"{cost.rest_mib:.0f} MiB",
        f"{cost.peak_mib:.0f} MiB", f"{plan.most_mib:.0f} MiB", plan.before, f"{cost.log_bytes / 1000:,.0f} KB",
        f"{cost.descriptors:,}", f"{find_percentile(cost.others, 0.95) * 1000:.0f} ms",
        f"{find_percentile(cost.probes, 0.95) * 1000:.0f} ms",
        f"{len(cost.unanswered)} of {len(cost.unanswered) + len(cost.others) + len(cost.probes):,}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _tell_latencies(outcome: Outcome) -> str:
    cost = outcome.cost
    return (
        f"others' p95 {find_percentile(cost.others, 0.95) * 1000:.0f} ms of {len(cost.others)}, "
        f"probes' p95 {find_percentile(cost.probes, 0.95) * 1000:.0f} ms of {len(cost.probes)}"
    )
