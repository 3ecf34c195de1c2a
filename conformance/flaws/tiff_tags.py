"""Flaws of a TIFF's directories: their order, their types, tags that are missing, odd or lead nowhere."""

from collections.abc import Iterator
from dataclasses import replace

from conformance.flaws.flaw import JUNK, Owed
from conformance.flaws.tiff_file import (
    ANY,
    BYTE,
    LONG,
    RATIO,
    SHORT,
    SIGNED_LONG,
    SIGNED_SHORT,
    TEXT,
    File,
    Page,
    Tag,
)

OUTSIDE = 0x7FFF_FF00
PREDICTED = frozenset({5, 8, 34_925, 50_000})
OLD_JPEG, JPEG, RGB, PLANAR, COLOR_MAP = 6, 7, 3, 2, 320
NAMES = {
    254: "NewSubfileType", 256: "ImageWidth", 257: "ImageLength", 258: "BitsPerSample", 259: "Compression",
    262: "PhotometricInterpretation", 266: "FillOrder", 273: "StripOffsets", 277: "SamplesPerPixel", 278: "RowsPerStrip",
    279: "StripByteCounts", 282: "XResolution", 283: "YResolution", 284: "PlanarConfiguration", 296: "ResolutionUnit",
    305: "Software", 317: "Predictor", 320: "ColorMap", 322: "TileWidth", 323: "TileLength", 324: "TileOffsets",
    325: "TileByteCounts", 338: "ExtraSamples", 339: "SampleFormat", 347: "JPEGTables", 530: "YCbCrSubSampling", 532: "ReferenceBlackWhite",
    512: "JPEGProc", 513: "JPEGInterchangeFormat", 514: "JPEGInterchangeFormatLength",
}  # fmt: skip
WHOLE_NUMBERS = frozenset({SHORT, LONG})
TYPES = {
    BYTE: "BYTE",
    SHORT: "SHORT",
    LONG: "LONG",
    SIGNED_SHORT: "SSHORT",
    SIGNED_LONG: "SLONG",
    16: "LONG8",
    13: "IFD",
}
NEEDLESS = (254, 266, 282, 283, 284, 296, 305, 530, 532)
"""Tags that have a default, or are not of the picture."""
Found = Iterator[tuple[str, Owed, Page]]


def flaw_tags(file: File) -> Found:
    """Yield each flaw of a file's first directory."""
    page = file.pages[0]
    yield from _flaw_order(page)
    yield from _flaw_types(page, file)
    yield from _flaw_layout(page)
    yield from _flaw_samples(page)
    yield from _flaw_packing(page)
    yield from _flaw_palette(page)
    yield from _flaw_resolution(page)
    yield from _flaw_additions(page)


def _flaw_order(page: Page) -> Found:
    tags = page.tags
    yield "tags in reverse order", Owed.WARNED, replace(page, tags=tags[::-1])
    yield "two tags out of order", Owed.WARNED, replace(page, tags=(tags[1], tags[0], *tags[2:]))
    for at, tag in enumerate(tags):
        name = NAMES[tag.tag]
        yield f"{name} twice", Owed.WHOLE, replace(page, tags=(*tags[: at + 1], *tags[at:]))
        if tag.tag in {256, 257, 258, 262, 277, 278}:
            other = replace(tag, value=(3,))
            yield (
                f"{name} twice, another behind",
                Owed.WHOLE,
                replace(page, tags=(*tags[: at + 1], other, *tags[at + 1 :])),
            )


def _flaw_types(page: Page, file: File) -> Found:
    for tag in page.tags:
        if tag.kind not in WHOLE_NUMBERS:
            continue
        for kind, name in TYPES.items():
            if kind == tag.kind or not _holds(kind, tag, file):
                continue
            yield f"{NAMES[tag.tag]} as {name}", Owed.WHOLE, page.change_tag(tag.tag, kind=kind)


def _holds(kind: int, tag: Tag, file: File) -> bool:
    """Say whether a type is likely, and has room for the values of a tag."""
    if kind == 16 and not file.is_big and tag.value is not None:
        return False
    if kind == 13 and tag.tag not in {273, 324}:
        return False
    most = {BYTE: 255, SHORT: 0xFFFF, SIGNED_SHORT: 0x7FFF}.get(kind, 1 << 31)
    largest = max(tag.value) if isinstance(tag.value, tuple) else 0x7FFF
    return bool(largest <= most)


def _flaw_layout(page: Page) -> Found:
    is_planar = page.number(284) == PLANAR
    for tag in NEEDLESS:
        if page.find(tag):
            owed = Owed.FAILURE if tag == 284 and is_planar else Owed.WHOLE
            yield f"no {NAMES[tag]}", owed, page.drop(tag)
            yield f"{NAMES[tag]} without a value", owed, page.change_tag(tag, value=b"")
    for value in (0, 3, 9):
        yield (
            f"PlanarConfiguration {value}",
            Owed.FAILURE if is_planar else Owed.WHOLE,
            page.put(Tag(284, SHORT, (value,))),
        )
        yield f"FillOrder {value}", Owed.WHOLE, page.put(Tag(266, SHORT, (value,)))
    yield "Orientation 0", Owed.WHOLE, page.put(Tag(274, SHORT, (0,)))
    yield "Orientation 9", Owed.WHOLE, page.put(Tag(274, SHORT, (9,)))
    packing, samples = page.number(259), page.number(277)
    is_untold = (samples > RGB and not page.find(338)) or (packing == JPEG and samples > 1)
    yield "no PhotometricInterpretation", Owed.FAILURE if is_untold else Owed.WARNED, page.drop(262)
    yield "no SamplesPerPixel", Owed.WHOLE, page.drop(277)
    yield "no Compression", Owed.WHOLE if packing == 1 else Owed.FAILURE, page.drop(259)
    yield "Compression 0", Owed.FAILURE, page.put(Tag(259, SHORT, (0,)))


def _flaw_samples(page: Page) -> Found:
    packing = page.number(259)
    bits = page.find(258)
    if bits and isinstance(bits.value, tuple):
        is_told = bits.value == (1,) or packing in {OLD_JPEG, JPEG}
        yield "no BitsPerSample", Owed.WHOLE if is_told else Owed.FAILURE, page.drop(258)
        yield "BitsPerSample 0", Owed.FAILURE, page.put(Tag(258, SHORT, (0,)))
        yield "BitsPerSample of one value", Owed.WHOLE, page.put(Tag(258, SHORT, bits.value[:1]))
        yield "BitsPerSample of two values", Owed.WHOLE, page.put(Tag(258, SHORT, bits.value[:1] * 2))
        yield "BitsPerSample of 9 values", Owed.WHOLE, page.put(Tag(258, SHORT, bits.value[:1] * 9))
    for value in () if page.find(339) else (0, 4, 9):
        yield f"SampleFormat {value}", Owed.FAILURE if value == 9 else Owed.WHOLE, page.put(Tag(339, SHORT, (value,)))
    yield "SampleFormat of 9 values", Owed.WHOLE, page.put(Tag(339, SHORT, (page.number(339) or 1,) * 9))
    if not page.find(338):
        yield "ExtraSamples without samples", Owed.WHOLE, page.put(Tag(338, SHORT, (0, 2)))
    yield "no ExtraSamples", Owed.WHOLE, page.drop(338)


def _flaw_packing(page: Page) -> Found:
    packing = page.number(259)
    yield "Predictor 0", Owed.FAILURE if packing in PREDICTED else Owed.WHOLE, page.put(Tag(317, SHORT, (0,)))
    if packing not in PREDICTED:
        yield "Predictor 2", Owed.WHOLE, page.put(Tag(317, SHORT, (2,)))
    yield "Threshholding 9", Owed.WHOLE, page.put(Tag(263, SHORT, (9,)))
    yield "MinSampleValue and MaxSampleValue", Owed.WHOLE, page.put(Tag(280, SHORT, (9,))).put(Tag(281, SHORT, (3,)))
    if page.number(259) != 3:
        yield "T4Options 7", Owed.WHOLE, page.put(Tag(292, LONG, (7,)))
    yield "ImageDepth 0", Owed.WHOLE, page.put(Tag(32_997, LONG, (0,)))
    if not page.find(324):
        yield "a size of tiles beside strips", Owed.WHOLE, page.put(Tag(322, SHORT, (16,)))


def _flaw_palette(page: Page) -> Found:
    colors = page.find(COLOR_MAP)
    if colors is None or not isinstance(colors.value, tuple):
        return
    yield "no ColorMap", Owed.FAILURE, page.drop(COLOR_MAP)
    yield "a short ColorMap", Owed.FAILURE, page.change_tag(COLOR_MAP, value=colors.value[:-9])
    yield "a ColorMap outside", Owed.FAILURE, page.change_tag(COLOR_MAP, at=OUTSIDE)
    yield "a ColorMap with values behind", Owed.FAILURE, page.change_tag(COLOR_MAP, value=(*colors.value, 7, 7, 7))
    yield "a ColorMap of bytes", Owed.WHOLE, page.change_tag(COLOR_MAP, value=tuple(one >> 8 for one in colors.value))
    yield "a ColorMap as LONG", Owed.WHOLE, page.change_tag(COLOR_MAP, kind=LONG)


def _flaw_resolution(page: Page) -> Found:
    across, down, unit = (page.drop(282).drop(283).drop(296).put(tag) for tag in (
        Tag(282, RATIO, (300, 1)), Tag(283, RATIO, (300, 1)), Tag(296, SHORT, (9,))))  # fmt: skip
    yield "XResolution alone", Owed.WHOLE, across
    yield "YResolution alone", Owed.WHOLE, down
    yield "ResolutionUnit 9", Owed.WHOLE, unit.put(Tag(282, RATIO, (300, 1))).put(Tag(283, RATIO, (300, 1)))
    for name, kind, value in (("0/0", RATIO, (0, 0)), ("9/0", RATIO, (9, 0)), ("as SHORT", SHORT, (300,)), ("as text", TEXT, b"300\0"),
                              ("as SRATIONAL", 10, (-9, 1)), ("of two values", RATIO, (3, 1, 4, 1))):  # fmt: skip
        yield f"XResolution {name}", Owed.WHOLE, page.put(Tag(282, kind, value))
    yield "XResolution outside", Owed.WHOLE, page.put(Tag(282, RATIO, (300, 1), at=OUTSIDE))


def _flaw_additions(page: Page) -> Found:
    for name, tag in {
        "an unknown tag": Tag(65_000, ANY, JUNK), "an unknown tag without values": Tag(65_000, LONG, ()),
        "an unknown type": Tag(65_000, 99, JUNK, 9), "type 0": Tag(65_000, 0, b"", 1), "a tag 0": Tag(0, SHORT, (1,)),
        "an unknown tag outside": Tag(65_000, ANY, JUNK, at=OUTSIDE),
        "an unknown tag with a huge count": Tag(65_000, ANY, JUNK, 0xFFFF_FFFF),
        "a tag of floats that are none": Tag(65_000, 12, b"\xff" * 8, 1), "a text without an end": Tag(315, TEXT, b"hello, you"),
        "a text with letters of no code": Tag(315, TEXT, b"\xff\xfe\x80\x81\0"), "a text as SHORT": Tag(315, SHORT, (1, 2, 3)),
        "a text outside": Tag(315, TEXT, JUNK, at=OUTSIDE), "a date without sense": Tag(306, TEXT, b"yesterday\0"),
        "a profile without sense": Tag(34_675, ANY, JUNK * 20), "an empty profile": Tag(34_675, ANY, b""),
        "a profile outside": Tag(34_675, ANY, JUNK * 20, at=OUTSIDE), "a profile as LONG": Tag(34_675, LONG, (1, 2, 3)),
        "EXIF outside": Tag(34_665, LONG, (OUTSIDE,)), "EXIF at 0": Tag(34_665, LONG, (0,)),
        "EXIF in the header": Tag(34_665, LONG, (4,)), "EXIF as text": Tag(34_665, TEXT, b"hello\0"),
        "GPS outside": Tag(34_853, LONG, (OUTSIDE,)), "GPS in the header": Tag(34_853, LONG, (4,)),
        "XMP without sense": Tag(700, BYTE, tuple(JUNK)), "XMP as LONG": Tag(700, LONG, (1, 2, 3)),
        "XMP outside": Tag(700, ANY, JUNK, at=OUTSIDE), "IPTC without sense": Tag(33_723, ANY, JUNK * 3),
        "IPTC as LONG": Tag(33_723, LONG, (1, 2, 3)), "resources without sense": Tag(34_377, ANY, JUNK * 3),
        "inner directories outside": Tag(330, LONG, (OUTSIDE, 5)), "an inner directory in the header": Tag(330, LONG, (4,)),
        "an inner directory of text": Tag(330, TEXT, b"hello\0"), "PageNumber without sense": Tag(297, SHORT, (9, 3)),
        "NewSubfileType 2": Tag(254, LONG, (2,)), "NewSubfileType 16": Tag(254, LONG, (16,)), "SubfileType 0": Tag(255, SHORT, (0,)),
        "SubfileType 9": Tag(255, SHORT, (9,)), "a transfer function of 3 values": Tag(301, SHORT, (1, 2, 3)),
        "a white point of 0": Tag(318, RATIO, (0, 0, 0, 0)), "halftone hints": Tag(321, SHORT, (1,)),
        "GeoTIFF without sense": Tag(34_735, SHORT, (1, 2, 3)), "Photoshop's layers without sense": Tag(37_724, ANY, JUNK),
    }.items():  # fmt: skip
        yield name, Owed.WHOLE, page.put(tag)
