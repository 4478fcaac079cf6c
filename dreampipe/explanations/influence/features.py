"""Features of pictures at the input of the last layer, in batches that fit into the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dreampipe.errors import ModelError
from dreampipe.explanations.explaining import MAX_SIZE, ask, fit
from dreampipe.explanations.influence.seen import Numbers
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives.names import HEAD

_AT_ONCE = 64
"""Pictures of a size that are computed together, at most."""
_HELD = 256
"""Pictures of different sizes that wait for others of their size, at most."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A model that is cut before its last layer.

    Attributes:
        card: of the model.
        weights: (width + 1, classes) float64 of the last layer; the last row is the bias.
        max_size: the longest side in which the model sees a picture, if it takes all sizes.
    """

    card: Card
    weights: Numbers
    max_size: int = MAX_SIZE

    @classmethod
    def of(cls, card: Card, max_size: int = MAX_SIZE) -> Reader:
        """Open a model; raises ModelError if it has fewer than two classes or no last layer that is linear."""
        if card.outputs in (0, 1):
            what = "no head that names classes" if card.outputs == 0 else "a single class"
            raise ModelError(
                f"{card.name} has {what}, but influence is that of pictures on a class among others: give a model that "
                "has some."
            )
        held = card.held((), head=True)
        _, kernel, bias = _compile(held)
        return cls(held, np.vstack([kernel, bias[None]]).astype(np.float64), max_size)

    def read(self, pictures: Iterable[Array], work: Work) -> Numbers:
        """Compute features (count, width + 1) of pictures (height, width, 3) of any sizes; the last feature is 1.

        Raises:
            ModelError: a picture is too small or too large, or the answer is no number.
            KeyboardInterrupt: the user has asked to stop.
        """
        parts: dict[int, Array] = {}
        for part in _parts(fit(self.card, pixels, self.max_size) for pixels in pictures):
            if work.stopping():
                raise KeyboardInterrupt
            parts.update(zip(part.numbers, self._compute(part.pictures, work), strict=True))
        found = np.stack([parts[number] for number in range(len(parts))]).astype(np.float64)
        return np.hstack([found, np.ones((len(found), 1))])

    def _compute(self, pictures: Array, work: Work) -> Array:
        """Compute the features of pictures of one size, and check that they give the logits of the model."""
        from dreampipe.backend import as_array

        compute, kernel, bias = _compile(self.card)
        question, quiet = ask(self.card, "logit(0)", _AT_ONCE), Work(work.rng, notes=work.notes)
        size = (pictures.shape[1], pictures.shape[2])

        def read(part: slice) -> tuple[Array, Array]:
            return tuple(map(as_array, compute(pictures[part])))  # type: ignore[return-value]

        found = [pair for _, pair in question.batches(len(pictures), size, read, quiet)]
        features, logits = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        if not np.isfinite(features).all():
            raise ModelError(
                f"The features of {self.card.name} came as nan or infinite, but numbers are expected: look for broken "
                "weights, or give another scaling, picture or model."
            )
        if features.shape[1] != len(kernel) or not _is_near(features @ kernel + bias, logits):
            raise ModelError(
                f"The logits of {self.card.name} are not linear in what its last layer gets, but influence is computed "
                "on a linear last layer: give another model."
            )
        return np.asarray(features, np.float32)


class _Part(NamedTuple):
    """Pictures of one size, and their numbers among all."""

    pictures: Array
    numbers: tuple[int, ...]


def _parts(pictures: Iterable[Array]) -> Iterator[_Part]:
    """Gather pictures by their size, some at a time."""
    groups: dict[tuple[int, ...], list[tuple[int, Array]]] = {}

    def take(size: tuple[int, ...]) -> _Part:
        numbers, pixels = zip(*groups.pop(size), strict=True)
        return _Part(np.stack(pixels), numbers)

    for number, pixels in enumerate(pictures):
        group = groups.setdefault(pixels.shape, [])
        group.append((number, pixels))
        if len(group) >= _AT_ONCE:
            yield take(pixels.shape)
        elif sum(map(len, groups.values())) >= _HELD:
            yield take(max(groups, key=lambda size: len(groups[size])))
    while groups:
        yield take(next(iter(groups)))


def _is_near(found: Array, logits: Array) -> bool:
    return bool(np.abs(found - logits).max() <= 1e-3 * max(1.0, float(np.abs(logits).max())))


@lru_cache(maxsize=8)
def _compile(card: Card) -> tuple[Callable[[Array], Any], Array, Array]:
    """Compile pictures to features, averaged over places, and logits; return it with the last layer's weights."""
    from dreampipe import backend, scoring
    from dreampipe.backend import ops
    from dreampipe.models import tap
    from dreampipe.models.opening import open_model

    last = tap.last_layer(open_model(card))
    read = scoring.read_of(card, [last.input], head=True)

    def compute(pictures: Any) -> Any:
        found = read(pictures)
        features = found[last.input]
        places = tuple(range(1, len(features.shape) - 1))
        return (ops.mean(features, axis=places) if places else features), found[HEAD]

    return backend.compile(compute, backend.spec(None, None, None, 3)), last.kernel, last.bias
