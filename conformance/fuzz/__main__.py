"""`make fuzz`: a campaign, its page of results, and 1 as the end when something was not as promised."""

import argparse
import sys
import time
from pathlib import Path

from conformance.fuzz.campaign import LIMITS, Tally, campaign, growth, keep
from conformance.fuzz.seeds import seeds
from conformance.stamp import stamp

ROOT = Path(__file__).parents[2]
MOST_GROWTH = 16 << 20
"""Bytes that supervisor and zygote may grow by from the second quarter of a campaign to its last."""

MOST_FILES, MOST_PROCESSES = 16, 4
"""By so many, what is open for the cases that just run may differ; a leak of one a case would be thousands."""


def main() -> int:
    """Run, print, write the page."""
    asked = _parse_arguments()
    began = time.monotonic()
    tally = campaign(seeds(), count=asked.cases, seed=asked.seed, seconds=asked.seconds, threads=asked.threads)
    took = time.monotonic() - began
    keep(asked.directory, [*tally.bad, *tally.crashed])
    text = page(tally, asked.seed, took)
    print(text)
    if asked.page is not None:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(text, encoding="utf-8")
    return 1 if tally.bad or _has_grown(tally) else 0


def _has_grown(tally: Tally) -> bool:
    over = (
        growth(tally.memory) > MOST_GROWTH,
        growth(tally.files) > MOST_FILES,
        growth(tally.processes) > MOST_PROCESSES,
    )
    return any(over)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3600, help="no case begins after that")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=ROOT / "build" / "fuzz", help="where bad files go")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "fuzz.md")
    return parser.parse_args()


def page(tally: Tally, seed: int, took: float) -> str:
    """The result, Markdown."""
    parts = [
        "# Damaged files\n",
        "`make fuzz` damages valid files of every format that is read (flipped bits, overwritten bytes, cut ends, splices",
        "of two files, changed numbers, parts that are missing or repeated) and converts each in the real sandbox, in a",
        f"child of its own, with {LIMITS.memory_bytes >> 20} MB and {LIMITS.seconds:g} s. Half of the jobs have options.\n",
        f"{tally.cases:,} cases (seed {seed}) in {took:.0f} s: {len(tally.bad)} broke a promise (`internal`, a lost sandbox,",
        f"an end behind the deadline, an empty result). {len(tally.crashed)} times a decoder crashed, which ended that one",
        f"job. The slowest case took {tally.slowest:.1f} s. Supervisor and zygote together: {_describe_growth(tally)}.\n",
        f"{stamp()}\n",
        _make_table(tally),
        *(f"\n- case {one.case.number}: {one.code}, {one.case.source} to {one.case.target}" for one in tally.bad),
    ]
    return "\n".join(parts) + "\n"


def _describe_growth(tally: Tally) -> str:
    if not tally.memory:
        return "too few cases to tell of growth"
    grown, most = growth(tally.memory) / (1 << 20), max(tally.memory) / (1 << 20)
    return (
        f"{most:.0f} MB at most; from the second to the last quarter of the cases {grown:+.1f} MB, "
        f"{growth(tally.files):+d} open files, {growth(tally.processes):+d} processes"
    )


def _make_table(tally: Tally) -> str:
    codes = [code for code, _ in _by_code(tally)]
    lines = ["| format | cases | " + " | ".join(codes) + " |", "|---|---|" + "---|" * len(codes)]
    for source in sorted({source for source, _ in tally.codes}):
        counts = [tally.codes[source, code] for code in codes]
        lines.append(f"| {source} | {sum(counts):,} | " + " | ".join(f"{count:,}" for count in counts) + " |")
    totals = [f"{count:,}" for _, count in _by_code(tally)]
    return "\n".join([*lines, f"| all | {tally.cases:,} | " + " | ".join(totals) + " |"])


def _by_code(tally: Tally) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for (_, code), count in tally.codes.items():
        counts[code] = counts.get(code, 0) + count
    return sorted(counts.items(), key=lambda item: -item[1])


if __name__ == "__main__":
    sys.exit(main())
