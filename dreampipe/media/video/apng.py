"""The frames of an animated PNG, laid over each other as its specification says (PNG, third edition, "fcTL").

Pillow mixes the transparency of a frame that lies over others in a wrong way, and FFmpeg lays no 16 bits over each
other. So each frame is decoded here as a still picture of its own, and laid over what is shown already.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import IO

import numpy as np

from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.decoding import decode_still

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {b"gAMA", b"cHRM", b"sRGB", b"cICP", b"sBIT"}
"""Chunks that say what the colours mean; damaged ones are skipped, as those of a still are."""
_SHARED = {b"PLTE", b"tRNS", b"iCCP", *_COLOURS}
"""Chunks before the first picture that say how all of them are decoded and what their colours are."""
_CLEAR, _RESTORE = 1, 2
_OVER = 1
_SECOND = 100  # delays are hundredths of a second if a file says "0"
_MOST_CHUNK = 1 << 31


@dataclass(frozen=True)
class Control:
    """The chunk "fcTL" of one frame: where it lies, how long it stays, and how it meets the others."""

    width: int
    height: int
    left: int
    top: int
    seconds: Fraction
    dispose: int
    blend: int

    @property
    def place(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @classmethod
    def parse(cls, body: bytes) -> Control:
        _, width, height, left, top, number, of, dispose, blend = struct.unpack(">5I2H2B", body)
        return cls(width, height, left, top, Fraction(number, of or _SECOND), dispose, blend)


@dataclass(frozen=True)
class _Canvas:
    """The canvas: (height, width, 3) float32 RGB and (height, width) float32 of straight alpha, both in [0, 1]."""

    pixels: Array
    alpha: Array

    @classmethod
    def clear(cls, width: int, height: int) -> _Canvas:
        return cls(np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32))

    def taken(self, at: Control) -> _Canvas:
        """Return the place of a frame."""
        return _Canvas(self.pixels[at.place], self.alpha[at.place])

    def put(self, part: _Canvas, at: Control) -> _Canvas:
        """Return what is shown once the place of a frame is replaced."""
        if part.alpha.shape == self.alpha.shape:
            return part
        pixels, alpha = self.pixels.copy(), self.alpha.copy()
        pixels[at.place], alpha[at.place] = part.pixels, part.alpha
        return _Canvas(pixels, alpha)

    def lay(self, picture: Frame, at: Control) -> _Canvas:
        """Return what is shown once a frame's own picture is at its place: over what is there, or instead of it."""
        if picture.alpha is None:
            return self.put(_Canvas(picture.pixels, np.ones(picture.pixels.shape[:2], np.float32)), at)
        if at.blend != _OVER:
            return self.put(_Canvas(picture.pixels, picture.alpha), at)
        below = self.taken(at)
        share = below.alpha * (1 - picture.alpha)
        alpha = picture.alpha + share
        mixed = picture.pixels * picture.alpha[..., None] + below.pixels * share[..., None]
        pixels = np.divide(mixed, alpha[..., None], out=np.zeros_like(mixed), where=alpha[..., None] > 0)
        return self.put(_Canvas(pixels, alpha), at)


@dataclass
class AnimatedPng:
    """One pass over an animated PNG; iterate over it once.

    Attributes:
        file: open at its start.
        declared: frames that it says it has; known once the first frame came.
        plays: how often it says that it plays, 0 for ever.
        info: what its first frame says of itself as a picture.
    """

    file: IO[bytes]
    declared: int = 0
    plays: int = 0
    info: MediaInfo | None = None
    _shared: list[tuple[bytes, bytes]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame as it is shown, with the seconds that it stays.

        Raises:
            ValueError: the file ends early, or a part of it is damaged.
            MediaError: the picture of a frame is damaged.
        """
        canvas: _Canvas | None = None
        for control, data in self._pictures():
            canvas = canvas or _Canvas.clear(*self._size)
            if control.left + control.width > self._size[0] or control.top + control.height > self._size[1]:
                raise ValueError("a frame reaches beyond the picture")
            before = canvas
            canvas = canvas.lay(self._decoded(control, data), control)
            yield Frame(canvas.pixels, duration=control.seconds, alpha=canvas.alpha)
            if control.dispose == _RESTORE:
                canvas = before
            elif control.dispose == _CLEAR:
                canvas = canvas.put(_Canvas.clear(control.width, control.height), control)

    @property
    def _size(self) -> tuple[int, int]:
        width, height = struct.unpack(">2I", self._header[:8])
        return width, height

    def _decoded(self, control: Control, data: bytes) -> Frame:
        """Return one frame's own picture."""
        header = struct.pack(">2I", control.width, control.height) + self._header[8:]
        chunks = [(b"IHDR", header), *self._shared, (b"IDAT", data), (b"IEND", b"")]
        frame, info = decode_still(_SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks))
        self.info = self.info or info
        return frame

    def _pictures(self) -> Iterator[tuple[Control, bytes]]:
        """Yield the control and the coded data of each frame; a picture before the first control is for stills."""
        control: Control | None = None
        data: list[bytes] = []
        frames = 0
        for kind, body in self._chunks():
            if kind == b"IHDR":
                self._header = body
            elif kind == b"acTL":
                self.declared, self.plays = struct.unpack(">2I", body)
            elif kind in _SHARED and not data:
                self._shared.append((kind, body))
            elif kind in (b"fcTL", b"IEND"):
                if control:
                    yield control, b"".join(data)
                    frames += 1
                if kind == b"IEND" or frames == self.declared:
                    return
                control, data = Control.parse(body), []
            elif control and kind in (b"IDAT", b"fdAT"):
                data.append(body if kind == b"IDAT" else body[4:])

    def _chunks(self) -> Iterator[tuple[bytes, bytes]]:
        self.file.seek(len(_SIGNATURE))
        while True:
            head = self.file.read(8)
            length, kind = struct.unpack(">I4s", head) if len(head) == 8 else (_MOST_CHUNK, b"")
            wanted = kind in _SHARED or kind in (b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND")
            if length >= _MOST_CHUNK:
                raise ValueError("the file is cut short")
            if not wanted:
                self.file.seek(length + 4, 1)
                continue
            body, check = self.file.read(length), self.file.read(4)
            whole = len(check) == 4 and zlib.crc32(kind + body) == int.from_bytes(check, "big")
            if whole or kind == b"iCCP":  # whose own checksum tells
                yield kind, body
            elif len(check) < 4 or kind not in _COLOURS:
                raise ValueError("a part of it is damaged")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
