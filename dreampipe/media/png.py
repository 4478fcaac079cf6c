"""A PNG as its decoder is to see it: without text and colour profile, of which Pillow refuses long ones.

The profile is read here. Both are left out with a note where they are longer than `LONGEST_READ`, and so is EXIF.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from typing import IO, NamedTuple

from dreampipe.media.further import after_end, shown_kind
from dreampipe.media.rows import LONGEST_READ

_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_OWN = b"dreampipe\0"
_XMP = b"XML:com.adobe.xmp\0"
_OF_PIXELS = (b"tRNS", b"acTL", b"fcTL", b"fdAT")  # not to be guessed where they are damaged
_NAMES = {b"iCCP": "colour profile", b"eXIf": "EXIF"}
_SILENT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"),
    *(b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi", b"sBIT"),
    *(b"pHYs", b"tIME", b"bKGD", b"hIST", b"sPLT", b"iDOT", b"orNT", b"vpAg", b"caNv"),
}
"""The chunks that are used, or that say nothing that a dream would miss, as those that ordinary programs write."""
_NAMED = {b"caBX": "content credentials", b"gdAT": "a gain map", b"gmAP": "a gain map"}
_KEYWORD = 80  # bytes of a keyword and its end
_PACKED = LONGEST_READ + LONGEST_READ // 1000 + 1024  # of what does not shrink


class _Span(NamedTuple):
    """A part of the file that is kept, `start` to `stop`, and how many kept bytes come before it."""

    start: int
    stop: int
    before: int


class PixelChunks:
    """The chunks of a PNG that its pixels need, as a file to read; also what the others hold.

    Chunks are looked at when they are reached, so `held` and `notes` are complete once all have been read.

    Attributes:
        profile: the ICC profile; None for none, or one that cannot be read.
        held: the names of what is left out, such as "text".
        notes: sentences for the user on a profile, EXIF or damaged chunk that is left out.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.profile: bytes | None = None
        self.held: dict[str, None] = {}
        self.notes: list[str] = []
        self._file = file
        self._spans = [_Span(0, 8, 0)]
        self._size = 8  # of what is kept so far
        self._next: int | None = 8
        self._at = 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        while whence == os.SEEK_END and self._next is not None:
            self._look()
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        while self._next is not None and (size < 0 or self._at + size > self._size):
            self._look()
        stop = self._size if size < 0 else min(self._at + size, self._size)
        parts = []
        while self._at < stop:
            span = self._spans[-1]
            if self._at < span.before:
                span = self._spans[bisect_right(self._spans, self._at, key=lambda one: one.before) - 1]
            start = span.start + self._at - span.before
            self._file.seek(start)
            data = self._file.read(min(stop - self._at, span.stop - start))
            if not data:
                break
            parts.append(data)
            self._at += len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _look(self) -> None:
        """Look at the next chunk, and keep it or not."""
        assert self._next is not None
        at = self._next
        self._file.seek(at)
        head = self._file.read(8)
        if len(head) < 8:  # the decoder tells that the file is cut short
            self._keep(at, at + len(head))
            self._next = None
            return
        length, kind = struct.unpack(">I4s", head)
        stop = at + 12 + length
        if kind == b"IDAT":  # of which there may be thousands
            self._keep(at, stop)
        elif kind in _TEXT:
            self._hold_text()
        elif kind == b"iCCP":
            self._read_profile(length)
        elif kind[:1].islower() and kind != b"fdAT" and length > LONGEST_READ:
            self.notes.append(too_long(_NAMES.get(kind, f"chunk {kind.decode('latin-1')}"), length))
        elif kind[:1].islower() and kind not in _OF_PIXELS and self._is_damaged(kind, length):
            self.notes.append(f"Its chunk {kind.decode('latin-1')} is damaged and is left out.")
        else:
            if kind not in _SILENT:
                self.held[_NAMED.get(kind, f"chunk {shown_kind(kind)}")] = None
            self._keep(at, stop)
        self._next = stop
        if kind == b"IEND":
            self._next = None
            self.held |= dict.fromkeys(after_end(self._file, stop))

    def _is_damaged(self, kind: bytes, length: int) -> bool:
        """Say whether a chunk is whole in length and its checksum is wrong; its head has been read."""
        body, check = self._file.read(length), self._file.read(4)
        return len(check) == 4 and zlib.crc32(kind + body) != int.from_bytes(check, "big")

    def _keep(self, start: int, stop: int) -> None:
        last = self._spans[-1]
        if last.stop == start:
            self._spans[-1] = _Span(last.start, stop, last.before)
        else:
            self._spans.append(_Span(start, stop, self._size))
        self._size += stop - start

    def _hold_text(self) -> None:
        keyword = self._file.read(_KEYWORD)
        if keyword.startswith(_OWN):
            return
        self.held["XMP" if keyword.startswith(_XMP) else "text"] = None

    def _read_profile(self, length: int) -> None:
        if self.profile is not None:
            return
        if length > _PACKED:
            self.notes.append(too_long(_NAMES[b"iCCP"], length))
            return
        _, _, packed = self._file.read(length).partition(b"\0")
        inflating = zlib.decompressobj()
        try:
            profile = inflating.decompress(packed[1:], LONGEST_READ + 1)
        except zlib.error:
            profile = b""
        if len(profile) > LONGEST_READ:
            self.notes.append(too_long(_NAMES[b"iCCP"], len(profile)))
        elif not inflating.eof:
            self.notes.append("Its colour profile is damaged and is left out.")
        else:
            self.profile = profile


def too_long(what: str, length: int) -> str:
    """A sentence on a part of a file that is not read."""
    return f"Its {what} has {length:,} bytes, more than the {LONGEST_READ:,} that are read, and is left out."
