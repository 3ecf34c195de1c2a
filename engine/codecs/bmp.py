"""BMP, plain or packed by runs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from core.losses import ImageDamaged
from engine.codecs.pillow import open_image
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import choose_dpi, without_none
from engine.containers import bmp
from engine.image import Frame, Opened
from engine.request import Limits


def open_bmp(data: bytes, limits: Limits) -> Opened:
    """Read the header of a bitmap."""
    flaw = bmp.find_flaw(data)
    opened = open_image("bmp", data, limits)
    losses = (ImageDamaged(why=flaw),) if flaw else ()
    return replace(opened, read=partial(_read_frames, data, opened.read), losses=losses)


def _read_frames(data: bytes, read: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    bmp.check_runs(data)
    yield from read()


CODEC = Codec(
    open=open_bmp,
    encoder=Encoder(pillow="BMP", settings=lambda options: without_none(dpi=choose_dpi(options))),
)
