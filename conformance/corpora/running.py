"""Every file of a corpus through the real sandbox: what it is taken for, and how its conversions end."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from conformance.matrix.limits import DEFAULT_LIMITS
from core.formats import TARGETS, Format, sniff
from core.options import Options
from engine.request import Request
from worker.sandbox.supervisor import Handle, Sandbox, SandboxLost

LARGEST = 50 << 20
HEAD, TAIL = 64, 64
THREADS = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """One conversion: `code` is `ok`, a failure's, or `lost`."""

    path: Path
    source: str
    target: str
    code: str


@dataclass
class Result:
    """The result of one corpus: its conversions, and the files of other formats by their extensions."""

    ended: list[Ended] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    too_large: int = 0

    @property
    def codes(self) -> Counter[str]:
        """How often each code came."""
        return Counter(one.code for one in self.ended)

    @property
    def images(self) -> int:
        """How many files were taken for images."""
        return len({one.path for one in self.ended})


def files(folder: Path) -> list[Path]:
    """Return all files but empty ones, in a stable order."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size
    )


def convert_all(box: Sandbox, paths: Sequence[Path]) -> Result:
    """Convert each file to PNG and to one other target, another one for each file."""
    result = Result()
    wanted: list[tuple[Path, str, str]] = []
    for path in paths:
        fmt = _sniff_format(path)
        if fmt is None:
            result.refused[path.suffix.lower() or "none"] += 1
        elif path.stat().st_size > LARGEST:
            result.too_large += 1
        else:
            wanted += [(path, fmt.name, target) for target in _list_targets(len(wanted) // 2)]
    with ThreadPoolExecutor(THREADS) as pool:
        result.ended += pool.map(lambda one: convert(box, *one), wanted)
    return result


def _sniff_format(path: Path) -> Format | None:
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - TAIL))
        return sniff(head, file.read(TAIL))


def _list_targets(index: int) -> Iterator[str]:
    others = [fmt.name for fmt in TARGETS if fmt.name != "png"]
    yield "png"
    yield others[index % len(others)]


def convert(box: Sandbox, path: Path, source: str, target: str) -> Ended:
    """Convert in one child, with the default limits of a worker."""
    request = Request(source=source, target=target, options=Options(), limits=DEFAULT_LIMITS)
    result = os.memfd_create("result")
    try:
        with path.open("rb") as upload:
            outcome = box.run(request, upload.fileno(), result, Handle())
        code = "ok" if outcome.failure is None else outcome.failure.code.value
    except SandboxLost:
        code = "lost"
    finally:
        os.close(result)
    return Ended(path, source, target, code)
