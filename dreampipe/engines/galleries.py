"""A gallery as a task: a page of the dreams in a folder, each beside what it was made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote

import numpy as np

from dreampipe.drawings.gallery import Dreamed, gallery_page, write_figure
from dreampipe.drawings.page import is_page
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import settle_sidecar, text_within
from dreampipe.engines.sources import NOTHING, Sources, describe, find_record_of
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError, printable
from dreampipe.events import Drawn, Failed, Noted, Started, Tell, Written, ignore
from dreampipe.frames import Array, Frame, dequantize, quantize
from dreampipe.media import MAX_PIXELS, FramesHash, decode, write_whole
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.listing import Listing, list_folder
from dreampipe.media.profiles import to_srgb
from dreampipe.media.video import open_source
from dreampipe.media.video.forms import is_animated
from dreampipe.recipes.gallery import Gallery
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making
from dreampipe.records.record import Output, Record
from dreampipe.stages import Resize

_BACKGROUND = 0.11
"""The grey of the page, which transparent pictures show."""
_BEGINNING = Fraction(1, 10)
"""The seconds of a film that are read, for its first frame."""


@dataclass(frozen=True)
class GalleryTask:
    """A page of the dreams in a folder.

    Attributes:
        recipe: which folder, and how.
        place: where the page goes.
        max_pixels: leave out larger pictures.
    """

    recipe: Gallery
    place: Place
    max_pixels: int = MAX_PIXELS
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded gallery again."""
        assert isinstance(again.recipe, Gallery)
        return cls(again.recipe, Place(Path(out), carrying, overwrite), max_pixels)

    @property
    def name(self) -> str:
        return self.recipe.folder

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    @property
    def _folder(self) -> Path:
        return Path(self.recipe.folder)

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the folders and the place; raises DreampipeError."""
        for folder in files(self.recipe.model_dump()):
            if not os.path.isdir(folder):
                raise MediaError(f"{folder} is no folder, but one of pictures is expected: check its name.")
        listing = self._list()
        self.place.check(_check_page, dry=dry)
        if not any(find_record_of(self._folder / name) for name in listing.inputs):
            raise self._no_dream()
        left = (f"Left out: {listing.left_out} in {self._folder}.",) if listing.left_out else ()
        return (*listing.notes, *left)

    def forecast(self) -> Iterator[Forecast]:
        yield Forecast(self.name, (self.place.path,))

    def _list(self) -> Listing:
        """List the pictures and films in the folder, relative to it; raises MediaError if there are none."""
        found = list_folder(self._folder, self.place.path, self.recipe.recursive)
        if not found.inputs:
            left = f" (left out: {found.left_out})" if found.left_out else ""
            raise MediaError(
                f"{self._folder} holds no pictures{left}, but dreams are expected: name the folder of some."
            )
        return found

    def _sources(self) -> Sources:
        return Sources(self._folder, Path(self.recipe.sources) if self.recipe.sources else None)

    def _no_dream(self) -> MediaError:
        if find_record_of(self._folder):
            return MediaError(
                f"{self._folder} is a film in numbered pictures, but a gallery shows pictures and films in one file: "
                "write the film as film.mp4, or name another folder."
            )
        return MediaError(f"{self._folder} holds no dream that carries its record: name a folder with some.")

    def run(self, tell: Tell = ignore) -> None:
        """Write the page; a dream that cannot be shown becomes a `Failed` event. Raises DreampipeError."""
        names = list(map(Path, self._list().inputs))
        tell(Started(len(names)))
        search, hashing = self._sources(), FramesHash(8)
        figures: list[str] = []
        unknown, missing, shape = 0, 0, (1, 1)
        for name in names:
            record = find_record_of(self._folder / name)
            if record is None:
                unknown += 1
                continue
            try:
                dreamed = self._show(name, record, search)
            except DreampipeError as error:
                tell(Failed(name.as_posix(), str(error)))
                continue
            for pixels in (dreamed.before, dreamed.after):
                if pixels is not None:
                    hashing.add(Frame(pixels))
                    shape = pixels.shape[:2]
            missing += bool(dreamed.note) and dreamed.note != NOTHING
            figures.append(write_figure(dreamed, len(figures)))
            tell(Drawn(name.as_posix()))
        if not figures:
            raise self._no_dream()
        notes = tuple(_notes(unknown, missing))
        for note in notes:
            tell(Noted(self.name, note))
        output = Output(pixels=hashing.hexdigest(), width=shape[1], height=shape[0], bits=8, frames=len(figures))
        self._keep(figures, notes, output)
        tell(Written(str(self.place.path)))

    def _keep(self, figures: Sequence[str], notes: Sequence[str], output: Output) -> None:
        place = self.place
        record = Making("gallery", self.recipe, {"page": True}).record(place.path, output)
        title = printable(self._folder.resolve().name)
        page = gallery_page(figures, title, notes, text_within(place.carrying, record)).encode()
        settle_sidecar(place.path, place.carrying, record, hashlib.sha256(page).hexdigest())
        write_whole(place.path, page)

    def _show(self, name: Path, record: Record, search: Sources) -> Dreamed:
        """Read a dream and what it was made from; raises DreampipeError if the dream cannot be read."""
        path = self._folder / name
        after, film = self._thumbnail(path)
        source, note = search.find(path, name, record)
        before = None
        if source:
            try:
                before, _ = self._thumbnail(source)
            except DreampipeError:
                note = f"made from {printable(source.name)}, which cannot be read"
        address = quote(os.fsencode(os.path.relpath(path, self.place.path.parent)))
        return Dreamed(printable(name.as_posix()), after, before, describe(record), note, address, film)

    def _thumbnail(self, path: Path) -> tuple[Array, bool]:
        """Return a small version of a picture, or of the first frame of a film, and whether it is a film."""
        film = kind_of(path) is Kind.FILM or is_animated(path)
        if film:
            source = open_source(path, end=_BEGINNING, max_pixels=self.max_pixels)
            frame, icc = next(source.frames(source.survey())), source.info.icc
        else:
            frame, info = decode(path, self.max_pixels)
            icc = info.icc
        small = next(iter(Resize(self.recipe.size)(iter([frame]))))
        pixels = to_srgb(small.pixels, icc)
        if small.alpha is not None:
            pixels = pixels * small.alpha[..., None] + _BACKGROUND * (1 - small.alpha[..., None])
        return dequantize(quantize(np.asarray(pixels, np.float32))), film


def _notes(unknown: int, missing: int) -> Iterator[str]:
    if unknown:
        what = "1 file carries no record" if unknown == 1 else f"{unknown} files carry no record"
        yield f"{what} that dreampipe made, so {'it is' if unknown == 1 else 'they are'} left out."
    if missing:
        dreams = "1 dream" if missing == 1 else f"{missing} dreams"
        yield f"The source of {dreams} was not found: name its folder with --sources."


def _check_page(path: Path) -> None:
    if not is_page(path):
        raise MediaError(f"{path} is no page, but a gallery is one: give it a name that ends in .html.")
