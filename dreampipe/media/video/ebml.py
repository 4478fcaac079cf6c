"""The elements of a Matroska or WebM film (RFC 8794 and RFC 9559): where each one is, and which of them say something.

Clusters, which hold the packets, are passed over by their size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from dreampipe.media.things import Found

_MOST = 1 << 17
"""The most elements that are looked at; most of a long film's are its clusters."""
_LONGEST_ID, _LONGEST_SIZE = 4, 8
_FILE, _HEAD, _SEGMENT = 0, 0x1A45DFA3, 0x18538067
_INFO, _TRACKS, _TRACK, _VIDEO, _COLOUR = 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0x55B0
_CHAPTERS, _EDITION, _ADDITION = 0x1043A770, 0x45B9, 0x41E4
_CLUSTER, _VOID, _CHECKSUM = 0x1F43B675, 0xEC, 0xBF
_TYPE, _ORDERED, _ADDED = 0x83, 0x45DD, 0x41E7
_HOLDERS = {_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO, _COLOUR, _CHAPTERS, _EDITION, _ADDITION}
_KNOWN: Mapping[int, frozenset[int]] = {
    holder: frozenset((*(int(identity, 16) for identity in identities.split()), _VOID, _CHECKSUM))
    for holder, identities in {
        _FILE: "1A45DFA3 18538067",
        _SEGMENT: "114D9B74 1549A966 1654AE6B 1C53BB6B 1F43B675 1254C367 1043A770 1941A469",
        _INFO: "73A4 7384 2AD7B1 4489 4461 7BA9 4D80 5741 4444",
        _TRACKS: "AE",
        _TRACK: "D7 73C5 83 B9 88 55AA 55AB 55AC 55AD 55AE 55AF 9C 6DE7 6DF8 23E383 234E7A 23314F 55EE 536E 22B59C "
        "22B59D 86 63A2 258688 7446 AA 6FAB 56AA 56BB 41E4 E0 E1 6D80",
        _VIDEO: "9A 9D 53B8 53B9 53C0 B0 BA 54AA 54BB 54CC 54DD 54B0 54BA 54B2 54B3 2EB524 2383E3 55B0 7670",
        _COLOUR: "55B1 55B2 55B3 55B4 55B5 55B6 55B7 55B8 55B9 55BA 55BB 55BC 55BD 55D0",
    }.items()
}
"""The elements that are read, or that only say how a film is stored, by the element that holds them."""
_ADDITIONS = {1: None, 4: "hdr10plus", 121: "frame_time", 0x64766343: "dolby", 0x64767643: "dolby", 0x64767743: "dolby"}
"""The things that go along with blocks, by their type; 1 is transparency, which a decoder reads."""
_NAMES = {
    0x3CB923: "a link to the film before it",
    0x3C83AB: "a link to the film before it",
    0x3EB923: "a link to the film after it",
    0x3E83BB: "a link to the film after it",
    0x2FB523: "a gamma of its own",
    0xE2: "tracks that are to be combined",
}


class Element(NamedTuple):
    """One element: the one around it (0 for none), its own identity, and the place and length of its content."""

    parent: int
    identity: int
    place: int
    size: int


def walk(file: IO[bytes]) -> Iterator[Element]:
    """Yield the elements of a film in the order of the file, up to one whose length is not known."""
    ends = [(_FILE, 0, file.seek(0, 2))]
    for _ in range(_MOST):
        while ends and ends[-1][1] >= ends[-1][2]:
            ends.pop()
        if not ends:
            return
        parent, at, end = ends.pop()
        element = _element(file, parent, at)
        if element is None:
            return
        yield element
        ends.append((parent, element.place + element.size, end))
        if element.identity in _HOLDERS:
            ends.append((element.identity, element.place, min(end, element.place + element.size)))


def _element(file: IO[bytes], parent: int, at: int) -> Element | None:
    """Read the head of an element; None where there is none, or its length is not known."""
    file.seek(at)
    data = file.read(_LONGEST_ID + _LONGEST_SIZE)
    width = _width(data[:1])
    length = _width(data[width : width + 1])
    if not 0 < width <= _LONGEST_ID or not 0 < length <= len(data) - width:
        return None
    size = int.from_bytes(data[width : width + length], "big") & ((1 << 7 * length) - 1)
    unknown = size == (1 << 7 * length) - 1
    return None if unknown else Element(parent, int.from_bytes(data[:width], "big"), at + width + length, size)


def _width(first: bytes) -> int:
    """Return the bytes of a number that begins with this byte: one more than the zero bits in front."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def ends_whole(file: IO[bytes]) -> bool:
    """Say whether the known parts of a film follow one another to the end that it declares."""
    parts = [element for element in walk(file) if element.parent in (_FILE, _SEGMENT)]
    segment = next((part for part in parts if part.identity == _SEGMENT), None)
    if segment is None or segment.place + segment.size > file.seek(0, 2):
        return False
    inner = [part for part in parts if part.parent == _SEGMENT]
    known = all(part.identity in _KNOWN[_SEGMENT] for part in inner)
    return known and bool(inner) and inner[-1].place + inner[-1].size == segment.place + segment.size


def found_in_elements(path: Path) -> tuple[Found, ...]:
    """List what the elements of a film say that FFmpeg does not pass on, each thing once."""
    found: list[Found] = []
    with path.open("rb") as file:
        for element in walk(file):
            if element.identity == _ADDED:
                kind = _number(file, element)
                key = _ADDITIONS.get(kind, "unknown")
                found += [Found(key, f"data of kind {kind} next to its frames" * (key == "unknown"))] if key else []
            elif element.identity == _ORDERED and _number(file, element):
                found.append(Found("unknown", "an order of its own in which chapters are played"))
            elif element.parent in _KNOWN and element.identity not in _KNOWN[element.parent]:
                name = _NAMES.get(element.identity, f"an element that is called {element.identity:X}")
                found.append(Found("unknown", name))
    return tuple(dict.fromkeys(found))


def _number(file: IO[bytes], element: Element) -> int:
    """Read an element that is a whole number."""
    file.seek(element.place)
    return int.from_bytes(file.read(min(element.size, 8)), "big")


def crops(file: IO[bytes]) -> tuple[tuple[int, int, int, int], ...]:
    """Return how many stored pixels each track of pictures hides: at its left, top, right and bottom."""
    found: list[list[int]] = []
    sides = {0x54CC: 0, 0x54BB: 1, 0x54DD: 2, 0x54AA: 3}
    for element in walk(file):
        if element.parent == _TRACK and element.identity == _VIDEO:
            found.append([0, 0, 0, 0])
        elif element.parent == _VIDEO and element.identity in sides:
            found[-1][sides[element.identity]] = _number(file, element)
    return tuple((left, top, right, bottom) for left, top, right, bottom in found)
