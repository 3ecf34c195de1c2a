"""The state of one conversion as it passes through the steps."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from core.failures import StoodStill, Timeout
from core.formats import Alpha, Format, Frames, find
from core.losses import Loss, Warned, WarningCode
from core.options import Options
from engine.codecs.registry import Encoder, find_encoder
from engine.errors import ConversionError
from engine.image import Dpi, Frame, Opened
from engine.request import Converted, Header, Limits, Outcome, Request, Source


class Deadline:
    """The time limits of a conversion, from now.

    Time of the processor counts, so that a crowd beside it costs a conversion nothing. Time of the clock is a wide
    bound.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.restart()

    def restart(self) -> None:
        """Give the whole time again, from now."""
        self._end = time.process_time() + self._limits.seconds
        self._wall_end = time.monotonic() + self._limits.longest

    def seconds_left(self) -> float:
        """Return the seconds until the nearer limit, 0 when it is over."""
        return max(0.0, min(self._end - time.process_time(), self._wall_end - time.monotonic()))

    def check(self) -> None:
        """Raise ConversionError (timeout) when the time is up."""
        if time.process_time() >= self._end:
            raise ConversionError(Timeout(limit=self._limits.seconds))
        if time.monotonic() >= self._wall_end:
            raise ConversionError(StoodStill(limit=self._limits.longest))


@dataclass(slots=True)
class Conversion:
    """One conversion: the request, the facts known so far, and the frames on their way to the encoder.

    `admit` returns when there is memory for the conversion.
    `dpi` is the resolution of the picture, or of the first page, as far as it has been turned.
    `film_mode` is Pillow's mode of all frames of an animation, known with the first.
    `frames` is lazy: each step lays its work on it, and the encoder draws the frames through, one at a time.
    """

    request: Request
    data: bytes
    sink: BinaryIO
    deadline: Deadline
    admit: Callable[[Header], None]
    warnings: dict[WarningCode, Warned] = field(default_factory=dict)
    opened_or_none: Opened | None = None
    frames: Iterator[Frame] = field(default_factory=lambda: iter(()))
    count: int = 1
    size: tuple[int, int] = (0, 0)
    dpi: Dpi | None = None
    film_mode: str = ""
    source: Source | None = None
    converted: Converted | None = None

    @property
    def options(self) -> Options:
        """Return the options of the request."""
        return self.request.options

    @property
    def opened(self) -> Opened:
        """Return the upload's header, known after the step `open_upload`."""
        if self.opened_or_none is None:
            raise RuntimeError("the upload has not been opened yet")
        return self.opened_or_none

    @property
    def target(self) -> Format:
        """Return the format of the result."""
        target = find(self.request.target)
        if target is None:
            raise ValueError(self.request.target)
        return target

    @property
    def has_clear_border(self) -> bool:
        """Return whether `fit=pad` lays a clear border around the picture."""
        options = self.options
        sized = options.fit == "pad" and options.width is not None and options.height is not None
        return sized and options.background is None and self.target.alpha is not Alpha.NONE

    @property
    def is_film(self) -> bool:
        """Return whether the result is an animation."""
        return self.count > 1 and self.target.frames is Frames.ANIMATION

    @property
    def is_opaque(self) -> bool:
        """Return whether no frame of the result can have transparency, but for what flattening takes away."""
        return self.opened.opaque and not self.has_clear_border

    @property
    def encoder(self) -> Encoder:
        """Return the encoder of the result."""
        return find_encoder(self.target.name)

    def warn(self, loss: Loss) -> None:
        """Warn of a loss. The first sentence of a code stays."""
        self.warnings.setdefault(loss.code, loss.warned)

    def withdraw(self, code: WarningCode) -> None:
        """Take back a warning that turned out wrong."""
        self.warnings.pop(code, None)

    def make_outcome(self) -> Outcome:
        """Return the outcome of a successful conversion."""
        return Outcome(
            source=self.source, converted=self.converted, failure=None, warnings=tuple(self.warnings.values())
        )
