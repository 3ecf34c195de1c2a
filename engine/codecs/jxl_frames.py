"""The frames of an animated JPEG XL, one after the other, by libjxl through ctypes.

imagecodecs gives pixels without times, and begins at the first frame for each. It has libjxl with it, which composes the
frames. Constants, signatures and structures: libjxl 0.9 and newer, jxl/decode.h, jxl/types.h, jxl/codestream_header.h.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from imagecodecs import _jpegxl

from engine.color.jxl_profile import SUCCESS, load_library
from engine.errors import corrupt, truncated, unsupported
from engine.limits import too_many_frames

ERROR, NEED_MORE_INPUT, NEED_BUFFER = 1, 2, 5
FRAME, FULL_IMAGE = 0x400, 0x1000
UINT8 = 2


class _PixelFormat(ctypes.Structure):
    """JxlPixelFormat: samples without gaps between rows."""

    _fields_ = (
        ("num_channels", ctypes.c_uint32),
        ("data_type", ctypes.c_int),
        ("endianness", ctypes.c_int),
        ("align", ctypes.c_size_t),
    )


class _FrameHeader(ctypes.Structure):
    """JxlFrameHeader. Only the ticks are used; the rest is room for what libjxl writes, and for more."""

    _fields_ = (("duration", ctypes.c_uint32), ("rest", ctypes.c_uint8 * 252))


@cache
def load_decoder() -> ctypes.CDLL | None:
    """Load the libjxl of imagecodecs, None when it cannot be used. This opens files: call it before a job."""
    if load_library() is None:
        return None
    found = ctypes.CDLL(_jpegxl.__file__)
    pointer, size, format_ = ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(_PixelFormat)
    signatures = {
        "Create": [pointer], "Destroy": [pointer], "ProcessInput": [pointer],
        "SubscribeEvents": [pointer, ctypes.c_int], "SetInput": [pointer, ctypes.c_char_p, size],
        "SetKeepOrientation": [pointer, ctypes.c_int], "GetFrameHeader": [pointer, ctypes.POINTER(_FrameHeader)],
        "ImageOutBufferSize": [pointer, format_, ctypes.POINTER(size)],
        "SetImageOutBuffer": [pointer, format_, pointer, size],
    }  # fmt: skip
    try:
        for name, arguments in signatures.items():
            getattr(found, f"JxlDecoder{name}").argtypes = arguments
    except AttributeError:
        return None
    found.JxlDecoderCreate.restype = pointer
    found.JxlDecoderDestroy.restype = None
    return found


def list_ticks(data: bytes, max_frames: int) -> list[int]:
    """Return the ticks of each frame that is shown, without decoding one.

    Raise ConversionError when the file ends early, is damaged or has more frames than allowed.
    """
    found: list[int] = []
    with _open_decoder(data, FRAME) as (jxl, decoder):
        while (status := jxl.JxlDecoderProcessInput(decoder)) != SUCCESS:
            if status == NEED_MORE_INPUT:
                raise truncated()
            if status != FRAME:
                raise corrupt()
            if len(found) == max_frames:
                raise too_many_frames(max_frames)
            header = _FrameHeader()
            if jxl.JxlDecoderGetFrameHeader(decoder, ctypes.byref(header)) != SUCCESS:
                raise corrupt()
            found.append(header.duration)
    return found


def decode_frames(data: bytes, size: tuple[int, int], channels: int) -> Iterator[bytes]:
    """Yield each frame, composed, as interleaved samples of 8 bits. The orientation is not applied.

    Raise ValueError when a frame cannot be decoded.
    """
    layout = _PixelFormat(channels, UINT8, 0, 0)
    whole = size[0] * size[1] * channels
    with _open_decoder(data, FULL_IMAGE) as (jxl, decoder):
        samples = ctypes.create_string_buffer(whole)
        while (status := jxl.JxlDecoderProcessInput(decoder)) != SUCCESS:
            if status == NEED_BUFFER:
                needed = ctypes.c_size_t()
                jxl.JxlDecoderImageOutBufferSize(decoder, ctypes.byref(layout), ctypes.byref(needed))
                if needed.value != whole or jxl.JxlDecoderSetImageOutBuffer(
                    decoder, ctypes.byref(layout), samples, whole
                ):
                    raise ValueError("the decoder gave another picture than the header says")
            elif status == FULL_IMAGE:
                yield samples.raw
            else:
                raise ValueError("truncated" if status == NEED_MORE_INPUT else "the decoder gave up")


@contextmanager
def _open_decoder(data: bytes, events: int) -> Iterator[tuple[ctypes.CDLL, int]]:
    jxl = load_decoder()
    decoder = jxl.JxlDecoderCreate(None) if jxl is not None else None
    if jxl is None:
        raise unsupported("jxl", "it is an animation")
    if not decoder:
        raise MemoryError
    try:
        statuses = (
            jxl.JxlDecoderSetKeepOrientation(decoder, 1),
            jxl.JxlDecoderSubscribeEvents(decoder, events),
            jxl.JxlDecoderSetInput(decoder, data, len(data)),
        )
        if any(statuses):
            raise corrupt()
        yield jxl, decoder
    finally:
        jxl.JxlDecoderDestroy(decoder)
