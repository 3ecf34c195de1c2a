"""ICC profiles as bytes, built here so that their colours are known."""

import struct
from collections.abc import Sequence

from PIL import ImageCms

# Primaries as x, y pairs; the white point is D65 in all of them.
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
D65 = (0.3127, 0.3290)
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
D50_XYZ = (0.96422, 1.0, 0.82521)


def rgb_profile(primaries: Sequence[tuple[float, float]] = DISPLAY_P3, gamma: float = 2.2) -> bytes:
    """An ICC matrix profile (version 2) with these primaries, white D65 and a plain gamma."""
    columns = _find_columns(primaries)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = [(name, _pack_xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _pack_profile(b"mntr", b"RGB ", [*tags, (b"wtpt", _pack_xyz(D50_XYZ))])


def grey_profile(gamma: float = 1.0) -> bytes:
    """An ICC grey profile with a plain gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    return _pack_profile(b"mntr", b"GRAY", [(b"kTRC", curve), (b"wtpt", _pack_xyz(D50_XYZ))])


def cmyk_profile() -> bytes:
    """Return an ICC output profile (lut8, 2 grid points). Its cyan ink is a mid blue-green, its black is black."""
    identity = b"".join(bytes(range(256)) for _ in range(4))
    grid = b"".join(_mix_ink(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1))
    output = b"".join(bytes(range(256)) for _ in range(3))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + identity + grid + output
    return _pack_profile(
        b"prtr", b"CMYK", [(b"A2B0", table), (b"A2B1", table), (b"wtpt", _pack_xyz(D50_XYZ))], connection=b"Lab "
    )


def rgb_table_profile() -> bytes:
    """An ICC display profile by tables (lut8, 2 grid points): no sum of a red, a green and a blue part."""
    identity = b"".join(bytes(range(256)) for _ in range(3))
    grid = b"".join(
        bytes((40 + 60 * r + 90 * g + 30 * b + 35 * (r & g & b), 128 + 60 * (r - g), 128 + 50 * (g - b)))
        for r in (0, 1)
        for g in (0, 1)
        for b in (0, 1)
    )
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((3, 3, 2, 0)) + matrix + identity + grid + identity
    return _pack_profile(
        b"mntr", b"RGB ", [(b"A2B0", table), (b"A2B1", table), (b"wtpt", _pack_xyz(D50_XYZ))], connection=b"Lab "
    )


def _mix_ink(c: int, m: int, y: int, k: int) -> bytes:
    """Lab of 8 bits: paper white is (255, 128, 128)."""
    light = 0 if k else max(0, 255 - 100 * c - 110 * m - 20 * y)
    return bytes((light, 128 if k else 128 - 40 * c + 70 * m, 128 if k else 128 - 40 * c + 80 * y))


def _find_columns(primaries: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """XYZ of the primaries, scaled to the white point and adapted from D65 to D50."""
    unscaled = [(x / y, 1.0, (1 - x - y) / y) for x, y in primaries]
    white = (D65[0] / D65[1], 1.0, (1 - D65[0] - D65[1]) / D65[1])
    scales = _solve_system(unscaled, white)
    adapt = _find_adaptation(white)
    scaled = [tuple(value * scale for value in column) for column, scale in zip(unscaled, scales, strict=True)]
    return [_multiply(adapt, column) for column in scaled]


def _find_adaptation(white: Sequence[float]) -> list[tuple[float, float, float]]:
    seen, wanted = _multiply(BRADFORD, white), _multiply(BRADFORD, D50_XYZ)
    columns = []
    for index in range(3):
        unit = tuple(float(index == row) for row in range(3))
        cone = [value * wanted[row] / seen[row] for row, value in enumerate(_multiply(BRADFORD, unit))]
        columns.append(_solve_system([tuple(BRADFORD[row][col] for row in range(3)) for col in range(3)], cone))
    return [tuple(columns[col][row] for col in range(3)) for row in range(3)]  # type: ignore[misc]


def _multiply(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> tuple[float, float, float]:
    a, b, c = (sum(row[index] * vector[index] for index in range(3)) for row in matrix)
    return a, b, c


def _solve_system(columns: Sequence[Sequence[float]], right: Sequence[float]) -> tuple[float, float, float]:
    """x of `columns` x = right, by Cramer's rule."""
    whole = _find_determinant(columns)
    a, b, c = (
        _find_determinant([right if index == place else column for index, column in enumerate(columns)]) / whole
        for place in range(3)
    )
    return a, b, c


def _find_determinant(m: Sequence[Sequence[float]]) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[1][0] * (m[0][1] * m[2][2] - m[0][2] * m[2][1])
        + m[2][0] * (m[0][1] * m[1][2] - m[0][2] * m[1][1])
    )


def _pack_xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _pack_profile(kind: bytes, space: bytes, tags: Sequence[tuple[bytes, bytes]], connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile, version 2.4: header, table of tags, data."""
    text = b"test profile\0"
    tags = [
        (b"desc", b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78 + 11)),
        (b"cprt", b"text" + bytes(4) + b"none\0"),
        *tags,
    ]
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s12s4s", size, b"lcms", 0x02400000, kind, space, connection, bytes(12), b"acsp")
    header += bytes(28) + b"".join(struct.pack(">i", round(value * 65536)) for value in D50_XYZ)
    return header + bytes(128 - len(header)) + table + body


def srgb_profile() -> bytes:
    """The sRGB profile of LittleCMS."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


# The primaries of the sRGB profile that most cameras and programs embed, as it has them, adapted to D50.
CAMERA_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def camera_srgb_profile() -> bytes:
    """sRGB by another maker, with the sRGB curve in 1024 steps: equal to LittleCMS's own but for rounding."""
    samples = [_make_linear(index / 1023) for index in range(1024)]
    curve = b"curv" + bytes(4) + struct.pack(">I1024H", 1024, *(round(sample * 65_535) for sample in samples))
    tags = [(name, _pack_xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), CAMERA_SRGB, strict=True)]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _pack_profile(b"mntr", b"RGB ", [*tags, (b"wtpt", _pack_xyz(D50_XYZ))])


def _make_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
