"""A gallery as a task: a page of the dreams in a folder, each beside what it was made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import ClassVar, Self
from urllib.parse import quote

import numpy as np

from dreampipe.drawings.gallery import Dreamed, gallery_page, write_figure
from dreampipe.drawings.page import is_page
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import settle_sidecar, text_within
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError, printable
from dreampipe.events import Drawn, Failed, Noted, Started, Tell, Written, ignore
from dreampipe.frames import Array, Frame, dequantize, quantize
from dreampipe.media import MAX_PIXELS, FramesHash, decode, sha256, write_whole
from dreampipe.media.jobs import identity
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.listing import Listing, list_folder
from dreampipe.media.profiles import to_srgb
from dreampipe.media.video import open_source
from dreampipe.media.video.forms import is_animated
from dreampipe.recipes.gallery import Gallery
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.carried import record_of
from dreampipe.records.making import Carrying, Making
from dreampipe.records.places import list_places
from dreampipe.records.record import Output, Record
from dreampipe.stages import Resize

_BACKGROUND = 0.11
"""The grey of the page, which transparent pictures show."""
_MOST_FOLDERS = 200
"""The most folders beside that of the dreams that are searched for sources."""
_BEGINNING = Fraction(1, 10)
"""The seconds of a film that are read, for its first frame."""
_NOTHING = "drawn from nothing"


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
        if not any(_record_of(self._folder / name) for name in listing.inputs):
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

    def _no_dream(self) -> MediaError:
        return MediaError(f"{self._folder} holds no dream that carries its record: name a folder with some.")

    def run(self, tell: Tell = ignore) -> None:
        """Write the page; a dream that cannot be shown becomes a `Failed` event. Raises DreampipeError."""
        names = self._list().inputs
        tell(Started(len(names)))
        search, hashing = _Sources(self.recipe), FramesHash(8)
        figures: list[str] = []
        unknown, missing, shape = 0, 0, (1, 1)
        for name in names:
            record = _record_of(self._folder / name)
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
            missing += bool(dreamed.note) and dreamed.note != _NOTHING
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

    def _show(self, name: Path, record: Record, search: _Sources) -> Dreamed:
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
        return Dreamed(printable(name.as_posix()), after, before, _describe(record), note, address, film)

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
        pixels = to_srgb(small.pixels, icc) if icc else small.pixels
        if small.alpha is not None:
            pixels = pixels * small.alpha[..., None] + _BACKGROUND * (1 - small.alpha[..., None])
        return dequantize(quantize(np.asarray(pixels, np.float32))), film


class _Sources:
    """The search for what dreams were made from: by name, and then by the hash in their record."""

    def __init__(self, recipe: Gallery) -> None:
        self._chosen = _by_name(Path(recipe.sources)) if recipe.sources else {}
        above = Path(recipe.folder).resolve().parent
        self._beside = [above, *_folders(above)]

    def find(self, path: Path, name: Path, record: Record) -> tuple[Path | None, str]:
        """Find the source of a dream, or write why there is none.

        Args:
            path: of the dream.
            name: the same, relative to the gallery's folder.
            record: of the dream.
        """
        if record.source is None:
            return None, _NOTHING
        recorded = PurePosixPath(record.source.path).name
        places = list(self._chosen.get(recorded, ()))
        with suppress(DreampipeError):  # a record from anybody may hold any name
            places += list_places(record.source.path, path.parent)
            places += [folder / name.parent / recorded for folder in self._beside]
        for place in places:
            if place.is_file() and identity(place) != identity(path) and sha256(place) == record.source.sha256:
                return place, ""
        return None, f"made from {printable(recorded)}, which is not there"


def _by_name(folder: Path) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for here, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            found.setdefault(name, []).append(Path(here) / name)
    return found


def _folders(above: Path) -> list[Path]:
    """List the folders in a folder, as many as are searched."""
    with suppress(OSError), os.scandir(above) as entries:
        found = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        return [above / name for name in found[:_MOST_FOLDERS]]
    return []


def _record_of(path: Path) -> Record | None:
    try:
        return record_of(path)
    except DreampipeError:  # no dream, or a damaged record
        return None


def _describe(record: Record) -> str:
    """Write how a dream was made, in a line."""
    what = record.recipe.get("objective") or record.recipe.get("layer") or record.recipe.get("method")
    on = f" on {record.model.name}" if record.model else ""
    return printable(f"{record.command}{f': {what}' if what else ''}{on}")


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
