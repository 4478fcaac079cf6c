"""Format and Animation, the types of the rows in `formats.py`.

A row names the functions that read and write its format as text, ".module.function" within `media`, because codecs are
loaded when first used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any

LONGEST = 16_000_000
"""The most bytes of a colour profile or of EXIF that are written; a JPEG's profile cannot have many more."""
LONGEST_READ = 16_500_000
"""The most bytes of them that are read: more, because formats wrap what they hold."""


@dataclass(frozen=True)
class Animation:
    """The animations of a format: they are read and written as films.

    Attributes:
        name: as in the table of things.
        suffixes: of animations that are written, in lower case with their dot, the usual one first.
        frames: the function that reads the frames; see `video.animation_frames`.
        write: the function that writes them; see `video.animations`.
        tick: the unit of its times, in seconds.
        plays: the largest number of plays that a file can state.
        stay: the most ticks that one frame can stay; one that stays longer comes several times.
        cost: roughly how many bits a pixel of a dream takes.
        side: the longest side in pixels that can be written; None if only memory limits it.
        levels: whether transparency has levels, rather than one bit.
        chroma: whether each pixel keeps its own colour.
        lossless: whether 8 bits come back exactly.
        counted: whether a file states how many frames it has.
        holds: the things that are looked for in such a file, by their keys in the table of things.
    """

    name: str
    suffixes: tuple[str, ...]
    frames: str
    write: str
    tick: Fraction
    plays: int
    stay: int
    cost: float
    side: int | None = None
    levels: bool = True
    chroma: bool = True
    lossless: bool = False
    counted: bool = True
    holds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Format:
    """One format of pictures.

    Attributes:
        name: as in `MediaInfo.format`.
        suffixes: in lower case with their dot, the usual one first.
        start: what a file begins with; None for a format that its brands identify.
        brands: the brands (ISO 14496-12), one of which such a file declares.
        decode: the function that decodes a picture: a `decoded.Undecoded` to a `decoded.Decoded`.
        opener: the class or function that opens a file for `pillow.decode`.
        whole: whether the decoder takes the whole file into memory.
        header: the function that reads sizes and frames without a decoder; see `headers`. Without one, the decoder
            itself checks sizes before it decodes.
        label: the function that reads which colours the numbers mean; see `labels`.
        profile: the function that reads a colour profile which Pillow overlooks.
        further: the function that names what a file holds besides its picture; see `further`.
        coding: the function that names a coding which is not read, in a file that the decoder refuses.
        encode: the function that writes a picture: `encoding.Parts` to bytes. Without one, the format is only read.
        record: the function that reads the record of how a file was made; see `records`. Without one, a sidecar has it.
        bits: the most bits a channel that are written.
        alpha: whether an alpha channel can be written.
        metadata: whether a colour profile and EXIF can be written.
        exif: the most bytes of EXIF that can be written.
        chroma: whether each pixel keeps its own colour.
        quality: the default quality of a lossy format, 1 to 100; None for a lossless one.
        holds: the things that are looked for in such a file, by their keys in the table of things.
        animation: its animations, if it has them.
    """

    name: str
    suffixes: tuple[str, ...]
    start: re.Pattern[bytes] | None = None
    brands: frozenset[bytes] = frozenset()
    decode: str = ".pillow.decode"
    opener: str = ""
    whole: bool = False
    header: str = ""
    label: str = ""
    profile: str = ""
    further: str = ""
    coding: str = ""
    encode: str = ""
    record: str = ""
    bits: int = 8
    alpha: bool = True
    metadata: bool = True
    exif: int = LONGEST
    chroma: bool = True
    quality: int | None = None
    holds: frozenset[str] = frozenset()
    animation: Animation | None = None

    @property
    def writable(self) -> bool:
        return bool(self.encode)

    @property
    def records(self) -> bool:
        """True if a record of how a file was made can be written into it."""
        return bool(self.record)


@cache
def load(function: str) -> Any:
    """Return a function that a row names: ".module.function" within `media`, or one of an installed package."""
    module, _, name = function.rpartition(".")
    return getattr(import_module(module, "dreampipe.media"), name)
