"""What the exit status says."""

from collections.abc import Iterable
from enum import IntEnum

from imagemill_client.errors import KeyRefused, ServiceUnavailable, TryLater, WrongInput


class Exit(IntEnum):
    """Every exit status, as docs/client.md lists them."""

    WELL = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    KEY = 4
    LATER = 5
    INTERRUPTED = 130
    TERMINATED = 143


class Misuse(Exception):
    """The command cannot be meant so; its text says what to change."""


WORST_FIRST = (Exit.USAGE, Exit.KEY, Exit.UNREACHABLE, Exit.LATER, Exit.FAILED)


def find_exit(error: Exception) -> Exit:
    """Return the exit status of an error."""
    if isinstance(error, Misuse | WrongInput):
        return Exit.USAGE
    if isinstance(error, KeyRefused):
        return Exit.KEY
    if isinstance(error, ServiceUnavailable):
        return Exit.UNREACHABLE
    return Exit.LATER if isinstance(error, TryLater) else Exit.FAILED


def worst_exit(errors: Iterable[Exception]) -> Exit:
    """Return the exit status of several errors: what is to be mended first."""
    found = {find_exit(error) for error in errors}
    return next((exit_ for exit_ in WORST_FIRST if exit_ in found), Exit.WELL)
