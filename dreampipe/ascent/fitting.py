"""Choose how an ascent fits into memory: whole, in tiles, or at a smaller size where tiles cannot do.

Importing this module loads nothing; `choose` opens the model, whose weights are a part of what is not free.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import psutil

from dreampipe.ascent.octaves import Size
from dreampipe.ascent.shaping import InParts
from dreampipe.ascent.tiles import seamless
from dreampipe.ascent.transforms import Transform
from dreampipe.errors import RecipeError

if TYPE_CHECKING:
    from dreampipe.ascent.spec import Ascent

PLAIN, AT_ONCE = 64, 180
"""Bytes for each pixel of a picture that climbs in tiles, if all else is computed in parts, and if it is not."""
LEAST = 192
"""The least side of a tile, in pixels; halos would take up smaller ones."""
STEP = 16
"""Tiles are so many pixels long, or a multiple."""
SPARE = 0.9
"""The share of the given memory that is planned; the rest is for what nobody counts."""


def choose(ascent: Ascent, size: Size, memory: int | None = None, shrinks: bool = True) -> dict[str, int]:
    """Choose the settings with which a picture of this (height, width) fits.

    Args:
        memory: the most bytes of the whole process; None for half of what is free, besides what it holds.
        shrinks: whether it may choose a smaller size; else what tiles cannot compute stays whole.

    Returns:
        nothing if the picture fits whole; a "tile"; or a "max_size", if tiles cannot compute the objective.

    Raises:
        RecipeError: the memory is less than the least tile needs, or the transforms enlarge too much.
    """
    from dreampipe.scoring import bytes_of_pixel, pixels_that_fit

    room = pixels_that_fit(ascent.card, ascent.bound)  # opens the model, so that its weights are held
    each, held, plain = (
        bytes_of_pixel(ascent.card, ascent.bound),
        psutil.Process().memory_info().rss,
        plain_bytes(ascent, size),
    )
    if memory is not None:
        room = int((memory * SPARE - held) / each)
    if ascent.fits(size, room):
        return {}
    reason = seamless(ascent.card, ascent.seen_layers, ascent.bound.head)
    if not reason:
        most = max(0, room - plain / each)
        side = math.isqrt(int(most)) // STEP * STEP
        if side >= LEAST:
            return {"tile": side}
    elif not shrinks:
        return {}
    if memory is None or (reason and room > 0):
        return {"max_size": max(ascent.fitting(size, room))} if shrinks else {"tile": LEAST}
    least = (held + min(plain + each * LEAST**2, ascent.memory(size))) / SPARE
    came = f"{memory / 1e9:g}GB" if memory >= 1e9 else f"{memory / 1e6:g}MB"
    raise RecipeError(
        f"memory came as {came}, but {size[1]}x{size[0]} pixels need {math.ceil(least / 1e8) / 10:g}GB: "
        "give more, or a smaller max-size."
    )


def halve(ascent: Ascent, size: Size, tile: int | None) -> int | None:
    """Halve the tile of a picture that ran out of memory, or begin with half of its side; None if that is too small."""
    if seamless(ascent.card, ascent.seen_layers, ascent.bound.head):
        return None
    smaller = min(tile or max(size), max(size)) // 2 // STEP * STEP
    return smaller if smaller >= LEAST else None


def plain_bytes(ascent: Ascent, size: Size) -> int:
    """Estimate the bytes that a climb in tiles holds besides its tiles: whole pictures of this (height, width)."""
    copies = all(type(one).copied is not Transform.copied for one in ascent.seen_through())
    in_parts = all(isinstance(one, InParts) for one in ascent.shaping)
    each = PLAIN if copies and in_parts and ascent.parameterization.by_pixel else AT_ONCE
    return each * size[0] * size[1]
