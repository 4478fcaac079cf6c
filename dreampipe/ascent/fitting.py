"""Choose how an ascent fits into memory: whole, in tiles, or at a smaller size where tiles cannot do.

Importing this module loads nothing; `choose` opens the model, whose weights are a part of what is not free.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING

import psutil

from dreampipe.ascent.octaves import Size
from dreampipe.ascent.shaping import InParts
from dreampipe.ascent.tiles import Grid, seamless
from dreampipe.ascent.transforms import Transform
from dreampipe.errors import RecipeError
from dreampipe.objectives import IMAGE

if TYPE_CHECKING:
    from dreampipe.ascent.spec import Ascent

PLAIN, AT_ONCE = 48, 168
"""Bytes for each pixel of a picture that climbs in tiles, if all else is computed in parts, and if it is not.

The source itself is not counted, because it is held before anything is chosen.
"""
SHELVED = 17
"""The same, of a picture whose whole arrays lie in a file: in the end it is written and read back, next to all the
memory that the backend keeps of its tiles."""
SOURCE = 12
"""Bytes for each pixel of a source, which go into the file, too."""
USUAL = 1.7e9
"""Bytes that a climb adds to the process if no memory is given, where tiles can do with so little."""
TILE = 60
"""Bytes for each pixel of a tile, besides those of the model: copies of its picture and gradient."""
LEAST = 192
"""The least side of a tile, in pixels; halos would take up smaller ones."""
STEP = 16
"""Tiles are so many pixels long, or a multiple."""
SPARE = 0.9
"""The share of the given memory that is planned; the rest is for what nobody counts."""


def choose(
    ascent: Ascent,
    size: Size,
    memory: int | None = None,
    shrinks: bool = True,
    shelves: bool = False,
    whole: bool = False,
    beside: int = 0,
) -> dict[str, int]:
    """Choose the settings with which a picture of this (height, width) fits.

    Args:
        memory: the most bytes of the whole process. None: `USUAL` besides what it holds, where tiles can do with that,
            and at most half of what is free.
        shrinks: whether it may choose a smaller size; else what tiles cannot compute stays whole.
        shelves: whether whole arrays may lie in a file; see `is_shelved`.
        whole: without `memory`, take half of what is free, though tiles could do with `USUAL`.
        beside: bytes of `memory` that the process is about to take for other things.

    Returns:
        nothing if the picture fits whole, or if the ascent has a tile, which fits; a "tile"; or a "max_size", if tiles
        cannot compute the objective.

    Raises:
        RecipeError: the memory is less than the least tile needs, or than the ascent's own tile needs, or the
            transforms enlarge too much.
    """
    from dreampipe.scoring import bytes_of_pixel

    room, of_model = _room(ascent, memory, whole) - beside, bytes_of_pixel(ascent.card, ascent.bound)
    each = of_model + TILE
    shelved = shelves and is_shelved(ascent, size, memory)
    plain = plain_bytes(ascent, size, shelved)
    most = room - plain + (SOURCE * math.prod(size) if shelved else 0)
    reason = seamless(ascent.card, ascent.seen_layers, ascent.bound.head)
    if ascent.tile and not reason:
        short = _largest(ascent, size, ascent.tile) * each - most
        if memory is not None and ascent.memory(size) > room and short > 0:
            raise refuse(memory, memory + short / SPARE, f"tiles of {ascent.tile} pixels", "a smaller tile")
        return {}
    if ascent.fits(size, int(room / of_model)):
        return {}
    if not reason:
        sides = range(LEAST, max(map(max, ascent.seen_sizes(size))) + STEP, STEP)
        fitting = bisect_right(sides, most / each, key=partial(_largest, ascent, size))
        if fitting:
            return {"tile": sides[fitting - 1]}
    elif not shrinks:
        return {}
    if memory is None or (reason and room > 0):
        return {"max_size": max(ascent.fitting(size, int(room / of_model)))} if shrinks else {"tile": LEAST}
    short = min(_largest(ascent, size, LEAST) * each - most, ascent.memory(size) - room)
    raise refuse(memory, memory + short / SPARE, f"{size[1]}x{size[0]} pixels", "a smaller max-size")


def _largest(ascent: Ascent, size: Size, side: int) -> int:
    """The most pixels that the model sees at once of a picture of this (height, width), in tiles of this side."""
    grid = Grid.of(ascent.card, ascent.seen_layers, side)
    return max(map(grid.largest, ascent.seen_sizes(size)))


def refuse(memory: int, needed: float, what: str, otherwise: str) -> RecipeError:
    """Say how much memory is needed, of which the model and all else that the process holds may be the most.

    Args:
        memory: the bytes that came.
        needed: the bytes that would do.
        what: what came, such as `640x480 pixels`.
        otherwise: what can be given in place of more memory, unless the process alone takes all of it.
    """
    alone, whole = (math.ceil(amount / 1e8) / 10 for amount in (held() / SPARE, needed))
    came = f"memory came as {spell(memory)}, but"
    if memory * SPARE > held():
        return RecipeError(f"{came} {what} need {whole:g}GB: give more, or {otherwise}.")
    more = f", and {whole:g}GB with {what}" if whole > alone else ""
    return RecipeError(f"{came} dreampipe itself needs {alone:g}GB{more}: give more.")


def spell(memory: int) -> str:
    """Write an amount of memory in the unit that takes the fewest digits, as a user gives it: `800MB`, `1.5GiB`."""
    units = {
        f"{letter}{end}": base**power
        for end, base in (("B", 1000), ("iB", 1024))
        for power, letter in enumerate("KMGT", 1)
    }
    texts = [f"{memory / size:.10g}{unit}" for unit, size in units.items() if memory >= size]
    return min(texts, key=len, default=f"{memory} bytes")


def _room(ascent: Ascent, memory: int | None, whole: bool = False) -> float:
    """The bytes that a climb may add to what the process holds."""
    from dreampipe.scoring import bytes_of_pixel, pixels_that_fit

    half = pixels_that_fit(ascent.card, ascent.bound)  # opens the model, so that its weights are held
    if memory is not None:
        return memory * SPARE - held()
    free = half * bytes_of_pixel(ascent.card, ascent.bound)
    needed = whole or seamless(ascent.card, ascent.seen_layers, ascent.bound.head)
    return free if needed else min(free, USUAL)


def held() -> int:
    """The bytes of memory that the process holds."""
    return int(psutil.Process().memory_info().rss)


def is_shelved(ascent: Ascent, size: Size, memory: int | None = None) -> bool:
    """Say whether the whole arrays of a climb in tiles lie in a file, because they take over half of the memory.

    Other ways to carry a dream, and pictures cut to bits, make some of these arrays in memory.
    """
    in_file = ascent.octaves.carry == "detail" and ascent.octaves.bits is None
    return in_file and _in_parts(ascent) and plain_bytes(ascent, size) > _room(ascent, memory) / 2


def least_bytes(ascent: Ascent, size: Size) -> float:
    """Estimate the bytes without which no picture of this (height, width) climbs: the least tile, or all if it is less.

    The model is open.
    """
    from dreampipe.scoring import bytes_of_pixel

    return min(LEAST**2, math.prod(size)) * (TILE + bytes_of_pixel(ascent.card, ascent.bound))


def halve(ascent: Ascent, size: Size, tile: int | None) -> int | None:
    """Halve the tile of a picture that ran out of memory, or begin with half of its side; None if that is too small."""
    if seamless(ascent.card, ascent.seen_layers, ascent.bound.head):
        return None
    smaller = min(tile or max(size), max(size)) // 2 // STEP * STEP
    return smaller if smaller >= LEAST else None


def plain_bytes(ascent: Ascent, size: Size, shelved: bool = False) -> int:
    """Estimate the bytes that a climb in tiles holds besides tiles and source: whole pictures of this (height, width).

    Args:
        shelved: they lie in a file.
    """
    each = (SHELVED if shelved else PLAIN) if _in_parts(ascent) else AT_ONCE
    moments = len(ascent.optimizer.moments)
    return (each + SOURCE * (min(1, moments) if shelved else moments)) * math.prod(size)


def _in_parts(ascent: Ascent) -> bool:
    """Say whether a step in tiles computes everything else in parts, too."""
    copies = all(type(one).copied is not Transform.copied for one in ascent.seen_through())
    in_parts = all(isinstance(one, InParts) for one in ascent.shaping)
    by_place = all(term.measure.by_place for term in ascent.bound.terms if term.layer == IMAGE)
    return copies and in_parts and by_place and ascent.parameterization.by_pixel
