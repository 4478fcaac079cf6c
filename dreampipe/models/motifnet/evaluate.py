"""Measure how well a network names new pictures, as they are and under attack.

The pictures of `fresh` come from another seed than those of the training. The attack is projected gradient descent
(Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks") in the L2 ball around each
picture, on pixels in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.motifnet.renderer import render_many

FRESH_SEED = 1
"""The seed of the pictures of the evaluation; a training has another."""
CLEAN_PICTURES, ATTACKED_PICTURES = 2_000, 1_000
"""How many fresh pictures the model card's figures stand on: numbers from 0 on."""
_BATCH = 100

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]


def fresh(count: int = CLEAN_PICTURES) -> tuple[npt.NDArray[np.uint8], Labels]:
    """The pictures 0 to count - 1 of the evaluation, (count, size, size, 3) uint8, and their labels (count,)."""
    return render_many(range(count), FRESH_SEED)


def clean_accuracy(model: keras.Model, pictures: Pixels, labels: Labels) -> float:
    """The share of the pictures that the model names rightly, in [0, 1].

    Args:
        model: takes (batch, height, width, 3) RGB in [0, 1] and returns (batch, classes) logits.
        pictures: (count, height, width, 3), uint8 in [0, 255] or float32 in [0, 1].
        labels: (count,) indices of classes.
    """
    forward = backend.compiled(lambda x: model(x, training=False), backend.spec(None, *pictures.shape[1:]))
    named = [np.asarray(forward(_unit_range(pictures[part]))).argmax(-1) for part in _parts(len(labels))]
    return float(np.mean(np.concatenate(named) == labels))


def attacked_accuracy(
    model: keras.Model, pictures: Pixels, labels: Labels, *, radius: float = 1.5, steps: int = 20, seed: int
) -> float:
    """The share that the model still names rightly after `attack` has changed the pictures, in [0, 1]."""
    return clean_accuracy(model, attack(model, pictures, labels, radius=radius, steps=steps, seed=seed), labels)


def attack(
    model: keras.Model, pictures: Pixels, labels: Labels, *, radius: float = 1.5, steps: int = 20, seed: int
) -> npt.NDArray[np.float32]:
    """The pictures (count, height, width, 3), moved within `radius` to where the model's cross-entropy is large.

    Each starts at a random point of its L2 ball and takes `steps` steps of 2.5 radius / steps along its normalized
    gradient; after each it is brought back into the ball and clipped to [0, 1], which never leaves the ball, and the
    next gradient is taken there.
    """
    batch = backend.spec(None, *pictures.shape[1:])
    scalar = backend.spec()
    advance = backend.compiled(_step(model), batch, batch, backend.spec(None, dtype="int32"), scalar, scalar)
    moved = np.empty(pictures.shape, np.float32)
    rng = np.random.default_rng(seed)
    for part in _parts(len(labels)):
        start, truth = _unit_range(pictures[part]), labels[part].astype(np.int32)
        x = np.clip(start + _in_ball(rng, start.shape, radius), 0, 1)
        for _ in range(steps):
            x = advance(x, start, truth, np.float32(radius), np.float32(2.5 * radius / steps))
        moved[part] = np.asarray(x)
    return moved


def _step(model: keras.Model) -> Callable[..., backend.Tensor]:
    """One step of the attack: `(x, start, labels, radius, length) -> x`."""

    def step(
        x: backend.Tensor, start: backend.Tensor, labels: backend.Tensor, radius: backend.Tensor, length: backend.Tensor
    ) -> backend.Tensor:
        def loss(x: backend.Tensor) -> tuple[backend.Tensor, None]:
            # In float64, or a model that is sure of itself would hide its gradient behind rounding.
            logits = ops.cast(model(x, training=False), "float64")
            return ops.sum(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)), None

        _, _, (gradient,) = backend.value_and_gradients(loss, x)
        away = x + length * _direction(gradient) - start
        return ops.clip(start + away * ops.minimum(1.0, radius / (_norm(away) + 1e-12)), 0.0, 1.0)

    return step


def _direction(gradient: backend.Tensor) -> backend.Tensor:
    """Each picture's gradient at L2 norm 1; its largest value is first made 1, so that no square underflows."""
    largest = ops.max(ops.abs(gradient), axis=(1, 2, 3), keepdims=True)
    scaled = gradient / ops.where(largest > 0, largest, 1.0)
    return scaled / (_norm(scaled) + 1e-12)


def _norm(x: backend.Tensor) -> backend.Tensor:
    return ops.sqrt(ops.sum(x * x, axis=(1, 2, 3), keepdims=True))


def _in_ball(rng: np.random.Generator, shape: tuple[int, ...], radius: float) -> npt.NDArray[np.float32]:
    """A point for each picture, uniform in the ball of its L2 norm."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    norm = np.sqrt(np.sum(noise * noise, axis=(1, 2, 3), keepdims=True))
    depth = rng.random((shape[0], 1, 1, 1)) ** (1 / np.prod(shape[1:]))
    return np.asarray(noise / norm * radius * depth, np.float32)


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(first + _BATCH, count)) for first in range(0, count, _BATCH))


def _unit_range(pictures: Pixels) -> npt.NDArray[np.float32]:
    scale = 255 if pictures.dtype == np.uint8 else 1
    return np.asarray(pictures, np.float32) / np.float32(scale)
