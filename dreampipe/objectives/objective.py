"""Objectives: weighted sums of terms. `+`, `-` and `*` make sums again, and change only weights, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dreampipe.errors import ObjectiveError
from dreampipe.objectives import binding, grammar
from dreampipe.objectives.comparisons import READING, Concept, Guide
from dreampipe.objectives.measures import Tensor
from dreampipe.objectives.names import HEAD, IMAGE, PROBABILITIES, START, UNIT, start_of
from dreampipe.objectives.terms import Misfit, Term, print_terms, refusal, scale_terms

if TYPE_CHECKING:
    from dreampipe.frames import Array
    from dreampipe.models.model_card import Card

Found = TypeVar("Found")


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms.

    `str(objective)` is text that `Objective.parse` reads back to an equal one.
    """

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ObjectiveError("The objective came without a term: name a layer, as in mixed4.")

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read an objective; see `dreampipe.objectives.grammar` and docs/objectives.md for the language.

        Raises:
            ObjectiveError: the text is no objective; the message shows the place.
        """
        return cls(grammar.parse(text))

    def __add__(self, other: Objective) -> Objective:
        return Objective(self.terms + other.terms) if isinstance(other, Objective) else NotImplemented

    def __sub__(self, other: Objective) -> Objective:
        return self + -1.0 * other if isinstance(other, Objective) else NotImplemented

    def __mul__(self, factor: float) -> Objective:
        return Objective(scale_terms(self.terms, factor)) if isinstance(factor, int | float) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __str__(self) -> str:
        return print_terms(self.terms).text

    def bind(self, card: Card, starred: bool = False) -> BoundObjective:
        """Resolve every name against a model, and read every file.

        Args:
            card: of the model.
            starred: each picture may have a unit of its own, written `*`, as in an atlas.

        Raises:
            ObjectiveError: the model has no such layer, channel, class or head; a unit is left open; a file is missing
                or of another kind; a weight is beyond 1e9, or all are 0. The message shows the place.
        """
        self._refuse_weights()
        bound = _apply(self.terms, lambda term: binding.bind(term, card, starred))
        return BoundObjective(tuple(term for terms in bound for term in terms))

    def layers(self, card: Card) -> tuple[str, ...]:
        """Find the layers of a model that it taps, each once, without reading its files; raises ObjectiveError."""
        named = _apply(self.terms, lambda term: binding.resolve_names(term, card))
        return BoundObjective(tuple(term for terms in named for term in terms)).layers

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files that binding reads, each once."""
        return _once(term.measure.file for term in self.terms if isinstance(term.measure, READING))

    def renamed(self, rename: Callable[[str], str]) -> Objective:
        """Rename each of its files by `rename(name)`."""

        def moved(term: Term) -> Term:
            if not isinstance(term.measure, READING):
                return term
            return replace(term, measure=replace(term.measure, file=rename(term.measure.file)))

        return Objective(tuple(map(moved, self.terms)))

    def _refuse_weights(self) -> None:
        text, places = print_terms(self.terms)
        if not any(term.weight for term in self.terms):
            raise refusal("Every weight is 0, so there is nothing in it to climb: give another one.", text, 0)
        for term, place in zip(self.terms, places, strict=True):
            if abs(term.weight) > binding.LARGEST_WEIGHT:
                raise refusal(
                    f"The weight {term.weight:g} is beyond {binding.LARGEST_WEIGHT:g}, where float32 would drown every "
                    "other term: give a smaller one.",
                    text,
                    place.weight,
                )


class GuidePicture(NamedTuple):
    """A guide picture, or the pictures of a concept: their activation (count, ...) at `layer` is the value under `key`.

    `pixels` are (height, width, 3), or (count, height, width, 3), float32 in [0, 1], of a size that the model takes.
    """

    key: str
    layer: str
    pixels: Array


@dataclass(frozen=True)
class BoundObjective:
    """An objective whose names are all the model's own. Call it with the values that it reads, by their keys.

    It is hashable, and equal to another of the same terms and the same bytes of files.
    """

    terms: tuple[Term, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to tap, each once, in the order of the terms; without the head."""
        return _once(term.layer for term in self.terms if term.layer not in (HEAD, PROBABILITIES, IMAGE))

    @property
    def start_layers(self) -> tuple[str, ...]:
        """The layers to tap on the start of the ascent too: their values are read under `start_of(layer)`."""
        return _once(term.layer for term in self.terms if start_of(term.layer) in term.reads)

    @property
    def head(self) -> bool:
        """True if it reads the head."""
        return self._reads(HEAD) or self._reads(PROBABILITIES)

    @property
    def reads_image(self) -> bool:
        """True if it reads the climbed picture."""
        return self._reads(IMAGE)

    @property
    def reads_start(self) -> bool:
        """True if it reads the start of the ascent, as a picture."""
        return self._reads(START)

    @property
    def reads_unit(self) -> bool:
        """True if each picture has a channel or class of its own."""
        return self._reads(UNIT)

    @property
    def guides(self) -> tuple[GuidePicture, ...]:
        """The guide pictures and those of concepts, once for each of their layers."""
        found = {
            term.reads[1]: GuidePicture(term.reads[1], term.layer, term.measure.held.values)
            for term in self.terms
            if isinstance(term.measure, Guide | Concept) and term.measure.held and len(term.reads) > 1
        }
        return tuple(found.values())

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Each file that it names, and the SHA-256 of its bytes, for the hash of a recipe."""
        measures = [term.measure for term in self.terms if isinstance(term.measure, READING)]
        return tuple(dict.fromkeys((measure.file, measure.held.sha256) for measure in measures if measure.held))

    def _reads(self, key: str) -> bool:
        return any(key in term.reads for term in self.terms)

    def check(self, shapes: Mapping[str, tuple[int | None, ...]]) -> None:
        """Raise ObjectiveError if a shape tapped from one picture lacks a unit that the objective names.

        Shapes are (batch, ..., channels), the batch 1 or None; another batch holds parts of the picture.
        """

        def checked(term: Term) -> None:
            shape = shapes.get(term.layer)
            if shape is not None and term.layer != IMAGE:
                binding.check_picture(term, shape[0])
                binding.check(term, shape[-1], len(shape))

        _apply(self.terms, checked)

    def scores(self, values: Mapping[str, Tensor]) -> Tensor:
        """Compute the weighted score of each term, (batch, terms), of values by their keys."""
        from dreampipe.backend import ops

        return ops.stack([term(values) for term in self.terms], axis=1)

    def __call__(self, values: Mapping[str, Tensor]) -> Tensor:
        """Compute the score, (batch,), of values by their keys: activations (batch, ...) by layer, and others."""
        return sum(term(values) for term in self.terms)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _apply(terms: tuple[Term, ...], rule: Callable[[Term], Found]) -> list[Found]:
    """Apply a rule to each term; if one does not fit, the error shows the whole text and the place."""
    text, places = print_terms(terms)
    found = []
    for term, place in zip(terms, places, strict=True):
        try:
            found.append(rule(term))
        except Misfit as error:
            raise refusal(str(error), text, max(place.unit, text.find(error.part, place.unit))) from error
    return found
