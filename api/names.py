"""The name of an uploaded file: read from a part's header as clients of every age write it, and made harmless.

Nothing is decided by a name. It is shown, and the result is named after it.
"""

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

from core.names import NAMELESS, drop_image_ending, shorten_name

BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make `gpj.exe` look like `exe.jpg`."""

_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"(?=\s*(?:;|$))|[^;]*)', re.DOTALL)
"""A quoted value must reach to the next semicolon, as some clients leave a quote inside unescaped."""
_ESCAPED = re.compile(r'\\(["\\])')
"""A backslash before anything else stands for itself, as Windows' old browsers send whole paths."""
_ENCODED_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?]*)\?=")
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD.pattern}(?:\s*{_ENCODED_WORD.pattern})*")
_EXTENDED = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)
_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-8859-\d\d?|(?:windows-|cp)(?:125\d|874|93[26]|949|950)|koi8-[ru]|gbk|gb2312|gb18030|big5|shift_jis|euc-(?:jp|kr)"
    r"|iso-2022-(?:jp|kr)|ks_c_5601-1987|tis-620|macintosh",
    re.IGNORECASE,
)
"""Those that names are written in. Python looks up any other for good, so a stranger's are not looked up."""


def read_file_name(disposition: bytes, charset: str = "utf-8") -> str | None:
    """Return the file name in a part's Content-Disposition; None without one.

    `filename*` (RFC 8187) counts before `filename`, which may hold encoded words (RFC 2047) or browsers' percent forms.
    `charset` is the form's.
    """
    given = _read_parameters(decode_bytes(disposition, charset))
    plain, extended = given.get("filename"), given.get("filename*")
    if plain is None and extended is None:
        return None
    return _decode_extended(extended or "") or _decode_plain(plain or "")


def has_only_extended(disposition: bytes) -> bool:
    """Return whether the part is a file by `filename*` alone."""
    given = _read_parameters(decode_bytes(disposition))
    return "filename*" in given and "filename" not in given


def clean_name(name: str) -> str:
    """Return the file's name without folders and unprintable characters, in 255 bytes; `image` when nothing is left."""
    base = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(char for char in base if not _is_hidden(char)).strip()
    if not kept.strip(". "):
        return NAMELESS
    stem = drop_image_ending(kept)
    return shorten_name(stem, kept[len(stem) :]).strip()


def decode_bytes(raw: bytes, charset: str = "utf-8") -> str:
    """Return bytes of a header as text: UTF-8 if they can be, else in that charset, else as Windows' West does."""
    for codec in ("utf-8", charset, "cp1252"):
        try:
            return raw.decode(codec)
        except (LookupError, UnicodeError):
            continue
    return raw.decode("latin-1")


def _read_parameters(header: str) -> dict[str, str]:
    """Return the header's parameters by their lower-case names. The first of a name counts."""
    found: dict[str, str] = {}
    for name, value in _PARAMETER.findall(header):
        found.setdefault(name.lower(), _unquote(value.strip()))
    return found


def _unquote(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return _ESCAPED.sub(r"\1", value[1:-1]) if is_quoted else value


def _decode_plain(value: str) -> str:
    if _ENCODED_WORD.search(value):
        return _ENCODED_WORDS.sub(lambda words: _decode_words(words[0]), value)
    # What browsers write for a quote and line ends (HTML, "multipart/form-data encoding algorithm"), and nothing else.
    return value.replace("%22", '"').replace("%0D", "").replace("%0A", "")


def _decode_words(words: str) -> str:
    """Return adjacent encoded words as text; as they are when one cannot be read."""
    # A word may name a language after its charset (RFC 2231), which the library does not know.
    plain = _ENCODED_WORD.sub(r"=?\1?\2?\3?=", words)
    try:
        pieces = decode_header(plain)
    except HeaderParseError:
        return words
    texts = [_decode_as(raw, charset or "us-ascii") for raw, charset in pieces if isinstance(raw, bytes)]
    return "".join(text for text in texts if text is not None) if None not in texts and texts else words


def _decode_extended(value: str) -> str:
    """Return `charset'language'percent-encoded` as text; empty when it cannot be read."""
    found = _EXTENDED.fullmatch(value)
    if found is None:
        return decode_bytes(unquote_to_bytes(value))
    return _decode_as(unquote_to_bytes(found[2]), found[1] or "utf-8") or ""


def _decode_as(raw: bytes, charset: str) -> str | None:
    if not _CHARSET.fullmatch(charset):
        return None
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeError):
        return None


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in BIDI_CONTROLS
