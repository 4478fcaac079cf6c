"""A folder of pictures as a film, in the order that people count in."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media.decoding import decode_in_film
from dreampipe.media.formats import SUFFIXES
from dreampipe.media.kinds import Kind, kind_of, left_out_name
from dreampipe.media.listing import in_words
from dreampipe.media.manifest import sha256
from dreampipe.media.order import in_order, numbering_note
from dreampipe.media.ranges import Pairs, Range, widest_note
from dreampipe.media.samples import over_black
from dreampipe.media.things import Found
from dreampipe.media.video.info import RATE, FilmInfo, Survey
from dreampipe.media.video.meaning import SRGB
from dreampipe.media.video.stills import part, survey_of


def open_numbered(
    folder: Path, fps: Fraction | None, start: Fraction | None, end: Fraction | None, max_pixels: int
) -> Numbered:
    """The pictures of a folder as a film, a tick each; those in folders below and hidden ones are left out.

    Raises:
        MediaError: there is none, or the first cannot be read.
    """
    try:
        held = _by_kind(folder)
    except OSError as problem:
        raise MediaError(f"{folder} cannot be listed ({problem.strerror}): make it readable.") from None
    names = [path.name for path in in_order(held[Kind.PICTURE])]
    if not names:
        raise MediaError(f"{folder} holds no pictures, but a film's frames with one of {SUFFIXES} are expected.")
    _, first, _ = decode_in_film(folder / names[0], max_pixels, ())
    rate = RATE if fps is None else fps
    info = FilmInfo(
        width=first.width,
        height=first.height,
        bits=first.bits,
        alpha=first.alpha,
        format=first.format,
        icc=first.icc,
        found=(Found("exif_film"),) if first.exif else (),
        notes=(*(f"{names[0]}: {note}" for note in first.notes), *_notes(held, names)),
        time_base=1 / rate,
        rate=rate,
        colour=SRGB,
        codec=first.format or "unknown",
        pixel_format="rgb24" if first.bits == 8 else "rgb48le",
        start=start,
        end=end,
    )
    part(range(len(names) + 1), info, folder)
    return Numbered(folder, info, tuple(names), max_pixels)


def _notes(held: Mapping[Kind, Sequence[Path]], names: Sequence[str]) -> Iterator[str]:
    if films := len(held[Kind.FILM]):
        yield f"Its pictures become the film; {films} {'film' if films == 1 else 'films'} in the folder are left out."
    if unread := held[Kind.UNREAD]:
        yield f"Left out of it, as they cannot be read: {in_words(Counter(map(left_out_name, unread)))}."
    if note := numbering_note(names):
        yield note


@dataclass(frozen=True)
class Numbered:
    """A folder of pictures as a film, or a part of it.

    Attributes:
        path: the folder.
        info: size and depth of its first picture; the rate that was asked for.
        names: its pictures, in order.
        max_pixels: the most that a picture may have.
    """

    path: Path
    info: FilmInfo
    names: tuple[str, ...]
    max_pixels: int

    @property
    def _part(self) -> range:
        return part(range(len(self.names) + 1), self.info, self.path)

    def sha256(self) -> str:
        """The SHA-256 of its pictures' bytes and names, its rate, and which part it is, in hexadecimal."""
        told = hashlib.sha256(f"{self.info.rate} {self.info.start} {self.info.end}".encode())
        for index in self._part:
            told.update(f"\n{self.names[index]} {sha256(self.path / self.names[index])}".encode())
        return told.hexdigest()

    def survey(self, on_frame: Callable[[int], None] | None = None) -> Survey:
        """Read all pictures once, for their notes and the widest range of their values; see `Source.survey`.

        Raises:
            MediaError: one cannot be read, or has another size than the first.
        """
        chosen = self._part
        edges = range(chosen.start, chosen.stop + 1)
        seen = _Seen()

        def pictures() -> Iterator[Array]:
            for index in chosen:
                frame, notes, ranges = self._read(index, seen.widest)
                seen.add(self.names[index], notes, ranges)
                yield over_black(frame)

        survey = survey_of(pictures(), edges, self.info, on_frame)
        return replace(survey, notes=seen.notes(self.info.notes), ranges=seen.widest)

    def frames(self, survey: Survey, first: int = 0) -> Iterator[Frame]:
        """The frames from index `first` on; see `Source.frames`."""
        part = self._part
        if len(survey) != len(part):
            raise MediaError(
                f"{self.path} no longer holds the {len(survey)} pictures that it held when it was first read, but a "
                "folder that stays as it is is expected: start again."
            )
        for index in range(first, len(survey)):
            read, _, _ = self._read(part.start + index, survey.ranges)
            yield Frame(read.pixels, index, survey.time(index), survey.duration(index), read.alpha)

    def _read(self, index: int, least: Pairs) -> tuple[Frame, tuple[str, ...], tuple[Range, ...]]:
        path = self.path / self.names[index]
        frame, info, ranges = decode_in_film(path, self.max_pixels, least)
        if (frame.width, frame.height) != (self.info.width, self.info.height):
            raise MediaError(
                f"{path} has {frame.width}x{frame.height} pixels, but {self.names[0]} has {self.info.width}x"
                f"{self.info.height} and a film has one size: make them equal, or move those of another size elsewhere."
            )
        return frame, info.notes, ranges


class _Seen:
    """The notes and ranges of the pictures that a survey has seen.

    Attributes:
        widest: the range of the colours so far, then that of the alpha channel.
    """

    def __init__(self) -> None:
        self.widest: Pairs = ()
        self._notes: dict[str, str] = {}
        self._ranges: dict[tuple[float, float], str] = {}

    def add(self, name: str, notes: Iterable[str], ranges: Sequence[Range]) -> None:
        """Add those of one picture; its ranges cover the widest so far."""
        for note in notes:
            self._notes.setdefault(_alike(note), f"{name}: {note}")
        for one in ranges:
            told = f"{name}: {one.note}" if one.note else ""
            self._ranges[one.black, one.white] = self._ranges.get((one.black, one.white)) or told
        pairs = tuple((one.black, one.white) for one in ranges)
        self.widest = (*pairs, *self.widest[len(pairs) :])

    def notes(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return each kind of note once, with the first picture that has it, but none that is known."""
        told = [note for note in self._notes.values() if note not in set(known)]
        several = self._ranges.keys() - set(self.widest)
        said = (widest_note(*self.widest[0]),) if several else (self._ranges[pair] for pair in self.widest)
        return (*told, *dict.fromkeys(filter(None, said)))


def _alike(note: str) -> str:
    """Return a note without its numbers, which differ from picture to picture."""
    return re.sub(r"\d[\d.,]*", "", note)


def _by_kind(folder: Path) -> Mapping[Kind, list[Path]]:
    """The files of a folder that are not hidden, by what they are; raises OSError."""
    held: dict[Kind, list[Path]] = {kind: [] for kind in Kind}
    for path in folder.iterdir():
        if not path.name.startswith(".") and path.is_file():
            held[kind_of(path)].append(path)
    return held
