"""The files that are judged: those of the matrix and of the flaws that browsers show, and the files of folders."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.flaws.flaw import Owed
from conformance.flaws.judging import FORMATS as FLAWED
from conformance.flaws.judging import list_flaws
from conformance.matrix.sources import missing, stored
from conformance.matrix.subjects import subjects
from core.formats import SNIFF_BYTES, TAIL_BYTES, sniff

SHOWN = ("jpeg", "png", "gif", "webp", "avif", "bmp", "ico")
"""The formats that browsers show and the engine reads."""
LARGEST = 50 << 20
EXACT, LOSSY = 2, 8


@dataclass(frozen=True, slots=True)
class Given:
    """A file to judge. `format` is the name of its format, `sound` the same file without its flaw, if it has one."""

    name: str
    format: str
    data: bytes
    sound: bytes | None = None

    @property
    def most(self) -> int:
        """The largest difference of a sample, of 255, that may be. Good decoders of lossy files round differently."""
        lossy = self.format in {"jpeg", "avif"} or (self.format == "webp" and b"VP8 " in self.data)
        return LOSSY if lossy else EXACT


def list_made() -> Iterator[Given]:
    """Yield the files that the matrix and the flaws make."""
    for name in SHOWN:
        if missing(name):
            continue
        seen: set[bytes] = set()
        for subject in subjects():
            data = stored(subject, name)
            if data is not None and data not in seen:
                seen.add(data)
                yield Given(f"matrix: {subject.name}.{name}", name, data)
    for flaw in list_flaws(name for name in FLAWED if name in SHOWN):
        if flaw.owed is not Owed.FAILURE:
            yield Given(f"flaws: {flaw.format}, {flaw.kind}: {flaw.place}", flaw.format, flaw.data, flaw.sound)


def list_handed(folders: Iterable[Path]) -> Iterator[Given]:
    """Yield the files below the folders, a file of several copies once, that are of a format which browsers show."""
    seen: set[bytes] = set()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            if not 0 < path.stat().st_size <= LARGEST:
                continue
            data = path.read_bytes()
            found = sniff(data[:SNIFF_BYTES], data[-TAIL_BYTES:])
            if found is not None and found.name in SHOWN and data not in seen:
                seen.add(data)
                yield Given(str(path.relative_to(folder)), found.name, data)
