"""Names of files: how long they may be, how a result is named after its upload, and what Windows can store."""

import re
import unicodedata

from core.formats import FORMATS

MOST_BYTES = 255
"""Bytes of UTF-8 in a name: the most that ext4, XFS, APFS and most archives can store."""

NAMELESS = "image"
"""The stem where nothing of a name is left."""

ERASED_NAME = "deleted"
"""What stands for the name of an image that was deleted. The name may tell as much as the picture."""

OTHER_ENDINGS = frozenset({
    "jpe", "jfif", "jfi", "jif", "mpo", "jps", "apng", "avifs", "heics", "heifs", "hif", "avci", "tga", "targa", "vda", "icb", "vst",
    "jpf", "jpx", "jpm", "j2c", "jpc", "jhc", "jph", "dib", "rle", "pbm", "pam", "pfm", "cur", "bw", "rgb", "rgba", "psb", "svg", "eps", "exr", "hdr",
    "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "orf", "rw2", "raf", "pef", "srw", "raw", "rwl", "3fr", "iiq", "x3f", "kdc", "dcr",
})  # fmt: skip
"""Endings of images beside those of core.formats: other spellings, and cameras' own formats."""

IMAGE_ENDINGS = OTHER_ENDINGS | {name for fmt in FORMATS for name in (fmt.name, fmt.extension, *fmt.aliases)}

_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever follows the first dot."""
_UNSTORABLE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
"""What Windows cannot store in a name."""

_ZERO_WIDTH_JOINER = "\u200d"


def name_result(filename: str, extension: str) -> str:
    """Return the upload's name with the result's true extension, in at most MOST_BYTES.

    A last dotted part is replaced only if it is the ending of an image: `v1.2 final` becomes `v1.2 final.jpg`.
    """
    stem = drop_image_ending(filename).rstrip(". ")
    return shorten_name(stem or NAMELESS, f".{extension}")


def drop_image_ending(filename: str) -> str:
    """Return the name without the ending of an image, if it has one."""
    stem, dot, ending = filename.rpartition(".")
    return stem if dot and ending.strip().lower() in IMAGE_ENDINGS else filename


def shorten_name(stem: str, ending: str = "") -> str:
    """Return stem and ending in at most MOST_BYTES of UTF-8. Only the stem is cut, and not inside a character."""
    room = max(0, MOST_BYTES - len(ending.encode()))
    raw = stem.encode()
    if len(raw) <= room:
        return stem + ending
    kept = raw[:room].decode(errors="ignore")
    return (_step_back(stem, len(kept)) or kept) + ending


def make_portable(name: str) -> str:
    """Return the name as Windows can store it: no forbidden character, no device, no dot or blank at the end."""
    stored = _UNSTORABLE.sub("_", name).rstrip(". ")
    return f"_{stored}" if _DEVICE.match(stored) else stored


def _step_back(text: str, end: int) -> str:
    """Return the text before `end`, less a last character whose marks would be cut off; empty when all are marks."""
    while end and (_is_joined(text[end]) or text[end - 1] == _ZERO_WIDTH_JOINER):
        end -= 1
    return text[:end].rstrip()


def _is_joined(char: str) -> bool:
    """Return whether the character changes the one before it: an accent, a variation, a colour of skin, a joiner."""
    return unicodedata.category(char)[0] == "M" or char == _ZERO_WIDTH_JOINER or "\U0001f3fb" <= char <= "\U0001f3ff"
