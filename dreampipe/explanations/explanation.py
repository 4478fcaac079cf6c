"""`Explanation`: how much each pixel of a picture contributes to an answer, and how that was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.colours import colour, overlay, scale_of
from dreampipe.explanations.truth.measures import mass
from dreampipe.frames import Array
from dreampipe.picturing import png_of

if TYPE_CHECKING:
    from dreampipe.explanations.attribution.method import Method


@dataclass(frozen=True)
class Completeness:
    """How well a map sums to what it explains, for a method that promises that it does.

    Attributes:
        expected: the answer, less the answer for the baseline or what biases keep, as the method says.
        total: the sum of the map.
    """

    expected: float
    total: float

    @property
    def error(self) -> float:
        """|total - expected| / |expected|; infinite if only `expected` is 0."""
        missed = abs(self.total - self.expected)
        return missed / abs(self.expected) if self.expected else (float("inf") if missed else 0.0)

    def is_rounding(self, answer: float) -> bool:
        """Say whether what is missed is no more than float32 rounds of the answer."""
        return abs(self.total - self.expected) <= 1e-5 * abs(answer)


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map of a picture.

    Attributes:
        map: (height, width, 3) float32, signed, in the picture's own pixels: the share of each channel of each pixel. A
            method that knows no channels spreads the share of a pixel evenly over them.
        pixels: (height, width, 3) float32 in [0, 1], the picture.
        objective: what is explained, as text.
        model: the name of the model.
        method: the method with all its settings; `str(method)` is its text.
        answer: the score of the objective for the picture as the model sees it.
        seed: of all random draws.
        size: height and width in which the model sees the picture.
        completeness: for a method that promises it; else None.
        notes: sentences for the user.
        partial: whether the user stopped the method before it had all its samples.
    """

    map: Array
    pixels: Array = field(repr=False)
    objective: str
    model: str
    method: Method
    answer: float
    seed: int
    size: tuple[int, int]
    completeness: Completeness | None = None
    notes: tuple[str, ...] = ()
    partial: bool = False

    def __post_init__(self) -> None:
        for name, value in (("map", self.map), ("pixels", self.pixels)):
            if value.dtype != np.float32 or value.ndim != 3 or value.shape[2] != 3:
                came = f"{value.dtype} {value.shape}"
                raise ValueError(f"Explanation.{name} came as {came}, but float32 (height, width, 3) is expected.")
        if self.map.shape != self.pixels.shape:
            raise ValueError(f"The map is {self.map.shape}, but the picture {self.pixels.shape}: they must be equal.")

    def heat(self) -> Array:
        """Return the share of each pixel, (height, width) float32, signed: the sum over its channels."""
        return np.asarray(self.map.sum(axis=2, dtype=np.float64), np.float32)

    def mass(self, mask: npt.NDArray[Any]) -> float:
        """Return the share of the positive heat that is inside a mask (height, width), bool or weights in [0, 1].

        Returns:
            0 where no heat is positive; see `dreampipe.explanations.truth.measures.mass`.

        Raises:
            ValueError: the mask has another size.
        """
        return mass(self.heat(), mask)

    @property
    def scale(self) -> float:
        """The heat that has the full colour in pictures; see `dreampipe.explanations.colours.scale_of`."""
        return scale_of(self.heat())

    def picture(self, scale: float | None = None) -> Array:
        """Return the heat in colours, (height, width, 3) float32 in [0, 1]; `scale` is the heat of the full colour."""
        return colour(self.heat(), scale, self.method.signs)

    def overlay(self, scale: float | None = None) -> Array:
        """Return the picture in grey under the colours of its heat, (height, width, 3) float32 in [0, 1].

        The colours are those of `dreampipe.explanations.colours`; `scale` is the heat of the full colour.
        """
        return overlay(self.pixels, self.heat(), scale, self.method.signs)

    def _repr_png_(self) -> bytes | None:
        """Return the overlay as a PNG, which a notebook shows."""
        return png_of(self.overlay())
