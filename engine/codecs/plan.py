"""All that a writer has to know beside the frames."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.losses import Loss, TimingRounded, WarningCode
from core.options import Options
from engine.codecs.save_settings import SaveSettings
from engine.image import Frame
from engine.metadata import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """`pillow` names the encoder, `settings` are its save parameters, `size` is in pixels.

    `later_settings` are those of frames and pages after the first, without metadata and without the first page's
    resolution. `loop_count` 0 means forever. `metadata` is what will be kept, and part of the settings.
    `frames` is how many will come. `warn` takes losses, `withdraw` takes a warning back that turned out wrong.
    """

    pillow: str
    settings: SaveSettings
    later_settings: SaveSettings
    options: Options
    size: tuple[int, int]
    frames: int
    loop_count: int
    warn: Callable[[Loss], None]
    metadata: Metadata = field(default_factory=Metadata)
    withdraw: Callable[[WarningCode], None] = field(default=lambda _: None)

    def choose_page_dpi(self, frame: Frame) -> SaveSettings:
        """Return the page's own resolution as a save parameter, nothing if one is asked for or the page has none."""
        return {"dpi": frame.dpi} if frame.dpi is not None and self.options.dpi is None else {}

    def warn_rounded(self, title: str, step: int) -> None:
        """Warn that frame times had to be rounded to steps of so many milliseconds."""
        self.warn(TimingRounded(format=title, step=step))
