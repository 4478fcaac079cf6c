"""One photo through every recommended layer of a model, on a labelled contact sheet: how people choose."""

from __future__ import annotations

from collections.abc import Callable

from dreampipe.ascent import Step
from dreampipe.drawings.contact import GAP, Tile, contact_sheet
from dreampipe.errors import ModelError
from dreampipe.frames import Array, Frame
from dreampipe.objectives.names import quoted
from dreampipe.recipes.recipe import Recipe
from dreampipe.stages import Resize

__all__ = ["GAP", "OnStep", "recommended", "sheet"]

OnStep = Callable[[str, Step], None]


def sheet(
    photo: Frame,
    recipe: Recipe,
    size: int = 320,
    on_step: OnStep | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Frame:
    """Dream one photo once for each recommended layer.

    Args:
        photo: any size; its alpha is left out.
        recipe: how to dream; its objective, its max_size and its caption are left aside.
        size: longest side of a tile in pixels.
        on_step: called with the layer's name and each step.
        on_done: called with the layer's name when it is dreamed.

    Returns:
        The tiles in rows, each over its layer's name, the photo itself first.

    Raises:
        DreampipeError: the model is not what it must be, or none of its layers is recommended.
    """
    (source,) = Resize(size)(iter([Frame(photo.pixels)]))
    tiles = [Tile("source", source.pixels)]
    for layer in recommended(recipe):
        tiles.append(Tile(layer, _dreamed(source, recipe, layer, on_step)))
        if on_done:
            on_done(layer)
    return contact_sheet(tiles, size)


def recommended(recipe: Recipe) -> tuple[str, ...]:
    """The names of the recommended layers of a recipe's model, from the picture on; raises ModelError for none."""
    card = recipe.card()
    names = tuple(layer.name for layer in card.layers if layer.recommended)
    if not names:
        raise ModelError(f"No layer of {card.name} is recommended, so a sheet has nothing to show: dream instead.")
    return names


def _dreamed(source: Frame, recipe: Recipe, layer: str, on_step: OnStep | None) -> Array:
    own = recipe.model_copy(update={"objective": quoted(layer), "max_size": None, "caption": False})
    pipeline = own.pipeline(on_step=(lambda _, step: on_step(layer, step)) if on_step else None)
    return pipeline.one(source).pixels
