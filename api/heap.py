"""Memory that goes back to the system when it is not needed any more.

glibc learns from large blocks that are freed to keep them, and gives each thread a heap of its own. After a flood of
uploads the process would stay as large as it was at its worst moment.
"""

import ctypes

ARENAS, MMAP_THRESHOLD, TRIM_THRESHOLD = -8, -3, -1
"""M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h."""
LARGE_BYTES = 64 * 1024
MOST_ARENAS = 2


def return_memory_early() -> None:
    """Give blocks of LARGE_BYTES back at once. Where the C library is another, nothing happens."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option, value in ((MMAP_THRESHOLD, LARGE_BYTES), (TRIM_THRESHOLD, 2 * LARGE_BYTES), (ARENAS, MOST_ARENAS)):
        set_option(option, value)
