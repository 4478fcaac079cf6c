"""The boxes of an MP4 or QuickTime film (ISO 14496-12): where each one is, and which of them say something."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from dreampipe.media.things import Found

_MOST = 4096
"""The most boxes that are looked at; a film has a few dozen for each track."""
_ENTRY = "entry"
# Boxes that hold boxes, and the bytes after their header before the first of these.
_HOLDERS = {"moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0, "stsd": 8, "udta": 0, "edts": 0, _ENTRY: 78}
_KNOWN: Mapping[str, frozenset[str]] = {
    name: frozenset(kinds.split())
    for name, kinds in {
        "": "ftyp styp moov mdat free skip wide moof mfra sidx ssix pdin prft imda meta PICT pnot",
        "moov": "mvhd trak mvex udta meta iods free skip ctab prfl rmra",
        "trak": "tkhd edts mdia tref trgr udta meta tapt clip matt load imap txas free skip",
        "udta": "meta name cprt titl auth perf gnre dscp albm yrrc loci chpl hnti hinf kywd rtng clsf free AllF LOOP "
        "SelO WLOC tagc tsel",
        _ENTRY: "avcC hvcC av1C vpcC vvcC esds colr pasp clap fiel btrt st3d sv3d mdcv clli SmDm CoLL gama chrm glbl "
        "vexu damr jp2h ccst strl alis APRG ARES ACLR taic sinf free wave",
    }.items()
}
"""The boxes that are read, or that only say how a film is stored, by the box that holds them."""
_THINGS = {"dvcC": "dolby", "dvvC": "dolby", "dvwC": "dolby", "hvcE": "dolby", "amve": "ambient", "XMP_": "film_xmp"}
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_SPHERICAL = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_OURS = b"http://ns.dreampipe/1.0/"
_PACKET = 1 << 16  # bytes of an XMP packet that are searched for the mark of our own record


class Box(NamedTuple):
    """One box: the kind of the box around it ("" for none), its kind, its place in the file, and its length."""

    parent: str
    kind: str
    place: int
    size: int
    head: int


def walk(file: IO[bytes]) -> Iterator[Box]:
    """Yield the boxes of a film in the order of the file, those of the first sample entry of each picture included."""
    ends = [("", 0, file.seek(0, 2))]
    pictures = False
    for _ in range(_MOST):
        while ends and ends[-1][1] + 8 > ends[-1][2]:
            ends.pop()
        if not ends:
            return
        parent, at, end = ends.pop()
        box = _box(file, parent, at, end)
        if box is None:
            continue
        yield box
        ends.append((parent, at + box.size, end))
        if box.kind == "hdlr" and parent == "mdia":
            file.seek(at + box.head + 8)
            pictures = file.read(4) == b"vide"
        inner = _ENTRY if parent == "stsd" and pictures else box.kind
        if inner in _HOLDERS:
            ends.append((inner, at + box.head + _HOLDERS[inner], min(end, at + box.size)))


def _box(file: IO[bytes], parent: str, at: int, end: int) -> Box | None:
    """Read the head of a box; None where there is none, such as after the last entry of "udta"."""
    file.seek(at)
    data = file.read(16)
    size, kind = struct.unpack_from(">I4s", data)
    head = 8
    if size == 1 and len(data) == 16:
        (size,), head = struct.unpack_from(">Q", data, 8), 16
    size = size or end - at
    return Box(parent, kind.decode("latin-1"), at, size, head) if size >= head else None


def found_in_boxes(path: Path) -> tuple[Found, ...]:
    """List what the boxes of a film say that FFmpeg does not pass on, each thing once."""
    found: list[Found] = []
    with path.open("rb") as file:
        for box in walk(file):
            if box.kind in _THINGS:
                found.append(Found(_THINGS[box.kind]))
            elif box.kind == "uuid":
                found += _named_by_uuid(file, box)
            elif box.parent in _KNOWN and not box.kind.startswith("\u00a9"):
                known = box.kind in _KNOWN[box.parent]
                found += [] if known else [Found("unknown", f"a part that is called {box.kind!a}")]
    return tuple(dict.fromkeys(found))


def _named_by_uuid(file: IO[bytes], box: Box) -> list[Found]:
    file.seek(box.place + box.head)
    name = file.read(16)
    if name == _SPHERICAL:
        return [Found("sphere_1")]
    if name == _XMP:
        return [] if _OURS in file.read(min(box.size, _PACKET)) else [Found("film_xmp")]
    return [Found("unknown", f"a part of another program ({name.hex()})")]
