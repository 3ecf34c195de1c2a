"""The disk of temporary files may be full: then an upload is refused, as it is when the database's disk is."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import SpoolFull

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
RETRY_SECONDS = 5
"""Room comes back as other uploads are stored."""


@contextmanager
def refuse_full_spool() -> Iterator[None]:
    """Raise SpoolFull where a temporary file finds no room. What is written may be missed as late as it is read."""
    try:
        yield
    except OSError as error:
        if not _is_full(error):
            raise
        raise SpoolFull(retry_after=RETRY_SECONDS) from error


def _is_full(error: OSError) -> bool:
    # tempfile tries each directory with a few bytes, and says so when none of them takes them.
    return error.errno in NO_SPACE or "No usable temporary directory" in str(error)
