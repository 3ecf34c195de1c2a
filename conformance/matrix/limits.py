"""The limits that a worker has by default, but for less memory and for a deadline that a busy machine does not miss."""

from engine.request import Limits

DEFAULT_LIMITS = Limits(
    max_pixels=50_000_000, max_frames=1000, max_result_bytes=200 << 20, memory_bytes=1 << 30, seconds=600
)
