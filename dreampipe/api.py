"""The calls of the library: `dream`, `visualize`, `atlas`, `explain`, `attack`, `influence`.

They download missing weights as Keras does.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe import media
from dreampipe.drawings.atlas import check_atlas, draw_atlas
from dreampipe.drawings.contact import contact_sheet
from dreampipe.drawings.visualization import add_caption, prepare
from dreampipe.errors import MediaError, RecipeError
from dreampipe.explanations import Explanation
from dreampipe.explanations.adversarial import Attack
from dreampipe.explanations.adversarial.attacking import Adversary, attack_picture
from dreampipe.explanations.attribution import Method
from dreampipe.explanations.influence import Method as InfluenceMethod
from dreampipe.explanations.influence.influencing import Influence
from dreampipe.frames import Frame, MediaInfo, quantize
from dreampipe.media.profiles import to_srgb
from dreampipe.media.video import FilmInfo
from dreampipe.models.weights.missing import fetch_names, fetch_weights, missing
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.attacking import Attacking
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.files import make
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.visualization import Visualization

AnyArray = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]


def dream(image: AnyArray | str | PathLike[str], recipe: Recipe | str | None = None, **settings: Any) -> AnyArray:
    """Dream one picture.

    Args:
        image: a path, or an array (height, width), (height, width, 1), (height, width, 3) RGB or (height, width, 4)
            RGBA, of uint8, uint16 or a float type in [0, 1].
        recipe: the settings, or the name of a preset or of a file of them; None for the defaults.
        settings: fields of `Recipe`, which override `recipe`.

    Returns:
        (height, width, 3), or (height, width, 4) if the picture has alpha, in the dtype of the array; for a file uint8,
        or uint16 if the file has 16 bits.

    Raises:
        DreampipeError: the picture, a setting, the model or the objective is wrong.
        ValueError: `image` is neither a path nor an array that is a picture.
    """
    if isinstance(recipe, Recipe):
        settings, recipe = {**recipe.model_dump(), **settings}, None
    chosen = make(Recipe, recipe, **settings)
    if isinstance(image, np.ndarray):
        frame, dtype = _frame(image), image.dtype
    else:
        frame, info = _still(image, "dream")
        dtype = np.dtype(np.uint16 if info.bits == 16 else np.uint8)
    _fetch(chosen, chosen.pipeline)
    return _array(chosen.pipeline().one(frame), dtype)


def visualize(objective: str, **settings: Any) -> Bytes:
    """Draw what a unit responds to, from nothing.

    Args:
        objective: such as `mixed4[12]`, `mixed4[12]@center` or `logit(eye)`; see `dreampipe.objectives`.
        settings: fields of `Visualization`, such as size, steps, param, start, count, seed, caption. All of a
            `Visualization` can be given as `visualize(**recipe.model_dump())`.

    Returns:
        (height, width, 3) uint8, or (count, height, width, 3) for a count of several; a caption adds to the height.

    Raises:
        DreampipeError: a setting, the model or the objective is wrong.
    """
    recipe = Visualization.of(objective=objective, **settings)
    _fetch(recipe, lambda: prepare(recipe))
    pictures = [quantize(add_caption(recipe, Frame(pixels)).pixels) for pixels in prepare(recipe).climb().image]
    return pictures[0] if recipe.count == 1 else np.stack(pictures)


def atlas(layer: str, work: str | PathLike[str] | None = None, **settings: Any) -> Bytes:
    """Draw every channel of a layer in one labelled sheet.

    Args:
        layer: its name, or an objective with `*` for the unit, such as `logit(*)`.
        work: a folder for finished batches, so that a second call with the same settings continues a stopped one.
        settings: fields of `Atlas`, such as channels, size, steps, pictures, exemplars.

    Returns:
        The sheet, (height, width, 3) uint8.

    Raises:
        DreampipeError: a setting, the model, the layer or a folder is wrong.
    """
    recipe = Atlas.of(layer=layer, **settings)
    _fetch(recipe, lambda: check_atlas(recipe))
    return quantize(contact_sheet(draw_atlas(recipe, Path(work) if work else None), recipe.size).pixels)


def explain(
    image: AnyArray | str | PathLike[str],
    objective: str = "",
    method: str | Method | None = None,
    **settings: Any,
) -> Explanation:
    """Explain why a model answers as it does for one picture.

    Args:
        image: a path, or an array as for `dream`; its alpha is left out.
        objective: the answer to explain, such as `logit(eye)` or `mixed4[12]`; empty for the top class.
        method: one method by its text, such as `integrated-gradients(steps=128)`; or a `Method`, also one of your own;
            None for that of `Explaining`.
        settings: fields of `dreampipe.recipes.Explaining`, such as model, layer, baseline, max_size, seed.

    Returns:
        The explanation: its `map` (height, width, 3), `heat()`, `overlay()` and `mass(mask)`.

    Raises:
        DreampipeError: the picture, a setting, the model, the objective or the method is wrong.
        ValueError: `image` is neither a path nor an array that is a picture.
    """
    from dreampipe.explanations.explaining import ask, top_class
    from dreampipe.explanations.explaining import explain as explain_pixels

    text = None if isinstance(method, Method) else method
    recipe = Explaining.of(objective=objective, method=text, **settings)
    methods = recipe.with_settings((method,)) if isinstance(method, Method) else recipe.methods()
    if len(methods) != 1:
        raise RecipeError(f"{len(methods)} methods came, but one explanation is made by one: call explain for each.")
    if isinstance(image, np.ndarray):
        pixels = _frame(image).pixels
    else:
        frame, info = _still(image, "explain")
        pixels = to_srgb(frame.pixels, info.icc) if info.icc else frame.pixels
    _fetch(recipe, recipe.check_objective)
    question = ask(recipe.card(), recipe.objective or top_class(recipe.card(), pixels, recipe.max_size))
    return explain_pixels(question, pixels, methods[0], seed=recipe.seed, max_size=recipe.max_size)


def attack(
    image: AnyArray | str | PathLike[str],
    method: str | Attack = "apgd",
    target: str | int | None = None,
    **settings: Any,
) -> Adversary:
    """Change one picture a little, so that a model answers otherwise.

    Args:
        image: a path, or an array as for `dream`; its alpha is left out.
        method: an attack by its text, such as `pgd(steps=100)`; or an `Attack`, also one of your own.
        target: the class to reach, by name or number; None for any but the model's answer.
        settings: fields of `dreampipe.recipes.attacking.Attacking`, such as model, norm, eps="8/255", steps, seed.

    Returns:
        The adversary: its `pixels`, `fools`, `distance`, and the answers `before` and `after`. Its values are on the
        grid of 8 bits, or of 16 if the picture has them.

    Raises:
        DreampipeError: the picture, a setting, the model, the attack or the target is wrong.
        ValueError: `image` is neither a path nor an array that is a picture.
    """
    given = {} if isinstance(method, Attack) else {"method": method}
    recipe = Attacking.of(target=target, **settings, **given)
    chosen = recipe.with_settings(method) if isinstance(method, Attack) else recipe.attack()
    if isinstance(image, np.ndarray):
        pixels, bits = _frame(image).pixels, 16 if image.dtype.newbyteorder("=") == np.uint16 else 8
    else:
        frame, info = _still(image, "attack")
        pixels, bits = frame.pixels, info.bits
    _fetch(recipe, recipe.check_target)
    return attack_picture(
        recipe.victim(),
        pixels,
        chosen,
        target=recipe.target or "",
        bits=bits,
        seed=recipe.seed,
        max_size=recipe.max_size,
    )


def influence(
    image: AnyArray | str | PathLike[str],
    pictures: str | PathLike[str],
    method: str | InfluenceMethod = "influence-functions",
    label: str | int | None = None,
    **settings: Any,
) -> Influence:
    """Find the labelled pictures that argue for what a model answers, and those that argue against it.

    Args:
        image: a path, or an array as for `dream`; its alpha is left out.
        pictures: a folder with a folder of pictures for each class, a .csv table with the columns file and label, or
            `motifs`, the pictures that motifnet was trained with.
        method: one by its text, such as `trak(size=256)`; or a `Method`, also one of your own.
        label: the class to explain, by name or number; None for the model's answer.
        settings: fields of `dreampipe.recipes.influencing.Influencing`, such as model, count, checkpoints, max_size.

    Returns:
        The influence: `names`, `labels`, `scores` and `shares` of the labelled pictures, `most_for(top)` and
        `most_against(top)`.

    Raises:
        DreampipeError: the picture, a setting, the model, the labelled pictures or the method is wrong.
        ValueError: `image` is neither a path nor an array that is a picture.
    """
    from dreampipe.drawings.labelled import find_classes
    from dreampipe.engines.influence import read_all
    from dreampipe.explanations.influence.features import Reader
    from dreampipe.explanations.influence.influencing import check_members
    from dreampipe.explanations.influence.influencing import influence as weigh
    from dreampipe.explanations.question import Work

    given = {} if isinstance(method, InfluenceMethod) else {"method": method}
    recipe = Influencing.of(labelled=str(pictures), label=label, **settings, **given)
    chosen = method if isinstance(method, InfluenceMethod) else recipe.chosen()
    pixels = _frame(image).pixels if isinstance(image, np.ndarray) else _still(image, "influence")[0].pixels
    _fetch(recipe, recipe.members)
    number = recipe.class_number()
    find_classes(recipe.card(), recipe.labelled)
    readers = tuple(Reader.of(card, recipe.max_size) for card in recipe.members())
    check_members(readers)
    work = Work(np.random.default_rng(recipe.seed))
    queries = [reader.read([pixels], work)[0] for reader in readers]
    return weigh(read_all(recipe, readers, work), queries, chosen, number)


def _still(path: object, call: str) -> tuple[Frame, MediaInfo]:
    """Read one picture; raises MediaError for a film, and ValueError for what is no path."""
    if not isinstance(path, str | PathLike):
        raise ValueError(
            f"The picture came as {type(path).__name__}, but a path or an array is expected: numpy.asarray makes one."
        )
    source = media.read(path)
    if isinstance(source.info, FilmInfo):
        advice = "hand read(...) to a FilmRecipe's film_pipeline(...)" if call == "dream" else f"{call} its frames"
        raise MediaError(f"{path} is a film, but {call} takes one picture: {advice}.")
    return next(iter(source)), source.info


def _fetch(recipe: ModelSettings, check: Callable[[], object]) -> None:
    """Download what a recipe's model needs, silently as Keras does; `check` first raises whatever else is wrong."""
    card = recipe.card()
    if missing(card):
        fetch_names(card)
        check()
        fetch_weights(card)


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
