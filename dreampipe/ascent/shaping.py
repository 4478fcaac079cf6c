"""What is done to the gradient of the picture before a step follows it: its size, its frequencies, its sign.

Each works on every picture of a batch by itself; a gradient that is zero everywhere stays zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

Tensor = Any
PICTURE = (1, 2, 3)
"""The axes of one picture in a batch."""


@dataclass(frozen=True)
class Shaping(ABC):
    """From gradients to gradients."""

    @abstractmethod
    def __call__(self, gradient: Tensor, progress: Tensor) -> Tensor:
        """The gradient (batch, height, width, 3), shaped, at this progress () in [0, 1] through the whole ascent."""


@dataclass(frozen=True)
class MeanAbsolute(Shaping):
    """Over the mean of |g|. Source: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism"."""

    def __call__(self, gradient: Tensor, progress: Tensor) -> Tensor:
        from keras import ops

        gradient = _within_range(gradient)
        return gradient / ops.maximum(ops.mean(ops.abs(gradient), axis=PICTURE, keepdims=True), 1e-6)


@dataclass(frozen=True)
class Deviation(Shaping):
    """Over the standard deviation. Source: the DeepDream tutorial of TensorFlow."""

    def __call__(self, gradient: Tensor, progress: Tensor) -> Tensor:
        from keras import ops

        gradient = _within_range(gradient)
        return gradient / ops.maximum(ops.std(gradient, axis=PICTURE, keepdims=True), 1e-6)


def _within_range(gradient: Tensor) -> Tensor:
    """The gradient over its largest part, so that neither its mean nor its square may leave float32."""
    from keras import ops

    largest = ops.max(ops.abs(gradient), axis=PICTURE, keepdims=True)
    return gradient / ops.where(largest > 0, largest, 1.0)
