"""The credits of an XMP packet (ISO 16684-1), read as XML and written anew.

Only texts are taken over, never elements, so that nothing unknown comes along.
"""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
DC = ("creator", "rights", "title", "description")
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
CONTAINERS = {f"{{{RDF}}}{name}": name for name in ("Alt", "Bag", "Seq")}

MOST_ITEMS, MOST_PROPERTIES, LONGEST = 100, 50, 10_000
"""Items of a list, properties of a packet, and letters of a text."""

LARGEST = 1 << 20
"""Bytes of a packet that is read."""

HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'


class Property(NamedTuple):
    """A property: its prefix and name, the kind of its list ("" for a text), and its texts with their languages."""

    prefix: str
    name: str
    kind: str
    items: tuple[tuple[str, str], ...]


class _Builder(ET.TreeBuilder):
    """Builds a tree. XMP has no document type; one may define entities that swell."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Refuse a document type."""
        raise ET.ParseError(f"a packet has no document type {name} {pubid} {system}")


def keep_xmp_credits(packet: bytes) -> bytes:
    """Return a packet with dc:creator, rights, title and description, xmpRights and photoshop:Credit, b"" for none."""
    if not packet or len(packet) > LARGEST:
        return b""
    try:
        root = ET.fromstring(packet.strip(b"\0 \t\r\n"), ET.XMLParser(target=_Builder(), encoding="utf-8"))  # noqa: S314 - see _Builder
    except (ET.ParseError, ValueError, LookupError):
        return b""
    found = {(found.prefix, found.name): found for found in _iter_properties(root)}
    return _pack_packet(list(found.values())[:MOST_PROPERTIES]) if found else b""


def _iter_properties(root: ET.Element) -> Iterator[Property]:
    for described in root.iter(f"{{{RDF}}}Description"):
        for name, value in described.items():
            yield from _make_property(name, "", [("", value)])
        for element in described:
            (kind, items) = _read_items(element)
            yield from _make_property(element.tag, kind, items)


def _read_items(element: ET.Element) -> tuple[str, list[tuple[str, str]]]:
    container = element[0] if len(element) else None
    if container is None:
        return "", [("", element.text or "")]
    items = [(item.get(LANGUAGE, ""), item.text or "") for item in container[:MOST_ITEMS] if not len(item)]
    return CONTAINERS.get(container.tag, ""), items


def _make_property(tag: str, kind: str, items: list[tuple[str, str]]) -> Iterator[Property]:
    """Yield a property if it is a credit with a text."""
    for prefix, space in SPACES.items():
        name = tag.removeprefix(f"{{{space}}}")
        wanted = {"dc": name in DC, "xmpRights": name.isalnum(), "photoshop": name == "Credit"}[prefix]
        texts = tuple((language, text.strip()[:LONGEST]) for language, text in items if text.strip())
        if name != tag and wanted and texts:
            yield Property(prefix, name, kind, texts)


def _pack_packet(properties: list[Property]) -> bytes:
    spaces = "".join(f' xmlns:{prefix}="{space}"' for prefix, space in SPACES.items())
    body = "".join(_pack_property(found) for found in properties)
    return (
        f'{HEAD}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about=""{spaces}>{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _pack_property(found: Property) -> str:
    name = f"{found.prefix}:{found.name}"
    if not found.kind:
        return f"<{name}>{escape(found.items[0][1])}</{name}>"
    items = "".join(
        f"<rdf:li{f' xml:lang={quoteattr(language)}' if language else ''}>{escape(text)}</rdf:li>"
        for language, text in found.items
    )
    return f"<{name}><rdf:{found.kind}>{items}</rdf:{found.kind}></{name}>"
