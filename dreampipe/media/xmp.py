"""Records within XMP packets (ISO 16684-1): one property in a namespace of our own.

A packet of another program is not parsed unless that namespace stands in it. Packets are XML, which may declare more
than its bytes say: one that declares anything is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 1 << 20
"""The most bytes of a record."""
LONGEST_PACKET = 8 * LONGEST
"""The most bytes of a packet that is looked at: a record of nothing but ampersands takes five times its length."""

NAMESPACE = "http://ns.dreampipe/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def packet(record: bytes) -> bytes:
    """A packet that holds a record."""
    text = record.decode().translate(_ESCAPES)
    return _packet(f'xmlns:dreampipe="{NAMESPACE}"><dreampipe:record>{text}</dreampipe:record></rdf:Description>')


def pointing(digest: str) -> bytes:
    """A packet that says that more of it lies in the extension with this digest."""
    return _packet(f'xmlns:xmpNote="{_NOTE}" xmpNote:HasExtendedXMP="{digest}"/>')


def _packet(described: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about="" {described}</rdf:RDF></x:xmpmeta>'
        '<?xpacket end="r"?>'
    ).encode()


def record_in(packet: bytes) -> bytes | None:
    """The record in a packet, also where another program has laid it down anew; None where there is none.

    Raises:
        ValueError: it has one, and is damaged.
    """
    return _read_property(packet, NAMESPACE, "record")


def extension_of(packet: bytes) -> bytes | None:
    """The digest of the extension that a packet points to."""
    return _read_property(packet, _NOTE, "HasExtendedXMP")


def _read_property(packet: bytes, namespace: str, name: str) -> bytes | None:
    """The text of a property; None where it has none, or the namespace does not stand in the packet."""
    if namespace.encode() not in packet:
        return None
    from xml.etree import ElementTree

    text = packet.decode("utf-8").strip("\0\ufeff \t\r\n")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("its XMP declares a document type")
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        raise ValueError(f"its XMP is no XML: {problem}") from None
    key = f"{{{namespace}}}{name}"
    # A property may stand as an element or as an attribute.
    found: Iterator[str | None] = (
        said for element in tree.iter() for said in (element.text if element.tag == key else None, element.get(key))
    )
    return next((said.encode() for said in found if said is not None), None)
