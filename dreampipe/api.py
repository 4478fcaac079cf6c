"""`dreampipe.dream`, `visualize` and `atlas`: arrays, in one call; missing weights are downloaded, as Keras does."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe import media
from dreampipe.drawings.contact import contact_sheet
from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media.video import FilmInfo
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.fetched import fetched
from dreampipe.recipes.files import made
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.visualization import Visualization

AnyArray = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]


def dream(image: AnyArray | str | PathLike[str], recipe: Recipe | str | None = None, **settings: Any) -> AnyArray:
    """Dream one picture.

    Args:
        image: a path, or an array (height, width), (height, width, 1), (height, width, 3) RGB or (height, width, 4)
            RGBA, of uint8, uint16 or a float type in [0, 1].
        recipe: the settings, or the name of a preset or of a file of them; None for the defaults.
        settings: fields of `Recipe`, laid over `recipe`.

    Returns:
        (height, width, 3), or (height, width, 4) where the picture had alpha, in the dtype given; of a file uint8, or
        uint16 where the file has 16 bits.

    Raises:
        DreampipeError: the picture, a setting, the model or the objective is not what it must be.
        ValueError: what came is neither a path nor an array that is a picture.
    """
    if isinstance(recipe, Recipe):
        settings, recipe = {**recipe.model_dump(), **settings}, None
    chosen = made(Recipe, recipe, **settings)
    if isinstance(image, np.ndarray):
        frame, dtype = _frame(image), image.dtype
    elif not isinstance(image, str | PathLike):
        raise ValueError(
            f"The picture came as {type(image).__name__}, but a path or an array is expected: numpy.asarray makes one."
        )
    else:
        source = media.read(image)
        if isinstance(source.info, FilmInfo):
            raise MediaError(
                f"{image} is a film, but dream takes one picture: hand read(...) to a FilmRecipe's film_pipeline(...)."
            )
        frame, dtype = next(iter(source)), np.dtype(np.uint16 if source.info.bits == 16 else np.uint8)
    fetched(chosen, chosen.pipeline)
    return _array(chosen.pipeline().one(frame), dtype)


def visualize(objective: str, **settings: Any) -> Bytes:
    """Draw what a unit responds to, from nothing.

    Args:
        objective: such as `mixed4[12]`, `mixed4[12]@center` or `logit(eye)`; see `dreampipe.objectives`.
        settings: fields of `Visualization`, such as size, steps, param, start, count, seed, caption.

    Returns:
        (height, width, 3) uint8, or with a count of several (count, height, width, 3); with a caption each is higher
        by the words under it.

    Raises:
        DreampipeError: a setting, the model or the objective is not what it must be.
    """
    recipe = Visualization.of(objective=objective, **settings)
    fetched(recipe, recipe.ready)
    pictures = [_bytes(recipe.captioned(Frame(pixels)).pixels) for pixels in recipe.run().image]
    return pictures[0] if recipe.count == 1 else np.stack(pictures)


def atlas(layer: str, work: str | PathLike[str] | None = None, **settings: Any) -> Bytes:
    """Draw every channel of a layer in one labelled sheet.

    Args:
        layer: its name, or an objective with `*` for the unit, such as `logit(*)`.
        work: a folder that keeps finished batches, for a second call of the same settings to go on from.
        settings: fields of `Atlas`, such as channels, size, steps, pictures, exemplars.

    Returns:
        The sheet, (height, width, 3) uint8.

    Raises:
        DreampipeError: a setting, the model, the layer or a folder is not what it must be.
    """
    recipe = Atlas.of(layer=layer, **settings)
    fetched(recipe, recipe.check)
    return _bytes(contact_sheet(recipe.drawn(Path(work) if work else None), recipe.size).pixels)


def _bytes(pixels: Array) -> Bytes:
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def _frame(image: AnyArray) -> Frame:
    if image.ndim == 2:
        image = image[..., None]
    known = image.dtype.newbyteorder("=") in (np.uint8, np.uint16) or np.issubdtype(image.dtype, np.floating)
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or not known or 0 in image.shape:
        raise ValueError(
            f"The picture came as {image.dtype} {image.shape}, but (height, width[, 1, 3 or 4]) of uint8, uint16 or a "
            "float type is expected."
        )
    top = 1 if np.issubdtype(image.dtype, np.floating) else np.iinfo(image.dtype).max
    values = np.asarray(image / top, np.float32)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise ValueError("The picture has values outside of [0, 1]: scale a float picture to [0, 1] first.")
    alpha = np.ascontiguousarray(values[..., 3]) if image.shape[2] == 4 else None
    return Frame(np.ascontiguousarray(np.broadcast_to(values[..., :3], (*image.shape[:2], 3))), alpha=alpha)


def _array(frame: Frame, dtype: np.dtype[Any]) -> AnyArray:
    planes = frame.pixels if frame.alpha is None else np.dstack([frame.pixels, frame.alpha])
    if np.issubdtype(dtype, np.floating):
        return planes.astype(dtype)
    top = np.iinfo(dtype).max
    return np.asarray(np.clip(np.rint(planes * float(top)), 0, top), dtype)
