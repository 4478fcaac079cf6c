"""`Lens`: how a model sees pictures of another size, and the way back for gradients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreampipe.explanations.resizing import resize, weigh_axis
from dreampipe.frames import Array


@dataclass(frozen=True)
class Lens:
    """Resizes pictures as `explaining.fit` does; an attack then changes the picture's own pixels.

    Attributes:
        own: height and width of the pictures.
        seen: height and width in which the model sees them.
    """

    own: tuple[int, int]
    seen: tuple[int, int]

    def look(self, pictures: Array) -> Array:
        """Resize pictures (count, height, width, 3) to what the model sees."""
        return np.stack([resize(picture, self.seen) for picture in pictures])

    def pull(self, gradients: Array) -> Array:
        """Turn gradients by what the model sees into those by the picture's own pixels: the transpose of `look`."""
        rows, columns = self._weights
        across = np.tensordot(gradients, columns, ([2], [0]))  # (count, seen height, 3, own width)
        return np.ascontiguousarray(np.moveaxis(np.tensordot(across, rows, ([1], [0])), (3, 2, 1), (1, 2, 3)))

    @cached_property
    def _weights(self) -> tuple[Array, Array]:
        """The weights of the own rows in each seen row, and of the columns: resizing treats them apart."""
        return weigh_axis(self.own[0], self.seen[0]), weigh_axis(self.own[1], self.seen[1])
