"""`Question`: an objective on a model, as a function of pictures that can be differentiated.

Methods ask it for answers and gradients of many pictures at once. It computes them in batches that fit into the memory,
halves a batch when memory runs out, and stops in good order when the user presses Ctrl-C. Importing this module loads
no keras; the first answer does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dreampipe.errors import ModelError
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import BoundObjective

if TYPE_CHECKING:
    from dreampipe.models.tap import Rules

Found = TypeVar("Found")
Progress = Callable[[float], None]
"""Hears the share of the work that is done, in [0, 1]."""


@dataclass
class Work:
    """The state of one explanation in the making: its draws, its notes, and who hears of its progress.

    Attributes:
        rng: all random draws of the method.
        progress: hears the share that is done.
        stopping: whether the user has asked to stop.
        notes: sentences for the user, which the method adds to.
        stopped: whether the user stopped the work before it was whole.
    """

    rng: np.random.Generator
    progress: Progress = lambda share: None
    stopping: Callable[[], bool] = lambda: False
    notes: list[str] = field(default_factory=list)
    stopped: bool = False

    def note(self, text: str) -> None:
        """Add a note once."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True)
class Question:
    """An objective on a model.

    Pictures are (count, height, width, 3) float32 in [0, 1], of a size that the model takes.

    Attributes:
        card: of the model.
        objective: what is asked, bound to the model.
        text: the objective as text.
        most: the most pictures to compute at once. Larger batches of small pictures were no faster on two cores.
    """

    card: Card
    objective: BoundObjective
    text: str
    most: int = 64

    def answers(self, pictures: Array) -> Array:
        """Score pictures, all in one batch: (count,) float32."""
        from dreampipe import scoring

        return scoring.score(self.card, self.objective, pictures)

    def answer_all(self, pictures: Array, work: Work) -> Array:
        """Score pictures in batches that fit into the memory: (count,) float32. A stop of the user does not end it."""
        quiet = Work(work.rng, notes=work.notes)
        parts = self.batches(len(pictures), pictures.shape[1:3], lambda part: self.answers(pictures[part]), quiet)
        return np.concatenate([found for _, found in parts])

    def differentiate(self, pictures: Array, rules: Rules | None = None) -> tuple[Array, Array]:
        """Score pictures, all in one batch, and take the gradients of the scores by them.

        Args:
            pictures: (count, height, width, 3).
            rules: replaces operations of the model; see `dreampipe.models.tap.tap`. Hashable, because graphs are kept.

        Returns:
            (count,) and (count, height, width, 3) float32.
        """
        from dreampipe import backend, scoring

        if rules is None:
            return scoring.differentiate(self.card, self.objective, pictures)
        scores, gradients = _differentiating_by(self.card, self.objective, rules)(pictures)
        return backend.as_array(scores), backend.as_array(gradients)

    def needs(self) -> frozenset[str]:
        """Name the layers that the answers depend on, those that the objective reads among them."""
        from dreampipe.models import tap
        from dreampipe.models.opening import open_model

        return tap.needed(open_model(self.card), self.objective.layers, self.objective.head)

    def activations(self, layer: str, pictures: Array) -> Array:
        """Compute the activation of a layer, all in one batch: (count, ...) float32."""
        from dreampipe import backend

        return backend.as_array(_reading(self.card, layer)(pictures))

    def answers_from(self, layer: str, activation: Array, pictures: Array) -> Array:
        """Score given activations of a layer, running the model from there on: (count,) float32.

        Args:
            layer: its name.
            activation: (count, ...), as of `activations`.
            pictures: (count, height, width, 3), for what the objective reads of pictures apart from that layer.
        """
        from dreampipe import backend

        return backend.as_array(_from(self.card, self.objective, layer)[0](activation, pictures))

    def differentiate_from(self, layer: str, activation: Array, pictures: Array) -> tuple[Array, Array]:
        """Score given activations of a layer, and take the gradients of the scores by them; see `answers_from`."""
        from dreampipe import backend

        scores, gradients = _from(self.card, self.objective, layer)[1](activation, pictures)
        return backend.as_array(scores), backend.as_array(gradients)

    def batches(
        self, count: int, size: tuple[int, int], compute: Callable[[slice], Found], work: Work, partial: bool = False
    ) -> Iterator[tuple[slice, Found]]:
        """Compute `count` pictures of a (height, width) in batches that fit into the memory.

        Args:
            compute: computes the pictures of a slice of `range(count)`. A batch that does not fit after all is halved,
                with a note.
            partial: whether fewer pictures are a result too: then a stop of the user ends the iteration after the
                batch, else it raises KeyboardInterrupt.

        Yields:
            each slice, and what was computed of it.

        Raises:
            ModelError: not even one picture fits.
        """
        from dreampipe import scoring

        most = min(count, scoring.batch_size(self.card, self.objective, size), self.most)
        first = 0
        while first < count:
            part = slice(first, min(count, first + most))
            try:
                found = compute(part)
            except MemoryError:
                if most == 1:
                    raise refuse_size(size) from None
                most = max(1, most // 2)
                work.note(f"Memory ran out, so pictures are computed {most} at a time.")
                continue
            yield part, found
            first = part.stop
            work.progress(first / count)
            if work.stopping() and first < count:
                if not partial:
                    raise KeyboardInterrupt
                work.stopped = True
                work.note(f"Stopped by the user after {first} of {count} pictures, so the map is less certain.")
                return


def refuse_size(size: tuple[int, int]) -> ModelError:
    """Return the error for a picture of this (height, width), whose answer does not fit into the memory."""
    return ModelError(f"A picture of {size[1]}x{size[0]} does not fit into the free memory: give a smaller max-size.")


@lru_cache(maxsize=8)
def _differentiating_by(card: Card, objective: BoundObjective, rules: Rules) -> Callable[[Array], Any]:
    from dreampipe import backend, scoring
    from dreampipe.backend import ops

    score_view = scoring.scores_of(card, objective, rules=rules)

    def compute(pictures: Any) -> Any:
        def total(pictures: Any) -> Any:
            scores = ops.sum(score_view(scoring.view(pictures)), axis=1)
            return ops.sum(scores), scores

        _, scores, (gradients,) = backend.value_and_gradients(total, pictures)
        return scores, gradients

    return backend.compile(compute, backend.spec(None, None, None, 3))


@lru_cache(maxsize=8)
def _reading(card: Card, layer: str) -> Callable[[Array], Any]:
    from dreampipe import backend, scoring

    read = scoring.read_of(card, [layer])
    return backend.compile(lambda pictures: read(pictures)[layer], backend.spec(None, None, None, 3))


@lru_cache(maxsize=8)
def _from(card: Card, objective: BoundObjective, layer: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile the scores of given activations, and the same with their gradients."""
    from dreampipe import backend, scoring
    from dreampipe.backend import ops

    score_view = scoring.scores_of(card, objective, given=layer)

    def score(given: Any, pictures: Any) -> Any:
        return ops.sum(score_view(scoring.view(pictures, given)), axis=1)

    def differentiate(given: Any, pictures: Any) -> Any:
        def total(given: Any) -> Any:
            scores = score(given, pictures)
            return ops.sum(scores), scores

        _, scores, (gradients,) = backend.value_and_gradients(total, given)
        return scores, gradients

    return backend.compile(score), backend.compile(differentiate)
