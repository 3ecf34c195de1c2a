"""The registry of codecs: one module per format, with a `CODEC`.

The module of a format is called as its row in core.formats. Modules without a `CODEC` are shared by several formats.
"""

import codecs as text_codecs
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import BinaryIO

from PIL import Image, ImageFile

from core.formats import FORMATS, Format
from core.options import Options
from engine import codecs as package
from engine.capabilities import wrong_factors
from engine.codecs.pillow import write_still as write_by_pillow
from engine.codecs.plan import WritePlan
from engine.codecs.save_settings import SaveSettings
from engine.errors import corrupt, decoding
from engine.image import Frame, Opened
from engine.metadata import Metadata
from engine.request import Limits

ANY_SIZE = 1 << 31

TEXT_CODECS = (
    "ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le", "unicode-escape",
)  # fmt: skip
"""Python loads each from a file when it is first used, which is too late for a child that may open none."""

Open = Callable[[bytes, Limits], Opened]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """The writer of a format. Its abilities are in core.formats.

    `pillow` is Pillow's name of the format. `settings` maps options to save parameters, `attach` metadata, of which
    each part has `part_bytes` at most. `write_still` returns the size of the written picture. `write_all` writes
    several frames and returns how many are in the file. `crashes` says that the encoder may crash, or stop, when there
    is not the memory that engine.capabilities tells: it is tried before. `fine` says that parts of a quality count.
    """

    pillow: str
    settings: Callable[[Options], SaveSettings] = field(default=lambda _: {})
    attach: Callable[[Metadata], SaveSettings] = field(default=lambda _: {})
    part_bytes: int = ANY_SIZE
    crashes: bool = False
    fine: bool = False
    write_still: Callable[[Frame, WritePlan, BinaryIO], tuple[int, int]] = field(default=write_by_pillow)
    write_all: Callable[[Iterator[Frame], WritePlan, BinaryIO], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """The reader and the writer of a format, either of them optional. `prepare` is called once per process."""

    open: Open | None = None
    encoder: Encoder | None = None
    prepare: Callable[[], None] = field(default=lambda: None)
    may_start_threads: bool = False
    """Whether a library of it starts threads although it is set to one."""


class CodecMismatch(Exception):
    """The codecs are not those of core.formats. The sentence names the format and the missing part."""


@cache
def all_codecs() -> Mapping[str, Codec]:
    """Import every codec."""
    modules = {
        info.name: import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)
    }
    return {name: module.CODEC for name, module in modules.items() if hasattr(module, "CODEC")}


def open_source(name: str, data: bytes, limits: Limits) -> Opened:
    """Read the header of an upload of that format. Raise ConversionError when it is bad or over a limit."""
    read = all_codecs()[name].open
    if read is None:
        raise KeyError(name)
    with decoding(name):
        opened = read(data, limits)
    if not all(opened.size):
        raise corrupt("it has no size")
    return opened


def find_encoder(name: str) -> Encoder:
    """Return the encoder of that target."""
    encoder = all_codecs()[name].encoder
    if encoder is None:
        raise KeyError(name)
    return encoder


def find_threaded() -> frozenset[str]:
    """Return the formats whose libraries may start threads. All others get none."""
    return frozenset(name for name, codec in all_codecs().items() if codec.may_start_threads)


def prepare_codecs() -> None:
    """Check and load the codecs, one thread each. Call once per process.

    Raise CodecMismatch when they are not those of core.formats. The check of sizes is left to engine.limits.
    """
    check_codecs(FORMATS, all_codecs())
    if sentence := wrong_factors(FORMATS):
        raise CodecMismatch(sentence)
    Image.init()
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    for codec in all_codecs().values():
        codec.prepare()
    for name in TEXT_CODECS:
        text_codecs.lookup(name)


def check_codecs(formats: Iterable[Format], codecs: Mapping[str, Codec]) -> None:
    """Raise CodecMismatch when codecs and formats do not match in name, reader or writer."""
    rows = {fmt.name: fmt for fmt in formats}
    for name, fmt in rows.items():
        module = f"engine/codecs/{name}.py"
        if name not in codecs:
            raise CodecMismatch(f"{fmt.title} is in core.formats, but there is no {module} with a CODEC.")
        parts = {"open": (fmt.reads, codecs[name].open), "encoder": (fmt.writes, codecs[name].encoder)}
        for part, (wanted, there) in parts.items():
            if wanted != (there is not None):
                word = "lacks" if wanted else "has"
                raise CodecMismatch(f"{fmt.title}: the CODEC of {module} {word} `{part}`, against core.formats.")
    for name in codecs.keys() - rows.keys():
        raise CodecMismatch(f"engine/codecs/{name}.py has a CODEC, but core.formats has no row `{name}`.")
