"""The table of results: how many cells of each pair and of each subject are as promised, and what is not."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from conformance.matrix import sources
from conformance.matrix.contract import CODEC_LOSS, DITHER_LOSS, PROFILE_LOSS, RESAMPLING_LOSS, ROUNDING, SOURCE_LOSS
from conformance.matrix.explained import reason
from conformance.matrix.reference import program, reader_of
from conformance.matrix.running import Verdict
from conformance.stamp import stamp
from core.formats import READABLE, TARGETS

INTRODUCTION = f"""# Every read format to every write format

`make matrix` makes a set of pictures, stores each in every format that can hold it, converts each file through the
real sandbox to every target, reads the result with a program that shares no code with the engine, and compares it
with what the contract promises: size, orientation, pixels, alpha and what hides under it, frames, times, plays, depth,
metadata, warnings. The source files are checked the same way first.

How near is near: what neither loses anything on the way in nor on the way out has to be exact in every sample. Else
samples may be off on average, in steps of 8 bits, by {SOURCE_LOSS["jpeg"]:g} for the coding of a source and {CODEC_LOSS:g} for that of a target,
{RESAMPLING_LOSS:g} for a resize, {DITHER_LOSS:g} for a palette of 256, {PROFILE_LOSS:g} for a profile, {ROUNDING:g} for rounding. A refusal that is promised, for
a side that a format cannot hold, counts as promised.

A cell says how many conversions were as promised, of how many; `·`: the format cannot store any such picture.
"""

VERSIONS = {
    "vips": "--version", "magick": "-version", "ffmpeg": "-version", "avifdec": "--version", "pdfimages": "-v",
    "exiftool": "-ver", "heif-enc": "--version", "cjxl": "--version",
}  # fmt: skip


def unexplained(verdicts: Iterable[Verdict]) -> list[str]:
    """One line for each finding without a reason."""
    return [
        f"{verdict.cell.name}: {finding.check}: {finding.what}"
        for verdict in verdicts
        for finding in verdict.findings
        if reason(verdict.cell, finding) is None
    ]


def page(verdicts: Sequence[Verdict], bad_sources: Sequence[str]) -> str:
    """The whole page, Markdown."""
    targets = [fmt.name for fmt in TARGETS]
    by_source = _make_table(
        verdicts, "from", [fmt.name for fmt in READABLE], targets, lambda one: one.cell.upload.source
    )
    subjects = list(dict.fromkeys(verdict.cell.upload.subject.name for verdict in verdicts))
    by_subject = _make_table(verdicts, "picture", subjects, targets, lambda one: one.cell.upload.subject.name)
    parts = [
        INTRODUCTION, f"{_summarize(verdicts)}\n", f"{stamp()} The programs that looked at the results stand below.\n", "## By source format\n", by_source, "\n## By picture\n", by_subject,
        "\n## What is not as promised\n", _list_findings(verdicts), "\n## What was not checked\n", _list_unchecked(verdicts),
        "\n## Source files\n", "\n".join(bad_sources) or "All were read back as they were meant.",
        "\n## Readers\n", _list_readers(),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _summarize(verdicts: Sequence[Verdict]) -> str:
    good = sum(not verdict.findings for verdict in verdicts)
    explained = sum(len(verdict.findings) for verdict in verdicts) - len(unexplained(verdicts))
    return (
        f"{len(verdicts):,} conversions: {good:,} as promised, {len(verdicts) - good:,} not; "
        f"{explained:,} findings explained, {len(unexplained(verdicts)):,} not."
    )


def _make_table(
    verdicts: Sequence[Verdict],
    what: str,
    rows: Sequence[str],
    targets: Sequence[str],
    row_of: Callable[[Verdict], str],
) -> str:
    counts: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for verdict in verdicts:
        counts[row_of(verdict), verdict.cell.target].append(not verdict.findings)
    lines = [f"| {what} | " + " | ".join(targets) + " |", "|---|" + "---|" * len(targets)]
    for row in rows:
        cells = [_count_cells(counts.get((row, target), [])) for target in targets]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _count_cells(good: Sequence[bool]) -> str:
    if not good:
        return "·"
    return str(len(good)) if all(good) else f"**{sum(good)}/{len(good)}**"


def _list_findings(verdicts: Sequence[Verdict]) -> str:
    """List the findings in groups, with their cells."""
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for verdict in verdicts:
        for finding in verdict.findings:
            why = reason(verdict.cell, finding) or "**unexplained**"
            key = (verdict.cell.target, finding.check, re.sub(r"[\d.]+", "…", finding.what)[:160], why)
            groups[key].append(f"{verdict.cell.upload.subject.name} ({verdict.cell.upload.source})")
    lines = [
        f"- to {target}, {check}: {what}. Why: {why}. Cells ({len(cells)}): {'; '.join(sorted(set(cells))[:12])}"
        for (target, check, what, why), cells in sorted(groups.items())
    ]
    return "\n".join(lines) or "Nothing."


def _list_unchecked(verdicts: Sequence[Verdict]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for verdict in verdicts:
        for what in verdict.unchecked:
            counts[what] += 1
    lines = [f"- {what}: {count} cells" for what, count in sorted(counts.items())]
    lines += [f"- no {tool} to make {fmt.name} files" for fmt in READABLE if (tool := sources.missing(fmt.name))]
    return "\n".join(lines) or "Nothing."


def _list_readers() -> str:
    lines = ["| target | read by |", "|---|---|"]
    for fmt in TARGETS:
        reader = reader_of(fmt.name)
        lines.append(f"| {fmt.name} | {reader.title if reader else 'nothing on this machine'} |")
    lines += ["", *(f"- {line}" for name in VERSIONS if (line := _ask_version(name)))]
    return "\n".join(lines)


def _ask_version(name: str) -> str:
    path = program(name)
    if path is None:
        return ""
    done = subprocess.run([path, VERSIONS[name]], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\S*", f"{done.stdout}\n{done.stderr}")
    return f"{name} {found[0].rstrip(',')}" if found else name
