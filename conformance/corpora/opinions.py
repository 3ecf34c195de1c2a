"""What other programs say of a file that is refused here, and why it is refused all the same."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.corpora.explained import find_reason
from conformance.corpora.running import Ended
from conformance.matrix.reference import Unreadable, run
from core.formats import TARGETS, find

REFUSALS = {"corrupt_image", "truncated_image", "unsupported_image", "decoder_crashed"}
NO_REASON = "no reason yet"

LOADERS = {
    "avif": "heifload", "gif": "gifload", "heic": "heifload", "jp2": "jp2kload", "jpeg": "jpegload", "jxl": "jxlload",
    "png": "pngload", "ppm": "ppmload", "tiff": "tiffload", "webp": "webpload",
}  # fmt: skip
"""Readers of libvips by format. The others it reads by ImageMagick, which is asked already.

What they cannot decode, some leave black, and warn.
"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A file that is refused here and read by `readers`; `reason` is "" where none is known yet."""

    ended: Ended
    readers: tuple[str, ...]
    reason: str

    def as_line(self, corpus: str) -> str:
        """The line of the page, Markdown."""
        one = self.ended
        head = f"- {corpus}: {one.path.name} ({one.source}): `{one.code}`; read by {' and '.join(self.readers)}"
        return f"{head}: {self.reason or NO_REASON}"


def list_opinions(ended: Iterable[Ended]) -> Iterator[Opinion]:
    """Yield the refused files of which another reader makes a picture. Each is a case to look at, not a fault by itself."""
    with tempfile.TemporaryDirectory(prefix="corpora-") as directory:
        for one in ended:
            if one.target != "png" or one.code not in REFUSALS:
                continue
            if readers := second_opinion(one, Path(directory)):
                yield Opinion(one, readers, find_reason(one.path.name, one.source))


def second_opinion(ended: Ended, place: Path) -> tuple[str, ...]:
    """Return the names of the readers that take a refused file without complaint, of those that are here."""
    copy = place / f"copy.{(find(ended.source) or TARGETS[0]).extension}"
    copy.write_bytes(ended.path.read_bytes())
    commands = {"ImageMagick": ("magick", "-regard-warnings", f"{copy}[0]", "-depth", "8", "pam:-")}
    if loader := LOADERS.get(ended.source):
        commands["libvips"] = ("vips", loader, str(copy), str(place / "read.v"), "--fail-on", "warning")
    return tuple(name for name, command in commands.items() if _is_read(command))


def _is_read(command: tuple[str, ...]) -> bool:
    try:
        run(*command, complaint="WARNING")
    except Unreadable:
        return False
    return True
