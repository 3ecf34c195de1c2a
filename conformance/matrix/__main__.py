"""`make matrix`: every cell, and the page of results. Ends with 1 when something is not as promised and not explained."""

import argparse
import sys
import time
from pathlib import Path

from conformance.matrix.cells import Upload, uploads
from conformance.matrix.report import page, unexplained
from conformance.matrix.running import MEMORY, THREADS, Verdict, check_source, verdicts
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run the matrix, print the findings, write the page."""
    asked = _parse_arguments()
    began, box = time.monotonic(), Sandbox()
    try:
        box.prepare(jobs=THREADS, budget=MEMORY)
        files = list(uploads(lambda subject, _: asked.only in subject))
        bad_sources = [
            f"- {one.subject.name}, {one.source}: {wrong}" for one in files if (wrong := _check_only(one, asked))
        ]
        found = [_tell_progress(one) for one in verdicts(box, files, asked.directory)]
    finally:
        box.close()
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(page(found, bad_sources), encoding="utf-8")
    open_ = unexplained(found)
    print("\n".join(bad_sources))
    seconds = time.monotonic() - began
    print(f"{len(found)} cells in {seconds:.0f} s, {len(open_)} unexplained, {len(bad_sources)} doubtful sources")
    return 1 if open_ or bad_sources else 0


def _tell_progress(verdict: Verdict) -> Verdict:
    """What is wrong is printed at once: a run takes minutes."""
    for line in unexplained([verdict]):
        print(line, flush=True)
    return verdict


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make matrix")
    parser.add_argument("--only", default="", help="only pictures whose name contains this; writes no page")
    parser.add_argument("--directory", type=Path, default=ROOT / "build" / "matrix", help="where the results go")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "matrix.md")
    return parser.parse_args()


def _check_only(upload: Upload, asked: argparse.Namespace) -> str | None:
    """A source file is kept beside its results."""
    path: Path = asked.directory / upload.source / f"{upload.stem}-source.{upload.source}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(upload.data)
    return check_source(upload, path)


if __name__ == "__main__":
    sys.exit(main())
