"""Objectives that name the layers of a file as dreampipe once did: what they name now, and where that is unclear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dreampipe.objectives.measures import Layers, MeanSquare
from dreampipe.objectives.objective import Objective
from dreampipe.objectives.terms import Term

if TYPE_CHECKING:
    from dreampipe.models.model_card import Card


def with_names_of_file(objective: Objective, card: Card) -> Objective:
    """Read all names of layers as earlier ones, and give the objective with the names of the file."""
    return Objective(tuple(term for earlier in objective.terms for term in _translate(earlier, card)))


def _translate(term: Term, card: Card) -> Iterator[Term]:
    names = dict(card.earlier)
    if not isinstance(term.measure, Layers):
        yield replace(term, layer=names.get(term.layer, term.layer))
        return
    earlier = {name: old for old, name in card.earlier}
    matched = [layer.name for layer in card.layers if fnmatchcase(earlier.get(layer.name, layer.name), term.layer)]
    if matched == [layer.name for layer in card.layers if fnmatchcase(layer.name, term.layer)]:
        yield term
    else:
        yield from (Term(name, MeanSquare(), term.weight) for name in matched)


def unclear(objective: Objective, card: Card) -> Iterator[tuple[str, str]]:
    """Yield each name of a layer in the objective that once was the name of another layer, and that layer's name."""
    names = dict(card.earlier)
    known = {layer.name for layer in card.layers} | {layer.path for layer in card.layers}
    for layer in dict.fromkeys(term.layer for term in objective.terms):
        if layer in names and layer in known:
            yield layer, names[layer]
