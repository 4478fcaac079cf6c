"""How much of something there is in an activation: each measure maps (batch, ...) to (batch,).

A measure knows tensors only. keras is imported where one computes, so that reading and rejecting text does not load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Tensor = Any
CENTER = "center"


def _over_places(values: Tensor) -> Tensor:
    """Mean over everything but the batch: (batch, ...) to (batch,)."""
    from keras import ops

    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


@dataclass(frozen=True)
class MeanSquare:
    """A whole layer, `mixed4`: the mean of its squares over places and channels.

    Source: Mordvintsev, Olah and Tyka 2015, "Inceptionism" (there the gradient of half the sum).
    """

    def __call__(self, values: Tensor) -> Tensor:
        return _over_places(values * values)


@dataclass(frozen=True)
class Each:
    """A whole layer, each place by the channel that is its own, `each(places)`: the measure that covers a picture.

    Channels are first compared with themselves: over the picture, each has mean 0 and deviation 1. A place's own
    channels are those that then stand out (a softmax over 3 times the values, as constants), and its score
    -softplus(3 - value) saturates where they do. So different places grow different things, and none grows at the cost
    of all others, as the strongest does under a mean of squares.
    """

    def __call__(self, values: Tensor) -> Tensor:
        from keras import ops

        places = tuple(range(1, len(values.shape) - 1))
        mean = ops.stop_gradient(ops.mean(values, axis=places, keepdims=True))
        deviation = ops.stop_gradient(ops.std(values, axis=places, keepdims=True))
        relative = (values - mean) / (deviation + 1e-6)
        own = ops.stop_gradient(ops.softmax(3 * relative, axis=-1))
        return _over_places(-ops.softplus(3 - ops.sum(own * relative, axis=-1)))


@dataclass(frozen=True)
class Channel:
    """One channel, `mixed4[12]`: its mean over all places.

    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    channel: int

    def __call__(self, values: Tensor) -> Tensor:
        return _over_places(values[..., self.channel : self.channel + 1])


@dataclass(frozen=True)
class Neuron:
    """One neuron, `mixed4[12]@center` or `mixed4[12]@(8,3)`: a channel at a feature cell (row, column).

    `place` None is the middle cell; a cell beyond the grid of a small octave is the nearest one in it.
    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    channel: int
    place: tuple[int, int] | None = None

    def __call__(self, values: Tensor) -> Tensor:
        from keras import ops

        rows, columns = ops.shape(values)[1:3]
        row, column = self.place or (rows // 2, columns // 2)
        plane = values[..., self.channel]
        return ops.take(ops.take(plane, ops.minimum(row, rows - 1), axis=1), ops.minimum(column, columns - 1), axis=1)


@dataclass(frozen=True)
class Logit:
    """A class before the softmax, `logit(eye)` or `logit(281)`: the head's score.

    `label` is a class name or an index; after `bind` always an index.
    Source: Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks".
    """

    label: str | int

    def __call__(self, values: Tensor) -> Tensor:
        return values[:, self.label]


@dataclass(frozen=True)
class Probability:
    """A class after the softmax (or the sigmoid that the model has instead), `prob(eye)`: in [0, 1]."""

    label: str | int

    def __call__(self, values: Tensor) -> Tensor:
        return values[:, self.label]


Measure = MeanSquare | Each | Channel | Neuron | Logit | Probability
