"""Explain an answer by labelled pictures, or rank their labels by suspicion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dreampipe.errors import DreampipeError, ModelError
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.influence.method import Method, shares
from dreampipe.explanations.influence.seen import Case, Labels, Numbers, Seen


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled pictures as models see them.

    Attributes:
        names: of the pictures, count.
        labels: (count,), the class of each picture by its number in the model.
        readers: the model, last, and before it its checkpoints.
        features: (count, width) of each of them.
    """

    names: tuple[str, ...]
    labels: Labels
    readers: tuple[Reader, ...]
    features: tuple[Numbers, ...]

    @property
    def classes(self) -> tuple[int, ...]:
        """The numbers of the classes that some picture has, rising: those that the last layer tells apart here."""
        return tuple(map(int, np.unique(self.labels)))


@dataclass(frozen=True, eq=False)
class Influence:
    """The labelled pictures behind an answer.

    Attributes:
        method: how it was found.
        model: the name of the model.
        label: the number of the class whose answer is explained.
        names: of the labelled pictures, count.
        labels: (count,), the number of the class of each.
        scores: (count,), above 0 for a picture that argues for the answer; in the unit of the method.
        notes: sentences for the user.
    """

    method: Method
    model: str
    label: int
    names: tuple[str, ...]
    labels: Labels
    scores: Numbers
    notes: tuple[str, ...] = ()

    @property
    def shares(self) -> Numbers:
        """The scores divided by the sum of all their sizes, (count,)."""
        return shares(self.scores)

    def most_for(self, top: int) -> tuple[int, ...]:
        """Find the numbers of the pictures that argue most for the answer, the strongest first."""
        order = np.argsort(-self.scores, kind="stable")[:top]
        return tuple(int(at) for at in order if self.scores[at] > 0)

    def most_against(self, top: int) -> tuple[int, ...]:
        """Find the numbers of the pictures that argue most against the answer, the strongest first."""
        order = np.argsort(self.scores, kind="stable")[:top]
        return tuple(int(at) for at in order if self.scores[at] < 0)


def check_members(readers: Sequence[Reader]) -> None:
    """Raise ModelError unless all checkpoints have the last layer of the model, which comes last."""
    model = readers[-1]
    for other in readers[:-1]:
        if other.weights.shape != model.weights.shape or other.card.classes != model.card.classes:
            raise ModelError(
                f"The checkpoint {other.card.name} has a last layer of {_layer(other)}, but {model.card.name} has one "
                f"of {_layer(model)} for its own classes: give checkpoints of the same model."
            )


def influence(labelled: Labelled, queries: Sequence[Numbers], method: Method, label: int | None = None) -> Influence:
    """Say how much each labelled picture argues for an answer.

    Args:
        labelled: the pictures.
        queries: the features of the picture that is explained, (width,), of each reader.
        method: how.
        label: the number of the class to explain; None for the answer of the model.

    Raises:
        DreampipeError: the labelled pictures are of one class, or none is of the class to explain.
    """
    classes = _check_classes(labelled)
    card, answer = labelled.readers[-1].card, int((queries[-1] @ labelled.readers[-1].weights).argmax())
    chosen = answer if label is None else label
    if chosen not in classes:
        said = "The model answers" if label is None else "The class to explain is"
        raise DreampipeError(
            f"{said} {_name(labelled, chosen)}, but no labelled picture is of that class: give pictures of it, or "
            "--label with a class that has some."
        )
    found = method.argue(_case(labelled, chosen, queries))
    return Influence(
        method, card.name, chosen, labelled.names, labelled.labels, _finite(found), _notes(labelled, method)
    )


def suspect(labelled: Labelled, method: Method) -> Numbers:
    """Say how suspicious each label is, (count,); raises DreampipeError for pictures of one class."""
    _check_classes(labelled)
    return _finite(method.suspect(_case(labelled, labelled.classes[0])))


def _check_classes(labelled: Labelled) -> tuple[int, ...]:
    classes = labelled.classes
    if len(classes) < 2:
        raise DreampipeError(
            f"All labelled pictures are of the class {_name(labelled, classes[0])}, but pictures of at least two "
            "classes are expected: add those of another."
        )
    return classes


def _case(labelled: Labelled, label: int, queries: Sequence[Numbers] = ()) -> Case:
    """Build the case of a last layer that tells apart the classes of the labelled pictures alone."""
    classes = list(labelled.classes)
    asked: Sequence[Numbers | None] = [*queries] or [None] * len(labelled.readers)
    members = tuple(
        Seen(features, reader.weights[:, classes], query)
        for features, reader, query in zip(labelled.features, labelled.readers, asked, strict=True)
    )
    return Case(members, np.searchsorted(classes, labelled.labels).astype(np.int64), classes.index(label))


def _notes(labelled: Labelled, method: Method) -> tuple[str, ...]:
    if len(labelled.readers) > 1 and not method.uses_checkpoints:
        return (f"{method.name} reads no checkpoints, so those that came are left aside.",)
    if method.uses_checkpoints and len(labelled.readers) == 1:
        return (f"{method.name} has no checkpoints of the training here, so it reads the model alone.",)
    return ()


def _finite(scores: Numbers) -> Numbers:
    if not np.isfinite(scores).all():
        raise DreampipeError(
            "The scores came as nan or infinite, but numbers are expected: give a larger damping, or another method."
        )
    return scores


def _name(labelled: Labelled, label: int) -> str:
    names = labelled.readers[-1].card.classes
    return names[label] if label < len(names) else str(label)


def _layer(reader: Reader) -> str:
    return f"{len(reader.weights) - 1} features and {reader.weights.shape[1]} classes"
