"""Thumbnails of the rows: small, upright, two at a time, and none for what a browser cannot read."""

import base64
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from conformance import images
from tests.e2e.page.comparing import Comparing, File, is_like

MAKE = """async () => {
  const made = await makeThumbnail(document.querySelector("#file").files[0]);
  return made && btoa(String.fromCharCode(...new Uint8Array(await made.arrayBuffer())));
}"""
COUNT = """async () => {
  const file = document.querySelector("#file").files[0];
  const decode = window.createImageBitmap;
  let running = 0, most = 0;
  window.createImageBitmap = async (...asked) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((go) => setTimeout(go, 50));
    running -= 1;
    return decode(...asked);
  };
  const made = await Promise.all(Array.from({ length: 7 }, () => makeThumbnail(file)));
  return [most, made.filter(Boolean).length];
}"""
COUNT_AFTER_FAILURES = """async () => {
  const file = document.querySelector("#file").files[0];
  const broken = await Promise.all(Array.from({ length: 5 }, () => makeThumbnail(new Blob(["no picture"]))));
  return [...broken, (await makeThumbnail(file)) !== null, addresses.size];
}"""
LARGE = """async () => {
  const megabyte = new Uint8Array(1e6);
  const file = document.querySelector("#file").files[0];
  return makeThumbnail(new Blob([file, ...Array(100).fill(megabyte)]));
}"""


def run(comparing: Comparing, script: str, data: bytes) -> Any:
    comparing.page.set_input_files("#file", files=[File("a", data).payload])
    return comparing.page.evaluate(script)


def make(comparing: Comparing, data: bytes) -> Image.Image | None:
    made = run(comparing, MAKE, data)
    return Image.open(BytesIO(base64.b64decode(made))) if made else None


@pytest.mark.parametrize(
    ("size", "shown"), [((400, 300), (96, 72)), ((300, 900), (32, 96)), ((40, 30), (40, 30)), ((1, 5000), (1, 96))]
)
def test_a_thumbnail_has_at_most_96_pixels_a_side(
    comparing: Comparing, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    made = make(comparing, images.encoded(Image.new("RGB", size, images.RED), "PNG"))
    assert made is not None
    assert made.size == shown


def test_a_sideways_photo_has_an_upright_thumbnail(comparing: Comparing) -> None:
    turned = images.quarters((400, 300)).transpose(Image.Transpose.ROTATE_90)
    made = make(comparing, images.encoded(turned, "JPEG", exif=images.exif(6)))
    assert made is not None
    assert made.size == (96, 72)
    assert is_like(made.convert("RGB").getpixel((10, 10)), images.RED)


def test_what_is_clear_stays_clear(comparing: Comparing) -> None:
    made = make(comparing, images.png_with_alpha())
    assert made is not None
    assert made.convert("RGBA").getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("data", [images.tiff_pages(), b"no picture", b"%PDF-1.7"], ids=["tiff", "text", "pdf"])
def test_what_a_browser_cannot_read_has_none_and_nobody_is_asked(comparing: Comparing, data: bytes) -> None:
    assert make(comparing, data) is None
    assert comparing.asked == []


def test_two_are_decoded_at_a_time(comparing: Comparing) -> None:
    assert run(comparing, COUNT, images.png_with_alpha()) == [2, 7]


def test_failures_hold_up_nobody(comparing: Comparing) -> None:
    assert run(comparing, COUNT_AFTER_FAILURES, images.png_with_alpha()) == [None] * 5 + [True, 0]


def test_a_file_over_100_megabytes_is_not_decoded(comparing: Comparing) -> None:
    assert run(comparing, LARGE, images.png_with_alpha()) is None
