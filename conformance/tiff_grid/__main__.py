"""`make tiff-grid`: judge every cell, print and write the page; ends with 1 when one is not as it has to be."""

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from conformance.stamp import stamp
from conformance.tiff_grid.cells import REFUSED, list_cells
from conformance.tiff_grid.judging import RIGHT, SILENT, WRONG, Verdict, judge
from conformance.tiff_grid.meanings import HEIGHT, MEANINGS, WIDTH
from engine.codecs.registry import prepare_codecs

ROOT = Path(__file__).parents[2]

INTRODUCTION = f"""# Layouts of TIFF

`make tiff-grid` stores one picture of {WIDTH} x {HEIGHT} pixels in every layout of the table: what the samples mean, their type and
bits, byte order, chunky or planar, strips, odd strips, single rows or tiles, packing and predictor, and BigTIFF. tifffile writes
the files (Pillow those of fax). Each is converted to PNG and compared with the picture itself, which is worked out without any reader.

ImageMagick reads the same files as a second opinion. Where it differs, that has a reason: it takes the first extra band for transparency,
whatever the file says; L*a*b* for D65, where TIFF 6.0 says D50; signed samples without their sign; and floats where white is zero as
they are. Here floats and signed samples outside of black and white are stretched, and that is said.

A cell is good when its pixels are right and what was lost was said (`depth_reduced`, `channels_dropped`), or when it was refused with
the packing named.

"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make tiff-grid")
    parser.add_argument("--only", default=".", help="a regular expression for names of cells")
    parser.add_argument("--no-second-opinion", action="store_true")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "tiff-grid.md")
    asked = parser.parse_args()
    prepare_codecs()
    ask_other = not asked.no_second_opinion and shutil.which("convert") is not None
    verdicts = [judge(cell, ask_other=ask_other) for cell in list_cells() if re.search(asked.only, cell.name)]
    bad = [verdict for verdict in verdicts if not verdict.is_good]
    for verdict in bad:
        print(f"{verdict.cell.name}: {verdict.ours} (ImageMagick: {verdict.other})")
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} cells are good")
    if asked.only == "." and ask_other:
        asked.page.write_text(write_page(verdicts), encoding="utf-8")
    return 1 if bad else 0


def write_page(verdicts: list[Verdict]) -> str:
    lines = [
        "| samples | types | cells | right | refused | wrong | ImageMagick: agrees | differs | refuses |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for meaning in MEANINGS:
        some = [verdict for verdict in verdicts if verdict.cell.meaning is meaning]
        ours, other = Counter(verdict.ours for verdict in some), Counter(verdict.other for verdict in some)
        wrong = ours[WRONG] + ours[SILENT]
        kinds = ", ".join(
            sorted({verdict.cell.kind for verdict in some}, key=lambda kind: (kind[0] != "u", kind[0], int(kind[1:])))
        )
        figures = (
            len(some),
            ours[RIGHT],
            len(some) - ours[RIGHT] - wrong,
            wrong,
            other["agrees"],
            other["differs"],
            other["refuses"],
        )
        lines.append(f"| {meaning.name} | {kinds} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    silent = sum(verdict.ours in {WRONG, SILENT} for verdict in verdicts)
    refused = Counter(
        (verdict.cell.packing, verdict.ours) for verdict in verdicts if verdict.ours not in {RIGHT, WRONG, SILENT}
    )
    reasons = [
        f"| {REFUSED.get(packing, packing)} | {count} | {sentence} |"
        for (packing, sentence), count in sorted(refused.items())
    ]
    table = "\n".join(["| packing | cells | what is said |", "|---|---|---|", *reasons])
    version = subprocess.run(["convert", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return (
        INTRODUCTION
        + "\n".join(lines)
        + f"\n\n{len(verdicts):,} cells, {silent} wrong in silence.\n\n## Refused\n\n{table}\n\n"
        f"{stamp()} The second opinion is ImageMagick {version}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
