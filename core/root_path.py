"""The path under which a proxy shows the service: `/imagemill` where links begin with it, "" at the root of a host."""

import re
from typing import Annotated

from pydantic import AfterValidator

from core.setting_errors import show_value

SEGMENT = re.compile(r"[\w.~-]+", re.ASCII)


def is_root_path(text: str) -> bool:
    """Return whether links may begin with it.

    Only whole segments of plain letters: `//host` would lead to another host, and `..` out of the prefix.
    """
    first, *segments = text.split("/")
    return not first and all(SEGMENT.fullmatch(segment) and segment.strip(".") for segment in segments)


def _readable_root_path(text: str) -> str:
    path = text.rstrip("/")
    if is_root_path(path):
        return path
    raise ValueError(
        f"must be a path that begins with /, like /imagemill, of letters, digits and . _ ~ - only, not {show_value(text)}."
    )


RootPath = Annotated[str, AfterValidator(_readable_root_path)]
"""Without a slash at its end."""
