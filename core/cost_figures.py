"""Seconds of the processor for each megapixel, by format, effort and lossless.

`python -m benchmarks.bench.efforts` measures them again, on a photograph with grain. These are of an AMD EPYC with 2
cores. A picture of one color takes a third to a twentieth. An effort that measured below the one before it has the
figure of that one.
"""

from collections.abc import Mapping

READING: Mapping[str, float] = {
    "jpeg": 0.03, "png": 0.03, "webp": 0.04, "gif": 0.07, "tiff": 0.05, "bmp": 0.02, "avif": 0.05, "heic": 0.05,
    "jxl": 0.05, "jp2": 0.19, "ico": 0.03, "icns": 0.04, "ppm": 0.02, "pcx": 0.03, "dds": 0.03, "psd": 0.05,
    "qoi": 0.04, "sgi": 0.03, "tga": 0.02,
}  # fmt: skip

WRITING: Mapping[str, tuple[float, ...]] = {
    "jpeg": (0.02,),
    "png": (0.05, 0.12, 0.12, 0.19, 0.19, 0.26, 0.49, 0.66, 0.75, 0.75),
    "webp": (0.04, 0.05, 0.05, 0.06, 0.11, 0.11, 0.11, 0.14, 0.14, 0.26),
    "gif": (0.18,),
    "tiff": (0.21,),
    "bmp": (0.02,),
    "avif": (0.10, 0.10, 0.24, 0.40, 0.40, 1.9, 2.0, 3.9, 6.6, 9.3),
    "heic": (0.19, 0.62, 0.62, 0.62, 0.62, 0.62, 0.62, 1.3, 1.4, 1.6),
    "jxl": (0.08, 0.08, 0.08, 0.08, 0.08, 0.22, 0.35, 0.86, 1.8, 2.1),
    "jp2": (0.25,),
    "ico": (0.11,),
    "icns": (0.79,),
    "ppm": (0.03,),
    "pcx": (0.06,),
    "dds": (0.02,),
    "qoi": (0.03,),
    "pdf": (0.02,),
    "sgi": (0.02,),
    "tga": (0.03,),
}
"""With a figure for each effort from 0 to 9, where there are efforts."""

WRITING_LOSSLESS: Mapping[str, tuple[float, ...]] = {
    "webp": (0.60, 0.75, 0.75, 0.80, 0.80, 0.80, 0.97, 1.7, 1.7, 1.7),
    "jxl": (0.03, 0.03, 0.09, 0.17, 0.46, 0.75, 1.1, 1.6, 3.5, 6.3),
    "jp2": (0.23,),
}
