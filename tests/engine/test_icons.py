"""ICO and ICNS: sizes, shapes, what is inside of them, and what lies."""

import struct

import pytest
from PIL import Image

from conformance import images
from conformance.running import Result, apart, near
from engine.containers.icons import pack_icns
from tests.engine.conftest import Converter


@pytest.mark.parametrize(("target", "limit"), [("ico", 256), ("icns", 1024)])
def test_what_is_too_large_for_an_icon_is_made_smaller_and_said(run: Converter, target: str, limit: int) -> None:
    data = images.encoded(Image.new("RGB", (limit * 2, limit // 2), images.RED), "PNG")
    result = run(data, target)
    assert result.warnings == ["resized_to_limit"]
    assert (result.converted.width, result.converted.height) == result.image().size == (limit, limit)


@pytest.mark.parametrize(
    ("target", "side", "largest"),
    [
        ("ico", 200, 128),
        ("ico", 256, 0),
        ("ico", 300, 256),
        ("ico", 10, 0),
        ("icns", 800, 512),
        ("icns", 512, 0),
        ("icns", 48, 32),
    ],
)
def test_pixels_that_no_picture_of_an_icon_has_are_said(run: Converter, target: str, side: int, largest: int) -> None:
    data = images.encoded(Image.new("RGB", (side // 2, side), images.RED), "PNG")
    wanted = f"The largest picture in this {target.upper()} has {largest} pixels a side; the image was made smaller."
    assert [loss.detail for loss in run(data, target).outcome.warnings] == ([wanted] if largest else [])
    assert run(data, target, sizes="16,128").warnings == []


def icon_sizes(result: Result) -> set[int]:
    """The sides of the squares in it, doubled ones too."""
    image = result.image()
    return {width * (scale[0] if scale else 1) for width, _, *scale in image.info["sizes"]}


@pytest.mark.parametrize(
    ("target", "sides", "wanted"),
    [
        ("ico", (300, 300), {16, 24, 32, 48, 64, 128, 256}),
        ("ico", (100, 60), {16, 24, 32, 48, 64}),
        ("ico", (33, 7), {16, 24, 32}),
        ("ico", (5, 9), {16}),
        ("icns", (1024, 500), {16, 32, 64, 128, 256, 512, 1024}),
        ("icns", (40, 64), {16, 32, 64}),
        ("icns", (5, 9), {16}),
    ],
)
def test_an_icon_has_the_sizes_of_its_format_up_to_its_own(
    run: Converter, target: str, sides: tuple[int, int], wanted: set[int]
) -> None:
    result = run(images.encoded(Image.new("RGB", sides, images.RED), "PNG"), target)
    assert icon_sizes(result) == wanted
    assert (result.converted.width, result.converted.height) == (max(wanted), max(wanted))


@pytest.mark.parametrize("target", ["ico", "icns"])
def test_an_icon_is_square_centred_and_never_stretched(run: Converter, target: str) -> None:
    seen = run(images.encoded(Image.new("RGB", (64, 16), images.GREEN), "PNG"), target).image().convert("RGBA")
    assert seen.size == (64, 64)
    assert seen.getchannel("A").getbbox() == (0, 24, 64, 40)
    small = run(images.encoded(Image.new("RGB", (3, 5), images.GREEN), "PNG"), target).image().convert("RGBA")
    assert small.getchannel("A").getbbox() == (6, 5, 9, 10)


def test_of_an_icon_the_largest_picture_is_taken(run: Converter) -> None:
    image = Image.new("RGB", (64, 64), images.BLUE)
    assert run(images.encoded(image, "ICO", sizes=[(16, 16), (64, 64), (32, 32)]), "png").image().size == (64, 64)


def lying_icon(name: str, png: bytes) -> bytes:
    """It says 16 x 16."""
    if name == "icns":
        return b"icns" + (len(png) + 16).to_bytes(4, "big") + b"icp4" + (len(png) + 8).to_bytes(4, "big") + png
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize("name", ["ico", "icns"])
def test_an_icons_directory_is_not_believed(run: Converter, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The PNG has 9,000 x 9,000 pixels, and nobody may begin to decode it."""
    decoded: list[str] = []
    monkeypatch.setattr("engine.codecs.pillow.load_image", lambda *_, **__: decoded.append(name))
    data = lying_icon(name, images.encoded(Image.new("1", (9000, 9000)), "PNG"))
    assert run(data, "png").failure == "too_many_pixels"
    assert decoded == []


def test_a_thousand_entries_do_no_harm(run: Converter) -> None:
    png = images.encoded(Image.new("RGB", (16, 16), images.RED), "PNG")
    entries = b"".join(struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 6 + 16 * 1000) for _ in range(1000))
    result = run(struct.pack("<HHH", 0, 1, 1000) + entries + png, "png")
    assert near(result.image().convert("RGB").getpixel((8, 8)), images.RED, 0)


@pytest.mark.parametrize("kind", [b"is32", b"icp4", b"ic07", b"it32"])
def test_blocks_of_an_icns(run: Converter, kind: bytes) -> None:
    """Old ones are planes of bytes packed by runs, with a mask apart; new ones are PNGs or JPEG 2000."""
    side = {b"it32": 128, b"ic07": 128}.get(kind, 16)
    picture = Image.new("RGB", (side, side), images.GREEN)
    if kind in {b"is32", b"it32"}:
        runs = b"".join(
            b"".join(bytes((128 + min(130, left) - 3, value)) for left in _runs(side * side)) for value in images.GREEN
        )
        body = (bytes(4) if kind == b"it32" else b"") + runs
        blocks = {kind: body, {b"is32": b"s8mk", b"it32": b"t8mk"}[kind]: bytes([255]) * side * side}
    else:
        blocks = {kind: images.encoded(picture, "JPEG2000" if kind == b"ic07" else "PNG"), b"TOC ": b"junk"}
    seen = run(pack_icns(blocks), "png").image().convert("RGB")
    assert apart(seen, picture) == 0


def _runs(count: int) -> list[int]:
    whole, rest = divmod(count, 128)
    return [128] * whole + ([rest] if rest else [])


@pytest.mark.parametrize("name", ["ICO", "ICNS"])
def test_a_bomb_in_an_icon_is_seen_by_its_own_header(run: Converter, name: str) -> None:
    bomb = images.png_claiming()
    if name == "ICNS":
        data = pack_icns({b"ic10": bomb})
    else:
        data = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(bomb), 22) + bomb
    assert run(data, "png").failure == "too_many_pixels"


def test_an_icon_of_the_old_kind_is_a_bitmap_with_a_mask(run: Converter) -> None:
    image = images.soft_disc(32)
    data = images.encoded(image, "ICO", sizes=[(32, 32)], bitmap_format="bmp")
    seen = run(data, "png").image()
    assert seen.size == (32, 32)
    assert near(seen.getpixel((16, 16)), (255, 0, 0, 255), 0)
    assert seen.getpixel((0, 0))[3] == 0  # type: ignore[index]


def bitmap(bits: int, alpha: int, mask: bytes, *, told: int | None = None) -> bytes:
    """An icon of 16 x 16 with one bitmap, red and of that alpha; a set bit of the mask is clear."""
    pixel = bytes((0, 0, 255, alpha)[: bits // 8])
    body = struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, bits, 0, 0, 0, 0, 0, 0) + pixel * 256 + mask
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, bits if told is None else told, len(body), 22)
    return b"\0\0\1\0\1\0" + entry + body


LOWER = b"\xff\xff\0\0" * 8 + bytes(4 * 8)
"""Clear in the lower half: rows come from below."""


@pytest.mark.parametrize("told", [None, 0, 24, 32])
@pytest.mark.parametrize(("bits", "alpha"), [(32, 0), (24, 0)])
def test_an_icon_without_alpha_is_clear_where_its_mask_says_so(
    run: Converter, bits: int, alpha: int, told: int | None
) -> None:
    seen = run(bitmap(bits, alpha, LOWER, told=told), "png").image().convert("RGBA")
    assert (seen.getpixel((3, 3)), seen.getpixel((3, 12))) == ((255, 0, 0, 255), (0, 0, 0, 0))


def test_alpha_of_an_icon_goes_before_its_mask(run: Converter) -> None:
    assert run(bitmap(32, 128, LOWER), "png").image().getpixel((3, 12)) == (255, 0, 0, 128)
    assert run(bitmap(32, 0, b""), "png").image().convert("RGBA").getpixel((3, 12)) == (255, 0, 0, 255)


def argb(side: int) -> bytes:
    """Alpha and red as runs of one value, green in rows of its own, blue as it is."""
    area = side * side
    ones = [b"".join(bytes((125 + min(130, area - at), value)) for at in range(0, area, 130)) for value in (128, 255)]
    rows = b"".join(bytes((125 + side, row)) for row in range(side))
    single = bytes(range(256)) * 5
    plain = b"".join(bytes((min(128, area - at) - 1,)) + single[at : min(area, at + 128)] for at in range(0, area, 128))
    return b"ARGB" + ones[0] + ones[1] + rows + plain


@pytest.mark.parametrize(("kind", "side"), [(b"ic04", 16), (b"ic05", 32), (b"icsb", 18)])
def test_a_block_of_four_planes(run: Converter, kind: bytes, side: int) -> None:
    seen = run(pack_icns({b"ic04": b"", kind: argb(side)}), "png").image()
    assert seen.size == (side, side)
    for x, y in ((0, 0), (3, 2), (side - 1, side - 1)):
        assert seen.getpixel((x, y)) == (255, y, (y * side + x) % 256, 128)


def test_a_block_of_four_planes_without_its_end_is_a_failure(run: Converter) -> None:
    whole = argb(16)
    for length in (len(whole) - 1, 200, 5, 4):
        assert run(pack_icns({b"ic04": whole[:length]}), "png").failure in {"truncated_image", "corrupt_image"}
    assert run(pack_icns({b"ic04": b"ARGB" + b"\xff\0" * 99}), "png").failure == "corrupt_image"
