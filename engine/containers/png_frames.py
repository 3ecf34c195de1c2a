"""The header of an animation's frame in a PNG (PNG specification, third edition, section 11.3.3.2)."""

from dataclasses import dataclass
from fractions import Fraction

from engine.containers.disposal import Disposal

DISPOSALS = {0: Disposal.KEEP, 1: Disposal.CLEAR, 2: Disposal.RESTORE}
DISPOSAL_NUMBERS = {disposal: number for number, disposal in DISPOSALS.items()}
BLEND_OVER = 1


@dataclass(frozen=True, slots=True)
class FrameControl:
    """An fcTL chunk: the region in pixels, the time in milliseconds, and how it goes on and off the canvas."""

    width: int
    height: int
    x: int
    y: int
    duration: Fraction
    disposal: Disposal
    over: bool
