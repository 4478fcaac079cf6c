"""A learned prior: the ascent climbs latents, and a decoder draws the picture of them.

A decoder draws pictures like those that it was trained on, so the ascent stays among such pictures. Source: Nguyen,
Dosovitskiy, Yosinski, Brox and Clune 2016, "Synthesizing the preferred inputs for neurons in neural networks via deep
generator networks".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from dreampipe.ascent.octaves import Size
from dreampipe.ascent.parameterizations import Parameterization, Parameters, Shape, Tensor
from dreampipe.errors import RecipeError
from dreampipe.frames import Array
from dreampipe.models.decoders import RANGES, DecoderCard, decoder


@dataclass(frozen=True)
class Prior(Parameterization):
    """The latents of a decoder; "latents" is (batch, rows, columns, channels), with one row and column for a vector.

    Attributes:
        card: of the decoder; the shipped one draws the motifs that `motifnet` knows.
        deviation: of the latents that an ascent starts from, drawn around 0; the decoder was trained on 1.
        bound: how far from 0 a latent may go. A decoder saw few latents beyond in its training, and draws there
            what it never learned.

    The decoder cannot find the latents of a picture, so the start decides only the size. A grid of latents covers the
    picture, and what exceeds its right and lower borders is cut off; the picture of a decoder of one size is stretched.
    """

    card: DecoderCard = field(default_factory=decoder)
    deviation: float = 0.5
    bound: float = 3.0
    shapes: ClassVar[Mapping[str, Shape]] = {"latents": (None, None, None, None)}
    climbed: ClassVar[tuple[str, ...]] = ("latents",)

    def __post_init__(self) -> None:
        if not (0 <= self.deviation < np.inf and 0 < self.bound < np.inf):
            raise RecipeError(
                f"The prior came with a deviation of {self.deviation} and a bound of {self.bound}, "
                "but finite numbers are expected, at least 0 and above 0."
            )

    def init(self, picture: Array, rng: np.random.Generator) -> Parameters:
        from dreampipe.models.opening import open_decoder

        open_decoder(self.card)  # here and not in the step: a graph that opens it would be traced twice
        batch, *size = picture.shape[:3]
        shape = (batch, *self.card.cells((size[0], size[1])), self.card.latents[-1] or 1)
        latents = rng.standard_normal(shape, np.float32) * np.float32(self.deviation)
        # Pictures that start alike start from the same latents, so that none depends on the others of its batch.
        latents[np.all(picture == picture[:1], axis=(1, 2, 3))] = latents[:1]
        return {"latents": np.clip(latents, -self.bound, self.bound)}

    def carry(self, parameters: Parameters, picture: Array) -> Parameters:
        height, width = picture.shape[1:3]
        return self.resize(parameters, (0, 0), (height, width))

    def image(self, parameters: Parameters, size: Tensor) -> Tensor:
        from dreampipe.backend import ops
        from dreampipe.models.opening import open_decoder

        latents = parameters["latents"]
        cells = ops.shape(latents)[1:3] if self.card.grid else self.card.latents[:-1]
        given = ops.reshape(latents, (-1, *cells, self.card.latents[-1]))  # so the graph knows the sizes that are known
        drawn = ops.cast(open_decoder(self.card)(given, training=False), "float32")
        fitted = drawn[:, : size[0], : size[1]] if self.card.grid else _stretch(drawn, size)
        return ops.clip(self._unit(fitted), 0.0, 1.0)

    def _unit(self, drawn: Tensor) -> Tensor:
        """Convert pixels of the decoder's range, grey or RGB, to RGB in [0, 1]."""
        from dreampipe.backend import ops

        low, high = RANGES[self.card.scaling]
        rgb = ops.repeat(drawn, 3, axis=-1) if drawn.shape[-1] == 1 else drawn
        return (rgb - low) / (high - low)

    def project(self, parameters: Parameters) -> Parameters:
        from dreampipe.backend import ops

        return {"latents": ops.clip(parameters["latents"], -self.bound, self.bound)}

    def resize(self, values: Parameters, before: Size, size: Size) -> Parameters:
        return {name: _interpolate(value, self.card.cells(size)) for name, value in values.items()}


def _interpolate(grids: Array, cells: Size) -> Array:
    """Resize each of (batch, rows, columns, channels), bilinear."""
    rows, columns = (_weights(before, after, np) for before, after in zip(grids.shape[1:3], cells, strict=True))
    return np.asarray(np.einsum("ij,bjkc,lk->bilc", rows, grids, columns, optimize=True), np.float32)


def _stretch(pictures: Tensor, size: Tensor) -> Tensor:
    """Resize pictures as `_interpolate` does, in the graph."""
    from dreampipe.backend import ops

    height, width = ops.shape(pictures)[1:3]
    rows, columns = _weights(height, size[0], ops), _weights(width, size[1], ops)
    return ops.einsum("lk,bikc->bilc", columns, ops.einsum("ij,bjkc->bikc", rows, pictures))


def _weights(before: Any, after: Any, xp: Any) -> Any:
    """The matrix (after, before) of bilinear interpolation along one axis. `xp` is numpy, or `keras.ops`."""
    there = xp.arange(before, dtype="float32")
    places = (xp.arange(after, dtype="float32") + 0.5) * xp.divide(before, after) - 0.5
    places = xp.clip(places, 0.0, there[-1])
    return xp.maximum(0.0, 1.0 - xp.abs(xp.expand_dims(places, 1) - there))
