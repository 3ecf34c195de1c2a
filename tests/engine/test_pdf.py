"""PDF: what is in the pages, by poppler, and how large these are."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from conformance import images
from conformance.profiles import rgb_profile
from conformance.running import apart, near
from engine.pixels.paper import choose_paper
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

SIZE = (320, 240)


@pytest.fixture
def look(tmp_path: Path) -> "Look":
    return Look(tmp_path)


class Look:
    """What poppler says of a PDF, and what it draws."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _say(self, program: str, data: bytes, *words: str, more: tuple[str, ...] = ()) -> str:
        path = self.folder / "seen.pdf"
        path.write_bytes(data)
        done = run_program(program, *words, path, *more)
        assert done.stderr == ""
        return done.stdout

    def papers(self, data: bytes) -> list[tuple[float, float]]:
        found = re.findall(r"size:\s+([\d.]+) x ([\d.]+)", self._say("pdfinfo", data, "-f", "1", "-l", "99"))
        return [(float(width), float(height)) for width, height in found]

    def encodings(self, data: bytes) -> list[tuple[str, int, str]]:
        """Color, bits and encoding of each picture."""
        rows = [line.split() for line in self._say("pdfimages", data, "-list").splitlines()[2:]]
        return [(row[5], int(row[7]), row[8]) for row in rows]

    def pages(self, data: bytes, dpi: int = 72) -> list[Image.Image]:
        for old in self.folder.glob("page-*"):
            old.unlink()
        self._say("pdftoppm", data, "-r", str(dpi), "-png", more=(str(self.folder / "page"),))
        return [Image.open(path).convert("RGB") for path in sorted(self.folder.glob("page-*"))]

    def picture(self, data: bytes) -> Image.Image:
        for old in self.folder.glob("picture-*"):
            old.unlink()
        self._say("pdfimages", data, "-png", more=(str(self.folder / "picture"),))
        (path,) = self.folder.glob("picture-*")
        return Image.open(path)

    def jpeg(self, data: bytes) -> bytes:
        self._say("pdfimages", data, "-j", more=(str(self.folder / "taken"),))
        return next(self.folder.glob("taken-*")).read_bytes()


def scan(size: tuple[int, int] = SIZE) -> Image.Image:
    paper = Image.new("1", size, 1)
    for step in range(0, size[0] - 12, 16):
        paper.paste(0, (step, step // 2 % (size[1] - 8), step + 9, step // 2 % (size[1] - 8) + 5))
    return paper


def dots(colors: int, mode: str = "RGB") -> Image.Image:
    bands = len(mode)
    random = np.random.default_rng(colors)
    table = random.integers(0, 256, (colors, bands), np.uint8)
    at = random.integers(0, colors, (SIZE[1], SIZE[0]))
    return Image.fromarray(table[at].reshape(SIZE[1], SIZE[0], bands).squeeze(), mode)


def photograph(mode: str = "RGB") -> Image.Image:
    return Image.effect_mandelbrot(SIZE, (-2, -1, 1, 1), 80).convert(mode) if mode == "L" else Image.merge(
        "RGB", [Image.effect_noise(SIZE, 30).resize(SIZE, Image.Resampling.BICUBIC) for _ in range(3)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("image", "wanted"),
    [(scan(), ("gray", 1, "ccitt")), (scan().convert("RGBA"), ("gray", 1, "ccitt")),
     (dots(2), ("index", 1, "image")), (dots(4), ("index", 2, "image")), (dots(16), ("index", 4, "image")),
     (dots(200), ("index", 8, "image")), (Image.effect_noise(SIZE, 60).convert("1"), ("gray", 1, "image"))],
)  # fmt: skip
def test_pages_of_few_colours_lose_nothing(
    run: Converter, look: Look, image: Image.Image, wanted: tuple[str, int, str]
) -> None:
    data = run(images.encoded(image, "PNG"), "pdf").data
    assert look.encodings(data) == [wanted]
    # pdfimages leaves out the palette of one bit.
    if wanted != ("index", 1, "image"):
        assert apart(look.picture(data).convert("RGB"), image.convert("RGB")) == 0
    drawn = np.asarray(look.pages(data)[0], float) - np.asarray(image.convert("RGB"), float)
    assert abs(drawn.mean()) < 1


def test_grey_is_deflated_where_that_is_smaller(run: Converter, look: Look) -> None:
    text = scan().convert("L").resize((160, 120), Image.Resampling.BOX).resize(SIZE, Image.Resampling.BILINEAR)
    assert look.encodings(run(images.encoded(text, "PNG"), "pdf").data)[0][2] == "image"
    noise = Image.effect_noise(SIZE, 60)
    assert look.encodings(run(images.encoded(noise, "PNG"), "pdf").data) == [("gray", 8, "jpeg")]


@pytest.mark.parametrize(("quality", "sampling"), [(None, (1, 1)), (95, (1, 1)), (89, (2, 2))])
def test_chroma_is_full_at_a_high_quality(
    run: Converter, look: Look, quality: int | None, sampling: tuple[int, int]
) -> None:
    data = run(images.encoded(photograph(), "PNG"), "pdf", quality=quality).data
    assert images.opened(look.jpeg(data)).layer[0][1:3] == sampling  # type: ignore[attr-defined]


def test_a_low_quality_is_taken_where_it_saves_something(run: Converter, look: Look) -> None:
    smooth = np.add.outer(np.arange(240), np.arange(320)) // 4
    image = Image.fromarray(np.stack([smooth, 255 - smooth, smooth // 2], 2).astype(np.uint8))
    assert look.encodings(run(images.encoded(image, "PNG"), "pdf").data)[0][0] == "index"
    low = run(images.encoded(dots(200), "PNG"), "pdf", quality=5)
    assert look.encodings(low.data)[0][2] == "jpeg"
    assert look.encodings(run(images.encoded(scan(), "PNG"), "pdf", quality=5).data)[0][2] == "ccitt"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("settings", [{}, {"progressive": True}, {"subsampling": 2}])
def test_a_jpeg_goes_in_as_it_is(run: Converter, look: Look, orientation: int, settings: dict[str, Any]) -> None:
    source = images.oriented(orientation, quality=60, **settings)
    data = run(source, "pdf").data
    taken = look.jpeg(data)
    assert taken in data
    assert apart(images.decoded(taken), images.decoded(source)) == 0
    assert len(data) < len(source) + 1000
    wanted = run(source, "png").image().convert("RGB")
    assert look.papers(data) == [wanted.size]
    (seen,) = look.pages(data)
    for corner in ((4, 4), (wanted.width - 5, 4), (4, wanted.height - 5), (wanted.width - 5, wanted.height - 5)):
        assert near(seen.getpixel(corner), wanted.getpixel(corner), 12)


def test_nothing_but_the_picture_of_a_jpeg_goes_in(run: Converter, look: Look) -> None:
    thumbnail = b"\xff\xe0" + (16 + 3).to_bytes(2, "big") + b"JFIF\0\1\1\0\0\1\0\1\1\1" + b"thu"
    source = images.described_jpeg(1)
    at = 2 + 2 + int.from_bytes(source[4:6], "big") if source[2:4] == b"\xff\xe0" else 2
    hidden = source[:2] + thumbnail + b"\xff\xfe\0\x09comment" + source[at:] + b"a film behind it"
    data = run(hidden, "pdf").data
    assert look.encodings(data)[0][2] == "jpeg"
    assert images.decoded(look.jpeg(data)).tobytes() == images.decoded(source).tobytes()
    for word in (b"Exif", b"xap", b"8BIM", b"comment", b"thu", b"film", b"ICC_PROFILE"):
        assert word not in data


@pytest.mark.parametrize("options", [{"quality": 80}, {"width": 200}])
def test_a_jpeg_is_made_anew_when_something_changes(run: Converter, look: Look, options: dict[str, int]) -> None:
    source = images.encoded(photograph(), "JPEG", quality=60)
    data = run(source, "pdf", **options).data
    assert images.decoded(look.jpeg(data)).quantization != images.decoded(source).quantization  # type: ignore[attr-defined]


def test_a_jpeg_of_other_colours_is_made_anew(run: Converter, look: Look) -> None:
    source = images.encoded(photograph(), "JPEG", quality=60, icc_profile=rgb_profile())
    data = run(source, "pdf").data
    assert images.decoded(look.jpeg(data)).quantization != images.decoded(source).quantization  # type: ignore[attr-defined]


def test_bytes_between_the_markers_of_a_jpeg_do_not_go_in(run: Converter, look: Look) -> None:
    source = images.encoded(photograph(), "JPEG")
    at = source.index(b"\xff\xdb")
    result = run(source[:at] + b"between" + source[at:], "pdf")
    if result.outcome.failure is None:
        assert b"between" not in result.data
        assert look.encodings(result.data)[0][2] == "jpeg"


def test_each_page_has_its_own_paper(run: Converter, look: Look) -> None:
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer) as writer:
        for page, dpi in ((scan(), (144, 72)), (dots(12), (36, 36)), (photograph(), None)):
            page.save(writer, "TIFF", **({"dpi": dpi} if dpi else {}))
            writer.newFrame()
    data = run(buffer.getvalue(), "pdf").data
    assert look.papers(data) == [(160, 240), (640, 480), (320, 240)]
    assert [name for *_, name in look.encodings(data)] == ["ccitt", "image", "jpeg"]
    assert look.papers(run(buffer.getvalue(), "pdf", dpi=144).data) == [(160, 120)] * 3


def test_paper_follows_the_pixels_of_a_smaller_page(run: Converter, look: Look) -> None:
    source = images.encoded(scan(), "TIFF", dpi=(144, 144))
    assert look.papers(run(source, "pdf", width=160).data) == [(80, 60)]


def test_paper_is_no_larger_than_programs_open(run: Converter, look: Look) -> None:
    data = run(images.encoded(Image.new("1", (20_000, 10), 1), "PNG"), "pdf").data
    assert look.papers(data) == [(14_400, 7.2)]


@pytest.mark.parametrize(
    ("size", "dpi", "paper"),
    [((1, 1), None, (3, 3)), ((2, 40), None, (3, 40)), ((60, 30), 3_600, (3, 3)), ((600, 30), 3_600, (12, 3)),
     ((30_000, 1), None, (14_400, 3)), ((3, 3), None, (3, 3))],
)  # fmt: skip
def test_paper_is_no_smaller_than_a_page_may_be(
    run: Converter, look: Look, size: tuple[int, int], dpi: int | None, paper: tuple[float, float]
) -> None:
    """The picture keeps its size in the middle, and all of it is drawn."""
    data = run(images.encoded(Image.new("RGB", size, images.RED), "PNG"), "pdf", dpi=dpi).data
    assert look.papers(data) == [paper]
    found = re.search(rb"q ([\d.]+) 0.0+ 0.0+ ([\d.]+) ([\d.]+) ([\d.]+) cm", data)
    assert found is not None
    width, height, left, bottom = map(float, found.groups())
    scale = min(1.0, 14_400 / max(side * 72 / (dpi or 72) for side in size))
    assert (width, height) == pytest.approx([side * 72 / (dpi or 72) * scale for side in size], abs=0.001)
    assert (2 * left + width, 2 * bottom + height) == pytest.approx(paper, abs=0.001)
    if max(paper) < 100:
        (seen,) = look.pages(data, dpi=1440)
        assert near(seen.getpixel((seen.width // 2, seen.height // 2)), images.RED, 2)
        inked = seen.point(lambda sample: 255 - sample).getbbox()
        assert inked is not None
        assert (inked[2] - inked[0], inked[3] - inked[1]) == pytest.approx((width * 20, height * 20), abs=2)


def test_the_thinnest_picture_is_on_its_paper() -> None:
    for sheet in ("fit", "a4"):
        assert min(choose_paper((65_500, 1), (1.1, 10_000), sheet).box[2:]) > 0.001
