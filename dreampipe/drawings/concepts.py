"""Concepts, drawn: found in pictures or given, each with its picture, its crops, and how much it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from dreampipe.ascent.starts import Noise
from dreampipe.drawings.batches import count_together
from dreampipe.drawings.concept_pictures import Shown, check_shown, list_shown, read_given, read_others
from dreampipe.drawings.contact import Tile
from dreampipe.errors import MediaError, ModelError
from dreampipe.events import Progressed, Stepped, Tell, ignore
from dreampipe.explanations.adversarial.victim import class_of
from dreampipe.explanations.colours import overlay
from dreampipe.explanations.concepts.direction import Towards
from dreampipe.explanations.concepts.features import Crop, cut, list_crops, pool, read_features
from dreampipe.explanations.concepts.found import Concepts, check_count, find_concepts
from dreampipe.explanations.concepts.importance import Importance, locate, measure_importance
from dreampipe.explanations.concepts.tcav import Tcav, measure_concepts, slopes
from dreampipe.explanations.explaining import ask, fit, name_class
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array
from dreampipe.media import decode
from dreampipe.media.profiles import to_srgb
from dreampipe.models.model_card import Card
from dreampipe.objectives import HEAD, Objective, Term
from dreampipe.objectives.files import concept_size, cut_middle
from dreampipe.recipes.finding import Finding

_CROPS = 6
"""Crops that show a concept."""
_WEIGHED = 8
"""Pictures of the class in which found concepts are weighed."""
_TESTED = 64
"""Pictures of the class on which given concepts are tested."""


@dataclass(frozen=True, eq=False)
class Findings:
    """Concepts of a layer.

    Attributes:
        layer: its name.
        directions: (count, channels) float32, each of length 1.
        labels: what is known of each, in a line.
        examples: the pictures or crops of each, (side, side, 3) float32.
        notes: sentences for the user.
        found: the found concepts; None for given ones.
        importance: of found concepts for the class; None without a class.
        tested: of given concepts.
        in_asked: whether importance is that in the picture that was asked about, as the folder has none of the class.
    """

    layer: str
    directions: Array
    labels: tuple[str, ...]
    examples: tuple[tuple[Array, ...], ...]
    notes: tuple[str, ...]
    found: Concepts | None = None
    importance: Importance | None = None
    tested: tuple[Tcav, ...] = ()
    in_asked: bool = False


def check_finding(recipe: Finding) -> None:
    """Check the layer, the class, the concepts and the folders; raises DreampipeError. It loads no model."""
    card = recipe.question().card
    recipe.ascent()
    if recipe.of_class is not None or recipe.given:
        if card.outputs == 0:
            raise ModelError(
                f"{card.name} has no head that names classes, but concepts are weighed for one: leave out --given and "
                "--of-class, or give another model."
            )
        if recipe.of_class is not None:
            class_of(card, recipe.of_class)
    check_shown(recipe)
    for name in recipe.concepts():
        read_given(name, (8, 8), only_check=True)
    read_others(recipe.others, (8, 8), only_check=True)
    if recipe.inside:
        decode(recipe.inside)


def look(recipe: Finding, tell: Tell = ignore, asked: Array | None = None) -> Findings:
    """Find concepts in the pictures of a folder, or test given ones.

    Args:
        recipe: the settings.
        tell: hears the share that is done.
        asked: (height, width, 3), a picture that the model gives the class to weigh found concepts for, if it gives it
            to none of the folder.

    Raises:
        DreampipeError: a setting, the model, the layer, the class or a folder is wrong.
    """
    question = recipe.question()
    work = Work(np.random.default_rng(recipe.seed), lambda share: tell(Progressed(recipe.folder, share)))
    shown = list_shown(recipe, tell)
    pictures = shown.squares(concept_size(question.card))
    if recipe.given:
        findings = _test_given(recipe, question, shown, pictures, work)
    else:
        findings = _find(recipe, question, shown, pictures, work, asked)
    return replace(findings, notes=(*findings.notes, *work.notes))


def draw_findings(recipe: Finding, findings: Findings, tell: Tell = ignore) -> list[Tile]:
    """Draw the picture of each concept, and lay it next to its crops and its places in the picture `inside`."""
    drawn = draw_concepts(recipe, findings, range(len(findings.directions)), tell)
    places = show_places(recipe, findings, _read_srgb(recipe.inside)) if recipe.inside else []
    return [
        Tile(
            label=label,
            pixels=drawn[number],
            smaller=(*places[number : number + 1], *findings.examples[number]),
            names=(
                *["where it is"] * len(places[number : number + 1]),
                *["an example"] * len(findings.examples[number]),
            ),
            anchor=f"concept-{number}",
        )
        for number, label in enumerate(findings.labels)
    ]


def _find(
    recipe: Finding, question: Question, shown: Shown, pictures: Array, work: Work, asked: Array | None
) -> Findings:
    (layer,) = question.objective.layers
    size = concept_size(question.card)
    crops = [
        crop
        for number, picture in enumerate(shown.pictures)
        for crop in list_crops(number, (picture.shape[0], picture.shape[1]), recipe.crop_share)
    ]
    check_count(recipe.count, len(crops), 1 << 30, recipe.find)
    parts = np.stack([cut(shown.pictures, crop, size) for crop in crops])
    rows = pool(read_features(question, layer, parts, work))
    found = find_concepts(rows, recipe.count, recipe.find, layer=layer, seed=recipe.seed)
    control = find_concepts(rows, min(recipe.count, rows.shape[1]), "random", seed=recipe.seed).missed
    notes = [
        f"{_say(recipe.count, 'concept')} by {found.way} in {_say(len(crops), 'crop')} of "
        f"{_say(len(pictures), 'picture')} at {layer}; {'it leaves' if recipe.count == 1 else 'they leave'} "
        f"{found.missed:.0%} of the squares of the activations unexplained, and as many random directions "
        f"{control:.0%}."
    ]
    importance, name, in_asked = None, "", False
    if question.card.outputs != 0:
        name, weighed, in_asked = _choose_weighed(recipe, question.card, pictures, asked)
        about = ask(question.card, name)
        importance = measure_importance(about, layer, found, weighed, work)
        notes.append(
            f"Importance is for {name}, in {_say(len(weighed), 'picture')}: the share of its variance when concepts "
            "are weakened at random, and how far it falls without the concept."
        )
    return Findings(
        layer=layer,
        directions=found.directions,
        labels=tuple(_label(number, found, importance) for number in range(len(found))),
        examples=_choose_examples(found, rows, crops, parts),
        notes=tuple(notes),
        found=found,
        importance=importance,
        in_asked=in_asked,
    )


def _choose_weighed(recipe: Finding, card: Card, pictures: Array, asked: Array | None) -> tuple[str, Array, bool]:
    """Choose the class, and pictures of it to weigh concepts in: those of the folder, else the one that was asked.

    The third is whether it is that one.
    """
    try:
        name, chosen = _choose_class(recipe, card, pictures)
    except MediaError:
        if asked is None or recipe.of_class is None:
            raise
        return name_class(card, class_of(card, recipe.of_class)), cut_middle(asked, concept_size(card))[None], True
    return name, pictures[chosen[:_WEIGHED]], False


def _say(count: int, what: str) -> str:
    """Write a number of things, in the singular for one."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _label(number: int, found: Concepts, importance: Importance | None) -> str:
    words = [f"concept {number}"]
    if importance is not None:
        words.append(f"importance {min(1, importance.indices[number]):.0%}, falls by {importance.drops[number]:.2g}")
    if found.stability is not None:
        words.append(f"stable {found.stability[number]:.2f}")
    return ", ".join(words)


def _choose_examples(
    found: Concepts, rows: Array, crops: Sequence[Crop], parts: Array
) -> tuple[tuple[Array, ...], ...]:
    """Choose the crops in which each concept is strongest, one of a picture."""
    strengths, chosen = found.strengths(rows), []
    for number in range(len(found)):
        best: dict[int, int] = {}
        for at in np.argsort(-strengths[:, number], kind="stable"):
            if strengths[at, number] <= 0 or len(best) == _CROPS:
                break
            best.setdefault(crops[at].picture, int(at))
        chosen.append(tuple(parts[at] for at in best.values()))
    return tuple(chosen)


def _test_given(recipe: Finding, question: Question, shown: Shown, pictures: Array, work: Work) -> Findings:
    (layer,) = question.objective.layers
    size, names = concept_size(question.card), recipe.concepts()
    given = {short: read_given(name, size) for short, name in zip(shorten(names), names, strict=True)}
    others = read_others(recipe.others, size, 3 * max(map(len, given.values())))
    name, chosen = _choose_class(recipe, question.card, pictures)
    about = ask(question.card, name)
    gradients = slopes(about, layer, pictures[chosen[:_TESTED]], work)
    rows = {key: pool(read_features(question, layer, images, work)) for key, images in given.items()}
    tested, vectors = measure_concepts(
        rows, pool(read_features(question, layer, others, work)), gradients, seed=recipe.seed
    )
    seen = _say(len(gradients), "picture")
    notes = [f"TCAV for {name} in {seen} at {layer}; p is two-sided, corrected by Holm's method."]
    notes += [one.say() for one in tested]
    notes += [
        f"The layer tells {one.name} from the others without a mistake: look whether its pictures are those of the "
        "class itself, or differ from the others in more than the concept."
        for one in tested
        if one.accuracy == 1
    ]
    return Findings(
        layer=layer,
        directions=np.stack([one.direction for one in vectors]),
        labels=tuple(map(_label_tested, tested)),
        examples=tuple(tuple(images[:_CROPS]) for images in given.values()),
        notes=tuple(notes),
        tested=tested,
    )


def shorten(names: Sequence[str]) -> tuple[str, ...]:
    """Shorten the names of concepts to the last parts of their paths, which say nothing of the user's folders.

    Names that would then be alike get numbers.
    """
    last = [PurePath(name).name or name for name in names]
    return tuple(
        name if last.count(name) == 1 else f"{name} {last[: at + 1].count(name)}" for at, name in enumerate(last)
    )


def _label_tested(one: Tcav) -> str:
    said = f"score {one.score:.2f}, p {one.corrected:.2g}" if one.is_certain else "no answer"
    return f"{one.name}, {said}"


def _choose_class(recipe: Finding, card: Card, pictures: Array) -> tuple[str, np.ndarray]:
    """Choose the class: its objective, and the numbers of the pictures that the model gives it."""
    from dreampipe import scoring

    read = scoring.read_of(card.held((), head=True), [], head=True)
    tops = np.concatenate(
        [np.asarray(read(pictures[at : at + 32])[HEAD]).argmax(1) for at in range(0, len(pictures), 32)]
    )
    label = int(np.bincount(tops).argmax()) if recipe.of_class is None else class_of(card, recipe.of_class)
    chosen = np.flatnonzero(tops == label)
    if not len(chosen):
        raise MediaError(
            f"{card.name} answers {recipe.of_class} to none of {_say(len(pictures), 'picture')} of {recipe.folder}, "
            "but some are expected to weigh concepts in: give more pictures, or another class."
        )
    return name_class(card, label), chosen


def _read_srgb(path: str) -> Array:
    frame, info = decode(path)
    return to_srgb(frame.pixels, info.icc)


def draw_concepts(recipe: Finding, findings: Findings, numbers: Sequence[int], tell: Tell = ignore) -> Array:
    """Draw the directions of some concepts: (numbers, size, size, 3)."""
    ascent = recipe.ascent()
    ascent = replace(ascent, objective=Objective((Term(findings.layer, Towards.of(findings.directions)),)))
    noise = Noise().pictures((recipe.size, recipe.size), 1, recipe.seed)
    most, drawn = count_together(ascent, recipe.size), []
    for first in range(0, len(numbers), most):
        units = tuple(numbers[first : first + most])
        result = ascent.run(
            np.repeat(noise, len(units), axis=0),
            seed=recipe.seed,
            units=units,
            on_step=lambda step: tell(Stepped(recipe.folder, step)),
        )
        drawn.append(result.image)
    return np.concatenate(drawn)


def show_places(recipe: Finding, findings: Findings, pixels: Array) -> list[Array]:
    """Lay the places of each concept over a picture (height, width, 3) in sRGB."""
    question = recipe.question()
    picture = fit(question.card, pixels)
    (activation,) = question.activations(findings.layer, picture[None])
    concepts = findings.found or Concepts(
        "random", findings.layer, findings.directions, 1.0, np.zeros(findings.directions.shape[1], np.float32)
    )
    planes = locate(concepts, activation, (picture.shape[0], picture.shape[1]))
    return [overlay(picture, plane, signs="positive") for plane in planes]
