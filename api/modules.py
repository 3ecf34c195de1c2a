"""The modules that a page loads at once: found from their imports, so that a browser can ask for all in one go.

Without a list it would learn of each only from the one that imports it, a round trip for every step of the way.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MAIN = "app/main.js"
IMPORT = re.compile(r"""^(?:import|export)\b[^"'()]*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)
"""A static import. What is imported by a call is for later."""


@cache
def list_modules(entry: str) -> tuple[str, ...]:
    """Return the modules that `entry` imports, and those that they do, as paths below `static`; not `entry` itself."""
    found = dict.fromkeys(_walk(entry, set()))
    found.pop(entry)
    return tuple(found)


def _walk(path: str, known: set[str]) -> Iterator[str]:
    known.add(path)
    yield path
    for address in IMPORT.findall((STATIC / path).read_text(encoding="utf-8")):
        imported = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
        if imported not in known:
            yield from _walk(imported, known)
