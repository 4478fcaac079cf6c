"""A network of four cells, each of whose answers sees one cell of the picture and nothing else (DiFull).

The picture is a grid of 2x2 pictures. Each goes through the network on its own, up to a layer with places; the places
are laid side by side as the layer `grid`, and each head sees its own quarter of them. So what a map of one answer shows
outside of its cell is wrong for certain. Source: Rao, Böhle and Schiele 2022, "Towards Better Understanding Attribution
Methods".

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dreampipe.backend import keras
from dreampipe.frames import Array

layers = keras.layers

GRID = "grid"
"""The name of the layer in which the places of all cells are side by side."""


def divide(model: keras.Model, layer: str, cell: int) -> keras.Model:
    """Build the network of four cells, with the weights of a classifier.

    Args:
        model: (batch, height, width, 3) to (batch, classes); it stays as it is.
        layer: the name of its layer that the heads see: the last with places, as a rule.
        cell: height and width of a cell in pixels.

    Returns:
        (batch, 2 cell, 2 cell, 3) to (batch, 4 classes): the answer of class k for cell c, counted row by row, is
        number c * classes + k. The layer `grid` has the places of all cells.
    """
    split = model.get_layer(layer).output
    eyes = keras.Model(model.input, split, name="eyes")
    heads = keras.Model(split, model.output, name="heads")
    picture = keras.Input((2 * cell, 2 * cell, 3), name="picture")
    seen = [eyes(_cut(picture, index, cell, "cell")) for index in range(4)]
    side = seen[0].shape[1]
    # Padded and added rather than concatenated: a sum is known to have places, which activation maps ask for.
    grid = layers.Add(name=GRID)([_pad(x, index, side) for index, x in enumerate(seen)])
    held = layers.Reshape(grid.shape[1:], name="held")(grid)  # holds the network to this one size
    answers = [heads(_cut(held, index, side, "part")) for index in range(4)]
    return keras.Model(picture, layers.Concatenate(name="answers")(answers), name="divide")


def tile(pictures: Sequence[Array]) -> Array:
    """Lay four pictures (cell, cell, 3) out as one, (2 cell, 2 cell, 3), row by row."""
    return np.concatenate([np.concatenate(pictures[2 * row : 2 * row + 2], axis=1) for row in range(2)], axis=0)


def cell_mask(index: int, cell: int) -> npt.NDArray[np.bool_]:
    """Mask the cell of an index, counted row by row: (2 cell, 2 cell)."""
    mask = np.zeros((2 * cell, 2 * cell), bool)
    row, column = divmod(index, 2)
    mask[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = True
    return mask


def _cut(x: keras.KerasTensor, index: int, side: int, name: str) -> keras.KerasTensor:
    return layers.Cropping2D(_around(index, side), name=f"{name}{index}")(x)


def _pad(x: keras.KerasTensor, index: int, side: int) -> keras.KerasTensor:
    return layers.ZeroPadding2D(_around(index, side), name=f"placed{index}")(x)


def _around(index: int, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the room above and below a cell, and to its left and right."""
    row, column = divmod(index, 2)
    return (row * side, (1 - row) * side), (column * side, (1 - column) * side)
