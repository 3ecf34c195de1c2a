"""`make browser`: what Chromium shows of each file beside our PNG of it; a page of results, and 1 when one differs."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.browser.chromium import NoBrowser, Pair, Verdict, find_browser, judge_pairs, take_screenshot
from conformance.browser.explained import explain
from conformance.browser.sources import EXACT, LOSSY, SHOWN, Given, list_handed, list_made
from conformance.running import LIMITS, Boxed, Result
from conformance.stamp import stamp
from core.formats import find
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]
INTRODUCTION = f"""# Beside a browser

`make browser` lets Chromium show each file and the PNG that the engine makes of it, on white and on black, and compares
every sample of every frame. They may differ by {EXACT} of 255, and by {LOSSY} where the file is lossy, since decoders round
differently. Films must last as long, and show the same at the same time. A file that Chromium shows and the engine refuses
counts as wrong, too. Where Chromium shows a damaged file with a flaw, the result is compared with the sound file.
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A file, what the engine made of it, and how the browser saw both."""

    given: Given
    code: str
    verdict: Verdict

    @property
    def fault(self) -> str:
        """Return what is wrong, "" when nothing is."""
        if not self.verdict["shown"]:
            return ""
        if self.code != "ok":
            return f"Chromium shows it, the engine says `{self.code}`"
        if wrong := self.verdict.get("wrong"):
            return str(wrong)
        difference = self.verdict["difference"]
        if difference <= self.given.most:
            return ""
        seen, made = (tuple(self.verdict[who]) for who in ("seen", "made"))
        place = f"{self.verdict['x']}, {self.verdict['y']} on {self.verdict['ground']}"
        return f"{difference} of 255 apart at {place}: Chromium shows {seen}, the result {made}"


def main() -> int:
    """Convert, let the browser judge, print, write the page."""
    parser = argparse.ArgumentParser(prog="make browser")
    parser.add_argument("--files", type=Path, nargs="+", default=[], help="folders with more files")
    parser.add_argument("--only", default="", help="only files whose name contains this; writes no page")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "browser.md")
    parser.add_argument("--screenshot", type=Path, help="write a picture of all files beside their results")
    asked = parser.parse_args()
    try:
        find_browser()
        given = [one for one in (*list_handed(asked.files), *list_made()) if asked.only in one.name]
        judged = judge_files(given, asked.screenshot)
    except NoBrowser as error:
        print(f"make browser: {error}", file=sys.stderr)
        return 2
    text = make_page(judged)
    print(text)
    if not asked.only:
        asked.page.write_text(text, encoding="utf-8")
    return 1 if any(one.fault and not explain(one.given.name) for one in judged) else 0


def judge_files(given: Sequence[Given], screenshot: Path | None = None) -> list[Judged]:
    """Convert each file to PNG in the real sandbox, and let Chromium judge. Raise NoBrowser."""
    box = Sandbox()
    try:
        convert = Boxed(box, LIMITS)
        results = [convert(one.data, source=one.format, target="png") for one in given]
    finally:
        box.close()
    pairs = [_make_pair(one, result) for one, result in zip(given, results, strict=True)]
    if screenshot:
        take_screenshot(pairs, screenshot)
    codes = ["ok" if result.outcome.failure is None else result.failure for result in results]
    return [Judged(*parts) for parts in zip(given, codes, judge_pairs(pairs), strict=True)]


def _make_pair(given: Given, result: Result) -> Pair:
    known = find(given.format)
    made = result.data if result.outcome.failure is None else None
    return Pair(given.name, known.media_type if known else "image/png", given.data, made, given.most, given.sound)


def make_page(judged: Sequence[Judged]) -> str:
    """Return the result, Markdown."""
    faults = [one for one in judged if one.fault and not explain(one.given.name)]
    explained = [one for one in judged if one.fault and explain(one.given.name)]
    shown = [one for one in judged if one.verdict["shown"]]
    parts = [
        INTRODUCTION,
        f"{len(shown):,} files that Chromium shows, {len(faults)} wrong, {len(explained)} otherwise for a reason.\n",
        f"{stamp()}\n",
        "| format | shown | films | shown with a flaw | equal | 1 | 2 | 3 to 8 | more, or wrong |\n|---|---|---|---|---|---|---|---|---|",
        *(_make_row(name, [one for one in shown if one.given.format == name]) for name in SHOWN),
        "\n## Wrong\n",
        *_list_files(faults),
        "\n## Otherwise, for a reason\n",
        *([f"- {one.given.name}: {one.fault}. {explain(one.given.name)}" for one in explained] or ["None."]),
    ]
    return "\n".join(parts) + "\n"


def _make_row(name: str, judged: Sequence[Judged]) -> str:
    known = find(name)
    differences = [one.verdict.get("difference", 256) for one in judged]
    films = sum(one.verdict.get("frames", 1) > 1 for one in judged)
    bands = ((0, 0), (1, 1), (2, 2), (3, LOSSY), (LOSSY + 1, 256))
    counts = [sum(low <= difference <= high for difference in differences) for low, high in bands]
    flawed = sum(one.verdict.get("flawed", False) for one in judged)
    cells = (known.title if known else name, *(f"{count:,}" for count in (len(judged), films, flawed, *counts)))
    return f"| {' | '.join(cells)} |"


def _list_files(judged: Iterable[Judged]) -> list[str]:
    return [f"- {one.given.name}: {one.fault}" for one in judged] or ["None."]


if __name__ == "__main__":
    sys.exit(main())
