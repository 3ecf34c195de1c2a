"""What stands beside the picture: named, not counted as a frame, and gone from the metadata."""

import struct

import pytest

from conformance import heif, images
from engine.containers.xmp import strip_extras
from tests.engine.conftest import Converter
from tests.engine.extras import (
    APPLE_GAIN,
    BIG,
    BIG_APPLE,
    BIG_ISO,
    CAMERA,
    CONTAINER,
    DEPTH,
    DISPARITY,
    EXTENDED,
    FILM,
    GAIN,
    HDRGM,
    ISO_GAIN,
    MICRO,
    MOTION,
    SMALL,
    ULTRA,
    directory,
    packet,
    samsung,
    samsung_named,
    ultra_hdr,
    with_index,
    with_xmp,
)

JPEGS = {
    "gain map, by index and XMP": (with_index(ULTRA, [(0, GAIN)]), "gain map"),
    "gain map, little-endian index": (with_index(ULTRA, [(0, GAIN)], "<"), "gain map"),
    "gain map without an index": (ULTRA + GAIN, "gain map"),
    "gain map that says so nowhere but in the directory": (with_index(ULTRA, [(0, SMALL)]), "gain map"),
    "gain map of ISO 21496-1": (with_index(BIG, [(0, ISO_GAIN)]), "gain map"),
    "gain map, by its kind in the index": (with_index(BIG, [(0x05_0000, SMALL)]), "gain map"),
    "gain map of an iPhone": (with_index(BIG, [(0, APPLE_GAIN)]), "gain map"),
    "gain map by Google's library": (ultra_hdr(), "gain map"),
    "gain map that only the picture of an iPhone tells": (with_index(BIG_APPLE, [(0, SMALL)]), "gain map"),
    "gain map of ISO 21496-1 without an index": (BIG_ISO + ISO_GAIN, "gain map"),
    "gain map of ISO 21496-1 that only the picture tells": (BIG_ISO + SMALL, "gain map"),
    "gain map without an index, by its own XMP": (BIG + GAIN, "gain map"),
    "picture without an index": (BIG + BIG, "further picture"),
    "picture without an index behind padding": (BIG + bytes(60) + SMALL, "further picture"),
    "disparity of an iPhone": (with_index(BIG, [(0, DISPARITY)]), "depth map"),
    "preview": (with_index(BIG, [(0x01_0002, SMALL)]), "preview"),
    "gain map and preview": (with_index(ULTRA, [(0, GAIN), (0x01_0001, SMALL)]), "gain map for HDR screens and a smaller preview"),
    "motion photo": (with_xmp(BIG, packet(f"{CAMERA} {MOTION}")) + FILM, "short film"),
    "MicroVideo": (with_xmp(BIG, packet(f"{CAMERA} {MICRO}")) + FILM, "short film"),
    "film without a word": (BIG + FILM, "short film"),
    "motion photo of Samsung": (BIG + samsung(0x0A01, 0x0A30), "short film"),
    "gain map and film": (with_index(ULTRA, [(0, GAIN)]) + FILM, "gain map for HDR screens and a short film"),
    "sound of Samsung": (BIG + samsung(0x0100), "sound"),
    "depth map of Samsung": (BIG + samsung(0x0AB1), "depth map"),
    "second depth map of Samsung": (BIG + samsung(0x0AB3), "depth map"),
    "depth map of Samsung, by its name": (BIG + samsung_named(b"DualShot_DepthMap_1"), "depth map"),
    "second picture of Samsung, by its name": (BIG + samsung_named(b"DualShot_Image"), "further picture"),
    "film of Samsung, by its name": (BIG + samsung_named(b"MotionPhoto_Data"), "short film"),
    "sound of Samsung, by its name": (BIG + samsung_named(b"SoundShot_000"), "sound"),
    "depth map in a packet that the first one announces": (
        with_xmp(BIG, packet(DEPTH + " " + EXTENDED), b"<x>" + bytes(90)), "depth map"),
    "depth map in XMP, cut in its name": (with_xmp(BIG, packet(EXTENDED), b"GDept", b'h:Data="AAAA"'), "depth map"),
    "depth map in XMP": (with_xmp(BIG, packet(DEPTH + " " + EXTENDED), b'GDepth:Data="AAAA"'), "depth map"),
    "sound in XMP": (with_xmp(BIG, packet(EXTENDED), b'GAudio:Data="AAAA"'), "sound"),
    "archive": (BIG + b"PK\3\4" + bytes(60), "ZIP"),
    "sound": (BIG + b"RIFF\x20\0\0\0WAVEfmt " + bytes(60), "sound"),
}  # fmt: skip


@pytest.mark.parametrize("kind", JPEGS)
def test_what_a_jpeg_holds_besides_is_named(run: Converter, kind: str) -> None:
    data, word = JPEGS[kind]
    result = run(data, "jpeg", metadata="keep")
    assert result.warnings == ["extras_dropped"]
    assert word in result.outcome.warnings[0].detail
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 1
    stale = (b"hdrgm", b"MotionPhoto", b"MicroVideo", b"Container", b"GDepth", b"HasExtendedXMP", b"apdi", b"MPF")
    assert not [word for word in stale if word in result.data]


@pytest.mark.parametrize("kind", [0x02_0001, 0x02_0002, 0x02_0003, 0])
def test_pictures_of_equal_rank_are_frames(run: Converter, kind: int) -> None:
    result = run(with_index(BIG, [(kind, BIG), (kind, BIG)]), "png")
    assert result.warnings == ["frames_dropped"]
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 3


@pytest.mark.parametrize(
    "data",
    [
        BIG,
        BIG + bytes(90),
        BIG + samsung(0x0A01, 0x0BA1),
        BIG + samsung_named(b"DualShot_Meta_Info"),
        with_xmp(BIG, packet(DEPTH)),
        with_index(BIG, [(0x02_0002, b"")]) + b"no picture",
        with_xmp(BIG, packet(f"{CAMERA} {MOTION}")),
        with_index(ULTRA, [(0, GAIN)])[: -len(GAIN)],
    ],
    ids=[
        "plain",
        "padded",
        "notes of a phone",
        "named notes of a phone",
        "lost depth map",
        "lost picture",
        "lost film",
        "lost gain map",
    ],
)
def test_what_is_not_there_is_not_named(run: Converter, data: bytes) -> None:
    result = run(data, "png")
    assert result.warnings == []
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 1


def test_the_rest_of_the_xmp_stays_to_the_byte() -> None:
    plain = packet("", "")
    assert strip_extras(plain) == plain
    for attributes, elements in (
        (HDRGM, ""), (CONTAINER, directory("Primary", "GainMap")), (DEPTH, ""), (EXTENDED, ""),
        (f"{CAMERA} {MICRO}", ""), (HDRGM, "<hdrgm:Gamma><rdf:Seq><rdf:li>1&gt;0</rdf:li></rdf:Seq></hdrgm:Gamma>"),
        (HDRGM, "<hdrgm:Empty a='1>2'/>"),
    ):  # fmt: skip
        left = strip_extras(packet(attributes, elements))
        assert left.replace(b" >", b">").replace(b"  >", b">") == plain.replace(b" >", b">")
    assert b'GCamera:SpecialTypeID="x"' in strip_extras(packet(f"{CAMERA} {MOTION}"))
    other = packet('xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" h:Version="1.0"', "<h:Gamma/>")
    assert b"gain" not in strip_extras(other)


def test_a_packet_about_nothing_else_goes_as_a_whole() -> None:
    only = packet(HDRGM).replace(b"<dc:title>kept</dc:title>", b"")
    assert strip_extras(b'<?xpacket begin="" id="W5M0"?>' + only + b'  \n<?xpacket end="w"?>\0') == b""


@pytest.mark.parametrize(
    "xmp",
    [
        packet(HDRGM)[:-9],
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + packet(HDRGM),
        packet(HDRGM).replace(b"</dc:title>", b""),
        b"http://ns.adobe.com/hdr-gain-map/1.0/" + b"<a>" * 1000,
        b"<a>" * 200 + packet(HDRGM) + b"</a>" * 200,
        packet(HDRGM + "".join(f' xmlns:p{at}="u"' for at in range(300))),
    ],
)
def test_a_packet_that_is_no_sound_xml_is_given_up(xmp: bytes) -> None:
    assert strip_extras(xmp) == b""


BRANDS = {"heic": b"heic", "avif": b"avif"}


@pytest.fixture(params=BRANDS)
def written(request: pytest.FixtureRequest, run: Converter) -> tuple[bytes, heif.Item, heif.Item]:
    """A brand, a picture, and a smaller grey one."""
    sides = ((96, 64), (48, 32))
    whole, small = (run(images.encoded(images.quarters(side), "PNG"), request.param).data for side in sides)
    return BRANDS[request.param], heif.first_item(whole), heif.first_item(small)


@pytest.mark.parametrize(
    ("urn", "word"),
    [
        (b"urn:com:apple:photo:2020:aux:hdrgainmap", "gain map"),
        (b"urn:mpeg:hevc:2015:auxid:2", "depth map"),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "depth map"),
        (b"urn:com:apple:photo:2018:aux:portraiteffectsmatte", "mask"),
        (b"urn:com:apple:photo:2019:aux:semanticskinmatte", "mask"),
    ],
)
def test_auxiliary_pictures_are_named(
    run: Converter, written: tuple[bytes, heif.Item, heif.Item], urn: bytes, word: str
) -> None:
    brand, picture, small = written
    result = run(heif.heif(brand, [picture, heif.auxiliary(small, urn)]), "jpeg", metadata="keep")
    assert result.warnings == ["extras_dropped"]
    assert word in result.outcome.warnings[0].detail


@pytest.mark.parametrize("hidden", [True, False])
def test_a_tone_map_is_a_gain_map_and_no_frame(
    run: Converter, written: tuple[bytes, heif.Item, heif.Item], hidden: bool
) -> None:
    brand, picture, small = written
    small.hidden = hidden
    sizes = [one for one in picture.properties if one[4:8] in {b"ispe", b"pixi"}]
    numbers = bytes(6) + struct.pack(">14I", *[1] * 14)
    tone = heif.Item(b"tmap", numbers, sizes, [(b"dimg", 1), (b"dimg", 2)])
    result = run(heif.heif(brand, [picture, small, tone], groups=heif.altr(3, 1)), "png")
    assert result.warnings == ["extras_dropped"]
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 1


def test_a_burst_is_an_album_and_a_thumbnail_nothing(
    run: Converter, written: tuple[bytes, heif.Item, heif.Item]
) -> None:
    brand, picture, small = written
    assert run(heif.heif(brand, [picture, picture]), "png").warnings == ["frames_dropped"]
    thumbnail = heif.Item(small.kind, small.data, small.properties, [(b"thmb", 1)])
    assert run(heif.heif(brand, [picture, thumbnail]), "png").warnings == []


def test_a_picture_of_a_burst_is_given_or_refused_by_name(
    run: Converter, written: tuple[bytes, heif.Item, heif.Item]
) -> None:
    brand, picture, _ = written
    data = heif.heif(brand, [picture, picture])
    assert run(data, "png", page=1).warnings == []
    second = run(data, "png", page=2)
    if brand == b"avif":
        assert second.failure == "unsupported_image"
    else:
        assert second.image().size == run(data, "png").image().size


@pytest.mark.parametrize("behind", [heif.box(b"mpvd", FILM), heif.box(b"sefd", samsung(0x0A30))])
def test_the_film_of_a_motion_photo_in_a_box_is_named(
    run: Converter, written: tuple[bytes, heif.Item, heif.Item], behind: bytes
) -> None:
    brand, picture, _ = written
    assert run(heif.heif(brand, [picture], behind=behind), "png").warnings == ["extras_dropped"]
