"""The default limits of a worker, with less memory and with a deadline for busy machines."""

from engine.request import Limits

DEFAULT_LIMITS = Limits(
    max_pixels=50_000_000, max_frames=1000, max_result_bytes=200 << 20, memory_bytes=1 << 30, seconds=600
)
