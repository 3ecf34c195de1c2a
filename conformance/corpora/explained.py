"""Why files that other programs read are refused here: a sentence for each, printed behind its line of the page."""

from fnmatch import fnmatchcase

SPARSE = "By its header one sample stands for {} pixels; other programs answer with a picture of another size."
LOST_FRAMES = "It has fewer frames than it says, so frames may be missing; other programs show its still only."
BEYOND = "Its packed samples go beyond the picture that its header tells, so header or samples are wrong."
RAW = "It is raw data of a camera without a preview of its size; libvips shows a small preview."

REASONS: tuple[tuple[str, str, str], ...] = (
    ("00r0_gray_l.jp2", "jp2", SPARSE.format("13 by 1")),
    ("00r1_graya_la.jp2", "jp2", SPARSE.format("129 by 1")),
    ("crash-d2c93af8*.j2k", "jp2", SPARSE.format("1 by 65")),
    ("chunk_no_fctl.png", "png", "A frame of its animation has no header; other programs show its still only."),
    ("chunk_no_fdat.png", "png", "A frame of its animation has no pixels; other programs show its still only."),
    ("syntax_num_frames_*.png", "png", LOST_FRAMES),
    ("badrle.bmp", "bmp", BEYOND),
    ("rle-too-many-pixels-2.tga", "tga", BEYOND),
    ("bug00248a.tga", "tga", BEYOND),
    ("sgi_overrun.bin", "sgi", "Rows of its table lie behind the end of the file; ImageMagick leaves them black."),
    ("sgi_overrun_expandrow.bin", "sgi", "A packed row goes on behind its last pixel and behind its own end."),
    ("decompression_bomb.ico", "ico", "Its bitmap says 65,535 by 65,535 pixels, which are not there."),
    ("invalid.1.ico", "ico", "Its bitmap is packed in a way that does not exist."),
    ("invalid.2.ico", "ico", "Its bitmap says 233 by 9,175,072 pixels, which are not there."),
    ("crash.ico", "ico", "It ends before its picture does."),
    ("invalid.1.ppm", "ppm", "It ends before its samples do."),
    ("invalid.[56].ppm", "ppm", "By its header it has no pixel, or fewer."),
    ("invalid.[78].ppm", "ppm", "By its header white is 0, or less, so no sample means anything."),
    ("logluv-*.tiff", "tiff", "Its samples are LogLuv, light without an upper end, which no library here unpacks."),
    ("*.iiq", "tiff", RAW),
    ("*.dng", "tiff", RAW),
    ("issue_ghsa_5p8g_9xf3_gfrr_poc.*", "webp", "Nothing but zeros stands where a block must begin; libwebp refuses it too."),
)  # fmt: skip
"""Pattern of the file's name, its format ("" for any), and the reason. The first that fits counts."""


def find_reason(name: str, source: str) -> str:
    """Return why a file of that name and format is refused, "" when that is not known."""
    return next(
        (why for pattern, fmt, why in REASONS if fmt in {"", source} and fnmatchcase(name, pattern)),
        "",
    )
