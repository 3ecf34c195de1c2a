"""The formats that hold one picture: what is odd about each."""

import struct

import numpy as np
import pypdfium2
import pytest
from imagecodecs import jpeg2k_encode
from PIL import Image

from tests import images
from tests.engine.conftest import Converter
from tests.engine.profiles import DISPLAY_P3, rgb_profile
from tests.engine.running import Result, apart, near
from worker.containers.icons import packed_icns


def gradient16() -> Image.Image:
    """16-bit grey, 64 x 4, from black to white."""
    values = [x * 65_535 // 63 for _ in range(4) for x in range(64)]
    return Image.frombytes("I;16", (64, 4), struct.pack(f"<{len(values)}H", *values))


def samples(image: Image.Image) -> list[int]:
    grey = image if image.mode == "I;16" else image.convert("I")
    return [int(grey.getpixel((x, 0)) or 0) for x in range(grey.width)]  # type: ignore[arg-type] # one band


@pytest.mark.parametrize("target", ["jp2", "ppm"])
def test_sixteen_bits_stay_there_and_back(run: Converter, target: str) -> None:
    there = run(images.encoded(gradient16(), "PNG"), target)
    assert there.warnings == []
    back = run(there.data, "png")
    assert back.warnings == []
    assert samples(back.image()) == samples(gradient16())


@pytest.mark.parametrize("name", ["JPEG2000", "PPM"])
def test_colour_of_sixteen_bits_is_said_to_be_reduced(run: Converter, name: str) -> None:
    if name == "PPM":
        data = b"P6 2 1 65535\n" + struct.pack(">6H", 65_535, 0, 0, 0, 65_535, 0)
    else:
        data = bytes(jpeg2k_encode(np.asarray(images.quarters()).astype(np.uint16) * 257))
    result = run(data, "png")
    assert result.warnings == ["depth_reduced"]


def test_jpeg_2000_is_lossless_until_a_quality_is_asked_for(run: Converter) -> None:
    picture = Image.effect_noise((128, 128), 60).convert("RGB")
    data = images.encoded(picture, "PNG")
    exact, good, poor = (run(data, "jp2", **o) for o in ({}, {"quality": 90}, {"quality": 10}))
    assert apart(exact.image(), picture) == 0
    assert len(exact.data) > len(good.data) > len(poor.data)


def test_a_bare_codestream_is_read(run: Converter) -> None:
    data = images.encoded(images.quarters(), "JPEG2000", no_jp2=True)
    assert data[:4] == b"\xff\x4f\xff\x51"
    assert apart(run(data, "png").image().convert("RGB"), images.quarters()) == 0


@pytest.mark.parametrize(("target", "limit"), [("ico", 256), ("icns", 1024)])
def test_what_is_too_large_for_an_icon_is_made_smaller_and_said(run: Converter, target: str, limit: int) -> None:
    data = images.encoded(Image.new("RGB", (limit * 2, limit // 2), images.RED), "PNG")
    result = run(data, target)
    assert result.warnings == ["resized_to_limit"]
    assert (result.converted.width, result.converted.height) == result.image().size == (limit, limit)


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
    monkeypatch.setattr("worker.still_readers.load_image", lambda *_: decoded.append(name))
    data = lying_icon(name, images.encoded(Image.new("1", (9000, 9000)), "PNG"))
    assert run(data, "png").failure == "too_many_pixels"
    assert decoded == []


def test_a_thousand_entries_do_no_harm(run: Converter) -> None:
    png = images.encoded(Image.new("RGB", (16, 16), images.RED), "PNG")
    entries = b"".join(struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 6 + 16 * 1000) for _ in range(1000))
    result = run(struct.pack("<HHH", 0, 1, 1000) + entries + png, "png")
    assert near(result.image().convert("RGB").getpixel((8, 8)), images.RED, 0)


def psd(image: Image.Image, *, layers: int = 0, resources: bytes = b"") -> bytes:
    """A composite (Adobe's Photoshop File Formats Specification); a count of layers below 0 says that it has alpha."""
    channels = image.split()
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(channels), image.height, image.width, 8, 3)
    counted = struct.pack(">Ih", 2, layers) if layers else b""
    sections = b"".join(struct.pack(">I", len(part)) + part for part in (b"", resources, counted))
    return header + sections + struct.pack(">H", 0) + b"".join(channel.tobytes() for channel in channels)


def on_white(image: Image.Image) -> Image.Image:
    """As Photoshop stores a composite: laid on white, its alpha beside."""
    flat = Image.new("RGBA", image.size, (255, 255, 255, 255))
    flat.alpha_composite(image)
    flat.putalpha(image.getchannel("A"))
    return flat


@pytest.mark.parametrize("target", ["png", "jpeg", "webp", "tiff", "pdf"])
def test_the_composite_of_a_psd_is_read(run: Converter, target: str) -> None:
    result = run(psd(images.quarters()), target)
    assert result.warnings == []
    if target == "png":
        assert apart(result.image().convert("RGB"), images.quarters()) == 0


def test_a_psd_keeps_its_alpha_and_loses_the_white_below(run: Converter) -> None:
    disc = Image.new("RGBA", (16, 16), (*images.RED, 128))
    disc.paste((0, 0, 0, 0), (0, 0, 4, 16))
    seen = run(psd(on_white(disc), layers=-1), "png").image()
    assert seen.getpixel((1, 1)) == (0, 0, 0, 0)
    assert near(seen.getpixel((10, 8)), (*images.RED, 128), 2)


def test_a_selection_saved_in_a_psd_is_no_alpha(run: Converter) -> None:
    marked = images.quarters().convert("RGBA")
    marked.putalpha(Image.linear_gradient("L").resize(marked.size))
    assert apart(run(psd(marked), "png").image().convert("RGB"), images.quarters()) == 0
    assert "A" not in run(psd(marked), "png").image().mode


def test_metadata_of_a_psd_is_kept_or_gone(run: Converter) -> None:
    parts = {0x0404: images.IPTC, 0x0424: images.XMP, 0x0422: images.exif(1).tobytes()[6:]}
    block = b"".join(
        b"8BIM" + struct.pack(">H2xI", kind, len(part)) + part + bytes(len(part) % 2) for kind, part in parts.items()
    )
    data = psd(images.quarters(), resources=block)
    kept = run(data, "tiff", metadata="keep")
    assert kept.warnings == []
    assert b"Millstone" in kept.data
    assert b"secret" in kept.data
    assert not {word for word in (b"Millstone", b"secret") if word in run(data, "tiff").data}


def pages(data: bytes) -> list[Image.Image]:
    """What another program (PDFium) shows of a PDF, a pixel for each point."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.render(scale=1).to_pil().convert("RGB") for page in document]


def test_a_pdf_shows_the_picture(run: Converter) -> None:
    result = run(images.encoded(images.quarters(), "PNG"), "pdf")
    (page,) = pages(result.data)
    assert page.size == (48, 32)
    assert near(page.getpixel((12, 8)), images.RED, 12)
    assert near(page.getpixel((36, 24)), images.BLUE, 12)


def test_pages_of_a_tiff_become_pages_of_a_pdf_each_in_its_size(run: Converter) -> None:
    result = run(images.tiff_pages(3), "pdf")
    assert result.converted.frames == 3
    assert [page.size for page in pages(result.data)] == [(30, 20), (40, 20), (50, 20)]


def test_dpi_decides_how_large_a_pdf_is_printed(run: Converter) -> None:
    (page,) = pages(run(images.encoded(images.quarters(), "PNG"), "pdf", dpi=144).data)
    assert page.size == (24, 16)


def test_what_shines_through_is_laid_on_the_background_of_a_pdf(run: Converter) -> None:
    result = run(images.encoded(images.soft_disc(), "PNG"), "pdf", background="#00ff00")
    assert result.warnings == ["alpha_flattened"]
    assert near(pages(result.data)[0].getpixel((1, 1)), (0, 255, 0), 12)


@pytest.mark.parametrize("rle", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_tga_of_any_kind_is_read(run: Converter, mode: str, rle: bool) -> None:
    picture = images.quarters().convert(mode)
    data = images.encoded(picture, "TGA", compression="tga_rle" if rle else None)
    assert apart(run(data, "png").image().convert("RGB"), picture.convert("RGB")) == 0


@pytest.mark.parametrize("head", [b"P1", b"P2", b"P3"])
def test_the_text_forms_of_pnm_are_read(run: Converter, head: bytes) -> None:
    body = {b"P1": b"2 1\n1 0\n", b"P2": b"2 1\n255\n0 255\n", b"P3": b"2 1 255\n0 0 0 255 255 255\n"}[head]
    image = run(head + b"\n# made by hand\n" + body, "png").image().convert("RGB")
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize("name", ["JPEG2000", "ICO", "PPM", "PCX", "DDS", "QOI", "TGA"])
def test_a_cut_file_fails_with_a_stable_code(run: Converter, name: str) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    settings = {"sizes": [(64, 64)]} if name == "ICO" else {}
    data = images.encoded(noise, name, **settings)
    assert run(data[: len(data) // 2], "png").failure in {"truncated_image", "corrupt_image"}


def test_nothing_is_left_of_the_name_of_a_pdf(run: Converter) -> None:
    """Pillow names a PDF after its file, and says when it was made."""
    data = run(images.encoded(images.quarters(), "PNG"), "pdf").data
    with pypdfium2.PdfDocument(data) as document:
        assert document.get_metadata_dict(skip_empty=True).get("Title") is None


def test_a_fourth_sample_of_a_tga_is_alpha_only_where_its_header_says_so(run: Converter) -> None:
    clear = images.quarters().convert("RGBA")
    clear.putalpha(0)
    data = bytearray(images.encoded(clear, "TGA"))
    assert data[17] & 15 == 8
    data[17] &= 0xF0
    assert apart(run(bytes(data), "png").image().convert("RGBA"), images.quarters().convert("RGBA")) == 0


def test_a_profile_in_a_jpeg_2000_is_used(run: Converter) -> None:
    data = images.encoded(Image.new("RGB", (8, 8), (200, 100, 50)), "JPEG2000")
    at = data.index(b"colr") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    box = b"colr\2\0\0" + rgb_profile(DISPLAY_P3)
    box = (len(box) + 4).to_bytes(4, "big") + box
    head = data.index(b"jp2h") - 4
    size = int.from_bytes(data[head : head + 4], "big") + len(box) - old
    changed = data[:head] + size.to_bytes(4, "big") + data[head + 4 : at] + box + data[at + old :]
    assert near(run(changed, "png").image().getpixel((3, 3)), (216, 93, 24), 3)


@pytest.mark.parametrize("depth", [9, 12, 15])
def test_a_pnm_of_any_depth_is_scaled(run: Converter, depth: int) -> None:
    high = (1 << depth) - 1
    result = run(b"P5 3 1 %d\n" % high + struct.pack(">3H", 0, high // 2, high), "png")
    assert result.warnings == []
    assert near(samples(result.image()), (0, 32_767, 65_535), 200)


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
    seen = run(packed_icns(blocks), "png").image().convert("RGB")
    assert apart(seen, picture) == 0


def _runs(count: int) -> list[int]:
    whole, rest = divmod(count, 128)
    return [128] * whole + ([rest] if rest else [])


@pytest.mark.parametrize("name", ["ICO", "ICNS"])
def test_a_bomb_in_an_icon_is_seen_by_its_own_header(run: Converter, name: str) -> None:
    bomb = images.png_claiming()
    if name == "ICNS":
        data = packed_icns({b"ic10": bomb})
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


def test_a_large_qoi_takes_no_long(run: Converter) -> None:
    noise = Image.effect_noise((2000, 1500), 60).convert("RGB")
    there = run(images.encoded(noise, "BMP"), "qoi", limits={"seconds": 20.0})
    assert apart(run(there.data, "bmp", limits={"seconds": 20.0}).image(), noise) == 0
