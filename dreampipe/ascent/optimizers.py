"""How a step follows the gradient: upwards, element by element, with moments that the ascent carries along."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

Tensor = Any
Moments = tuple[Tensor, ...]


@dataclass(frozen=True)
class Optimizer(ABC):
    """From a gradient to a move.

    Attributes:
        moments: names of what it remembers, each of the gradient's shape, all zero before the first step.
    """

    moments: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        """One step up.

        Args:
            gradient: of any shape.
            moments: what it remembers of the steps before.
            count: () float, the number of this step, from 1.
            step_size: ().

        Returns:
            What to add to the parameter, and what to remember.
        """


@dataclass(frozen=True)
class Plain(Optimizer):
    """Step size times gradient."""

    def step(self, gradient: Tensor, moments: Moments, count: Tensor, step_size: Tensor) -> tuple[Tensor, Moments]:
        return step_size * gradient, ()
