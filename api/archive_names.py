"""Names of the files in an archive: each one once, and such that any system can unpack it where it is told to."""

import unicodedata

from core.names import NAMELESS, make_portable, shorten_name

MANIFEST = "manifest.json"


class ArchiveNames:
    """Gives names: `photo.jpg`, then `photo (2).jpg`. Those that differ in case or in how accents are coded count as one."""

    def __init__(self) -> None:
        self._taken = {_fold(MANIFEST)}
        self._numbers: dict[str, int] = {}

    def give(self, filename: str) -> str:
        """Return a name for the file that no other in the archive has."""
        stem, dot, ending = make_safe(filename).rpartition(".")
        ending = dot + ending
        name = shorten_name(stem, ending)
        number = self._numbers.get(_fold(name), 1)
        given = name
        while _fold(given) in self._taken:
            number += 1
            given = shorten_name(stem, f" ({number}){ending}")
        self._numbers[_fold(name)] = number
        self._taken.add(_fold(given))
        return given


def make_safe(filename: str) -> str:
    """Return the name without folders, and with nothing that a system cannot store."""
    base = filename.replace("\\", "/").rpartition("/")[2]
    stored = make_portable(unicodedata.normalize("NFC", base).strip())
    return stored if stored.rpartition(".")[0].strip(". ") else f"{NAMELESS}.{stored.strip('. ') or 'bin'}"


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
