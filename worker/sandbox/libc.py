"""The C library, for the few calls that Python has no name for."""

import ctypes
from functools import cache


@cache
def libc() -> ctypes.CDLL:
    """Loaded once a process, and so before a filter could refuse it."""
    return ctypes.CDLL(None, use_errno=True)
