"""An atlas, drawn a batch at a time: each picture climbs its own channel, and all of a batch share one compiled graph.

Each finished batch is stored at once, so a second run continues a stopped one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dreampipe.ascent import Ascent
from dreampipe.ascent.starts import Noise
from dreampipe.drawings.batches import Batch, Channel, Store, make_batches
from dreampipe.drawings.contact import Tile, count_rows
from dreampipe.drawings.exemplars import Exemplar, find_exemplars
from dreampipe.drawings.pictures import Picture, folder_pictures, training_pictures
from dreampipe.events import Drawn, Noted, Started, Stepped, Tell, ignore
from dreampipe.frames import dequantize, quantize
from dreampipe.models import motifnet
from dreampipe.objectives import HEAD, PROBABILITIES
from dreampipe.recipes.atlas import Atlas, layer_of


def check_atlas(recipe: Atlas) -> None:
    """Check the layer, the channels and the pictures; raises DreampipeError. It loads no model."""
    recipe.indices()
    if recipe.exemplars:
        _pictures(recipe, ignore)


def draw_atlas(recipe: Atlas, work: Path | None = None, tell: Tell = ignore) -> list[Tile]:
    """Draw every channel of an atlas.

    Args:
        recipe: its settings.
        work: a folder for finished batches, which a second run of the same recipe reads; None to store nothing.
        tell: hears `Started` with the number of batches to climb; `Stepped` and `Drawn`, whose names are the channels
            of a batch; and `Noted`.

    Returns:
        A tile for each channel, in order, with the pictures that excite it most.

    Raises:
        DreampipeError: the model, a setting or a folder is wrong.
    """
    units, ascent = recipe.indices(), recipe.ascent()
    pictures = _pictures(recipe, tell) if recipe.exemplars else None  # raises here if the folder is wrong
    missing = find_missing(recipe, work)
    store = Store(work, recipe.sha256())
    found = store.load(units)
    tell(Started(len(missing)))
    for batch in missing:
        found |= draw_batch(recipe, batch, store, tell)
    silent = [str(unit) for unit in units if found[unit].silent]
    if silent:
        text = f"{', '.join(silent)} of {recipe.layer} never fired, so there is nothing of them to see."
        tell(Noted(recipe.layer, text))
    exciting = {} if pictures is None else _exemplars(recipe, ascent, units, pictures)
    return [_tile(ascent, unit, found[unit], exciting.get(unit, ())) for unit in units]


def find_missing(recipe: Atlas, work: Path | None) -> list[Batch]:
    """List the batches that a folder does not hold yet; raises DreampipeError if the model or the folder is wrong."""
    ascent = recipe.ascent()
    ascent.open()  # raises here if the model is wrong, before a folder is made
    found = Store(work, recipe.sha256()).load(recipe.indices())
    return list(make_batches(ascent, [unit for unit in recipe.indices() if unit not in found], recipe.side))


def draw_batch(recipe: Atlas, batch: Batch, store: Store, tell: Tell = ignore) -> dict[int, Channel]:
    """Draw the channels of a batch, and store them; raises DreampipeError."""
    name = f"{recipe.layer} {batch.units[0]} to {batch.units[-1]}"
    drawn = store.keep(_climb(recipe, batch, name, tell))
    tell(Drawn(name))
    return drawn


def _pictures(recipe: Atlas, tell: Tell) -> Iterable[Picture] | None:
    """List the pictures to search for exemplars; None if there are none."""
    if recipe.pictures:
        return folder_pictures(recipe.pictures, tell=tell)
    return training_pictures() if recipe.card() == motifnet.card() else None


def _climb(recipe: Atlas, batch: Batch, name: str, tell: Tell) -> dict[int, Channel]:
    """Climb the channels of a batch together."""
    noise = Noise().pictures((recipe.side, recipe.side), 1, recipe.seed)
    result = batch.ascent.run(
        np.repeat(noise, len(batch.units), axis=0),
        seed=recipe.seed,
        units=batch.numbers,
        on_step=lambda step: tell(Stepped(name, step)),
    )
    pixels = quantize(result.image)
    return {unit: Channel(pixels[i], i in result.silent) for i, unit in enumerate(batch.units)}


def _exemplars(
    recipe: Atlas, ascent: Ascent, units: Sequence[int], pictures: Iterable[Picture]
) -> Mapping[int, tuple[Exemplar, ...]]:
    """Find the pictures that excite each unit most, at the size of a tile's small pictures."""
    layer = {HEAD: "logits", PROBABILITIES: "probabilities"}.get(layer_of(ascent), layer_of(ascent))
    side = max(16, recipe.side // count_rows(recipe.exemplars))
    return find_exemplars(ascent.card, layer, units, pictures, recipe.exemplars, side)


def _tile(ascent: Ascent, unit: int, drawn: Channel, exciting: Sequence[Exemplar]) -> Tile:
    """Label the picture of a unit, with its exemplars."""
    of_class = layer_of(ascent) in (HEAD, PROBABILITIES) and ascent.card.classes
    label = f"{unit} {ascent.card.classes[unit]}" if of_class else str(unit)
    return Tile(
        label=f"{label} never fires" if drawn.silent else label,
        pixels=dequantize(drawn.pixels),
        smaller=tuple(exemplar.pixels for exemplar in exciting),
        names=tuple(exemplar.name for exemplar in exciting),
        anchor=f"channel-{unit}",
    )
