"""Measures score an activation: each maps (batch, ...) to (batch,).

A measure knows only tensors. It imports keras when it computes, so reading and rejecting text does not load it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from dreampipe.objectives.names import UNIT

Tensor = Any
CENTER = "center"


class Measure(ABC):
    """The base of every measure: a frozen value that maps the values that it reads to scores of pictures, (batch,).

    Your own subclass works wherever ours do, without registration: `Objective((Term("mixed4", MyMeasure()),))`.
    Make it a frozen dataclass, so that equal ones share a graph. An int field named `channel` or `label` is checked
    against the model. Text cannot name it: recipes and the command line know only the forms of `forms.FORMS`.

    Attributes:
        grid: whether it needs rows and columns, (batch, rows, columns, channels).
    """

    grid: ClassVar[bool] = False

    def reads(self, layer: str) -> tuple[str, ...]:
        """The keys of the values that a term of this layer calls it with."""
        return (layer,)

    def text(self, layer: str) -> str:
        """Print a measure that the language has no form for, such as `Quantile(mixed4, share=0.9)`.

        Args:
            layer: the layer as an objective's text writes it.
        """
        shown: list[str] = [field.name for field in fields(self) if field.repr] if is_dataclass(self) else []
        values = [f"{name}={getattr(self, name)!r}" for name in shown]
        return f"{type(self).__name__}({', '.join([layer, *values])})"

    @property
    def by_place(self) -> bool:
        """True if the score is the mean of `at_places`, so that it can be summed over the tiles of a picture."""
        return False

    def at_places(self, *args: Any, **kwargs: Any) -> Tensor:
        """Compute the values (batch, rows, columns, ...), each of one place alone, whose mean is the score."""
        raise NotImplementedError

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Tensor: ...


class AtPlaces(Measure):
    """The base of measures whose score is the mean over places of values that each depend on one place alone.

    Attributes:
        relative: whether `at_places` takes the mean and the deviation of each channel over the picture, too.
    """

    relative: ClassVar[bool] = False

    @property
    def by_place(self) -> bool:
        return True

    @abstractmethod
    def at_places(self, *args: Any, **kwargs: Any) -> Tensor: ...

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        return over_places(self.at_places(*args, **kwargs))


def over_places(values: Tensor) -> Tensor:
    """Average over everything except the batch: (batch, ...) to (batch,)."""
    from dreampipe.backend import ops

    return ops.mean(values, axis=_all_but_batch(values))


def _all_but_batch(values: Tensor) -> tuple[int, ...]:
    return tuple(range(1, len(values.shape)))


def _own(values: Tensor, unit: Tensor) -> Tensor:
    """Take each picture's own channel, (batch,), of (batch, channels)."""
    from dreampipe.backend import ops

    return ops.take_along_axis(values, ops.cast(unit, "int32")[:, None], axis=1)[:, 0]


@dataclass(frozen=True)
class MeanSquare(AtPlaces):
    """A whole layer, `mixed4`: the mean of its squares over places and channels.

    Source: Mordvintsev, Olah and Tyka 2015, "Inceptionism" (there the gradient of half the sum).
    """

    def at_places(self, values: Tensor) -> Tensor:
        return values * values


@dataclass(frozen=True)
class Inner(Measure):
    """A layer without its border, `inner(mixed4, 2)`: the sum of squares inside, divided by the number of all values.

    The values of the border count in that number. A layer that is all border scores 0.
    Source: the keras.io example "Deep Dream" (2), against the artefacts of a model's zero padding.
    """

    border: int
    grid: ClassVar[bool] = True

    def __call__(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        rows, columns = ops.shape(values)[1:3]
        inside = values[:, self.border : rows - self.border, self.border : columns - self.border]
        total = ops.sum(inside * inside, axis=_all_but_batch(values))
        return total / ops.cast(ops.size(values[:1]), values.dtype)


@dataclass(frozen=True)
class Layers(MeanSquare):
    """All layers of a pattern, `layers("mixed?")`: the sum of the mean of squares of each.

    Source: the keras.io example "Deep Dream", which sums layers.
    """


@dataclass(frozen=True)
class Mean(AtPlaces):
    """A whole layer, `mean(mixed3)`: its mean over places and channels.

    Source: the TensorFlow tutorial "DeepDream".
    """

    def at_places(self, values: Tensor) -> Tensor:
        return values


@dataclass(frozen=True)
class Absolute(AtPlaces):
    """A whole layer, `abs(mixed3)`: the mean of its absolute values, so that no single place dominates.

    Source: plain arithmetic.
    """

    def at_places(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.abs(values)


@dataclass(frozen=True)
class Norm(Measure):
    """A whole layer, `norm(mixed3)`: its L2 norm, the root of the sum of its squares over places and channels.

    Source: the tool neural-dream (there times 1000).
    """

    def __call__(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        total = ops.sum(values * values, axis=_all_but_batch(values))
        return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1.0)), 0.0)  # the root of 0 has no gradient


@dataclass(frozen=True)
class Largest(Measure):
    """A whole layer, `max(mixed3)`: the largest of its values; only that one is climbed.

    Source: plain arithmetic.
    """

    def __call__(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.max(values, axis=_all_but_batch(values))


@dataclass(frozen=True)
class Each(AtPlaces):
    """A whole layer, each place by its own channels, `each(places)`: the measure that covers a picture.

    Each channel is first normalized to mean 0 and deviation 1 over the picture. A place's own channels are those that
    are then strong (a softmax over 3 times the values, held constant), and its score -softplus(3 - value) saturates
    once they are. So different places grow different things, and no channel grows everywhere, as the strongest does
    under a mean of squares.
    Source: dreampipe.
    """

    grid: ClassVar[bool] = True
    relative: ClassVar[bool] = True

    def at_places(self, values: Tensor, mean: Tensor = None, deviation: Tensor = None) -> Tensor:
        from dreampipe.backend import ops

        if mean is None:
            places = tuple(range(1, len(values.shape) - 1))
            mean = ops.stop_gradient(ops.mean(values, axis=places, keepdims=True))
            deviation = ops.stop_gradient(ops.std(values, axis=places, keepdims=True))
        relative = (values - mean) / (deviation + 1e-6)
        own = ops.stop_gradient(ops.softmax(3 * relative, axis=-1))
        return -ops.softplus(3 - ops.sum(own * relative, axis=-1))


@dataclass(frozen=True)
class Channel(Measure):
    """One channel, `mixed4[12]`: its mean over all places; of a hidden dense layer, `dense_1[40]`, that unit.

    With `channel` None, `mixed4[*]`, each picture has its own.
    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    channel: int | None

    def reads(self, layer: str) -> tuple[str, ...]:
        return (layer,) if self.channel is not None else (layer, UNIT)

    @property
    def by_place(self) -> bool:
        return self.channel is not None

    def at_places(self, values: Tensor) -> Tensor:
        return values[..., self.channel : (self.channel or 0) + 1]

    def __call__(self, values: Tensor, unit: Tensor = None) -> Tensor:
        from dreampipe.backend import ops

        if self.channel is not None:
            return over_places(self.at_places(values))
        places = tuple(range(1, len(values.shape) - 1))
        return _own(ops.mean(values, axis=places) if places else values, unit)


@dataclass(frozen=True)
class Neuron(Measure):
    """One neuron, `mixed4[12]@center` or `mixed4[12]@(8,3)`: a channel at a feature cell (row, column).

    `place` None is the middle cell; a cell beyond the grid of a small octave becomes the nearest one on it. With
    `channel` None, `mixed4[*]@center`, each picture has its own.
    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    channel: int | None
    place: tuple[int, int] | None = None
    grid: ClassVar[bool] = True

    def reads(self, layer: str) -> tuple[str, ...]:
        return (layer,) if self.channel is not None else (layer, UNIT)

    def __call__(self, values: Tensor, unit: Tensor = None) -> Tensor:
        from dreampipe.backend import ops

        rows, columns = ops.shape(values)[1:3]
        row, column = self.place or (rows // 2, columns // 2)
        plane = values if self.channel is None else values[..., self.channel]
        cell = ops.take(ops.take(plane, ops.minimum(row, rows - 1), axis=1), ops.minimum(column, columns - 1), axis=1)
        return cell if self.channel is not None else _own(cell, unit)


@dataclass(frozen=True)
class Logit(Measure):
    """A class before the softmax, `logit(eye)`, `logit("tabby cat")` or `logit(281)`: the head's score.

    `label` is a class name or an index, after `bind` always an index; with None, `logit(*)`, each picture has its own.
    Source: Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks".
    """

    label: str | int | None

    def reads(self, layer: str) -> tuple[str, ...]:
        return (layer,) if self.label is not None else (layer, UNIT)

    def __call__(self, values: Tensor, unit: Tensor = None) -> Tensor:
        return values[:, self.label] if self.label is not None else _own(values, unit)


@dataclass(frozen=True)
class Probability(Logit):
    """A class after the softmax (or the sigmoid that the model has instead), `prob(eye)`: in [0, 1].

    Source: Simonyan, Vedaldi and Zisserman 2013, who prefer the logit: this also grows when other classes shrink.
    """
