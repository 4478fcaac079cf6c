"""A dive into a still, drawn frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

from dreampipe.ascent.octaves import fit
from dreampipe.events import Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.recipes.zooming import Zooming
from dreampipe.stages.zoom import held


def draw_dive(
    recipe: Zooming,
    still: Frame,
    first: int = 0,
    begun: Array | None = None,
    max_size: int | None = None,
    tell: Tell = ignore,
) -> Iterator[Frame]:
    """Draw the frames of a dive.

    Args:
        recipe: its settings.
        still: the picture to dive into, of any size.
        first: the index of the first frame to draw.
        begun: (height, width, 3), the dream of the frame before it; None if there is none.
        max_size: longest side to climb at if the recipe has none.
        tell: hears `Stepped` and `Noted`, without names.

    Raises:
        DreampipeError: the model, the objective or a setting is wrong.
    """
    frames = held(resize_still(recipe, still), recipe.count, recipe.rate, first)
    return recipe.zoom_of(max_size, begun, tell)(frames)


def resize_still(recipe: Zooming, still: Frame) -> Frame:
    """Resize a still to the size of its film, without its alpha."""
    return Frame(fit(still.pixels, recipe.film_size(still.height, still.width)))
