"""The fate of a frame's region before the next frame is laid down: one word for GIF, APNG and WebP."""

from enum import Enum


class Disposal(Enum):
    """Keep the region, clear it, or restore what was there before the frame."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"
