"""The frames of animations, by the decoders that the rows in `formats.py` name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import IO, NamedTuple

import numpy as np
from PIL.ImageFile import ImageFile

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.bounds import Bounds
from dreampipe.media.decoding import admit
from dreampipe.media.further import further, further_note
from dreampipe.media.labels import Label, label_in
from dreampipe.media.metadata import rgb_profile
from dreampipe.media.pillow import open_picture
from dreampipe.media.png import PixelChunks
from dreampipe.media.rows import Format
from dreampipe.media.showing import show
from dreampipe.media.video.apng import AnimatedPng

_TOO_SHORT, _INSTEAD = (
    Fraction(10),
    Fraction(100),
)  # milliseconds: what browsers make of a frame that is to stay for so little


class Facts(NamedTuple):
    """The facts in the file of an animation.

    Attributes:
        width, height: its size in pixels.
        bits: of a sample, 8 or 16.
        icc: its RGB profile, if its numbers are not those of sRGB.
        notes: sentences for the user.
        plays: how often it plays, 0 for ever.
        declared: how many frames it says that it has; None if it does not say.
    """

    width: int = 0
    height: int = 0
    bits: int = 8
    icc: bytes | None = None
    notes: tuple[str, ...] = ()
    plays: int = 0
    declared: int | None = None


class Picture(NamedTuple):
    """One frame of a pass.

    Attributes:
        facts: those of the whole file.
        milliseconds: how long the frame is shown.
        see_through: whether it is transparent anywhere.
        frame: the function that makes its pixels.
    """

    facts: Facts
    milliseconds: Fraction
    see_through: bool
    frame: Callable[[], Frame]


def read_png(file: IO[bytes], format: Format, bounds: Bounds) -> Iterator[Picture]:
    """Return an iterator over the frames of an animated PNG.

    Args:
        file: the animation.
        format: its row.
        bounds: what it may need; its header has been checked.

    Raises:
        Exception: whatever a damaged frame causes, while iterating.
    """
    chunks = PixelChunks(file)
    chunks.seek(0, os.SEEK_END)
    file.seek(0)
    return _png(file, tuple(chunks.notes), further_note(chunks.held))


def _png(file: IO[bytes], damage: tuple[str, ...], held: tuple[str, ...]) -> Iterator[Picture]:
    reading = AnimatedPng(file)
    facts = Facts()
    for frame in reading:
        if not facts.declared and (info := reading.info):
            notes = (*dict.fromkeys((*info.notes, *damage)), *held)
            facts = Facts(frame.width, frame.height, info.bits, info.icc, notes, reading.plays, reading.declared)
        assert frame.duration is not None and frame.alpha is not None
        see_through = bool((frame.alpha < 1).any())
        yield Picture(facts, _time_on_show(frame.duration * 1000), see_through, partial(_same, frame))


def read_by_pillow(file: IO[bytes], format: Format, bounds: Bounds) -> Iterator[Picture]:
    """Open an animation by Pillow, and return an iterator over its frames.

    Args:
        file: the animation.
        format: its row.
        bounds: what it may need.

    Raises:
        MediaError: it has more pixels than the bounds admit, or it cannot be opened.
        Exception: whatever Pillow raises on a damaged frame, while iterating.
    """
    label = label_in(file, format)
    try:
        header = admit(file, format, bounds)
        image = open_picture(file, format, bounds)
    except MediaError:
        raise
    except Exception:
        raise MediaError(f"{bounds.path} is a damaged {format.name} file: replace it by a whole copy.") from None
    counted = format.animation is not None and format.animation.counted
    declared = getattr(image, "n_frames", 1) if counted else None
    held = further(file, format, header)
    return _images(image, header.frames if header else 1, label, held, declared)


def _images(
    image: ImageFile, frames: int, label: Label | None, held: tuple[str, ...], declared: int | None
) -> Iterator[Picture]:
    """Yield at most so many frames of a picture that Pillow has opened."""
    facts, icc = Facts(), None
    for index in range(frames):
        try:
            image.seek(index)
        except EOFError:
            return
        image.load()
        if image.format == "GIF" and image.mode == "RGB":
            image.putalpha(255)  # else what the next frame clears to transparent would stay solid
        if not index:
            icc = rgb_profile(image.info.get("icc_profile"))
            _, kept, notes = show(np.zeros((1, 1, 3), np.float32), icc, label)
            notes = (*notes, *further_note((*held, *_list_by_pillow(image))))
            facts = Facts(*image.size, icc=kept, notes=notes, plays=_plays(image), declared=declared)
        milliseconds = _time_on_show(Fraction(image.info.get("duration") or 0))
        yield Picture(facts, milliseconds, _is_see_through(image), partial(_frame_of, image, facts, icc, label))


def _list_by_pillow(image: ImageFile) -> Iterator[str]:
    """Yield the names of what else Pillow finds in a WebP."""
    if image.info.get("exif"):
        yield "EXIF"


def _same(frame: Frame) -> Frame:
    return replace(frame, duration=None)


def _frame_of(image: ImageFile, facts: Facts, icc: bytes | None, label: Label | None) -> Frame:
    # A GIF may have frames that reach beyond its screen, where they are not shown.
    samples = np.asarray(image.convert("RGBA").crop((0, 0, facts.width, facts.height)))
    unit = np.divide(samples, np.float32(255), dtype=np.float32)
    pixels, _, _ = show(np.ascontiguousarray(unit[..., :3]), icc, label)
    return Frame(pixels, alpha=np.ascontiguousarray(unit[..., 3]))


def _plays(image: ImageFile) -> int:
    """Say how often an animation plays, 0 for ever: a GIF counts repeats, and plays once if it says nothing."""
    said = image.info.get("loop")
    if image.format != "GIF":
        return int(said or 0)
    return 1 if said is None else said and int(said) + 1


def _is_see_through(image: ImageFile) -> bool:
    """Say whether a frame is transparent anywhere; a file may declare an alpha channel that is opaque everywhere."""
    if not image.has_transparency_data:
        return False
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return least < 255  # type: ignore[operator]  # of one channel they are numbers


def _time_on_show(said: Fraction) -> Fraction:
    return said if said > _TOO_SHORT else _INSTEAD
