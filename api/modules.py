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
FORM, BATCH = "app/home.js", "app/batch_page.js"
"""What MAIN imports next, by the page that it finds."""

IMPORT = re.compile(r"""^(?:import|export)\b[^"'()]*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)
"""A static import. What is imported by a call is for later."""


@cache
def list_modules(page: str) -> tuple[str, ...]:
    """Return what MAIN and the module of the page import, and what those do, as paths below `static`; not MAIN itself."""
    known: set[str] = set()
    found = [*_walk(MAIN, known), *_walk(page, known)]
    return tuple(found[1:])


def _walk(path: str, known: set[str]) -> Iterator[str]:
    known.add(path)
    yield path
    for address in IMPORT.findall((STATIC / path).read_text(encoding="utf-8")):
        imported = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
        if imported not in known:
            yield from _walk(imported, known)
