"""Lay labelled tiles out on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array, Frame, dequantize, quantize
from dreampipe.stages.lettering import draw_text, strip_height

GAP = 8
"""Pixels between tiles, and around them."""
SHAPE = 4 / 3
"""The preferred width over height of a sheet."""
FAR = 2.25
"""How many times wider or higher than that it may be, to leave fewer places empty."""
_SEAM = 2  # pixels between the pictures in one tile

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet, over its label.

    Attributes:
        label: one line of text.
        pixels: (height, width, 3) float32 in [0, 1].
        smaller: smaller pictures of any size, of the same kind; each is shown whole in a square to the right of the
            picture, and together they are as high as the picture.
        names: the names of those smaller pictures, in order; a page reads them to people who cannot see.
        anchor: the name of the tile on a page, for links; empty for none.
    """

    label: str
    pixels: Array
    smaller: tuple[Array, ...] = ()
    names: tuple[str, ...] = ()
    anchor: str = ""


def contact_sheet(tiles: Sequence[Tile], size: int, columns: int | None = None) -> Frame:
    """Lay tiles out in rows, in their order, with white labels on black.

    Args:
        tiles: at least one. Each takes the room of the largest, and of the one with the most smaller pictures.
        size: longest side of the tiles' pictures, in pixels, which decides the size of labels; a picture narrower than
            half of it still has that much room for its label.
        columns: tiles in a row; None for the number that leaves the fewest places empty with a sheet near `SHAPE`.

    Returns:
        A frame of the whole sheet, which needs 12 bytes a pixel.

    Raises:
        ValueError: there is no tile, or no column.
    """
    if not tiles or (columns is not None and columns < 1):
        raise ValueError(f"A sheet came with {len(tiles)} tiles in {columns} columns, but at least 1 is expected.")
    height = max(tile.pixels.shape[0] for tile in tiles)
    room = max(_smaller_width(tile) for tile in tiles)
    width = max(max(tile.pixels.shape[1] for tile in tiles) + room, size // 2)
    cell = (height + strip_height(size), width)
    columns = min(len(tiles), columns or _columns(len(tiles), cell))
    page = np.zeros((*_extent(cell, math.ceil(len(tiles) / columns), columns), 3), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (GAP + at * (side + GAP) for at, side in zip(divmod(number, columns), cell, strict=True))
        _draw(page[top : top + cell[0], left : left + cell[1]], tile, height, room)
    return Frame(dequantize(page))


def _columns(count: int, cell: tuple[int, int]) -> int:
    """Choose the number of columns: not far from `SHAPE`, then fewest empty places, then nearest to `SHAPE`."""

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
    """Draw a tile: in the middle its picture and the smaller ones, and the label under them."""
    cell[height:] = draw_text(tile.label, cell.shape[1], cell.shape[0] - height)
    tall, wide = tile.pixels.shape[:2]
    left = (cell.shape[1] - wide - room) // 2
    cell[:tall, left : left + wide] = quantize(tile.pixels)
    rows, side = _smaller_grid(tile)
    for number, pixels in enumerate(tile.smaller):
        column, row = divmod(number, rows)
        top, across = row * (side + _SEAM), left + wide + _SEAM + column * (side + _SEAM)
        cell[top : top + side, across : across + side] = quantize(fit_square(pixels, side))


def count_rows(count: int) -> int:
    """Count the rows of so many smaller pictures: up to three in a column, four and more in a square."""
    return count if count <= 3 else math.ceil(math.sqrt(count))


def _smaller_grid(tile: Tile) -> tuple[int, int]:
    """Return the rows of a tile's smaller pictures, and the side of each in pixels; columns fill from the top."""
    rows = count_rows(len(tile.smaller))
    return rows, max(1, (tile.pixels.shape[0] + _SEAM) // max(1, rows) - _SEAM)


def _smaller_width(tile: Tile) -> int:
    rows, side = _smaller_grid(tile)
    return math.ceil(len(tile.smaller) / rows) * (side + _SEAM) if rows else 0


def fit_square(pixels: Array, side: int) -> Array:
    """Put a whole picture (height, width, 3) into the middle of a black square (side, side, 3)."""
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
