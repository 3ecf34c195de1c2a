"""Color by numbers instead of a profile: made an ICC profile, so that one way leads to sRGB.

The numbers are those of ITU-T H.273 (CICP), used by AVIF, HEIC, PNG and JPEG XL, or PNG's gamma and chromaticities.
Profiles are made after ICC.1:2022: a matrix and a curve.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Point = tuple[float, float]
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

D65: Point = (0.3127, 0.3290)
D50: Vector = (0.9642, 1.0, 0.8249)
SRGB_PRIMARIES: tuple[Point, Point, Point] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))

PRIMARIES: dict[int, tuple[tuple[Point, Point, Point], Point]] = {
    1: (SRGB_PRIMARIES, D65),
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), (0.310, 0.316)),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
}
"""Red, green and blue, and white, by H.273's numbers (table 2)."""

SRGB_CURVE = 0.0
"""In the place of a gamma: sRGB's own curve."""

# Table 3. Video's curves (1, 6, 14, 15) are shown as sRGB by viewers, which is what makers of pictures mean by them.
GAMMAS = {1: SRGB_CURVE, 2: SRGB_CURVE, 4: 2.2, 5: 2.8, 6: SRGB_CURVE, 8: 1.0, 13: SRGB_CURVE, 14: SRGB_CURVE,
          15: SRGB_CURVE, 17: 2.6}  # fmt: skip
Curve = Literal["PQ", "HLG"]
HDR: dict[int, Curve] = {16: "PQ", 18: "HLG"}

BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


@dataclass(frozen=True, slots=True)
class Colorimetry:
    """The way from samples to light. `gamma` 0 is sRGB's curve. Primaries are red, green, blue."""

    gamma: float = SRGB_CURVE
    primaries: tuple[Point, Point, Point] = SRGB_PRIMARIES
    white: Point = D65

    @property
    def is_srgb(self) -> bool:
        """Say whether these colors are sRGB's.

        A gamma of 2.2 is what old programs called sRGB.
        """
        sides = zip((*self.primaries, self.white), (*SRGB_PRIMARIES, D65), strict=True)
        same = all(abs(a - b) < 0.002 for one, other in sides for a, b in zip(one, other, strict=True))
        return same and (self.gamma == SRGB_CURVE or abs(self.gamma - 2.2) < 0.02)


@dataclass(frozen=True, slots=True)
class Hdr:
    """Samples for HDR screens: their curve, and their primaries by a number of ITU-T H.273."""

    curve: Curve
    primaries: int


@dataclass(frozen=True, slots=True)
class Described:
    """A profile, None for sRGB; or `hdr`; or a `problem`: why there is none for the colors of the file."""

    profile: bytes | None = None
    problem: str = ""
    hdr: Hdr | None = None


def describe_cicp(primaries: int, transfer: int, *, grey: bool = False) -> Described:
    """Describe the color of H.273's numbers. 2 is unspecified, taken as sRGB."""
    primaries = 1 if primaries == 2 else primaries
    if primaries not in PRIMARIES or transfer not in GAMMAS.keys() | HDR.keys():
        return Described(problem="its numbers are not known here")
    if transfer in HDR:
        return Described(hdr=Hdr(HDR[transfer], primaries))
    points, white = PRIMARIES[primaries]
    return describe_color(Colorimetry(GAMMAS[transfer], points, white), grey=grey)


def describe_color(color: Colorimetry, *, grey: bool = False) -> Described:
    """Describe a colorimetry by a profile. A grey one has its curve only."""
    if grey:
        color = Colorimetry(color.gamma)
    if color.is_srgb:
        return Described()
    try:
        return Described(_make_profile(color, grey=grey))
    except (ArithmeticError, struct.error):
        return Described(problem="its numbers make no sense")


@lru_cache(maxsize=8)
def _make_profile(color: Colorimetry, *, grey: bool) -> bytes:
    curve = _pack_curve(color.gamma)
    tags = {b"desc": _pack_text("As the file says"), b"cprt": _pack_text("CC0"), b"wtpt": _pack_xyz(D50)}
    if grey:
        return _pack_profile(tags | {b"kTRC": curve}, b"GRAY")
    adapt = _compute_adaptation(_to_xyz(color.white))
    columns = _compute_columns(color, adapt)
    tags |= {b"chad": b"sf32\0\0\0\0" + b"".join(_pack_fixed(value) for row in adapt for value in row)}
    tags |= {name: _pack_xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return _pack_profile(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve), b"RGB ")


def compute_to_srgb(primaries: tuple[Point, Point, Point], white: Point) -> Matrix:
    """Return the matrix from linear light of those primaries to sRGB's, its rows red, green and blue.

    The white of the one becomes the white of the other.
    """
    columns = [
        _compute_columns(color, _compute_adaptation(_to_xyz(color.white)))
        for color in (Colorimetry(primaries=primaries, white=white), Colorimetry())
    ]
    back = _invert_matrix(_transpose_matrix(columns[1]))
    one, two, three = (_multiply_vector(back, column) for column in columns[0])
    return _transpose_matrix((one, two, three))


def _compute_columns(color: Colorimetry, adapt: Matrix) -> Matrix:
    """Return XYZ of full red, green and blue, seen under D50."""
    red, green, blue = (_to_xyz(point) for point in color.primaries)
    scale = _multiply_vector(_invert_matrix(_transpose_matrix((red, green, blue))), _to_xyz(color.white))
    one, two, three = (
        _multiply_vector(adapt, (x * share, y * share, z * share))
        for (x, y, z), share in zip((red, green, blue), scale, strict=True)
    )
    return one, two, three


def _compute_adaptation(white: Vector) -> Matrix:
    """Return the Bradford matrix from that white to D50."""
    seen, wanted = _multiply_vector(BRADFORD, white), _multiply_vector(BRADFORD, D50)
    scale = tuple(b / a for a, b in zip(seen, wanted, strict=True))
    scaled = tuple(tuple(value * factor for value in row) for row, factor in zip(BRADFORD, scale, strict=True))
    back = _invert_matrix(BRADFORD)
    columns = [_multiply_vector(back, column) for column in _transpose_matrix(scaled)]  # type: ignore[arg-type]
    return _transpose_matrix((columns[0], columns[1], columns[2]))


def _to_xyz(point: Point) -> Vector:
    """Return XYZ of a chromaticity, with Y = 1."""
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _multiply_vector(matrix: Matrix, vector: Vector) -> Vector:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def _transpose_matrix(matrix: Matrix) -> Matrix:
    one, two, three = zip(*matrix, strict=True)
    return one, two, three


def _invert_matrix(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / whole, (c * h - b * i) / whole, (b * f - c * e) / whole),
        ((f * g - d * i) / whole, (a * i - c * g) / whole, (c * d - a * f) / whole),
        ((d * h - e * g) / whole, (b * g - a * h) / whole, (a * e - b * d) / whole),
    )


def _pack_fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def _pack_xyz(vector: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_pack_fixed(value) for value in vector)


def _pack_text(words: str) -> bytes:
    coded = words.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(coded), 28) + coded


def _pack_curve(gamma: float) -> bytes:
    if gamma != SRGB_CURVE:
        return b"para\0\0\0\0\0\0\0\0" + _pack_fixed(gamma)
    values = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0\0\3\0\0" + b"".join(_pack_fixed(value) for value in values)


def _pack_profile(tags: dict[bytes, bytes], space: bytes) -> bytes:
    """Return a version 4 display profile.

    Its date is fixed, so that the same file always gives the same result.
    """
    directory, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        directory += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI4s4s4s6H4sIIIIQI", start + len(body), bytes(4), 0x0440_0000, b"mntr", space, b"XYZ ",
        2026, 1, 1, 0, 0, 0, b"acsp", 0, 0, 0, 0, 0, 0,
    ) + b"".join(_pack_fixed(value) for value in D50)  # fmt: skip
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + directory + body
