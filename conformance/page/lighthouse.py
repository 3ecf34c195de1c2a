"""`make lighthouse`: Google's Lighthouse on the page; a table of its marks, and 1 when one is below 95."""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.browser.chromium import NoBrowser, find_browser
from conformance.node import NoNode, fetch_packages, run_node
from conformance.page.site import standing_site

LEAST = 95
PAGES = ("/", "/formats", "/jobs")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PROGRAM = "node_modules/lighthouse/cli/index.js"
FLAGS = "--headless --no-sandbox --disable-dev-shm-usage"


def main() -> int:
    """Judge each page as a phone and as a desk would see it."""
    try:
        os.environ["CHROME_PATH"] = find_browser()
        with TemporaryDirectory() as folder, standing_site() as site:
            directory = fetch_packages(Path(__file__).parent / "node", Path(folder))
            reports = {
                (path, form): judge(directory, site.url + path, form) for path in PAGES for form in ("phone", "desktop")
            }
    except (NoBrowser, NoNode) as missing:
        print(f"make lighthouse: {missing}", file=sys.stderr)
        return 2
    print("| page | as on a | " + " | ".join(CATEGORIES) + " |\n|---|---|" + "---|" * len(CATEGORIES))
    for (path, form), report in reports.items():
        print(f"| `{path}` | {form} | " + " | ".join(str(mark) for mark in list_marks(report).values()) + " |")
    for (path, form), report in reports.items():
        print(*(f"{path} {form}: {said}" for said in list_losses(report)), sep="\n")
    return 0 if all(mark >= LEAST for report in reports.values() for mark in list_marks(report).values()) else 1


def judge(directory: Path, url: str, form: str) -> dict[str, object]:
    """Return Lighthouse's report."""
    preset = ["--preset=desktop"] if form == "desktop" else []
    asked = [
        "--output=json",
        "--quiet",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={FLAGS}",
        *preset,
    ]
    report: dict[str, object] = json.loads(run_node(directory, "node", PROGRAM, url, *asked))
    return report


def list_marks(report: dict[str, object]) -> dict[str, int]:
    categories: dict[str, dict[str, float]] = report["categories"]  # type: ignore[assignment]  # as Lighthouse says it
    return {name: round(100 * (categories[name]["score"] or 0)) for name in CATEGORIES}


def list_losses(report: dict[str, object]) -> list[str]:
    """Return what a mark was taken for, in Lighthouse's words."""
    audits: dict[str, dict[str, object]] = report["audits"]  # type: ignore[assignment]  # as Lighthouse says it
    lost = [audit for audit in audits.values() if audit["scoreDisplayMode"] in {"binary", "numeric", "metricSavings"}]
    return [f"{it['title']}: {it['score']} {it.get('displayValue', '')}" for it in lost if it["score"] not in {None, 1}]


if __name__ == "__main__":
    sys.exit(main())
