"""Labelled tiles, laid out on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array, Frame
from dreampipe.stages.lettering import lettered, strip_height

GAP = 8
"""Pixels between tiles, and around them."""
SHAPE = 4 / 3
"""Width over height that a sheet comes near to."""
FAR = 2.25
"""How many times wider or higher than that it may be, to have fewer places empty."""
_SEAM = 2  # pixels between what stands in one tile

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet, over its label.

    Attributes:
        label: one line.
        pixels: (height, width, 3) float32 in [0, 1].
        beside: smaller pictures of the same kind and of any size, each shown whole in a square at the picture's right;
            together they are as high as the picture.
        names: what those beside it are called, in the same order; for pages, which can tell them to who cannot see.
        anchor: the tile's own name on a page, to link to; empty for none.
    """

    label: str
    pixels: Array
    beside: tuple[Array, ...] = ()
    names: tuple[str, ...] = ()
    anchor: str = ""


def contact_sheet(tiles: Sequence[Tile], size: int, columns: int | None = None) -> Frame:
    """Tiles in rows, in their order, white labels on black.

    Args:
        tiles: at least one. All take the room of the largest, and of the one with the most pictures beside it.
        size: longest side in pixels of the tiles' pictures, which decides how large labels are; a picture narrower
            than half of it keeps that much room for its label.
        columns: tiles in a row; None for as many as leave the fewest places empty and bring the sheet near to `SHAPE`.

    Returns:
        a frame of the whole sheet. It is the only part of this that needs memory: 12 bytes a pixel.

    Raises:
        ValueError: there is no tile, or no column.
    """
    if not tiles or (columns is not None and columns < 1):
        raise ValueError(f"A sheet came with {len(tiles)} tiles in {columns} columns, but at least 1 is expected.")
    height = max(tile.pixels.shape[0] for tile in tiles)
    room = max(_beside_width(tile) for tile in tiles)
    width = max(max(tile.pixels.shape[1] for tile in tiles) + room, size // 2)
    cell = (height + strip_height(size), width)
    columns = min(len(tiles), columns or _columns(len(tiles), cell))
    page = np.zeros((*_extent(cell, math.ceil(len(tiles) / columns), columns), 3), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (GAP + at * (side + GAP) for at, side in zip(divmod(number, columns), cell, strict=True))
        _draw(page[top : top + cell[0], left : left + cell[1]], tile, height, room)
    return Frame(np.divide(page, 255, dtype=np.float32))


def _columns(count: int, cell: tuple[int, int]) -> int:
    """Of the sheets that are not far from `SHAPE` the one with the fewest empty places; of those alike the nearest."""

    def rank(columns: int) -> tuple[bool, int, float]:
        rows = math.ceil(count / columns)
        height, width = _extent(cell, rows, columns)
        off = abs(math.log(width / height / SHAPE))
        far = off > math.log(FAR)
        return far, 0 if far else rows * columns - count, off

    return min(range(1, count + 1), key=rank)


def _extent(cell: tuple[int, int], rows: int, columns: int) -> tuple[int, int]:
    return rows * (cell[0] + GAP) + GAP, columns * (cell[1] + GAP) + GAP


def _draw(cell: _Bytes, tile: Tile, height: int, room: int) -> None:
    """One tile into its place: in the middle the picture and the room for those beside it, the label under them."""
    cell[height:] = lettered(tile.label, cell.shape[1], cell.shape[0] - height)
    tall, wide = tile.pixels.shape[:2]
    left = (cell.shape[1] - wide - room) // 2
    cell[:tall, left : left + wide] = _bytes(tile.pixels)
    rows, side = _beside_grid(tile)
    for number, pixels in enumerate(tile.beside):
        column, row = divmod(number, rows)
        top, across = row * (side + _SEAM), left + wide + _SEAM + column * (side + _SEAM)
        cell[top : top + side, across : across + side] = _bytes(squared(pixels, side))


def rows_beside(count: int) -> int:
    """In how many rows so many pictures stand beside one: three in a column, four and more in a square."""
    return count if count <= 3 else math.ceil(math.sqrt(count))


def _beside_grid(tile: Tile) -> tuple[int, int]:
    """Rows of the pictures beside one, and the side of each in pixels; columns are filled from the top."""
    rows = rows_beside(len(tile.beside))
    return rows, max(1, (tile.pixels.shape[0] + _SEAM) // max(1, rows) - _SEAM)


def _beside_width(tile: Tile) -> int:
    rows, side = _beside_grid(tile)
    return math.ceil(len(tile.beside) / rows) * (side + _SEAM) if rows else 0


def squared(pixels: Array, side: int) -> Array:
    """A whole picture (height, width, 3) in the middle of a black square (side, side, 3)."""
    height, width = pixels.shape[:2]
    if (height, width) == (side, side):
        return pixels
    factor = side / max(height, width)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    square = np.zeros((side, side, 3), np.float32)
    top, left = (side - size[0]) // 2, (side - size[1]) // 2
    drawn = cv2.resize(pixels, size[::-1], interpolation=way)
    square[top : top + size[0], left : left + size[1]] = np.clip(drawn, 0, 1)
    return square


def _bytes(pixels: Array) -> _Bytes:
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
