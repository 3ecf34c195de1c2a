"""Names of the files in an archive: each one once, and such that any system can unpack it where it is told to."""

import re
import unicodedata

MOST_BYTES = 255
"""Bytes of UTF-8 in a name: the most that usual file systems can store."""
NAMELESS = "image"
MANIFEST = "manifest.json"

_UNSTORABLE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
"""What Windows cannot store in a name; slashes would make folders."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever follows the first dot."""


class ArchiveNames:
    """Gives names: `photo.jpg`, then `photo (2).jpg`. Those that differ in case or in how accents are coded count as one."""

    def __init__(self) -> None:
        self._taken = {_fold(MANIFEST)}
        self._numbers: dict[str, int] = {}

    def give(self, filename: str) -> str:
        """Return a name for the file that no other in the archive has."""
        stem, dot, ending = make_safe(filename).rpartition(".")
        ending = dot + ending
        name = _fit(stem, ending)
        number = self._numbers.get(_fold(name), 1)
        given = name
        while _fold(given) in self._taken:
            number += 1
            given = _fit(stem, f" ({number}){ending}")
        self._numbers[_fold(name)] = number
        self._taken.add(_fold(given))
        return given


def make_safe(filename: str) -> str:
    """Return the name without folders, and with nothing that a system cannot store."""
    base = filename.replace("\\", "/").rpartition("/")[2]
    stored = _UNSTORABLE.sub("_", unicodedata.normalize("NFC", base)).strip().rstrip(". ")
    if _DEVICE.match(stored):
        stored = f"_{stored}"
    return stored if stored.rpartition(".")[0].strip(". ") else f"{NAMELESS}.{stored.strip('. ') or 'bin'}"


def _fit(stem: str, ending: str) -> str:
    room = MOST_BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + ending


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
