"""Draws into files that say how they were made: what a unit has learned, the channels of a layer, a photo's dreams."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dreampipe.engines.estimating import Estimating, Planned, planned
from dreampipe.engines.events import Began, Drawn, Event, Noted, Started, Stepped
from dreampipe.engines.keeping import check_place, embedded, keep_picture, settle_sidecar, text_within
from dreampipe.errors import DreampipeError
from dreampipe.frames import Frame
from dreampipe.media import FramesHash, decode_hashed, sha256, write_animation, write_whole
from dreampipe.media.animation import instructions_of
from dreampipe.media.locks import alone
from dreampipe.media.writing import sweep, take_name, temporary_folder
from dreampipe.objectives.names import quoted
from dreampipe.recipes import Atlas, Recipe, Visualization
from dreampipe.recipes.drawings.batches import remove_store, together
from dreampipe.recipes.drawings.contact import Tile, contact_sheet
from dreampipe.recipes.drawings.forming import Forming
from dreampipe.recipes.drawings.page import atlas_page, is_page
from dreampipe.recipes.drawings.sheet import recommended, sheet
from dreampipe.recipes.records.making import EVERYTHING, Carrying, Making
from dreampipe.recipes.records.record import Output
from dreampipe.stages import Resize

Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Place:
    """Where a drawing goes.

    Attributes:
        path: its file; one that is there is replaced.
        carrying: what it carries beside its pixels.
    """

    path: Path
    carrying: Carrying = EVERYTHING

    def make_ready(self) -> None:
        """Make its folder, and remove what killed runs left there.

        Raises:
            MediaError: nothing can be written there, or a foreign file is in the way.
        """
        check_place(self.path, self.carrying)
        sweep(self.path.parent)


@contextmanager
def _within_memory(what: str) -> Iterator[None]:
    """Turn a shortage of memory into one sentence on what was drawn; numpy's own names neither that nor a way out."""
    try:
        yield
    except MemoryError as error:
        raise DreampipeError(f"{what} does not fit into memory as a drawing: give a smaller --size.") from error


def draw_visualization(
    recipe: Visualization, picture: Place | None, animation: Place | None, tell: Tell = lambda event: None
) -> None:
    """Climb a visualization, and write the picture, the animation of how it formed, or both.

    Raises:
        DreampipeError: a setting, the model or an output is not what it must be.
    """
    ready, forming = recipe.ready(), Forming(recipe.drawn) if animation else None
    tell = Estimating(tell)
    tell(Began(recipe.objective))
    tell(Started(1))
    size = ready.start.shape(recipe.size)
    tell.plan(planned(recipe.objective, size, [(ready.ascent, 1)], together=recipe.count, resizable=False), alone=True)
    with _within_memory(recipe.objective):
        result = ready.run(lambda step: tell(Stepped(recipe.objective, step)), forming)
    tell(Drawn(recipe.objective))
    if animation and forming:
        making = Making("visualize", recipe, {"animated": True})
        keep_animation(lambda: forming.frames(result.image), animation, making)
    if picture:
        keep_picture(recipe.drawn(result.image), picture.path, Making("visualize", recipe), picture.carrying)
    for note in result.notes:
        tell(Noted(recipe.objective, note))


def draw_atlas(recipe: Atlas, place: Place, tell: Tell = lambda event: None) -> None:
    """Draw an atlas as a picture, or as a page where its name ends so; what a stopped run has drawn is gone on with.

    Raises:
        DreampipeError: a setting, the model or the output is not what it must be.
    """
    with alone(place.path):  # or the run that ends first would remove what the other has stored
        _draw_atlas(recipe, place, tell)


def _draw_atlas(recipe: Atlas, place: Place, tell: Tell) -> None:
    work = place.path.with_name(f".{place.path.name}.parts")
    tell = Estimating(tell)
    tell(Began(recipe.layer))

    def start(batches: int) -> None:
        tell(Started(batches))
        ascent, size = recipe.ascent(), (recipe.size, recipe.size)
        most = min(together(ascent, recipe.size), len(recipe.indices()))
        tell.plan(planned(recipe.layer, size, [(ascent, batches)], together=most, resizable=False), alone=True)

    with _within_memory(recipe.layer):
        tiles = recipe.drawn(
            work,
            on_start=start,
            on_step=lambda name, step: tell(Stepped(name, step)),
            on_done=lambda name: tell(Drawn(name)),
            on_note=lambda note: tell(Noted(recipe.layer, note)),
        )
    if is_page(place.path):
        _keep_page(tiles, recipe, place)
    else:
        keep_picture(contact_sheet(tiles, recipe.size), place.path, Making("atlas", recipe), place.carrying)
    remove_store(work)


def draw_sheet(photo: Path, recipe: Recipe, size: int, place: Place, tell: Tell = lambda event: None) -> None:
    """Dream a photo at every recommended layer, side by side.

    Args:
        size: longest side of a tile, in pixels.

    Raises:
        DreampipeError: the photo, a setting, the model or the output is not what it must be.
    """
    source, _, said = decode_hashed(photo)
    tell = Estimating(tell)
    tell(Began(photo.name))
    tell(Started(len(recommended(recipe))))
    tell.plan(_sheet_planned(photo.name, source, recipe, size), alone=True)
    with _within_memory(str(photo)):
        drawn = sheet(
            source,
            recipe,
            size,
            on_step=lambda layer, step: tell(Stepped(layer, step)),
            on_done=lambda layer: tell(Drawn(layer)),
        )
    keep_picture(drawn, place.path, Making("sheet", recipe, {"size": size}), place.carrying, source=(photo, said))


def _sheet_planned(name: str, photo: Frame, recipe: Recipe, size: int) -> Planned:
    """What is to be climbed for a sheet: the deeper a layer, the more a step costs."""
    layers = recommended(recipe)
    costs = {layer.name: layer.cost for layer in recipe.card().layers}
    known = [cost for layer in layers if (cost := costs[layer])]
    times = sum(known) / known[0] if len(known) == len(layers) else len(layers)
    first = recipe.model_copy(update={"objective": quoted(layers[0])}).ascent()
    tile = Resize(size).size(photo.height, photo.width)
    return planned(name, tile, [(first, times)], resizable=False)


def _keep_page(tiles: Sequence[Tile], recipe: Atlas, place: Place) -> None:
    """Write a page. Its pixels are those of its tiles, and of what stands beside each."""
    making = Making("atlas", recipe, {"page": True})
    shown = [Frame(pixels) for tile in tiles for pixels in (tile.pixels, *tile.beside)]
    record = making.record(place.path, film_output(shown))
    text = text_within(place.carrying, record)
    page = atlas_page(tiles, f"{recipe.layer} of {recipe.card().name}", record=text).encode()
    settle_sidecar(place.path, place.carrying, record, hashlib.sha256(page).hexdigest())
    write_whole(place.path, page)


def keep_animation(frames: Callable[[], Iterable[Frame]], place: Place, making: Making) -> None:
    """Write the frames, which are asked for twice, as an animation that says how it was made; raises MediaError."""
    output = film_output(frames()).model_copy(update={"instructions": instructions_of(place.path)})
    record = making.record(place.path, output)
    with temporary_folder(place.path) as folder:
        beside = folder / place.path.name
        write_animation(frames(), beside, record=embedded(place.path, place.carrying, record))
        settle_sidecar(place.path, place.carrying, record, sha256(beside))
        take_name(beside, place.path)


def film_output(frames: Iterable[Frame]) -> Output:
    """What a record says of frames of 8 bits that are shown one after the other; raises MediaError."""
    hashing, count = FramesHash(8), 0
    for frame in frames:
        hashing.add(frame)
        count += 1
    return Output(pixels=hashing.hexdigest(), width=frame.width, height=frame.height, bits=8, frames=count)
