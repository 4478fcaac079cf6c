"""One photo through every recommended layer of a model, on a labelled contact sheet: how people choose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dreampipe.ascent import Step
from dreampipe.errors import ModelError
from dreampipe.frames import Array, Frame
from dreampipe.objectives.names import quoted
from dreampipe.recipes.recipe import Recipe
from dreampipe.stages import Resize

if TYPE_CHECKING:
    from PIL import Image, ImageFont

GAP = 8
"""Pixels between tiles, and around them."""
SHAPE = 4 / 3
"""Width over height that a sheet comes near to."""

OnStep = Callable[[str, Step], None]


def sheet(photo: Frame, recipe: Recipe, size: int = 320, on_step: OnStep | None = None) -> Frame:
    """Dream one photo once for each recommended layer.

    Args:
        photo: any size; its alpha is left out.
        recipe: how to dream; its objective and its max_size are left aside.
        size: longest side of a tile in pixels.
        on_step: called with the layer's name and each step.

    Returns:
        The tiles in rows, each over its layer's name, the photo itself first.

    Raises:
        DreampipeError: the model is not what it must be, or none of its layers is recommended.
    """
    (source,) = Resize(size)(iter([Frame(photo.pixels)]))
    tiles = [("source", source.pixels)]
    tiles += [(layer, _dreamed(source, recipe, layer, on_step)) for layer in recommended(recipe)]
    return Frame(_laid_out([_labelled(name, pixels, size) for name, pixels in tiles]))


def recommended(recipe: Recipe) -> tuple[str, ...]:
    """The names of the recommended layers of a recipe's model, from the picture on; raises ModelError for none."""
    card = recipe.card()
    names = tuple(layer.name for layer in card.layers if layer.recommended)
    if not names:
        raise ModelError(f"No layer of {card.name} is recommended, so a sheet has nothing to show: dream instead.")
    return names


def _dreamed(source: Frame, recipe: Recipe, layer: str, on_step: OnStep | None) -> Array:
    own = recipe.model_copy(update={"objective": quoted(layer), "max_size": None})
    pipeline = own.pipeline(on_step=(lambda _, step: on_step(layer, step)) if on_step else None)
    return pipeline.one(source).pixels


def _labelled(name: str, pixels: Array, size: int) -> Image.Image:
    """A tile: the picture over its name, white on dark, at least half of `size` wide."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    strip = max(16, size // 14)
    tile = Image.new("RGB", (max(picture.width, size // 2), picture.height + strip))
    tile.paste(picture, ((tile.width - picture.width) // 2, 0))
    middle = (tile.width // 2, picture.height + strip // 2)
    ImageDraw.Draw(tile).text(middle, name, fill="white", font=_font(name, strip, tile.width), anchor="mm")
    return tile


def _font(name: str, strip: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, as large as lets the name into its strip."""
    from PIL import ImageFont

    font = ImageFont.load_default(strip * 0.7)
    return ImageFont.load_default(strip * 0.7 * min(1.0, width / font.getlength(name)))


def _laid_out(tiles: Sequence[Image.Image]) -> Array:
    from PIL import Image

    width, height = tiles[0].width + GAP, tiles[0].height + GAP
    columns = min(len(tiles), max(1, round(math.sqrt(len(tiles) * SHAPE * height / width))))
    rows = math.ceil(len(tiles) / columns)
    page = Image.new("RGB", (columns * width + GAP, rows * height + GAP))
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        page.paste(tile, (GAP + column * width, GAP + row * height))
    return np.asarray(page, np.float32) / np.float32(255)
