"""A zygote whose forks fail for a while, as when there are too many processes."""

import errno
import os
from itertools import chain, repeat

from worker.sandbox import zygote

GOOD, BAD = 2, 3
"""The trial of the filter and the first child; then what is forked ahead, and twice for the job itself."""


def main() -> None:
    """As the zygote's, but for its forks."""
    fork, course = os.fork, chain(repeat(True, GOOD), repeat(False, BAD), repeat(True))

    def fork_or_not() -> int:
        if not next(course):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return fork()

    vars(os).update(fork=fork_or_not)
    zygote.main()


if __name__ == "__main__":
    main()
