"""`make flaws`: every flaw at every place, a page of results, and 1 as the end when one did not end as owed."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from conformance.flaws.flaw import Flaw, Owed
from conformance.flaws.judging import FORMATS, Convert, Judge, list_flaws
from conformance.running import LIMITS, Boxed, Result
from conformance.stamp import stamp
from core.formats import find
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run, print, write the page."""
    parser = argparse.ArgumentParser(prog="make flaws")
    parser.add_argument("--only", choices=FORMATS, nargs="+", default=list(FORMATS))
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "flaws.md")
    asked = parser.parse_args()
    flaws = list(list_flaws(asked.only))
    box = Sandbox()
    try:
        judge = Judge(_convert_in(Boxed(box, LIMITS)))
        wrong = {flaw: found for flaw in flaws if (found := judge.judge_flaw(flaw))}
    finally:
        box.close()
    text = make_page(flaws, wrong)
    print(text)
    if len(asked.only) == len(FORMATS):
        asked.page.write_text(text, encoding="utf-8")
    return 1 if wrong else 0


def _convert_in(boxed: Boxed) -> Convert:
    def convert(data: bytes, name: str) -> Result:
        return boxed(data, source=name)

    return convert


def make_page(flaws: list[Flaw], wrong: dict[Flaw, str]) -> str:
    """Return the result, Markdown."""
    parts = [
        "# Flaws of the wrapping\n",
        "`make flaws` puts each flaw at each place into a sound file of each kind: bytes between the parts, marks and check",
        "sums that are wrong, ends and sizes that are missing, segments without sense. Such a file must become exactly what",
        "the sound one becomes; where pixels are missing, it must be a failure. Each is converted in the real sandbox.\n",
        f"{len(flaws):,} files, {len(wrong)} ended other than owed.\n",
        f"{stamp()}\n",
        _make_table(flaws),
        "\n## The flaws\n",
        *_list_places(flaws),
        "\n## Other than owed\n",
        *([f"- {_name(flaw)}: {found}" for flaw, found in wrong.items()] or ["None."]),
    ]
    return "\n".join(parts) + "\n"


def _make_table(flaws: list[Flaw]) -> str:
    lines = ["| format | files | " + " | ".join(Owed) + " |", "|---|---|" + "---|" * len(Owed)]
    for name in dict.fromkeys(flaw.format for flaw in flaws):
        counts = Counter(flaw.owed for flaw in flaws if flaw.format == name)
        lines.append(
            f"| {_title(name)} | {counts.total():,} | " + " | ".join(f"{counts[owed]:,}" for owed in Owed) + " |"
        )
    return "\n".join(lines)


def _list_places(flaws: list[Flaw]) -> list[str]:
    found: dict[tuple[str, Owed], dict[str, None]] = {}
    for flaw in flaws:
        found.setdefault((flaw.format, flaw.owed), {})[flaw.place] = None
    return [f"- {_title(name)}, owed {owed}: {'; '.join(places)}." for (name, owed), places in found.items()]


def _title(name: str) -> str:
    known = find(name)
    return known.title if known else name


def _name(flaw: Flaw) -> str:
    return f"{_title(flaw.format)}, {flaw.kind}: {flaw.place} (owed {flaw.owed})"


if __name__ == "__main__":
    sys.exit(main())
