"""Pictures with something beside them: JPEGs with gain maps and trailers, and the packets that speak of them."""

import struct
from collections.abc import Sequence

import numpy as np
from imagecodecs import ultrahdr_encode

from conformance import images

BIG = images.encoded(images.quarters((96, 64)), "JPEG")
SMALL = images.encoded(images.quarters((48, 32)).convert("L"), "JPEG")
RDF = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" %s>%s'
    "<dc:title>kept</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)
HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
CONTAINER = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)
CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
MOTION = 'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:SpecialTypeID="x"'
MICRO = 'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="99"'
DEPTH = 'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Near="1" GDepth:Mime="image/png"'
EXTENDED = 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0123"'
FILM = struct.pack(">I8sI", 24, b"ftypisom", 512) + b"isommp42" + bytes(200)


def directory(*semantics: str) -> str:
    items = (f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{one}"/></rdf:li>' for one in semantics)
    return f"<Container:Directory><rdf:Seq>{''.join(items)}</rdf:Seq></Container:Directory>"


def packet(attributes: str, elements: str = "") -> bytes:
    return RDF.replace("%s", attributes, 1).replace("%s", elements, 1).encode()


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_xmp(data: bytes, xmp: bytes, *extended: bytes) -> bytes:
    parts = [segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)]
    head = bytes(32) + struct.pack(">II", sum(map(len, extended)), 0)
    parts += [segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + head + part) for part in extended]
    return data[:2] + b"".join(parts) + data[2:]


def with_index(first: bytes, later: Sequence[tuple[int, bytes]], order: str = ">") -> bytes:
    """A Multi-Picture Format file (CIPA DC-007); the kinds are those of the pictures behind the first."""
    count = 1 + len(later)
    length = len(first) + 8 + 50 + 16 * count
    at, entries = length - 10, struct.pack(f"{order}IIIHH", 0x2003_0000, length, 0, 0, 0)
    for kind, data in later:
        entries += struct.pack(f"{order}IIIHH", kind, len(data), at, 0, 0)
        at += len(data)
    directory_ = struct.pack(f"{order}H", 3)
    directory_ += struct.pack(f"{order}HHI4s", 0xB000, 7, 4, b"0100")
    directory_ += struct.pack(f"{order}HHII", 0xB001, 4, 1, count)
    directory_ += struct.pack(f"{order}HHII", 0xB002, 7, 16 * count, 50)
    head = b"MPF\0" + {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(f"{order}I", 8)
    index = segment(0xE2, head + directory_ + bytes(4) + entries)
    whole = first[:2] + index + first[2:]
    assert len(whole) == length
    return whole + b"".join(data for _, data in later)


def samsung(*kinds: int) -> bytes:
    blocks = b"".join(struct.pack("<HHIII", 0, kind, 0, 0, 0)[:12] for kind in kinds)
    head = b"SEFH" + struct.pack("<II", 106, len(kinds)) + blocks
    return b"block" * 9 + head + struct.pack("<I", len(head)) + b"SEFT"


def samsung_named(name: bytes) -> bytes:
    """A block of a kind that nobody knows, with that name."""
    block = struct.pack("<HHI", 0, 0x7777, len(name)) + name + b"data"
    head = b"SEFH" + struct.pack("<II", 107, 1) + struct.pack("<HHII", 0, 0x7777, len(block), len(block))
    return block + head + struct.pack("<I", len(head)) + b"SEFT"


GAIN = with_xmp(SMALL, packet(HDRGM))
ISO_GAIN = SMALL[:2] + segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(20)) + SMALL[2:]
APPLE_GAIN = with_xmp(
    SMALL, packet('xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/"',
                  "<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType>")
)  # fmt: skip
DISPARITY = with_xmp(
    SMALL, packet('xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/"',
                  "<apdi:AuxiliaryImageType>kCGImageAuxiliaryDataTypeDisparity</apdi:AuxiliaryImageType>")
)  # fmt: skip
BIG_ISO = BIG[:2] + segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)) + BIG[2:]
BIG_APPLE = with_xmp(
    BIG, packet('xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="65536"')
)
ULTRA = with_xmp(BIG, packet(f"{HDRGM} {CONTAINER}", directory("Primary", "GainMap")))


def ultra_hdr() -> bytes:
    """By Google's own library."""
    light = np.full((64, 96, 4), 1.5, np.float16)
    return bytes(ultrahdr_encode(light))
