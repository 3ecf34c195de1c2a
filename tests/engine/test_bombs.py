"""Small files that promise or unpack to a lot: each ends as its code, with little memory and processor time."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import psutil
import pytest
from PIL import Image

from tests import images
from tests.engine.conftest import LIMITS
from tests.engine.processes import children_of, command, until
from tests.engine.running import Boxed
from worker.sandbox import Sandbox

MEMORY = 300 << 20
CPU_SECONDS = 5.0


@pytest.fixture(scope="module")
def guarded() -> Iterator[Boxed]:
    """A sandbox whose jobs have 300 MB, so that one that needs more would say so."""
    box = Sandbox()
    box.prepare(jobs=1, budget=4 << 30)
    yield Boxed(box, LIMITS | {"memory_bytes": MEMORY})
    box.close()


def bit_png() -> bytes:
    """400 megapixels of one bit, whole and valid, in some 50 KB."""
    side = 20_000
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png(struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), images.chunk(b"IDAT", rows))


def png(header: bytes, *chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + images.chunk(b"IHDR", header) + b"".join(chunks) + images.chunk(b"IEND", b"")


def text_png(kind: bytes) -> bytes:
    """A picture of one pixel with a hundred megabytes of text, packed."""
    packer = zlib.compressobj(9)
    text = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    words = {b"zTXt": b"secret\0\0" + text, b"iTXt": b"secret\0\1\0\0\0" + text}[kind]
    pixel = images.chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    return png(struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), images.chunk(kind, words), pixel)


def deep_tiff() -> bytes:
    """One strip that unpacks to 2.4 GB, in a file of 2 MB."""
    packer = zlib.compressobj(9)
    strip = b"".join(packer.compress(bytes(1 << 20)) for _ in range(2400)) + packer.flush()
    side = 28_000
    entries = [
        (256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 2), (273, 4, 8), (277, 3, 3), (278, 4, side),
        (279, 4, len(strip)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *(tag, kind, 1, value)) for tag, kind, value in entries
    )
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def lying_tiff() -> bytes:
    """A picture of 100 by 100 whose strip unpacks to 1 GB."""
    packer = zlib.compressobj(9)
    strip = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    entries = [
        (256, 4, 100), (257, 4, 100), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, 100),
        (279, 4, len(strip)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def long_gif() -> bytes:
    """Ten thousand frames of one pixel."""
    start = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\4\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return start + frame * 10_000 + b";"


def crowded_ico() -> bytes:
    """A thousand entries, all of the same picture of 256 by 256."""
    picture = images.encoded(Image.new("RGBA", (256, 256), (1, 2, 3, 255)), "PNG")
    at = 6 + 16 * 1000
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(picture), at)
    return struct.pack("<HHH", 0, 1, 1000) + entry * 1000 + picture


def layered_psd() -> bytes:
    """A composite of 16 by 16, and a layer section that says it holds 30,000 layers of 30,000 by 30,000."""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 16, 16, 8, 3)
    layer = struct.pack(">IIIIH", 0, 0, 30_000, 30_000, 0) + b"8BIMnorm" + struct.pack(">BBBBI", 255, 0, 0, 0, 0)
    info = struct.pack(">h", 30_000) + layer * 30_000
    section = struct.pack(">I", len(info)) + info
    return head + bytes(8) + struct.pack(">I", len(section)) + section + struct.pack(">H", 0) + bytes(16 * 16 * 3)


def avif_claiming() -> bytes:
    """An AVIF whose header says 60,000 by 60,000."""
    data = images.encoded(Image.new("RGB", (64, 64)), "AVIF")
    return data.replace(b"ispe" + struct.pack(">III", 0, 64, 64), b"ispe" + struct.pack(">III", 0, 60_000, 60_000))


BOMBS: dict[str, tuple[Callable[[], bytes], str, set[str | None]]] = {
    "400 MP of one bit": (bit_png, "png", {"too_many_pixels"}),
    "PNG that claims": (images.png_claiming, "png", {"too_many_pixels"}),
    "packed text": (partial(text_png, b"zTXt"), "png", {None, "corrupt_image", "unsupported_image"}),
    "packed international text": (partial(text_png, b"iTXt"), "png", {None, "corrupt_image", "unsupported_image"}),
    "deep TIFF": (deep_tiff, "tiff", {"too_many_pixels"}),
    "lying TIFF": (lying_tiff, "tiff", {None, "corrupt_image"}),
    "10,000 frames": (long_gif, "gif", {"too_many_frames"}),
    "1,000 icons": (crowded_ico, "ico", {None, "corrupt_image"}),
    "30,000 layers": (layered_psd, "psd", {None, "corrupt_image", "truncated_image", "unsupported_image"}),
    "AVIF that claims": (avif_claiming, "avif", {"too_many_pixels", "corrupt_image", "unsupported_image"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_failure_or_a_picture(guarded: Boxed, name: str) -> None:
    make, source, codes = BOMBS[name]
    data = make()
    before, supervisor = used(), psutil.Process().memory_info().rss
    outcome = guarded(data, source=source, target="jpeg").outcome
    assert (outcome.failure.code.value if outcome.failure else None) in codes
    until(lambda: zygote().status() != psutil.STATUS_RUNNING)
    assert used() - before < CPU_SECONDS
    assert psutil.Process().memory_info().rss - supervisor < 20 << 20


def zygote() -> psutil.Process:
    (pid,) = (pid for pid in children_of(os.getpid()) if b"worker.zygote" in command(pid))
    return psutil.Process(pid)


def used() -> float:
    """Seconds of processor time of the zygote and all of its children that have ended."""
    times = zygote().cpu_times()
    return sum((times.user, times.system, times.children_user, times.children_system))
