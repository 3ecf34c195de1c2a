"""The date and the versions of a page of results: figures without them cannot be told from old ones."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("pillow", "imagecodecs", "pillow-heif", "pi-heif", "simplejpeg", "numpy")


def stamp() -> str:
    """One line: the day, the interpreter and the codec libraries."""
    day = datetime.now(UTC).date().isoformat()
    libraries = ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _ask_version(name)))
    return f"Made on {day} with Python {platform.python_version()}, {libraries}, on {platform.machine()}."


def _ask_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
