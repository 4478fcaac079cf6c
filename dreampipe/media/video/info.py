"""Facts about a film, from its file and from one pass over it: `Colour`, `FilmInfo` and `Survey`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from dreampipe.frames import MediaInfo
from dreampipe.media.things import Found

Stamps = npt.NDArray[np.int64]
Checksums = npt.NDArray[np.uint32]


RATE = Fraction(24)
"""Frames a second where nothing says how many."""


_SOONEST, _EARLY = Fraction(1, 10**6), Fraction(1, 2000)


def about(time: Fraction, tick: Fraction) -> Fraction:
    """Return the earliest moment, in seconds, that counts as a time that a user names: rounding makes it no other.

    Half a tick of a film's clock is what the film itself rounds by.
    """
    return max(Fraction(0), time - max(_SOONEST, min(tick / 2, _EARLY)))


@dataclass(frozen=True)
class Colour:
    """The colour tags of a film, in the code points of ISO/IEC 23091-2, as FFmpeg counts them.

    Attributes:
        range: 1 for limited (16 to 235), 2 for full, 0 where the file does not say.
        primaries, transfer, matrix: 1 for BT.709, 9 (16, 9) for BT.2020 and so on, 2 where the file does not say.
    """

    range: int = 0
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2


@dataclass(frozen=True)
class Label:
    """One thing about the picture of a film that goes along: HDR10, a projection, a stereo layout.

    Attributes:
        key: which, as in `deciding.THINGS`.
        box: the box of ISO 14496-12 that says it.
    """

    key: str
    box: bytes


@dataclass(frozen=True, kw_only=True)
class FilmInfo(MediaInfo):
    """Facts about a film, apart from its frames.

    `width` and `height` are those of its frames once they are cropped and upright; `bits` is 8, 10, 12 or 16; `format`
    is FFmpeg's name of the container, or a picture's format.

    Attributes:
        path: the file that sound, subtitles and chapters are taken from; None where there are none.
        time_base: seconds a tick of `Survey.stamps`.
        rate: frames a second on average; None when unknown.
        rotation: degrees, counter-clockwise, by which stored frames are turned for show: 0, 90, -90, 180 or -180.
        mirrored: whether stored frames are mirrored left to right before they are turned.
        crop: stored pixels that are not shown, at the left, the top, the right and the bottom.
        aspect: width over height of a stored pixel, 1 for a square one.
        colour: how the stored numbers represent colours; frames of PQ, HLG and linear light are as a person sees them
            (`tones`).
        codec: FFmpeg's name of the codec, "h264"; of pictures their format.
        pixel_format: FFmpeg's name of how pixels are stored, "yuv420p10le".
        sound, subtitles: the codecs' names of the other streams.
        chapters: how many there are.
        begun: the second of the clock of `path` at which it begins: not 0 for a stream that was recorded.
        start, end: seconds by the clock of `path`, the part of it that this is; None for its beginning and its end.
        timecode: of the first frame of `path`, "01:00:00:00"; None for none.
        labels: what goes along of the side data of its picture.
        plays: how often an animation plays, 0 for ever; None for what is no animation.
        found: what else it holds; `holding.held` lists everything.
        tags: what of that file's words about itself goes along: all, all but where it was taken, or none.
    """

    depths: ClassVar[tuple[int, ...]] = (8, 10, 12, 16)

    path: Path | None = None
    time_base: Fraction
    rate: Fraction | None = None
    rotation: int = 0
    mirrored: bool = False
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    aspect: Fraction = Fraction(1)
    colour: Colour = Colour()
    codec: str
    pixel_format: str
    sound: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    chapters: int = 0
    begun: Fraction = Fraction(0)
    start: Fraction | None = None
    end: Fraction | None = None
    timecode: str | None = None
    labels: tuple[Label, ...] = ()
    plays: int | None = None
    found: tuple[Found, ...] = ()
    tags: Literal["all", "placeless", "none"] = "all"


@dataclass(frozen=True, eq=False)
class Survey:
    """The findings of one pass over a film.

    Attributes:
        stamps: (frames,) int64, ticks, strictly rising: when each frame comes on show.
        last: ticks that the last frame is on show, at least 1.
        time_base: seconds a tick.
        cuts: indices of the frames that begin a shot, rising; 0 is left out.
        origin: ticks that were taken off the file's own times, so that a part or a stream begins at 0.
        notes: sentences on what had to be decided.
        problem: a sentence when part of the film is missing or damaged.
        ranges: the values that are black and white in all pictures whose files do not say it: of the colours, then of
            the alpha channel.
        checksums: (frames,) of each frame's stored numbers, by which a pass that begins at a later frame knows that it
            decodes the same; empty where every pass begins at the first frame.

    Raises:
        ValueError: there is no frame, the stamps do not rise, or the checksums are not as many.
    """

    stamps: Stamps
    last: int
    time_base: Fraction
    cuts: tuple[int, ...] = ()
    origin: int = 0
    notes: tuple[str, ...] = ()
    problem: str | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    checksums: Checksums = field(default_factory=lambda: np.zeros(0, np.uint32))

    def __post_init__(self) -> None:
        if self.stamps.dtype != np.int64 or self.stamps.ndim != 1 or not len(self.stamps):
            raise ValueError(
                f"Survey.stamps came as {self.stamps.dtype} {self.stamps.shape}, but int64 (frames,) with "
                "at least one frame is expected."
            )
        if (np.diff(self.stamps) < 1).any() or self.last < 1:
            raise ValueError("Survey.stamps came without rising, or the last frame lasts no tick: move them apart.")
        if len(self.checksums) not in (0, len(self)):
            raise ValueError(f"{len(self.checksums)} checksums came for {len(self)} frames: hand over one for each.")

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def shots(self) -> tuple[tuple[int, int], ...]:
        """The first frame of each shot, and the one after its last."""
        return tuple(pairwise((0, *self.cuts, len(self))))

    def time(self, index: int) -> Fraction:
        """Seconds at which a frame comes on show."""
        return int(self.stamps[index]) * self.time_base

    def duration(self, index: int) -> Fraction:
        """Seconds that a frame is on show."""
        if index in (-1, len(self) - 1):
            return self.last * self.time_base
        return int(self.stamps[index + 1] - self.stamps[index]) * self.time_base

    def as_dict(self) -> dict[str, Any]:
        """All of it, exactly, for JSON."""
        return {
            "stamps": self.stamps.tolist(),
            "last": self.last,
            "time_base": str(self.time_base),
            "cuts": list(self.cuts),
            "origin": self.origin,
            "notes": list(self.notes),
            "problem": self.problem,
            "ranges": [list(pair) for pair in self.ranges],
            "checksums": self.checksums.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Survey:
        """Restore what `as_dict` made; raises KeyError, TypeError or ValueError for anything else."""
        stamps, cuts, notes = (list(values[name]) for name in ("stamps", "cuts", "notes"))
        checksums = list(values.get("checksums", ()))  # earlier versions stored none
        counted = [*stamps, *cuts, *checksums, values["last"], values["origin"]]
        if not all(type(number) is int and abs(number) < 2**62 for number in counted):
            raise TypeError("The stamps, cuts, checksums, last and origin of a survey are whole numbers of 62 bits.")
        if not all(isinstance(text, str) for text in (*notes, values["problem"] or "", values["time_base"])):
            raise TypeError("The notes, the problem and the time base of a survey are texts.")
        numerator, denominator = map(int, f"{values['time_base']}/1".split("/")[:2])
        if numerator < 1 or denominator < 1 or list(cuts) != sorted(set(cuts) & set(range(1, len(stamps)))):
            raise ValueError("The time base of a survey is above 0, and its cuts rise within its frames.")
        return cls(
            stamps=np.array(stamps, np.int64),
            last=values["last"],
            time_base=Fraction(numerator, denominator),
            cuts=tuple(cuts),
            origin=values["origin"],
            notes=tuple(notes),
            problem=values["problem"],
            ranges=tuple((float(black), float(white)) for black, white in values["ranges"]),
            checksums=np.array(checksums, np.int64).astype(np.uint32),
        )
