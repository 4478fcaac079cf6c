"""Binding: resolve an objective's layers, patterns, units, classes and files against a model's card."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dreampipe.errors import nearest
from dreampipe.objectives.comparisons import Concept, Direction, Guide
from dreampipe.objectives.files import concept_pictures, found_direction, guide_picture, unit_vector
from dreampipe.objectives.forms import has_form
from dreampipe.objectives.measures import Layers, Logit, MeanSquare, Measure
from dreampipe.objectives.names import HEAD, IMAGE, PROBABILITIES, UNIT, path_of, quoted, text_of
from dreampipe.objectives.terms import Misfit, Term

if TYPE_CHECKING:
    from dreampipe.models.model_card import Card, Layer

LARGEST_WEIGHT = 1e9


def bind(term: Term, card: Card, starred: bool = False) -> tuple[Term, ...]:
    """Resolve the names of a term to the card's own, and read its files; a pattern becomes several terms.

    Args:
        starred: each picture may have a unit of its own, written `*`.

    Raises:
        Misfit: the model has no such layer, channel, class or head, a unit is left open, or a file is missing or of
            another kind.
    """
    found = resolve_names(term, card)
    if UNIT in term.reads and not starred:
        part = "(*" if term.layer in (HEAD, PROBABILITIES) else "[*"
        raise Misfit(f"{term.unit()} leaves a unit open, but only an atlas has many: write a number for *.", part)
    match term.measure:
        case Guide(file) as guide:
            measure: Measure = replace(guide, held=guide_picture(file, card))
        case Direction(file) as direction:
            measure = replace(direction, held=unit_vector(file))
        case Concept(file, int(number)) as concept:
            measure = replace(concept, held=found_direction(file, number, _layer(card, term.layer).name))
        case Concept(file) as concept:
            measure = replace(concept, held=concept_pictures(file, card))
        case _:
            return found
    bound = tuple(replace(one, measure=measure) for one in found)
    for one in bound:
        check(one, _layer(card, one.layer).channels, None)
    return bound


def resolve_names(term: Term, card: Card) -> tuple[Term, ...]:
    """Resolve the names of a term without reading its files; raises Misfit."""
    match term.measure:
        case Logit(label):
            return (replace(term, measure=replace(term.measure, label=_class_index(card, label))),)
        case Layers():
            return tuple(Term(layer.name, MeanSquare(), term.weight) for layer in _match_layers(card, term.layer))
        case _ if term.layer == IMAGE:
            return (term,)
        case _ if term.layer in (HEAD, PROBABILITIES) and not has_form(
            term.measure
        ):  # the user's own, over all classes
            _class_index(card, _index(term))
            return (term,)
    layer = _layer(card, term.layer)
    bound = replace(term, layer=layer.name)
    check(bound, layer.channels, None)
    return (bound,)


def check(term: Term, width: int | None, rank: int | None) -> None:
    """Raise Misfit unless an activation with these channels (or classes) and axes has what a bound term names.

    None is unknown, and not checked.
    """
    index = _index(term)
    if index is not None and width is not None and index >= width:
        of_class = term.layer in (HEAD, PROBABILITIES)
        what = f"Class {index}" if of_class else f"Channel {index} of layer {term.layer}"
        at = f"({index}" if of_class else f"[{index}"
        raise Misfit(f"{what} was asked for, but there are {width}: give one from 0 to {width - 1}.", at)
    if term.measure.grid and rank not in (None, 4):
        kind = "gives tokens (batch, tokens, channels), which have" if rank == 3 else "has"
        unit = f"{path_of(term.layer)}[0]"
        raise Misfit(f"Layer {term.layer} {kind} no rows and columns: name a unit of it, as in {unit}.")
    vector = term.measure.held if isinstance(term.measure, Direction | Concept) else None
    if isinstance(term.measure, Direction | Concept) and vector and vector.values.ndim == 1 and width is not None:
        length = len(vector.values)
        if length != width:
            raise Misfit(
                f"The direction {term.measure.file} has {length} numbers, but layer {term.layer} has {width} channels: "
                "give a vector of one number for each channel.",
                text_of(term.measure.file),
            )


def check_picture(term: Term, batch: int | None) -> None:
    """Raise Misfit if a layer puts parts of one picture into the batch, as attention in windows does."""
    if batch not in (None, 1):
        raise Misfit(
            f"Layer {term.layer} puts {batch} parts of a picture into the batch, so no picture has a score of its own "
            "there: name a layer before or after it."
        )


def _index(term: Term) -> int | None:
    """The channel or class that a term names by number."""
    index = getattr(term.measure, "channel", getattr(term.measure, "label", None))
    return index if isinstance(index, int) else None


def _layer(card: Card, name: str) -> Layer:
    """Find the layer of a name, or of a path of names through nested models."""
    known = {layer.path: layer for layer in card.layers}
    known |= {layer.name: layer for layer in card.layers}
    if name not in known and (now := dict(card.earlier).get(name)):
        raise Misfit(
            f"Model {card.name} has no layer {name!r}; dreampipe once called layer {now!r} so: write {path_of(now)}.",
            path_of(name),
        )
    if name not in known:
        raise Misfit(f"Model {card.name} has no layer {name!r}: {nearest(name, known)}.", path_of(name))
    return known[name]


def _match_layers(card: Card, pattern: str) -> tuple[Layer, ...]:
    found = tuple(layer for layer in card.layers if fnmatchcase(layer.name, pattern))
    if not found:
        near = nearest(pattern, [layer.name for layer in card.layers])
        raise Misfit(f"Model {card.name} has no layer like {pattern!r}: {near}.", text_of(pattern))
    return found


def _class_index(card: Card, label: str | int | None) -> int | None:
    """Find the index of a class given by name or number; a name must occur in the card's list once."""
    if card.outputs == 0:
        raise Misfit(
            f"Model {card.name} has no head that gives (batch, classes), so it has no classes: name a layer of it."
        )
    if isinstance(label, str):
        return _named_class(card, label)
    count = len(card.classes) or card.outputs
    if label is not None and count and label >= count:
        raise Misfit(
            f"Class {label} was asked for, but {card.name} has classes 0 to {count - 1}: give one of them.", str(label)
        )
    return label


def _named_class(card: Card, label: str) -> int:
    """Find the place of a class name in the card's list; a space and an underscore are the same."""
    if not card.classes:
        raise Misfit(f"Class {label!r} was asked for, but {_nameless(card)}.", quoted(label))
    places = [i for i, name in enumerate(card.classes) if _space(name) == _space(label)]
    if not places:
        near = nearest(label, card.classes)
        named = card.name if card.architecture or card.path is None else card.path
        more = f"; `dreampipe classes {named}` lists all {len(card.classes)}" if near.endswith(" more") else ""
        raise Misfit(f"Model {card.name} has no class {label!r}: {near}{more}.", quoted(label))
    if len(places) > 1:
        numbers = " and ".join(map(str, places))
        raise Misfit(f"{card.name} has more than one class {label!r}: give its number, {numbers}.", quoted(label))
    return places[0]


def _space(name: str) -> str:
    return name.replace("_", " ")


def _nameless(card: Card) -> str:
    """Explain that a card has no class names."""
    if card.outputs != 1000:
        return f"{card.name} names no classes: give its number"
    from dreampipe.models import imagenet

    return (
        f"ImageNet's class names are not on this machine: save {imagenet.ADDRESS} as {imagenet.file()}, "
        "or give the class's number"
    )
