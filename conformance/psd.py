"""Photoshop files, made by hand."""

import struct

from PIL import Image


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
