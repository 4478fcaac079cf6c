"""What is climbed in place of the picture: a parameterization makes the picture of parameters, differentiably.

The same objective climbed in other parameters finds another picture of the same score, for the gradient weighs
directions as the parameters do. Source: Mordvintsev, Pezzotti, Schubert and Olah 2018, "Differentiable Image
Parameterizations".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dreampipe.ascent.octaves import Size, fit
from dreampipe.frames import Array

Tensor = Any
Parameters = dict[str, Tensor]
"""Tensors or float32 arrays by name, each (batch, ...)."""
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Parameterization(ABC):
    """Between pictures and parameters.

    Attributes:
        shapes: the parameters' names and shapes, None for a size that differs between pictures.
        climbed: the names of those that move; the others are held.
        periodic: whether the picture goes on at its opposite border.
    """

    shapes: ClassVar[Mapping[str, Shape]]
    climbed: ClassVar[tuple[str, ...]]
    periodic: ClassVar[bool] = False

    @abstractmethod
    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        """The parameters whose pictures are nearest to these (batch, height, width, 3) in [0, 1]."""

    def carry(self, parameters: Parameters, picture: Array) -> Parameters:
        """Those of an octave, carried to one of another size, where their pictures are to be as near to `picture`
        (batch, height, width, 3) as can be."""
        return self.init(picture, np.random.default_rng(0))

    @abstractmethod
    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        """The pictures (batch, height, width, 3) in [0, 1]; `size` is (2,) int32. In the graph."""

    def project(self, parameters: Parameters) -> Parameters:
        """The parameters back in what is allowed after a step. In the graph."""
        return parameters

    @abstractmethod
    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        """Anything of the parameters' names and shapes, such as moments, of one size at another: linear."""


@dataclass(frozen=True)
class Pixels(Parameterization):
    """The picture itself, kept in [0, 1]."""

    shapes: ClassVar[Mapping[str, Shape]] = {"pixels": (None, None, None, 3)}
    climbed: ClassVar[tuple[str, ...]] = ("pixels",)

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        return {"pixels": np.clip(picture, 0, 1)}

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        return parameters["pixels"]

    def project(self, parameters: Parameters) -> Parameters:
        from keras import ops

        return {"pixels": ops.clip(parameters["pixels"], 0.0, 1.0)}

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: fitted(value, size) for name, value in values.items()}


def fitted(planes: Array, size: Size) -> Array:
    """Each of (batch, height, width, channels) at another size: bilinear, or means of areas where it shrinks."""
    return np.stack([fit(plane, size).reshape(*size, plane.shape[-1]) for plane in planes])
