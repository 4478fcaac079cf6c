"""`Victim`: the classifier under attack, as logits of pictures, and losses with their gradients.

It computes pictures in batches that fit into the memory, halves a batch when memory runs out, counts what it computes,
and stops when the user asks to. Importing this module loads no keras; the first answer does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from dreampipe.errors import ModelError, ObjectiveError
from dreampipe.explanations.adversarial.lens import Lens
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import Objective
from dreampipe.objectives.names import HEAD, PROBABILITIES, quoted

Found = TypeVar("Found")
Labels = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]

LOSSES = ("ce", "dlr", "margin", "difference")
"""The losses, which an attack makes large.

They are cross-entropy; the difference of logits ratio (Croce and Hein 2020); the largest other logit less that of the
class; and the logit of a target less that of the class. With a target, the first three are those of the target, and
grow where the attack succeeds, too.
"""

_LARGEST_BATCH = 64


class Felt(NamedTuple):
    """The result for pictures: losses (count,) float64, their gradients, and the logits (count, classes)."""

    losses: Numbers
    gradients: Array
    logits: Array


@dataclass(eq=False)
class Victim:
    """A classifier under attack.

    Pictures are (count, height, width, 3) float32 in [0, 1]; without a lens of a size that the model takes.

    Attributes:
        card: of the model.
        work: hears notes, and says whether the user has asked to stop.
        lens: how the model sees pictures of another size; None for pictures as they are.
        forwards: pictures whose logits have been computed alone.
        gradients: pictures whose gradients have been computed.
    """

    card: Card
    work: Work
    lens: Lens | None = None
    forwards: int = 0
    gradients: int = 0
    _most: int = field(default=0, repr=False)

    def logits(self, pictures: Array) -> Array:
        """Compute the logits of pictures: (count, classes) float32."""
        return self.answer(pictures)[0]

    def answer(self, pictures: Array) -> tuple[Array, Array]:
        """Compute the logits, and the probabilities as the model makes them of these: (count, classes) float32 each."""
        self.forwards += len(pictures)
        from dreampipe.backend import as_array

        compute = _answering(self.card)

        def answer(part: slice) -> tuple[Array, Array]:
            logits, probabilities = compute(self._fit(pictures[part]))
            return as_array(logits), as_array(probabilities)

        logits, probabilities = (np.concatenate(x) for x in zip(*self._each(pictures, answer), strict=True))
        return logits, probabilities

    def feel(self, loss: str, pictures: Array, labels: Labels, targets: Labels | None = None) -> Felt:
        """Compute losses, their gradients by the pictures, and logits.

        Args:
            loss: one of `LOSSES`.
            labels: (count,), the class of each picture.
            targets: (count,), the class to reach; None to leave `labels`.
        """
        self.gradients += len(pictures)
        from dreampipe.backend import as_array

        compute = _feeling(self.card, loss, targets is not None)
        toward = labels if targets is None else targets

        def feel(part: slice) -> tuple[Array, Array, Array]:
            losses, gradients, logits = compute(self._fit(pictures[part]), labels[part], toward[part])
            back = as_array(gradients)
            return as_array(losses), self.lens.pull(back) if self.lens else back, as_array(logits)

        losses, gradients, logits = (np.concatenate(x) for x in zip(*self._each(pictures, feel), strict=True))
        return Felt(np.asarray(losses, np.float64), gradients, logits)

    def optimizes(self) -> bool:
        """Say whether the model computes gradients when it answers."""
        return _optimizes(self.card)

    def _fit(self, pictures: Array) -> Array:
        return self.lens.look(pictures) if self.lens else np.ascontiguousarray(pictures)

    def _each(self, pictures: Array, compute: Callable[[slice], Found]) -> list[Found]:
        """Compute pictures in parts that fit into the memory; a part that does not fit after all is halved."""
        size = self.lens.seen if self.lens else (int(pictures.shape[1]), int(pictures.shape[2]))
        self._most = self._most or min(_LARGEST_BATCH, _batch(self.card, size))
        first, found = 0, []
        while first < len(pictures):
            if self.work.stopping():
                raise KeyboardInterrupt
            try:
                found.append(compute(slice(first, first + self._most)))
            except MemoryError:
                if self._most == 1:
                    raise ModelError(
                        f"A picture of {size[1]}x{size[0]} does not fit into the free memory: give a smaller max-size."
                    ) from None
                self._most //= 2
                self.work.note(f"Memory ran out, so pictures are computed {self._most} at a time.")
                continue
            first += self._most
        return found


def _batch(card: Card, size: tuple[int, int]) -> int:
    from dreampipe import scoring

    return scoring.batch_size(card, Objective.parse("logit(0)").bind(card), size)


def open_victim(card: Card, work: Work) -> Victim:
    """Prepare a model for attacks; it is opened by the first answer.

    Raises:
        ModelError: the model has no head that names classes, or a single class.
    """
    if card.outputs == 0:
        raise ModelError(f"{card.name} has no head that names classes, but an attack changes the class: give another.")
    if card.outputs == 1:
        raise ModelError(f"{card.name} has one class, but an attack needs another to reach: give another model.")
    return Victim(card.held((), head=True), work)


def class_of(card: Card, name: str) -> int:
    """Find a class by its name or number; raises ObjectiveError."""
    label = name.strip()
    try:
        bound = Objective.parse(f"logit({label if label.isdigit() else quoted(label)})").bind(card)
    except ObjectiveError as problem:  # which points into an objective that nobody has written
        raise ObjectiveError(str(problem).partition("\n")[0]) from None
    return int(bound.terms[0].measure.label)  # type: ignore[attr-defined]


def name_of(card: Card, number: int) -> str:
    """Name a class as users write it: its name, or its number where names are missing or come twice."""
    names = card.classes
    return names[number] if number < len(names) and names.count(names[number]) == 1 else str(number)


def _head(card: Card) -> Callable[[Any], tuple[Any, Any]]:
    """Build the function from pictures to logits and probabilities."""
    from dreampipe import scoring

    read = scoring.read_of(card, [], head=True)

    def answer(pictures: Any) -> tuple[Any, Any]:
        found = read(pictures)
        return found[HEAD], found[PROBABILITIES]

    return answer


@lru_cache(maxsize=4)
def _answering(card: Card) -> Callable[[Array], Any]:
    from dreampipe import backend

    return backend.compile(_head(card), backend.spec(None, None, None, 3))


@lru_cache(maxsize=4)
def _optimizes(card: Card) -> bool:
    from dreampipe import backend

    size = card.fixed or (max(card.least, 32), max(card.least, 32))
    return backend.takes_gradients(_head(card), backend.spec(None, *size, 3))


@lru_cache(maxsize=16)
def _feeling(card: Card, loss: str, targeted: bool) -> Callable[..., Any]:
    from dreampipe import backend
    from dreampipe.backend import ops
    from dreampipe.explanations.adversarial.losses import measure

    read = _head(card)

    def compute(pictures: Any, labels: Any, targets: Any) -> Any:
        def total(pictures: Any) -> Any:
            logits, _ = read(pictures)
            losses = measure(loss, logits, labels, targets if targeted else None)
            return ops.sum(losses), (losses, logits)

        _, (losses, logits), (gradients,) = backend.value_and_gradients(total, pictures)
        return losses, gradients, logits

    one = backend.spec(None, dtype="int32")
    return backend.compile(compute, backend.spec(None, None, None, 3), one, one)
