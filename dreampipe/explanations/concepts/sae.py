"""TopK sparse autoencoders: rows as sums of few directions out of many, learned in Keras.

Each row is a mean and the `keep` strongest of `count` units, times their directions. A unit that no row uses is
dead: it starts again from a row that is explained badly.
Source: Gao and others 2024, "Scaling and evaluating sparse autoencoders" (TopK); Bricken and others 2023, "Towards
Monosemanticity" (starting dead units again).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

_BATCH = 256
_RATE = 1e-2
"""The first size of a step of Adam; it falls to 0 along a half cosine."""
_LOOK = 100
"""Steps between two looks for dead units."""
_REVIVING = 0.7
"""The share of the steps up to which dead units are started again; later ones would be cut off half learned."""


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A trained autoencoder.

    Attributes:
        directions: (count, channels) float32, each of length 1.
        encoder: (channels, count) float32.
        bias: (count,) float32.
        mean: (channels,) float32, of the rows.
        keep: units that a row may use.
        revived: how often a dead unit was started again.
        dead: units that no row uses after the training.
    """

    directions: Array
    encoder: Array
    bias: Array
    mean: Array
    keep: int
    revived: int = 0
    dead: int = 0

    def find_strengths(self, rows: Array) -> Array:
        """Find the strengths (n, count) >= 0 of the units for rows (n, channels), at most `keep` of a row."""
        return keep_top(np.asarray((rows - self.mean) @ self.encoder + self.bias, np.float32), self.keep)


def keep_top(values: Array, keep: int) -> Array:
    """Keep the `keep` largest values of each row where they are positive; the others are 0."""
    count = values.shape[1]
    found = np.zeros_like(values)
    first = np.argpartition(values, count - keep, axis=1)[:, count - keep :]
    np.put_along_axis(found, first, np.maximum(np.take_along_axis(values, first, 1), 0), 1)
    return found


def train_sae(
    rows: Array,
    count: int,
    seed: int,
    keep: int = 4,
    steps: int = 2000,
    progress: Callable[[float], None] = lambda share: None,
) -> Autoencoder:
    """Train an autoencoder on rows (n, channels) float32.

    Args:
        rows: at least one.
        count: of the units.
        seed: of the start, the order of the rows, and the rows that revive units.
        keep: units that a row may use; at most `count`.
        steps: of the training, each on some hundred rows.
        progress: hears the share that is done.
    """
    rng, keep = np.random.default_rng(seed), min(keep, count)
    mean = rows.mean(0)
    centred = rows - mean
    scale = float(np.sqrt((centred**2).sum(1).mean())) or 1.0
    centred /= scale
    learner = _Learner(_pick_rows(centred, count, rng), keep, steps)
    revived = 0
    for number in range(1, steps + 1):
        learner.step(centred[rng.integers(len(centred), size=_BATCH)])
        if number % _LOOK == 0:
            progress(number / steps)
            if number <= _REVIVING * steps:
                revived += learner.revive(centred, rng)
    encoder, bias, directions = learner.weights()
    lengths = np.maximum(np.linalg.norm(directions, axis=1), 1e-12)
    made = Autoencoder(
        directions=directions / lengths[:, None],
        encoder=encoder * lengths,
        bias=bias * lengths * scale,
        mean=np.asarray(mean, np.float32),
        keep=keep,
        revived=revived,
    )
    unused = ~(made.find_strengths(rows) > 0).any(0)
    return Autoencoder(**{**vars(made), "dead": int(unused.sum())})


class _Learner:
    """The weights in training, (channels, count), (count,) and (count, channels), and the step that improves them."""

    def __init__(self, start: Array, keep: int, steps: int) -> None:
        from dreampipe import backend
        from dreampipe.backend import keras, ops

        self.keep = keep
        self.variables = [keras.Variable(value) for value in (start.T, np.zeros(len(start), np.float32), start)]
        self.optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE, steps))
        self.optimizer.build(self.variables)

        def step(batch: Any) -> None:
            def loss(encoder: Any, bias: Any, directions: Any) -> tuple[Any, Any]:
                values = ops.matmul(batch, encoder) + bias
                least = ops.top_k(values, keep)[0][:, -1:]
                strengths = ops.where(values >= least, ops.relu(values), 0.0)
                missed = batch - ops.matmul(strengths, directions)
                return ops.mean(ops.sum(missed * missed, axis=1)), 0.0

            _, _, gradients = backend.value_and_gradients(loss, *(one.value for one in self.variables))
            self.optimizer.apply(gradients, self.variables)

        changed = [*self.variables, *self.optimizer.variables]
        self.step = backend.compile(step, backend.spec(None, start.shape[1]), changes=changed)

    def weights(self) -> tuple[Array, Array, Array]:
        encoder, bias, directions = (np.array(one.numpy(), np.float32) for one in self.variables)
        return encoder, bias, directions

    def revive(self, rows: Array, rng: np.random.Generator) -> int:
        """Start the dead units again, from rows that are missed by most; return how many they were."""
        encoder, bias, directions = self.weights()
        strengths = keep_top(rows @ encoder + bias, self.keep)
        dead = np.flatnonzero(~(strengths > 0).any(0))
        if len(dead):
            missed = rows - strengths @ directions
            weight = (missed**2).sum(1, dtype=np.float64) + 1e-12
            chosen = missed[rng.choice(len(rows), len(dead), p=weight / weight.sum())]
            fresh = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12)
            encoder[:, dead], bias[dead], directions[dead] = fresh.T, 0, fresh
            for variable, value in zip(self.variables, (encoder, bias, directions), strict=True):
                variable.assign(value)
        return len(dead)


def _pick_rows(rows: Array, count: int, rng: np.random.Generator) -> Array:
    """Pick rows at random as the first directions, at length 1; where there are too few, random directions."""
    picked = rng.normal(size=(count, rows.shape[1])).astype(np.float32)
    chosen = rng.permutation(len(rows))[:count]
    lengths: npt.NDArray[np.floating] = np.linalg.norm(rows[chosen], axis=1)
    picked[: len(chosen)][lengths > 0] = rows[chosen][lengths > 0]
    return np.asarray(picked / np.linalg.norm(picked, axis=1, keepdims=True), np.float32)
