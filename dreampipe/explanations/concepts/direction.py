"""`Towards`: each picture of a batch climbs its own direction of many, so that all share one graph."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from dreampipe.frames import Array
from dreampipe.objectives import UNIT, Measure
from dreampipe.objectives.comparisons import FileBytes
from dreampipe.objectives.measures import Tensor


@dataclass(frozen=True)
class Towards(Measure):
    """The mean over places of the dot product with the picture's own direction, as of `direction(...)`.

    Attributes:
        held: the directions, (count, channels) float32.
    """

    held: FileBytes = field(repr=False)

    @classmethod
    def of(cls, directions: Array) -> Self:
        """Make it of directions (count, channels), known by their bytes."""
        values = np.ascontiguousarray(directions, np.float32)
        return cls(FileBytes(hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).hexdigest(), values))

    def reads(self, layer: str) -> tuple[str, ...]:
        return layer, UNIT

    def __call__(self, values: Tensor, unit: Tensor) -> Tensor:
        from dreampipe.backend import ops

        own = ops.take(ops.convert_to_tensor(self.held.values), unit, axis=0)
        means = ops.mean(ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1])), axis=1)
        return ops.sum(means * own, axis=-1)
