"""A PNG taken apart: what its chunks say, and its frames."""

import struct
from dataclasses import dataclass, field

from core.magic import PNG
from engine.containers.disposal import Disposal
from engine.containers.png_chunks import WRONG_DATA_SUM, pack_chunk
from engine.containers.png_frames import FrameControl
from engine.metadata import Metadata


@dataclass(slots=True)
class PngFile:
    """A PNG taken apart. `frames` is empty when it is no animation. `loop_count` 0 is forever.

    `counted_frames` are those that have a header, sound or not; `sequence` is the next number of their chunks.
    """

    width: int = 0
    height: int = 0
    depth: int = 8
    color_type: int = 0
    header: bytes = b""
    loop_count: int = 0
    declared_frames: int = 0
    counted_frames: int = 0
    sequence: int = 0
    palette: bytes = b""
    transparency: bytes | None = None
    cicp: bytes = b""
    srgb: bool = False
    gamma: int = 0
    chromaticities: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    profile_problem: str = ""
    is_apple: bool = False
    has_gain_map: bool = False
    flaws: list[str] = field(default_factory=list)
    dropped: set[bytes] = field(default_factory=set)
    text: list[tuple[bytes, bytes]] = field(default_factory=list)
    frames: list[tuple[FrameControl, list[memoryview]]] = field(default_factory=list)

    def note(self, flaw: str) -> None:
        """Remember a flaw, once."""
        if flaw not in self.flaws:
            self.flaws.append(flaw)

    @property
    def has_unsure_data(self) -> bool:
        """Say whether only the sum inside of the packed samples can tell that they are right."""
        return WRONG_DATA_SUM in self.flaws

    @property
    def bits(self) -> int:
        """Return the bits of a pixel."""
        return self.depth * {2: 3, 4: 2, 6: 4}.get(self.color_type, 1)

    @property
    def has_alpha(self) -> bool:
        """Say whether a pixel can be anything but opaque, hidden transparency included."""
        return self.color_type in {4, 6} or self.transparency is not None

    @property
    def is_opaque(self) -> bool:
        """Say whether no composed frame of the animation can show through."""
        covers = bool(self.frames) and (self.frames[0][0].width, self.frames[0][0].height) == (self.width, self.height)
        return covers and not (self._clears or self.has_alpha)

    @property
    def stays_opaque(self) -> bool:
        """Say whether no composed frame can show through where the first does not."""
        return not self._clears and all(control.over for control, _ in self.frames[1:])

    @property
    def _clears(self) -> bool:
        undone_first = bool(self.frames) and self.frames[0][0].disposal is Disposal.RESTORE
        return undone_first or any(control.disposal is Disposal.CLEAR for control, _ in self.frames)

    def collect_metadata(self) -> Metadata:
        """Return the metadata of all chunks."""
        return Metadata(exif=self.exif, xmp=self.xmp, text=tuple(self.text))

    def pack_frame(self, index: int) -> bytes:
        """Return one frame of the animation as a PNG of its own, of the region's size."""
        control, parts = self.frames[index]
        header = struct.pack(">II", control.width, control.height) + self.header[8:]
        chunks = [(b"IHDR", header)]
        if self.palette:
            chunks.append((b"PLTE", self.palette))
        if self.transparency is not None:
            chunks.append((b"tRNS", self.transparency))
        chunks += [(b"IDAT", b"".join(parts)), (b"IEND", b"")]
        return PNG + b"".join(pack_chunk(kind, data) for kind, data in chunks)
