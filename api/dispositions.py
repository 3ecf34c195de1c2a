"""How a download is named to every client: `Content-Disposition` with a name in ASCII and the true one in UTF-8."""

import hashlib
import unicodedata
from urllib.parse import quote

from anyascii import anyascii

from core.names import NAMELESS, make_portable, shorten_name

LONGEST_ENDING = 16


def content_disposition(filename: str) -> str:
    """Write an attachment's name twice: ASCII for the oldest clients, UTF-8 for all others (RFC 6266, RFC 8187)."""
    return f"attachment; filename=\"{make_fallback(filename)}\"; filename*=UTF-8''{quote(filename, safe='')}"


def make_fallback(filename: str) -> str:
    """Return the name in ASCII, as any system can store it and no client reads it differently.

    What other scripts say is spelled in Latin letters. As several names may be spelled alike then, a hash tells them apart.
    """
    stem, ending = _split_ending(filename)
    # A quote or backslash would need an escape that clients read differently, a percent sign some would decode.
    spelled = make_portable(anyascii(stem).replace("%", "_").strip(". "))
    if not any(char.isalnum() for char in spelled):
        spelled = NAMELESS
    mark = f"-{_hash(filename)}" if any(map(_is_foreign, stem)) else ""
    return shorten_name(spelled, f"{mark}{ending}")


def _split_ending(filename: str) -> tuple[str, str]:
    """Return the name without its ending, and the ending with its dot if every client can read it."""
    stem, dot, ending = filename.rpartition(".")
    is_plain = dot and ending.isascii() and ending.isalnum() and len(ending) <= LONGEST_ENDING
    return (stem, dot + ending) if is_plain else (filename, "")


def _is_foreign(char: str) -> bool:
    """Return whether the character is a letter, number or sign of another script than Latin."""
    category = unicodedata.category(char)
    return (category[0] in "LNS" or category in {"Co", "Cn"}) and not (
        char.isascii() or unicodedata.name(char, "").startswith("LATIN")
    )


def _hash(filename: str) -> str:
    return hashlib.blake2s(filename.encode(), digest_size=4).hexdigest()
