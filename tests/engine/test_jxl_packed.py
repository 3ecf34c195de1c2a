"""What a JPEG XL packs: the colour profile in its codestream, and boxes of metadata."""

import base64

import numpy as np
import pytest
from imagecodecs import brotli_encode, jpegxl_encode
from PIL import Image

from conformance import images
from conformance.matrix.pictures import eight, from_bytes, p3_as_srgb
from conformance.profiles import ADOBE_RGB, DISPLAY_P3
from conformance.running import Boxed, near
from core import magic
from engine.codecs import jxl as jxl_codec
from engine.color.jxl_profile import Target, unpack_profile
from engine.containers import jxl
from tests.engine.conftest import Converter

BROWN = (200, 30, 40)
PACKED_P3 = base64.b85decode(
    "{|Z4s2saA@66OKWnxY`)t$AHbd#Ut&P9#+Lsw`3RmUfW7xfHe^2-7D{tg=T|5Jl0c72I0{P_|>+&iV`RW)?Sxq}Xv{gLjdZZrQo?fWnpg"
    ")@)j~C4Y>%ed~Vd=Rhw^*XQ5Ae|Jzt9~c`8kvSMN8%~5E(&oqMHWPk-*6#JT?X&?10s#PA081E)6~ajZ<^>`E81kt^0000000000"
)
"""8 x 8 pixels of BROWN in Display P3 with a gamma of 2.2, written without loss by cjxl 0.7."""


def brown_in_srgb() -> tuple[int, ...]:
    stored = from_bytes(np.array([[BROWN]], np.uint8))
    return tuple(int(sample) for sample in eight(p3_as_srgb(stored, DISPLAY_P3, 2.2))[0, 0, :3])


def test_a_packed_profile_is_used(run: Converter, boxed: Boxed) -> None:
    for result in (run(PACKED_P3, "png"), boxed(PACKED_P3, source="jxl", target="png")):
        assert result.warnings == []
        assert near(result.image().getpixel((4, 4)), brown_in_srgb(), 2)


def test_a_packed_profile_that_cannot_be_had_is_said(run: Converter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl_codec, "unpack_profile", lambda *_: None)
    assert run(PACKED_P3, "png").warnings == ["profile_ignored"]


LOSSY_ADOBE = base64.b85decode(
    "{|ZAu3O5S_66OK0rJ{_1*SxMxd#UugrzKSQi7Zia>1L2#TneiL&F+nf6L#b@TCLX9X*^2{AZ*68ne_+Y%^aQ#NwMR^2JfO9I%Ve23j#;Z8#8Ixl>"
    "9N`=8gL$pPV_!V+k(uVW|udv<&)MV9in(SP1%jeVmq^@cUi6*Qaf#2><{Rhycg|&uD1@08pVa%DBPHxt=dSbXZK=xX#d4+ZL82ii~5EbOMJYu@uP8"
    "i7J2yNI-FCKE=yr_Hnk9bmS!!1`i9MLJF*4j6sYSV~lt4E?$iBE-1!}G2T3&%7A!5U2dJq<5DuISF{{(=Mmb#*dYlBga`"
)
"""16 x 16 pixels of RED and DARK in Adobe RGB, each one half, written with loss (distance 0.3) by cjxl 0.7."""

RED, DARK = (200, 40, 40), (30, 20, 24)


@pytest.mark.parametrize("color", ["srgb", "keep"])
def test_a_lossy_picture_goes_back_to_its_profile(run: Converter, boxed: Boxed, color: str) -> None:
    """Its shadows too, which in linear light of 8 bits would have four values to go to."""
    exact = np.array([[RED, DARK]], np.uint8)
    wanted = eight(p3_as_srgb(from_bytes(exact), ADOBE_RGB, 2.2))[0, :, :3] if color == "srgb" else exact[0]
    results = [run(LOSSY_ADOBE, "png", color=color)]
    results += [boxed(LOSSY_ADOBE, source="jxl", target="png")] if color == "srgb" else []
    for result in results:
        assert result.warnings == []
        image = result.image()
        assert ("icc_profile" in image.info) == (color == "keep")
        for place, pixel in (((3, 8), wanted[0]), ((12, 8), wanted[1])):
            assert near(image.getpixel(place), pixel.tolist(), 3)


def test_without_a_color_manager_the_colors_are_right_all_the_same(
    run: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jxl_codec, "decode_original", lambda *_: None)
    wanted = eight(p3_as_srgb(from_bytes(np.array([[RED]], np.uint8)), ADOBE_RGB, 2.2))[0, 0, :3]
    assert near(run(LOSSY_ADOBE, "png").image().getpixel((3, 8)), tuple(wanted.tolist()), 4)


@pytest.mark.parametrize("length", [60, 150, 240])
def test_a_lossy_picture_that_is_cut_off(run: Converter, length: int) -> None:
    assert run(LOSSY_ADOBE[:length], "png").failure in {"truncated_image", "corrupt_image"}


@pytest.mark.parametrize("data", [b"", magic.JXL_CODESTREAM, PACKED_P3[:20], b"no picture"])
def test_what_has_no_profile_gives_none(data: bytes) -> None:
    assert unpack_profile(data, Target.DATA) is None


def with_box(kind: bytes, body: bytes) -> bytes:
    codestream = bytes(jpegxl_encode(np.asarray(Image.new("RGB", (8, 8), BROWN)), lossless=True, numthreads=1))
    box = (len(body) + 8).to_bytes(4, "big") + kind + body
    last = (len(codestream) + 8).to_bytes(4, "big") + b"jxlc" + codestream
    return magic.JXL + jxl.FILE_TYPE + box + last


def test_packed_metadata_is_gone_or_kept(run: Converter) -> None:
    data = with_box(b"brob", b"xml " + brotli_encode(images.XMP))
    assert b"secret" in run(data, "webp", metadata="keep").data
    assert b"secret" not in run(data, "webp").data


@pytest.mark.parametrize(
    "body", [b"", b"xml ", b"xml this is no Brotli", b"xml " + brotli_encode(bytes(50 << 20))], ids=range(4)
)
def test_metadata_that_unpacks_badly_or_to_too_much_is_left_alone(run: Converter, body: bytes) -> None:
    assert run(with_box(b"brob", body), "webp", metadata="keep").outcome.failure is None
