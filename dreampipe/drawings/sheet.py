"""A sheet: one photo, dreamed at every recommended layer of a model, to choose from."""

from __future__ import annotations

from dataclasses import replace

from dreampipe.drawings.contact import GAP, Tile, contact_sheet
from dreampipe.errors import ModelError
from dreampipe.events import Drawn, Event, Stepped, Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.objectives.names import quoted
from dreampipe.recipes.recipe import Recipe
from dreampipe.stages import Resize

__all__ = ["GAP", "draw_sheet", "recommended_layers"]


def draw_sheet(photo: Frame, recipe: Recipe, size: int = 320, tell: Tell = ignore) -> Frame:
    """Dream one photo once for each recommended layer.

    Args:
        photo: the picture, of any size; its alpha is left out.
        recipe: how to dream; its objective, max_size and caption are not used.
        size: longest side of a tile, in pixels.
        tell: hears `Stepped` and `Drawn`, whose names are those of the layers.

    Returns:
        The tiles in rows, each over its layer's name, the photo itself first.

    Raises:
        DreampipeError: the model is wrong, or none of its layers is recommended.
    """
    (source,) = Resize(size)(iter([Frame(photo.pixels)]))
    tiles = [Tile("source", source.pixels)]
    for layer in recommended_layers(recipe):
        tiles.append(Tile(layer, _dream(source, recipe, layer, tell)))
        tell(Drawn(layer))
    return contact_sheet(tiles, size)


def recommended_layers(recipe: Recipe) -> tuple[str, ...]:
    """Name the recommended layers of a recipe's model, in order; raises ModelError if there is none."""
    card = recipe.card()
    names = tuple(layer.name for layer in card.layers if layer.recommended)
    if not names:
        raise ModelError(f"No layer of {card.name} is recommended, so a sheet has nothing to show: dream instead.")
    return names


def _dream(source: Frame, recipe: Recipe, layer: str, tell: Tell) -> Array:
    """Dream the photo at one layer, and tell each step under the layer's name."""

    def hear(event: Event) -> None:
        if isinstance(event, Stepped):
            tell(replace(event, name=layer))

    own = recipe.model_copy(update={"objective": quoted(layer), "max_size": None, "caption": False})
    return own.pipeline(hear).one(source).pixels
