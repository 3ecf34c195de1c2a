"""XMP packets (ISO 16684-1) without the properties that speak of what is not kept.

A packet is read as XML, and the properties are cut out of its bytes: all else stays as it was, to the byte.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from xml.parsers import expat

PACKET_BYTES, DEEPEST, MOST_PREFIXES = 4 << 20, 100, 200
DECLARES, NO_NAME = "xmlns:", "\0"

STALE = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/",
    "http://ns.apple.com/depthData/1.0/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/container/item/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/1.0/audio/",
    "http://ns.google.com/photos/dd/1.0/",
    "http://ns.oplus.com/photos/1.0/camera/",
    "http://ns.xiaomi.com/photos/1.0/camera/",
)
"""Namespaces about pictures, films and sounds beside the picture, and whatever is below them."""

STALE_NAMES = {
    "http://ns.google.com/photos/1.0/camera/": ("MotionPhoto", "MicroVideo"),
    "http://ns.adobe.com/xmp/note/": ("HasExtendedXMP",),
}
"""Namespaces of which only names that begin like that are about such things."""

DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
START_TAG = re.compile(rb"""<[^\s/>"']+(?:\s+[^\s=/>"']+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
ATTRIBUTE = re.compile(rb"""\s+([^\s=/>"']+)\s*=\s*(?:"[^"]*"|'[^']*')""")

WRAPPING = re.compile(
    rb"""<\?[^>]*\?>|</?(?:x:xmpmeta|rdf:RDF|rdf:Description)"""
    rb"""(?:\s+(?:xmlns:[^\s=/>"']+|rdf:about|x:xmptk)\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>"""
)
"""What a packet has that says nothing."""

Span = tuple[int, int]
IsCut = Callable[[str, str], bool]
"""Whether a property goes, by its name as written and the namespace of its prefix (of `xmlns:`, what it declares)."""


def strip_extras(xmp: bytes) -> bytes:
    """Return a packet without what it says of gain maps, depth maps, motion photos, and of an extended packet.

    A packet that says such things and is no sound XML is given up as a whole (b"").
    """
    if not any(space.encode() in xmp for space in (*STALE, *STALE_NAMES)):
        return xmp
    if len(xmp) > PACKET_BYTES or DECLARATION.search(xmp):
        return b""
    try:
        kept = _cut_spans(xmp, _Finder(xmp, _is_stale).spans)
        if kept == xmp:
            return xmp
        kept = _cut_spans(kept, _Finder(kept, partial(_is_unused, kept)).spans)
    except (expat.ExpatError, ValueError):
        return b""
    return kept if WRAPPING.sub(b"", kept).strip(b"\0 \t\r\n") else b""


def _is_stale(name: str, space: str) -> bool:
    if name.startswith(DECLARES):
        return False
    return space.startswith(STALE) or name.rpartition(":")[2].startswith(STALE_NAMES.get(space, NO_NAME))


def _is_unused(xmp: bytes, name: str, space: str) -> bool:
    """Return whether an attribute declares one of these namespaces for a prefix that is used no more."""
    if not name.startswith(DECLARES) or not space.startswith((*STALE, *STALE_NAMES)):
        return False
    return not re.search(rb"[<\s]" + re.escape(name.removeprefix(DECLARES).encode()) + b":", xmp)


def _cut_spans(xmp: bytes, spans: Sequence[Span]) -> bytes:
    edges = [0, *(edge for span in spans for edge in span), len(xmp)]
    return b"".join(xmp[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


class _Finder:
    """Finds the spans of the elements and attributes for which `is_cut` holds, in order."""

    def __init__(self, xmp: bytes, is_cut: IsCut) -> None:
        self.spans: list[Span] = []
        self._xmp = xmp
        self._is_cut = is_cut
        self._scopes: list[dict[str, str]] = [{}]
        self._ends: list[int] = []
        self._cut_at: tuple[int, int] | None = None
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.Parse(xmp.rstrip(b"\0"), True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        tag = START_TAG.match(self._xmp, start)
        self._enter_scope(attributes)
        if tag is None or len(self._ends) >= DEEPEST:
            raise ValueError("this packet is not of the usual kind")
        self._ends.append(tag.end())
        if self._cut_at is not None:
            return
        if self._is_cut(name, self._find_space(name)):
            self._cut_at = len(self._ends), start
            return
        for found in ATTRIBUTE.finditer(self._xmp, start, tag.end()):
            key = found[1].decode()
            if self._is_cut(key, attributes[key] if key.startswith(DECLARES) else self._find_space(key)):
                self.spans.append(found.span())

    def _end(self, _name: str) -> None:
        end, at = self._ends.pop(), self._parser.CurrentByteIndex
        self._scopes.pop()
        if self._cut_at is None or self._cut_at[0] != len(self._ends) + 1:
            return
        if self._xmp.startswith(b"</", at):
            end = self._xmp.index(b">", at) + 1
        self.spans.append((self._cut_at[1], end))
        self._cut_at = None

    def _enter_scope(self, attributes: dict[str, str]) -> None:
        scope = self._scopes[-1]
        declared = {
            name.removeprefix(DECLARES): value for name, value in attributes.items() if name.startswith(DECLARES)
        }
        if len(scope) + len(declared) > MOST_PREFIXES:
            raise ValueError("this packet has too many namespaces")
        self._scopes.append(scope | declared if declared else scope)

    def _find_space(self, name: str) -> str:
        prefix, colon, _ = name.partition(":")
        return self._scopes[-1].get(prefix, "") if colon else ""
