"""Optimizers: they turn a gradient into a step upwards, element by element, with moments that the ascent carries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dreampipe.errors import RecipeError

Tensor = Any
Moments = tuple[Tensor, ...]
WARMING = 0.96
WARM = 400
"""Nadam's momentum lacks half of WARMING to the power of the step; after WARM steps float32 shows no difference."""


@dataclass(frozen=True)
class Optimizer(ABC):
    """A way from a gradient to a step.

    Attributes:
        moments: the names of its moments, each of the gradient's shape, all zero before the first step.
    """

    moments: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        """Compute one step up.

        Args:
            gradient: of any shape.
            moments: those after the step before.
            count: () float, the number of this step, from 1.
            step_size: ().

        Returns:
            The move to add to the parameter, and the new moments.
        """


@dataclass(frozen=True)
class Plain(Optimizer):
    """Moves by step size times gradient."""

    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        return step_size * gradient, ()


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Moves by step size times a sum of all gradients so far, each weighted `momentum` times the one after it."""

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        _check(momentum=self.momentum)

    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        velocity = self.momentum * moments[0] + gradient
        return step_size * velocity, (velocity,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Moves by the mean gradient divided by the root of the mean square, for each element.

    Attributes:
        beta1, beta2: the share of the means of gradients and of squares that stays at each step.
        epsilon: added to the root.

    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", the form before its section 2.1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    moments: ClassVar[tuple[str, ...]] = ("mean", "square")

    def __post_init__(self) -> None:
        _check(beta1=self.beta1, beta2=self.beta2)

    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        from dreampipe.backend import ops

        mean, square = self._update_memory(gradient, moments)
        rate = step_size * ops.sqrt(1 - self.beta2**count) / (1 - self.beta1**count)
        return rate * mean / (ops.sqrt(square) + self.epsilon), (mean, square)

    def _update_memory(self, gradient: Tensor, moments: Moments) -> Moments:
        mean, square = moments
        return mean + (1 - self.beta1) * (gradient - mean), square + (1 - self.beta2) * (gradient * gradient - square)


@dataclass(frozen=True)
class Nadam(Adam):
    """Adam that looks one step ahead: Nesterov's momentum, warmed up.

    Source: Dozat 2016, "Incorporating Nesterov Momentum into Adam".
    """

    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        from dreampipe.backend import ops

        mean, square = self._update_memory(gradient, moments)
        now, ahead = self._momentum(count), self._momentum(count + 1)
        weighed = ahead * mean / (1 - self._product(count + 1)) + (1 - now) * gradient / (1 - self._product(count))
        return step_size * weighed / (ops.sqrt(square / (1 - self.beta2**count)) + self.epsilon), (mean, square)

    def _momentum(self, count: Tensor) -> Tensor:
        return self.beta1 * (1 - 0.5 * WARMING**count)

    def _product(self, count: Tensor) -> Tensor:
        """The product of the momenta of all steps so far; its factors, without `beta1`, are soon 1."""
        from dreampipe.backend import ops

        products = np.cumprod(1 - 0.5 * WARMING ** np.arange(1, WARM + 1)).astype(np.float32)
        return self.beta1**count * ops.take(products, ops.cast(ops.minimum(count, WARM) - 1, "int32"))


def _check(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise RecipeError(f"The optimizer's {name} came as {share}, but 0 to less than 1 is expected.")
