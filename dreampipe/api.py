"""The calls of the library: `dream`, `visualize`, `atlas`, `explain`, `attack`, `concepts`, `influence`, `report`.

They download missing weights as Keras does. They print nothing: what there is to note goes to the logger `dreampipe` of
Python's `logging`, and steps to `tell`, for which `dreampipe.progress` makes a bar.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from dreampipe.drawings.atlas import check_atlas, draw_atlas
from dreampipe.drawings.concepts import Findings, check_finding, look
from dreampipe.drawings.contact import contact_sheet
from dreampipe.drawings.report import Report
from dreampipe.drawings.visualization import add_caption, prepare
from dreampipe.errors import RecipeError
from dreampipe.events import Progressed, Tell, ignore, log_notes, with_log
from dreampipe.explanations import Explanation
from dreampipe.explanations.adversarial import Attack
from dreampipe.explanations.adversarial.attacking import Adversary, attack_picture
from dreampipe.explanations.attribution import Method
from dreampipe.explanations.influence import Method as InfluenceMethod
from dreampipe.explanations.influence.influencing import Influence
from dreampipe.explanations.question import Work
from dreampipe.frames import Frame, Order, quantize
from dreampipe.media.profiles import to_srgb
from dreampipe.media.taking import take
from dreampipe.models.weights.missing import fetch_names, fetch_weights, missing
from dreampipe.picturing import Picture
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.attacking import Attacking
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.files import make
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.keywords import (
    AtlasSettings,
    AttackingSettings,
    ExplainingSettings,
    FindingSettings,
    InfluencingSettings,
    RecipeSettings,
    ReportingSettings,
    VisualizationSettings,
)
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.reporting import Reporting
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.visualization import Visualization

Bytes = npt.NDArray[np.uint8]


def dream(
    image: Any,
    recipe: Recipe | str | None = None,
    *,
    order: Order = "rgb",
    tell: Tell = ignore,
    **settings: Unpack[RecipeSettings],
) -> Any:
    """Dream one picture, or each of a batch.

    Args:
        image: a path, an open file, the bytes of a file, a PIL picture, an array, a tensor or a `Frame`, in any form
            that `Frame.of` describes, or a list or tuple of these. Each picture of a batch is dreamed as if alone.
        recipe: the settings, or the name of a preset or of a file of them; None for the defaults.
        order: "bgr" for an array with the colours of OpenCV; it comes back so.
        tell: hears each step; see `dreampipe.events`.
        settings: fields of `Recipe`, which override `recipe`.

    Returns:
        What came, dreamed: an array of the same type, layout and order, a tensor of the same library, type and device,
        a batch, a list, a `Frame`, or a PIL picture, RGB or RGBA. Grey comes back in colours, and bool as uint8. For a
        file, an array (height, width, 3), or 4 if it has alpha, uint8, or uint16 if the file has 16 bits.

    Raises:
        DreampipeError: the picture, a setting, the model or the objective is wrong.
        ValueError: `image` holds no picture.
    """
    given: dict[str, Any] = dict(settings)
    if isinstance(recipe, Recipe):
        given, recipe = {**recipe.model_dump(), **given}, None
    chosen = make(Recipe, recipe, **given)
    taken = take(image, "dream", order)
    _fetch(chosen, chosen.pipeline)
    pipeline = chosen.pipeline(with_log(tell))
    return taken.back(map(pipeline.one, taken.frames))  # one after the other: a batch may be large


def visualize(objective: str, *, tell: Tell = ignore, **settings: Unpack[VisualizationSettings]) -> Bytes:
    """Draw what a unit responds to, from nothing.

    Args:
        objective: such as `mixed4[12]`, `mixed4[12]@center` or `logit(eye)`; see `dreampipe.objectives`.
        tell: hears each step; see `dreampipe.events`.
        settings: fields of `Visualization`, such as size, steps, param, init, count, seed, caption. All of a
            `Visualization` can be given as `visualize(**recipe.model_dump())`.

    Returns:
        (height, width, 3) uint8, or (count, height, width, 3) for a count of several; a caption adds to the height. A
        notebook shows it.

    Raises:
        DreampipeError: a setting, the model or the objective is wrong.
    """
    recipe = Visualization.of(objective=objective, **settings)
    _fetch(recipe, lambda: prepare(recipe))
    climbed = prepare(recipe).climb(with_log(tell))
    pictures = [quantize(add_caption(recipe, Frame(pixels)).pixels) for pixels in climbed.image]
    return Picture.of(pictures[0] if recipe.count == 1 else np.stack(pictures))


def atlas(
    layer: str,
    work: str | PathLike[str] | None = None,
    *,
    tell: Tell = ignore,
    **settings: Unpack[AtlasSettings],
) -> Bytes:
    """Draw every channel of a layer in one labelled sheet.

    Args:
        layer: its name, or an objective with `*` for the unit, such as `logit(*)`.
        work: a folder for finished batches, so that a second call with the same settings continues a stopped one.
        tell: hears each step; see `dreampipe.events`.
        settings: fields of `Atlas`, such as channels, size, steps, pictures, exemplars.

    Returns:
        The sheet, (height, width, 3) uint8; a notebook shows it.

    Raises:
        DreampipeError: a setting, the model, the layer or a folder is wrong.
    """
    recipe = Atlas.of(layer=layer, **settings)
    _fetch(recipe, lambda: check_atlas(recipe))
    tiles = draw_atlas(recipe, Path(work) if work else None, with_log(tell))
    return Picture.of(quantize(contact_sheet(tiles, recipe.side).pixels))


def explain(
    image: Any,
    objective: str = "",
    method: str | Method | None = None,
    *,
    order: Order = "rgb",
    tell: Tell = ignore,
    **settings: Unpack[ExplainingSettings],
) -> Explanation:
    """Explain why a model answers as it does for one picture.

    Args:
        image: a picture in any form that `Frame.of` describes; its alpha is left out.
        objective: the answer to explain, such as `logit(eye)` or `mixed4[12]`; empty for the top class.
        method: one method by its text, such as `integrated-gradients(steps=128)`; or a `Method`, also one of your own;
            None for that of `Explaining`.
        order: "bgr" for an array with the colours of OpenCV.
        tell: hears the share that is done, as `Progressed`; see `dreampipe.events`.
        settings: fields of `dreampipe.recipes.Explaining`, such as model, layer, baseline, max_size, seed.

    Returns:
        The explanation: its `map` (height, width, 3), `heat()`, `overlay()` and `mass(mask)`.

    Raises:
        DreampipeError: the picture, a setting, the model, the objective or the method is wrong.
        ValueError: `image` holds no picture, or several.
    """
    from dreampipe.explanations.explaining import ask, top_class
    from dreampipe.explanations.explaining import explain as explain_pixels

    text = None if isinstance(method, Method) else method
    recipe = Explaining.of(objective=objective, method=text, **settings)
    methods = recipe.with_settings((method,)) if isinstance(method, Method) else recipe.methods()
    if len(methods) != 1:
        raise RecipeError(f"{len(methods)} methods came, but one explanation is made by one: call explain for each.")
    taken = take(image, "explain", order)
    pixels = to_srgb(taken.only("explain").pixels, taken.icc)
    _fetch(recipe, recipe.check_objective)
    question = ask(recipe.card(), recipe.objective or top_class(recipe.card(), pixels, recipe.max_size))
    found = explain_pixels(
        question,
        pixels,
        methods[0],
        seed=recipe.seed,
        max_size=recipe.max_size,
        progress=lambda share: tell(Progressed("", share)),
    )
    log_notes(found.notes)
    return found


def attack(
    image: Any,
    method: str | Attack = "apgd",
    target: str | int | None = None,
    *,
    order: Order = "rgb",
    tell: Tell = ignore,
    **settings: Unpack[AttackingSettings],
) -> Adversary:
    """Change one picture a little, so that a model answers otherwise.

    Args:
        image: a picture in any form that `Frame.of` describes; its alpha is left out.
        method: an attack by its text, such as `pgd(steps=100)`; or an `Attack`, also one of your own.
        target: the class to reach, by name or number; None for any but the model's answer.
        order: "bgr" for an array with the colours of OpenCV.
        tell: hears the share that is done, as `Progressed`; see `dreampipe.events`.
        settings: fields of `dreampipe.recipes.attacking.Attacking`, such as model, norm, eps="8/255", steps, seed.

    Returns:
        The adversary: its `pixels` in sRGB, `fools`, `distance`, and the answers `before` and `after`. The pixels are
        on the grid of 8 bits, or of 16 if the picture has them.

    Raises:
        DreampipeError: the picture, a setting, the model, the attack or the target is wrong.
        ValueError: `image` holds no picture, or several.
    """
    given: dict[str, Any] = {} if isinstance(method, Attack) else {"method": method}
    recipe = Attacking.of(target=target, **settings, **given)
    chosen = recipe.with_settings(method) if isinstance(method, Attack) else recipe.attack()
    taken = take(image, "attack", order)
    pixels = to_srgb(taken.only("attack").pixels, taken.icc)
    _fetch(recipe, recipe.check_target)
    found = attack_picture(
        recipe.victim(),
        pixels,
        chosen,
        target=recipe.target or "",
        bits=taken.bits,
        seed=recipe.seed,
        max_size=recipe.max_size,
        work=Work(np.random.default_rng(recipe.seed), lambda share: tell(Progressed("", share))),
    )
    log_notes(found.notes)
    return found


def concepts(
    folder: str | PathLike[str] = "motifs",
    layer: str | None = None,
    *,
    tell: Tell = ignore,
    **settings: Unpack[FindingSettings],
) -> Findings:
    """Find concepts in the activations of a layer, or test given ones.

    Args:
        folder: the pictures to look in; `motifs` for rendered ones.
        layer: its name; None for the deepest recommended one with rows and columns.
        tell: hears the share that is done, as `Progressed`; see `dreampipe.events`.
        settings: fields of `dreampipe.recipes.finding.Finding`, such as model, find, count, given, of_class, seed.

    Returns:
        The findings: `directions` (count, channels), `labels`, `examples` and `notes`; `found` and `importance` of
        found concepts, `tested` of given ones.

    Raises:
        DreampipeError: a setting, the model, the layer, the class or a folder is wrong.
    """
    recipe = Finding.of(folder=folder, layer=layer, **settings)
    _fetch(recipe, lambda: check_finding(recipe))
    check_finding(recipe)
    found = look(recipe, tell)
    log_notes(found.notes)
    return found


def influence(
    image: Any,
    labelled: str | PathLike[str],
    method: str | InfluenceMethod = "influence-functions",
    label: str | int | None = None,
    *,
    order: Order = "rgb",
    tell: Tell = ignore,
    **settings: Unpack[InfluencingSettings],
) -> Influence:
    """Find the labelled pictures that argue for what a model answers, and those that argue against it.

    Args:
        image: a picture in any form that `Frame.of` describes; its alpha is left out.
        labelled: a folder with a folder of pictures for each class, a .csv table with the columns file and label, or
            `motifs`, the pictures that motifnet was trained with.
        method: one by its text, such as `trak(size=256)`; or a `Method`, also one of your own.
        label: the class to explain, by name or number; None for the model's answer.
        order: "bgr" for an array with the colours of OpenCV.
        tell: hears the share that is done, as `Progressed`; see `dreampipe.events`.
        settings: fields of `dreampipe.recipes.influencing.Influencing`, such as model, count, checkpoints, max_size.

    Returns:
        The influence: `names`, `labels`, `scores` and `shares` of the labelled pictures, `most_for(top)` and
        `most_against(top)`.

    Raises:
        DreampipeError: the picture, a setting, the model, the labelled pictures or the method is wrong.
        ValueError: `image` holds no picture, or several.
    """
    from dreampipe.drawings.labelled import find_classes
    from dreampipe.drawings.reading import read_all
    from dreampipe.explanations.influence.features import Reader
    from dreampipe.explanations.influence.influencing import check_members
    from dreampipe.explanations.influence.influencing import influence as weigh
    from dreampipe.explanations.question import Work

    given = {} if isinstance(method, InfluenceMethod) else {"method": method}
    recipe = Influencing.of(labelled=str(labelled), label=label, **settings, **given)
    chosen = method if isinstance(method, InfluenceMethod) else recipe.chosen()
    taken = take(image, "influence", order)
    pixels = to_srgb(taken.only("influence").pixels, taken.icc)
    _fetch(recipe, recipe.members)
    members, number = recipe.members(), recipe.class_number()
    find_classes(members[-1], recipe.labelled)
    readers = tuple(Reader.of(card, recipe.max_size) for card in members)
    check_members(readers)
    work = Work(np.random.default_rng(recipe.seed))
    queries = [reader.read([pixels], work)[0] for reader in readers]
    read = read_all(recipe, readers, work, tell, lambda share: tell(Progressed("", share)))
    found = weigh(read, queries, chosen, number)
    log_notes(found.notes)
    return found


def report(
    image: Any,
    labelled: str | PathLike[str] | None = None,
    *,
    order: Order = "rgb",
    tell: Tell = ignore,
    **settings: Unpack[ReportingSettings],
) -> Report:
    """Report what a model makes of one picture: its answer, maps, concepts, training pictures, dreams and an attack.

    Args:
        image: a picture in any form that `Frame.of` describes; its alpha is left out.
        labelled: training pictures, as of `influence`; None for those of motifnet, or none for other models.
        order: "bgr" for an array with the colours of OpenCV.
        tell: hears the parts and their progress; see `dreampipe.events`.
        settings: fields of `dreampipe.recipes.reporting.Reporting`, such as model, count, max_size, size, seed.

    Returns:
        The report: its `parts`, its `findings` as values that JSON holds, and `html()`, the page. A part that cannot be
        made says why in `left_out`.

    Raises:
        DreampipeError: the picture, a setting, the model or the folder of training pictures is wrong.
        ValueError: `image` holds no picture, or several.
    """
    from dreampipe.engines.report_subject import Subject
    from dreampipe.engines.reports import check_training_pictures, compose

    recipe = Reporting.of(labelled=None if labelled is None else str(labelled), **settings)
    taken = take(image, "report", order)
    pixels = to_srgb(taken.only("report").pixels, taken.icc)
    path = Path(image) if isinstance(image, str | PathLike) else None
    _fetch(recipe, lambda: check_training_pictures(recipe))
    check_training_pictures(recipe)
    name = "PICTURE" if path is None else path.name
    return compose(Subject(recipe, name, pixels, taken.bits), with_log(tell), path)


def _fetch(recipe: ModelSettings, check: Callable[[], object]) -> None:
    """Download what a recipe's model needs, silently as Keras does; `check` first raises whatever else is wrong."""
    card = recipe.card()
    log_notes(card.notes)
    if missing(card):
        fetch_names(card)
        check()
        fetch_weights(card)
