"""DDS headers (Microsoft, Programming Guide for DDS): what the samples are, and how many pictures the file holds."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from engine.errors import truncated, unsupported

HEADER, EXTENDED = 128, 148
CUBE, VOLUME, FACES = 0x200, 0x20_0000, 0xFC00
CUBE_OF_DX10, SOLID, PREMULTIPLIED, OPAQUE = 4, 4, 2, 3
HAS_ALPHA, ONLY_ALPHA, HAS_CODE, HAS_COLOR, HAS_GREY, HAS_PALETTE = 0x1, 0x2, 0x4, 0x40, 0x2_0000, 0x20


class Blocks(NamedTuple):
    """Blocks of 4 x 4 pixels: the number in BC1 to BC7, the name by Pillow, its mode, and the bytes of a block."""

    number: int
    name: str
    mode: str
    size: int


class Masks(NamedTuple):
    """Samples packed into numbers of so many `bits`. `bands` names one for each mask, L for grey."""

    bits: int
    bands: str
    masks: tuple[int, ...]


class Array(NamedTuple):
    """Samples beside each other, of numpy's type of that name."""

    kind: str
    bands: str


class Palette(NamedTuple):
    """Indices of a byte, behind 256 colors with alpha."""


Layout = Blocks | Masks | Array | Palette

DXT1, DXT3, DXT5 = Blocks(1, "DXT1", "RGBA", 8), Blocks(2, "DXT3", "RGBA", 16), Blocks(3, "DXT5", "RGBA", 16)
BC4, BC5, BC5_SIGNED = Blocks(4, "BC4", "L", 8), Blocks(5, "BC5", "RGB", 16), Blocks(5, "BC5S", "RGB", 16)
BC6, BC6_SIGNED, BC7 = Blocks(6, "BC6H", "RGB", 16), Blocks(6, "BC6HS", "RGB", 16), Blocks(7, "BC7", "RGBA", 16)

RGBA8 = Masks(32, "RGBA", (0xFF, 0xFF00, 0xFF_0000, 0xFF00_0000))
BGRA8 = Masks(32, "RGBA", (0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000))
BGRX8 = Masks(32, "RGB", BGRA8.masks[:3])
RGB10 = Masks(32, "RGBA", (0x3FF, 0xF_FC00, 0x3FF0_0000, 0xC000_0000))
RG8 = Masks(16, "RG", (0xFF, 0xFF00))
RG16 = Masks(32, "RG", (0xFFFF, 0xFFFF_0000))

CODES: dict[bytes, Layout] = {
    b"DXT1": DXT1, b"DXT2": DXT3, b"DXT3": DXT3, b"DXT4": DXT5, b"DXT5": DXT5,
    b"ATI1": BC4, b"BC4U": BC4, b"ATI2": BC5, b"BC5U": BC5, b"BC5S": BC5_SIGNED,
    b"\x24\0\0\0": Array("<u2", "RGBA"), b"\x6f\0\0\0": Array("<f2", "L"), b"\x71\0\0\0": Array("<f2", "RGBA"),
    b"\x72\0\0\0": Array("<f4", "L"), b"\x74\0\0\0": Array("<f4", "RGBA"),
}  # fmt: skip
"""By the four letters, or by a number of Direct3D 9 in their place."""

DXGI: dict[int, Layout] = {
    2: Array("<f4", "RGBA"), 6: Array("<f4", "RGB"), 10: Array("<f2", "RGBA"), 11: Array("<u2", "RGBA"),
    23: RGB10, 24: RGB10, 27: RGBA8, 28: RGBA8, 29: RGBA8, 34: Array("<f2", "RG"), 35: RG16, 41: Array("<f4", "L"),
    48: RG8, 49: RG8, 54: Array("<f2", "L"), 56: Array("<u2", "L"), 60: Masks(8, "L", (0xFF,)), 61: Masks(8, "L", (0xFF,)),
    65: Masks(8, "A", (0xFF,)), 70: DXT1, 71: DXT1, 72: DXT1, 73: DXT3, 74: DXT3, 75: DXT3, 76: DXT5, 77: DXT5, 78: DXT5,
    79: BC4, 80: BC4, 82: BC5, 83: BC5, 84: BC5_SIGNED, 85: Masks(16, "RGB", (0xF800, 0x7E0, 0x1F)),
    86: Masks(16, "RGBA", (0x7C00, 0x3E0, 0x1F, 0x8000)), 87: BGRA8, 88: BGRX8, 90: BGRA8, 91: BGRA8, 92: BGRX8, 93: BGRX8,
    94: BC6, 95: BC6, 96: BC6_SIGNED, 97: BC7, 98: BC7, 99: BC7, 115: Masks(16, "RGBA", (0xF00, 0xF0, 0xF, 0xF000)),
}  # fmt: skip
"""By the numbers of DXGI_FORMAT. Those of sRGB, and those without a type, are stored as the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DdsFile:
    """`start` is where the samples begin. `extras` says what there is beside the first picture, in words."""

    size: tuple[int, int]
    layout: Layout
    start: int
    premultiplied: bool
    opaque: bool
    extras: str

    @property
    def length(self) -> int:
        """Return the bytes of the first picture."""
        width, height = self.size
        match self.layout:
            case Blocks(size=size):
                return -(-width // 4) * -(-height // 4) * size
            case Masks(bits=bits):
                return width * height * (bits // 8)
            case Array(kind=kind, bands=bands):
                return width * height * int(kind[-1]) * len(bands)
            case Palette():
                return 1024 + width * height


def parse_dds(data: bytes) -> DdsFile:
    """Read the header. Raise ConversionError when the file ends before its first picture, or is of another kind."""
    if len(data) < HEADER:
        raise truncated()
    height, width, depth = struct.unpack_from("<IIxxxxI", data, 12)
    flags, code, bits, *masks = struct.unpack_from("<I4s5I", data, 80)
    (more,) = struct.unpack_from("<I", data, 112)
    start, alpha = HEADER, 0
    slices = depth if more & VOLUME else 1
    faces, pictures = (more & FACES).bit_count() or 6 if more & CUBE else 1, 1
    if flags & HAS_CODE and code == b"DX10":
        if len(data) < EXTENDED:
            raise truncated()
        number, dimension, other, pictures, alpha = struct.unpack_from("<5I", data, HEADER)
        layout, start = DXGI.get(number), EXTENDED
        slices = depth if dimension == SOLID else 1
        faces = 6 if other & CUBE_OF_DX10 else 1
        named = f"DXGI format {number}"
    else:
        layout = CODES.get(code) if flags & HAS_CODE else _read_masks(flags, bits, masks)
        named = f"code {code.decode('latin-1')!a}" if flags & HAS_CODE else f"{bits} bits with the flags {flags:#x}"
    if layout is None:
        raise unsupported("dds", f"its samples are of a kind that is not known here ({named})")
    return DdsFile(
        size=(width, height), layout=layout, start=start, opaque=alpha & 7 == OPAQUE,
        premultiplied=alpha & 7 == PREMULTIPLIED or (flags & HAS_CODE != 0 and code in {b"DXT2", b"DXT4"}),
        extras=_name_extras(faces, slices, pictures),
    )  # fmt: skip


def _read_masks(flags: int, bits: int, masks: list[int]) -> Layout | None:
    """Return the layout of samples that are not in blocks, None for an unknown one."""
    if flags & HAS_PALETTE:
        return Palette()
    if bits not in {8, 16, 24, 32}:
        return None
    every = (1 << bits) - 1
    # Of grey, some write masks that lie beyond the samples.
    red, green, blue, alpha = (mask & every for mask in masks)
    if flags & HAS_COLOR:
        has_alpha = flags & HAS_ALPHA and alpha
        return Masks(bits, "RGBA", (red, green, blue, alpha)) if has_alpha else Masks(bits, "RGB", (red, green, blue))
    if flags & HAS_GREY:
        if flags & HAS_ALPHA:
            half = (1 << bits // 2) - 1
            return Masks(bits, "LA", (red or half, alpha or every - half))
        return Array("<u2", "L") if bits == 16 and red in {0, every} else Masks(bits, "L", (red or every,))
    return Masks(bits, "A", (alpha or every,)) if flags & ONLY_ALPHA else None


def _name_extras(faces: int, slices: int, pictures: int) -> str:
    """Return what there is beside the first picture, "" for nothing."""
    counted = ((faces, "face", "a cube"), (slices, "slice", "a volume"), (pictures, "picture", "an array"))
    words = [f"{count - 1} further {one}{'s' * (count > 2)} of {whole}" for count, one, whole in counted if count > 1]
    return " and ".join(words)
