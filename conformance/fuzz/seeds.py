"""The valid files at the start of fuzzing: small ones of every read format and of every kind it can store."""

from collections.abc import Mapping

from conformance import images
from conformance.matrix import sources
from conformance.matrix.subjects import subjects
from core.formats import READABLE

LARGEST = 12_000
"""Bytes: small files, so that a change hits something, and a case takes a few milliseconds."""

MAGIC = {
    "jpeg": 3, "png": 8, "webp": 12, "gif": 6, "tiff": 4, "bmp": 2, "avif": 12, "jp2": 12, "ico": 4, "icns": 4,
    "ppm": 2, "pcx": 4, "dds": 8, "psd": 6, "qoi": 4, "tga": 3, "heic": 12, "jxl": 2, "sgi": 4,
}  # fmt: skip
"""Leading bytes that are left alone. A file that is no longer of its format is refused before any decoder."""


def seeds() -> Mapping[str, list[bytes]]:
    """Files by format."""
    found: dict[str, list[bytes]] = {fmt.name: [] for fmt in READABLE}
    for subject in subjects():
        for name, files in found.items():
            data = None if sources.missing(name) else sources.stored(subject, name)
            if data is not None and len(data) <= LARGEST:
                files.append(data)
    found["jpeg"] += [images.described_jpeg(), images.noisy_jpeg((40, 30))]
    found["png"] += [images.apng_over()]
    found["tiff"] += [images.float_tiff([0.0, 0.5, 1.0]), images.tiff_pages(3)]
    return {name: files for name, files in found.items() if files}
