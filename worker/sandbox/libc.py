"""The C library, for the few calls that Python lacks."""

import ctypes
from functools import cache


@cache
def libc() -> ctypes.CDLL:
    """Load the C library once per process, before a filter could deny it."""
    return ctypes.CDLL(None, use_errno=True)
