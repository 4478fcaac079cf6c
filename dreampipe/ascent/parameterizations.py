"""Parameterizations: the ascent climbs parameters, and the picture is a differentiable function of them.

The same objective climbed in other parameters finds another picture of the same score, because the gradient weights
directions as the parameters do. Source: Mordvintsev, Pezzotti, Schubert and Olah 2018, "Differentiable Image
Parameterizations".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from dreampipe.ascent import spectrum
from dreampipe.ascent.octaves import Size, fit, resized
from dreampipe.errors import RecipeError
from dreampipe.frames import Array
from dreampipe.models.model_card import SCALINGS, Scaling
from dreampipe.models.scaling import scale

Tensor = Any
Parameters = dict[str, Tensor]
"""Tensors or float32 arrays by name, each (batch, ...)."""
Shape = tuple[int | None, ...]
LUCID = 0.25
"""The factor by which lucid scales its spectra, so that its step sizes (Adam, 0.05) fit here too."""


@dataclass(frozen=True)
class Parameterization(ABC):
    """A way to make pictures of parameters.

    Attributes:
        shapes: the parameters' names and shapes, None for a size that differs between pictures.
        climbed: the names of those that move; the others are constant.
        periodic: whether the picture continues at its opposite border.
        by_pixel: whether each pixel is made of the parameters at its own place, (batch, height, width, ...) each.
        units: of the pixels that it makes. The gradient is shaped in them.
        bounded: whether its pictures are in range after each step.
    """

    shapes: ClassVar[Mapping[str, Shape]]
    climbed: ClassVar[tuple[str, ...]]
    periodic: ClassVar[bool] = False
    by_pixel: ClassVar[bool] = False

    @property
    def units(self) -> Scaling:
        return "unit"

    @property
    def bounded(self) -> bool:
        return True

    @abstractmethod
    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        """Find the parameters whose pictures are nearest to these (batch, height, width, 3) in [0, 1]."""

    def carry(self, parameters: Parameters, picture: Array) -> Parameters:
        """Carry parameters to another size, where their pictures are as near to `picture` (batch, height, width, 3) as
        possible."""
        return self.init(picture, np.random.default_rng(0))

    @abstractmethod
    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        """Make the pictures (batch, height, width, 3) in `units`, in the graph; `size` is height and width."""

    def project(self, parameters: Parameters) -> Parameters:
        """Bring the parameters back into their range after a step, in the graph."""
        return parameters

    def lay(self, picture: Array, detail: Array, mask: Array | None = None) -> Array:
        """Lay the difference of a dream from its source onto pictures (..., height, width, 3).

        Args:
            detail: of the pictures' shape.
            mask: (..., height, width, 1), black where the pictures stay as they are. What was enlarged reaches over the
                mask's edge, and so do momentum and spectra.
        """
        return self._add(picture, detail if mask is None else np.where(mask > 0, detail, np.float32(0)))

    def _add(self, picture: Array, detail: Array) -> Array:
        laid = np.asarray(picture + detail, np.float32)
        return np.clip(laid, 0, 1, out=laid)

    @abstractmethod
    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        """Resize anything of the parameters' names and shapes, such as moments; linear."""


@dataclass(frozen=True)
class Pixels(Parameterization):
    """The picture itself.

    Attributes:
        units: of the climbed pixels, and so of a step: one of the scalings of models.
        bounded: clip the picture after each step; else only at the end.
    """

    units: Scaling = "unit"
    bounded: bool = True
    by_pixel: ClassVar[bool] = True
    shapes: ClassVar[Mapping[str, Shape]] = {"pixels": (None, None, None, 3)}
    climbed: ClassVar[tuple[str, ...]] = ("pixels",)

    def __post_init__(self) -> None:
        if self.units not in SCALINGS:
            raise RecipeError(f"The units came as {self.units!r}, but one of {', '.join(SCALINGS)} is expected.")

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        pixels = np.clip(picture, 0, 1) if self.bounded else picture
        return {"pixels": np.asarray(scale(pixels, self.units), np.float32)}

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        return parameters["pixels"]

    def project(self, parameters: Parameters) -> Parameters:
        from dreampipe.backend import ops

        if not self.bounded:
            return parameters
        black, white = (scale(np.full(3, grey, np.float32), self.units) for grey in (0, 1))
        return {"pixels": ops.clip(parameters["pixels"], black, white)}

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: resized(value, size, fit) for name, value in values.items()}


@dataclass(frozen=True)
class Luminance(Parameterization):
    """One grey offset for each pixel of a picture, which keeps its colour: the differences between its channels."""

    by_pixel: ClassVar[bool] = True
    shapes: ClassVar[Mapping[str, Shape]] = {"offset": (None, None, None, 1), "source": (None, None, None, 3)}
    climbed: ClassVar[tuple[str, ...]] = ("offset",)

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        darkest, brightest = picture.min(axis=-1, keepdims=True), picture.max(axis=-1, keepdims=True)
        source = picture + np.maximum(-darkest, 0) - np.maximum(brightest - 1, 0)
        return {"offset": np.zeros_like(darkest), "source": np.clip(source, 0, 1)}

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        return parameters["source"] + parameters["offset"]

    def _add(self, picture: Array, detail: Array) -> Array:
        darkest, brightest = picture.min(axis=-1, keepdims=True), picture.max(axis=-1, keepdims=True)
        grey = detail.mean(axis=-1, keepdims=True)
        return np.asarray(picture + np.clip(grey, -darkest, 1 - brightest), np.float32)

    def project(self, parameters: Parameters) -> Parameters:
        from dreampipe.backend import ops

        source = parameters["source"]
        darkest, brightest = ops.min(source, axis=-1, keepdims=True), ops.max(source, axis=-1, keepdims=True)
        return {**parameters, "offset": ops.clip(parameters["offset"], -darkest, 1.0 - brightest)}

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: resized(value, size, fit) for name, value in values.items()}


@dataclass(frozen=True)
class Fourier(Parameterization):
    """The spectrum of the picture in decorrelated colours, scaled as natural pictures fall off: by 1 / frequency.

    "spectrum" is (batch, real and imaginary, 3 colours, height, width // 2 + 1). A step moves each frequency as far as
    natural pictures differ in it, so less of it ends in the finest. The picture stays `spectrum.EPSILON` off black and
    white. Sources: Olah, Mordvintsev and Schubert 2017, "Feature Visualization" (preconditioning), and Mordvintsev,
    Pezzotti, Schubert and Olah 2018.
    """

    shapes: ClassVar[Mapping[str, Shape]] = {"spectrum": (None, 2, 3, None, None)}
    climbed: ClassVar[tuple[str, ...]] = ("spectrum",)
    periodic: ClassVar[bool] = True

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        found = spectrum.analyse(picture) * spectrum.radius(picture.shape[1:3], np)
        return {"spectrum": (np.stack([found.real, found.imag], axis=1) / LUCID).astype(np.float32)}

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        from dreampipe.backend import ops

        scaled = parameters["spectrum"] * (LUCID / spectrum.radius(size, ops))
        real, imaginary = ops.unstack(scaled, 2, axis=1)  # the gradient of a slice takes long on tensorflow
        return spectrum.synthesize(real, imaginary, size)

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: spectrum.crop(value, before, size) for name, value in values.items()}


@dataclass(frozen=True)
class MaCo(Parameterization):
    """The phases of the spectrum; the strength of each frequency is constant.

    Attributes:
        magnitude: "natural", falling as 1 / frequency around middle grey, or "start", that of the start.

    A frequency that the start lacks has a random phase. Source: Fel et al. 2023, "Unlocking Feature Visualization for
    Deeper Networks with MAgnitude Constrained Optimization". Its code scales picture and phases at each step; here
    phases stay odd, so the deviation of the picture cannot change.
    """

    magnitude: Literal["natural", "start"] = "natural"
    shapes: ClassVar[Mapping[str, Shape]] = {"phase": (None, 3, None, None), "magnitude": (None, 3, None, None)}
    climbed: ClassVar[tuple[str, ...]] = ("phase",)
    periodic: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.magnitude not in ("natural", "start"):
            raise RecipeError(f"MaCo's magnitude came as {self.magnitude!r}, but natural or start is expected.")

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        size = picture.shape[1:3]
        found = spectrum.analyse(picture)
        phase, sign = spectrum.phases(found, size, rng)
        strength = np.abs(found) if self.magnitude == "start" else spectrum.natural(size)
        return {"phase": phase, "magnitude": sign * strength}

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        from dreampipe.backend import ops

        phase, magnitude = spectrum.make_odd(parameters["phase"], size[1]), parameters["magnitude"]
        return spectrum.synthesize(magnitude * ops.cos(phase), magnitude * ops.sin(phase), size)

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: spectrum.crop(value, before, size) for name, value in values.items()}
