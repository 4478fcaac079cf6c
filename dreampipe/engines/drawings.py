"""Drawings as tasks: a visualization, an atlas, a sheet; each file holds the record of how it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from dreampipe.ascent import Ascent
from dreampipe.drawings.atlas import check_atlas, draw_atlas, find_missing
from dreampipe.drawings.batches import TOGETHER, count_together, remove_store
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.drawings.forming import Forming
from dreampipe.drawings.page import atlas_page, is_page
from dreampipe.drawings.sheet import draw_sheet, recommended_layers
from dreampipe.drawings.visualization import Prepared, lay_out, prepare
from dreampipe.engines.crew import Shared
from dreampipe.engines.estimating import Estimating, Planned, plan_climbing
from dreampipe.engines.forecasting import Forecast, foresee_planned
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.engines.keeping import keep_picture, settle_sidecar, text_within, write_embedded
from dreampipe.engines.parts import Channels, Whole, make_parts
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.events import Began, Drawn, Event, Noted, Started, Tell, Written, ignore
from dreampipe.frames import Frame
from dreampipe.media import (
    MAX_PIXELS,
    FramesHash,
    check_animation,
    decode,
    decode_hashed,
    mask_notes,
    plan,
    sha256,
    write_animation,
    write_whole,
)
from dreampipe.media.animation import instructions_of
from dreampipe.media.locks import alone
from dreampipe.media.patterns import format_of_one
from dreampipe.media.writing import take_name, temporary_folder
from dreampipe.models.weights.missing import missing
from dreampipe.objectives.names import quoted
from dreampipe.recipes import Atlas, Recipe, Visualization, earlier
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import USUAL, Carrying, Making
from dreampipe.records.record import Output
from dreampipe.stages import Resize


@contextmanager
def _within_memory(what: str) -> Iterator[None]:
    """Turn a shortage of memory into one sentence on what was drawn; numpy's own names neither that nor a remedy."""
    try:
        yield
    except MemoryError as error:
        raise DreampipeError(f"{what} does not fit into memory as a drawing: give a smaller --size.") from error


@dataclass(frozen=True)
class VisualizationTask:
    """A picture of what a unit has learned, the animation of how it forms, or both.

    Attributes:
        recipe: what to draw, and how.
        picture: where the picture goes; None for no picture.
        animation: where the animation goes; None for no animation.
        hire: who makes it: the pictures climb together, so it is one worker's work.
    """

    recipe: Visualization
    picture: Place | None
    animation: Place | None = None
    hire: Hire = ALONE
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that draws a recorded picture or animation again."""
        assert isinstance(again.recipe, Visualization)
        place = Place(Path(out), carrying, overwrite)
        return cls(again.recipe, None, place) if again.option("animated") else cls(again.recipe, place)

    @property
    def name(self) -> str:
        return self.recipe.objective

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(place.path): place.path for place in (self.picture, self.animation) if place}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe and both places; raises DreampipeError."""
        hired = self.hire.check()
        prepare(self.recipe)
        if self.picture and self.animation and self.picture.path.resolve() == self.animation.path.resolve():
            raise MediaError(f"{self.picture.path} came as OUT and for --animate: give the animation another name.")
        if self.picture:
            self.picture.check(inputs=files(self.recipe.model_dump()), dry=dry)
        if self.animation:
            self.animation.check(check_animation, files(self.recipe.model_dump()), dry)
        return (*hired, *earlier.notes(self.recipe))

    def forecast(self) -> Iterator[Forecast]:
        prepared = prepare(self.recipe)
        yield foresee_planned(list(self.outputs.values()), prepared.ascent, self._plan(prepared))

    def _plan(self, prepared: Prepared) -> Planned:
        size, ascents = prepared.start.shape(self.recipe.side), [(prepared.ascent, 1)]
        return plan_climbing(self.name, size, ascents, together=self.recipe.count, resizable=False)

    def run(self, tell: Tell = ignore) -> None:
        """Climb, and write the picture, the animation, or both; raises DreampipeError."""
        if self.hire.shared:
            folder = next(iter(self.outputs.values())).parent
            make_parts([Whole(self)], Shared(self.recipe, folder), self.name, tell, self.hire)
            return
        recipe, prepared = self.recipe, prepare(self.recipe)
        forming = Forming(lambda pictures: lay_out(recipe, pictures)) if self.animation else None
        tell = Estimating(tell)
        tell(Began(self.name))
        tell(Started(1))
        tell.plan(self._plan(prepared), alone=True)
        with _within_memory(self.name):
            result = prepared.climb(tell, forming)
        tell(Drawn(self.name))
        if self.picture:
            making = Making("visualize", recipe)
            keep_picture(lay_out(recipe, result.image), self.picture.path, making, self.picture.carrying)
            tell(Written(str(self.picture.path)))
        if self.animation and forming:
            making = Making("visualize", recipe, {"animated": True})
            keep_animation(lambda: forming.frames(result.image), self.animation, making)
            tell(Written(str(self.animation.path)))
        for note in result.notes:
            tell(Noted(self.name, note))


@dataclass(frozen=True)
class AtlasTask:
    """Every channel of a layer as a picture, or as a page of HTML if the suffix of its place asks for one.

    Attributes:
        recipe: what to draw, and how.
        place: where it goes.
        hire: who makes it.
    """

    recipe: Atlas
    place: Place
    hire: Hire = ALONE
    resumes: ClassVar[bool] = True

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that draws a recorded atlas again."""
        assert isinstance(again.recipe, Atlas)
        return cls(again.recipe, Place(Path(out), carrying, overwrite))

    @property
    def name(self) -> str:
        return self.recipe.layer

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe and the place; raises DreampipeError."""
        hired = self.hire.check()
        check_atlas(self.recipe)
        self.place.check(lambda path: is_page(path) or format_of_one(path), files(self.recipe.model_dump()), dry)
        return (*hired, *earlier.notes(self.recipe))

    def forecast(self) -> Iterator[Forecast]:
        ascent, count = self.recipe.ascent(), len(self.recipe.indices())
        most = TOGETHER if missing(self.recipe.card()) else count_together(ascent, self.recipe.side)
        yield foresee_planned([self.place.path], ascent, self._plan(ascent, -(-count // min(most, count)), most))

    def _plan(self, ascent: Ascent, batches: int, most: int) -> Planned:
        size, together = (self.recipe.side, self.recipe.side), min(most, len(self.recipe.indices()))
        return plan_climbing(self.name, size, [(ascent, batches)], together=together, resizable=False)

    def run(self, tell: Tell = ignore) -> None:
        """Draw the channels that a stopped run has not drawn, and write all of them; raises DreampipeError."""
        with alone(self.place.path):  # else the run that ends first would remove what the other one stored
            self._draw(Estimating(tell))

    def _draw(self, tell: Estimating) -> None:
        recipe, path = self.recipe, self.place.path
        work = path.with_name(f".{path.name}.parts")
        tell(Began(self.name))
        if self.hire.shared:
            self._share(work, tell)

        def hear(event: Event) -> None:
            tell(event)
            if isinstance(event, Started):
                ascent = recipe.ascent()
                tell.plan(self._plan(ascent, event.pictures, count_together(ascent, recipe.side)), alone=True)

        with _within_memory(self.name):
            tiles = draw_atlas(recipe, work, ignore if self.hire.shared else hear)
        if is_page(path):
            _keep_page(tiles, recipe, self.place)
        else:
            keep_picture(contact_sheet(tiles, recipe.side), path, Making("atlas", recipe), self.place.carrying)
        remove_store(work)
        tell(Written(str(path)))

    def _share(self, work: Path, tell: Tell) -> None:
        """Let a crew draw the batches that are missing; what it stores is then put together here."""
        missing = find_missing(self.recipe, work)
        tell(Started(len(missing)))
        shared = Shared(self.recipe, self.place.path.parent)
        make_parts([Channels(batch, work) for batch in missing], shared, self.name, tell, self.hire)


@dataclass(frozen=True)
class SheetTask:
    """A photo, dreamed at every recommended layer, side by side.

    Attributes:
        photo: the picture to dream.
        recipe: how to dream it; its objective, max_size and caption are not used.
        size: longest side of a tile, in pixels, 32 to 4096.
        out: the file to write, as text; or a folder, which takes it under the name of the photo.
        carrying: what the sheet carries apart from its pixels.
        overwrite: whether the file may exist.
        max_pixels: refuse a larger photo.
    """

    photo: Path
    recipe: Recipe
    size: int
    out: str
    carrying: Carrying = USUAL
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    resumes: ClassVar[bool] = False

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that draws a recorded sheet again."""
        assert isinstance(again.recipe, Recipe)
        return cls(again.dreamed, again.recipe, again.option("size") or 0, out, carrying, overwrite, max_pixels)

    @property
    def name(self) -> str:
        return self.photo.name

    @cached_property
    def place(self) -> Place:
        """Return the place of the sheet; raises MediaError."""
        return Place(plan(self.photo, self.out, clean=False).jobs[0].target, self.carrying, self.overwrite)

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {str(self.place.path): self.place.path}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the photo, the size and the place; raises DreampipeError."""
        recommended_layers(self.recipe)
        self.recipe.pipeline()
        if not 32 <= self.size <= 4096:
            raise MediaError(f"The tiles are to be {self.size} pixels, but 32 to 4096 are expected.")
        own = self.check_picture()
        self.place.check(inputs=(self.photo, *files(self.recipe.model_dump())), dry=dry)
        return (*earlier.notes(self.recipe), *mask_notes(self.recipe.mask), *own)

    def check_picture(self) -> tuple[str, ...]:
        """Check the photo alone; raises MediaError if it cannot be read."""
        return decode(self.photo, self.max_pixels)[1].notes

    def forecast(self) -> Iterator[Forecast]:
        photo, _ = decode(self.photo, self.max_pixels)
        yield foresee_planned([self.place.path], self._first_ascent(), self._plan(photo))

    def _first_ascent(self) -> Ascent:
        (layer, *_) = recommended_layers(self.recipe)
        return self.recipe.model_copy(update={"objective": quoted(layer)}).ascent()

    def run(self, tell: Tell = ignore) -> None:
        """Dream the photo at each layer, and write the sheet; raises DreampipeError."""
        source, _, source_sha256 = decode_hashed(self.photo, self.max_pixels)
        tell = Estimating(tell)
        tell(Began(self.name))
        tell(Started(len(recommended_layers(self.recipe))))
        tell.plan(self._plan(source), alone=True)
        with _within_memory(str(self.photo)):
            drawn = draw_sheet(source, self.recipe, self.size, tell)
        making, path = Making("sheet", self.recipe, {"size": self.size}), self.place.path
        keep_picture(drawn, path, making, self.carrying, source=(self.photo, source_sha256))
        tell(Written(str(path)))

    def _plan(self, photo: Frame) -> Planned:
        """Plan the climbing; a step at a deeper layer costs more."""
        recipe, layers = self.recipe, recommended_layers(self.recipe)
        costs = {layer.name: layer.cost for layer in recipe.card().layers}
        known = [cost for layer in layers if (cost := costs[layer])]
        times = sum(known) / known[0] if len(known) == len(layers) else len(layers)
        tile = Resize(self.size).size(photo.height, photo.width)
        return plan_climbing(self.name, tile, [(self._first_ascent(), times)], resizable=False)


def _keep_page(tiles: Sequence[Tile], recipe: Atlas, place: Place) -> None:
    """Write a page. Its record hashes the pixels of its tiles and their exemplars."""
    making = Making("atlas", recipe, {"page": True})
    shown = [Frame(pixels) for tile in tiles for pixels in (tile.pixels, *tile.smaller)]
    record = making.record(place.path, film_output(shown))
    text = text_within(place.carrying, record)
    page = atlas_page(tiles, f"{recipe.layer} of {recipe.card().name}", record=text).encode()
    settle_sidecar(place.path, place.carrying, record, hashlib.sha256(page).hexdigest())
    write_whole(place.path, page)


def keep_animation(frames: Callable[[], Iterable[Frame]], place: Place, making: Making) -> None:
    """Write the frames, which are made twice, as an animation with its record; raises MediaError."""
    output = film_output(frames()).model_copy(update={"instructions": instructions_of(place.path)})
    record = making.record(place.path, output)
    with temporary_folder(place.path) as folder:
        written = folder / place.path.name
        write_animation(frames(), written, record=write_embedded(place.path, place.carrying, record))
        settle_sidecar(place.path, place.carrying, record, sha256(written))
        take_name(written, place.path)


def film_output(frames: Iterable[Frame]) -> Output:
    """Describe an animation of 8 bits for its record; raises MediaError."""
    hashing, count = FramesHash(8), 0
    for frame in frames:
        hashing.add(frame)
        count += 1
    return Output(pixels=hashing.hexdigest(), width=frame.width, height=frame.height, bits=8, frames=count)
