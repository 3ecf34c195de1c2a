"""PSD: the composite, its alpha, its selections and its metadata."""

import struct

import pytest
from PIL import Image

from tests import images
from tests.engine.conftest import Converter
from tests.engine.running import apart, near


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
