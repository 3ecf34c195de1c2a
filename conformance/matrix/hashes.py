"""`python -m conformance.matrix.hashes FILE`: a line for each cell with the hash of its result and of what the job says.

A change that must not change any result is shown by two files that are the same.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from conformance.matrix.cells import Cell, cells_of, uploads
from conformance.matrix.running import MEMORY, THREADS, convert
from worker.sandbox.supervisor import Sandbox

TIMES = re.compile(rb"((?:mvhd|tkhd|mdhd)\x01...).{16}", re.DOTALL)
"""Version 1 of those boxes: flags, then two times of 8 bytes."""


def main() -> int:
    """Write the file. Return 0, or 1 when it differs from the one to compare with."""
    asked = _parse_arguments()
    lines = sorted(_make_lines())
    asked.file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if not asked.compare:
        return 0
    before = asked.compare.read_text(encoding="utf-8").splitlines()
    different = sorted(set(lines) ^ set(before))
    print("\n".join(different[:40]))
    print(f"{len(lines)} results, {len(before)} before, {len(different)} lines differ")
    return 1 if different else 0


def _make_lines() -> Iterator[str]:
    box = Sandbox()
    try:
        box.prepare(jobs=THREADS, budget=MEMORY)
        cells = [cell for upload in uploads(lambda *_: True) for cell in cells_of(upload)]
        with ThreadPoolExecutor(THREADS) as pool:
            yield from pool.map(partial(_make_line, box), cells)
    finally:
        box.close()


def _make_line(box: Sandbox, cell: Cell) -> str:
    outcome, data = convert(box, cell)
    told = hashlib.sha256(outcome.as_json()).hexdigest()[:16]
    return f"{cell.name}\t{_hash_file(cell.upload.data)}\t{_hash_file(data)}\t{told}"


def _hash_file(data: bytes) -> str:
    """Return the hash of a file without the time of its making: libavif writes it into films."""
    return hashlib.sha256(TIMES.sub(rb"\1", data)).hexdigest()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.matrix.hashes")
    parser.add_argument("file", type=Path, help="where the lines go")
    parser.add_argument("--compare", type=Path, help="lines of an earlier run; status 1 when any differs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
