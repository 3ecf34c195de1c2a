"""Why a file may differ from what Chromium shows: by its name, with the reason."""

from fnmatch import fnmatch

REASONS = {}


def explain(name: str) -> str:
    """Return why this file may differ, "" if nothing says so."""
    return next((reason for pattern, reason in REASONS.items() if fnmatch(name, pattern)), "")
