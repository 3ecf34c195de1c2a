"""How each format is recognised by its first bytes; nothing here decodes. A TGA's footer is in core.formats.

A signature that readers and writers of the engine need too has its name here.
"""

from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"
GIF87, GIF89 = b"GIF87a", b"GIF89a"
TIFF_LITTLE, TIFF_BIG = b"II*\0", b"MM\0*"
BIGTIFF_LITTLE, BIGTIFF_BIG = b"II+\0", b"MM\0+"
JXL, JXL_CODESTREAM = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
JP2, J2K_CODESTREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
ICO = b"\0\0\1\0"
ICNS = b"icns"


def starts(*magics: bytes) -> Callable[[bytes], bool]:
    """Return a test for files starting with one of these bytes."""
    return lambda head: head.startswith(magics)


def is_webp(head: bytes) -> bool:
    """Return whether it is RIFF with a WebP in it (RFC 9649)."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})


def _brands(head: bytes) -> list[bytes]:
    """Return major and compatible brands of an ISO BMFF file, as far as the head goes."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]


def is_avif(head: bytes) -> bool:
    """Return whether it is ISO BMFF with an AVIF brand (AV1 Image File Format 1.1, section 6)."""
    return not {b"avif", b"avis"}.isdisjoint(_brands(head))


def is_heif(head: bytes) -> bool:
    """Return whether it is ISO BMFF with a brand of HEVC or of any image (ISO/IEC 23008-12). AVIF is told before."""
    return not HEIF_BRANDS.isdisjoint(_brands(head))


def is_bmp(head: bytes) -> bool:
    """Check `BM`, then for an existing header size, so that a text starting with BM is no bitmap."""
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in {12, 40, 52, 56, 64, 108, 124}


def is_ico(head: bytes) -> bool:
    """Check the signature, and that the first entry of the directory makes sense.

    Other files begin with these four bytes too: resource forks, JBIG, Targas with a palette that they do not have.
    """
    count = int.from_bytes(head[4:6], "little")
    if not head.startswith(ICO) or not count:
        return False
    entry = head[6:22]
    bits, offset = int.from_bytes(entry[6:8], "little"), int.from_bytes(entry[12:16], "little")
    return len(entry) < 16 or (bits <= 32 and offset >= 6 + 16 * count)


def is_pcx(head: bytes) -> bool:
    """Check manufacturer, version, run-length encoding and bits a sample (ZSoft's technical reference)."""
    return len(head) > 4 and head[0] == 10 and head[1] in {0, 2, 3, 4, 5} and head[2] == 1 and head[3] in {1, 2, 4, 8}


def is_pnm(head: bytes) -> bool:
    """Check for `P1` to `P6`, then white space or a comment."""
    return (
        head[:1] == b"P"
        and head[1:2] in {b"1", b"2", b"3", b"4", b"5", b"6"}
        and head[2:3] in {b" ", b"\t", b"\r", b"\n", b"#"}
    )


def is_tga(head: bytes) -> bool:
    """Check every field of the header, since TGA has no magic bytes. An icon's or cursor's header fails."""
    if len(head) < 18:
        return False
    kind, mapped, width, height = head[2], head[1], head[12:14], head[14:16]
    if kind not in {1, 2, 3, 9, 10, 11} or mapped not in {0, 1} or b"\0\0" in {width, height}:
        return False
    depths = {1: {8, 16}, 3: {8, 16}}.get(kind & 3, {15, 16, 24, 32})
    table = head[7] in {15, 16, 24, 32} if mapped else not any(head[3:8])
    # Programs leave maps in pictures of colors, where none is needed.
    return head[16] in depths and table and (mapped == 1 or kind not in {1, 9}) and not head[17] & 0xC0
