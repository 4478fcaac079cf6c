"""Explanations as one sheet: the source and what is explained; then map, overlay and legend of each method."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.drawings.contact import GAP
from dreampipe.explanations import Explanation
from dreampipe.explanations.colours import colour, overlay, scale_of
from dreampipe.frames import Array, Frame, dequantize, quantize
from dreampipe.stages.lettering import draw_text, strip_height

_Bytes = npt.NDArray[np.uint8]
_SHAPE = 3 / 2
"""The preferred width over height of a sheet."""
_BAR = 0.6
"""The height of a legend's bar in strips of words."""


def draw_explanations(explanations: Sequence[Explanation], size: int) -> Frame:
    """Draw explanations of one answer for one picture.

    Args:
        explanations: one for each method, at least one.
        size: longest side of each picture in the sheet, in pixels; smaller pictures are enlarged to it.

    Returns:
        Tiles in rows, white words on black. The first tile has the source, and says what is explained.
    """
    first = explanations[0]
    height, width = first.pixels.shape[:2]
    factor = size / max(height, width)
    shown = (max(1, round(height * factor)), max(1, round(width * factor)))
    room = max(shown[1], size // 2)  # a narrow picture still has room for its words
    tiles = [_draw_source(first, shown, room), *(_draw_method(one, shown, room) for one in explanations)]
    columns = _choose_columns(len(tiles), tiles[0].shape)
    rows = math.ceil(len(tiles) / columns)
    high, wide = tiles[0].shape[:2]
    page = np.zeros((rows * (high + GAP) + GAP, columns * (wide + GAP) + GAP, 3), np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = GAP + row * (high + GAP), GAP + column * (wide + GAP)
        page[top : top + high, left : left + wide] = tile
    return Frame(dequantize(page))


def _choose_columns(count: int, tile: tuple[int, ...]) -> int:
    """Choose the number of columns whose sheet is nearest to the preferred shape."""

    def off(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(columns * tile[1] / (rows * tile[0]) / _SHAPE))

    return min(range(1, count + 1), key=off)


def _draw_source(explanation: Explanation, shown: tuple[int, int], room: int) -> _Bytes:
    """Draw the source next to words on what is explained."""
    strip = strip_height(room)
    words = [
        explanation.objective,
        f"= {_number(explanation.answer)}",
        f"on {explanation.model}",
        f"seen at {explanation.size[1]}x{explanation.size[0]}",
        "red: for it",
        "blue: against it",
    ]
    high = shown[0] + 2 * strip
    panel = np.zeros((high, room, 3), np.uint8)
    for number, line in enumerate(words[: high // strip]):
        panel[number * strip : (number + 1) * strip] = draw_text(line, room, strip)
    picture = np.clip(_resize(explanation.pixels, shown, cv2.INTER_CUBIC), 0, 1)
    left = np.concatenate([_centre(picture, room), draw_text("source", room, strip), np.zeros_like(panel[:strip])])
    return np.concatenate([left, np.zeros((high, GAP, 3), np.uint8), panel], axis=1)


def _draw_method(explanation: Explanation, shown: tuple[int, int], room: int) -> _Bytes:
    """Draw the map and the overlay of a method over its name and its legend."""
    strip, signs = strip_height(room), explanation.method.signs
    heat = _resize(explanation.heat(), shown, cv2.INTER_LINEAR)
    picture = np.clip(_resize(explanation.pixels, shown, cv2.INTER_CUBIC), 0, 1)
    scale = scale_of(heat)
    pictures = [_centre(colour(heat, scale, signs), room), _centre(overlay(picture, heat, scale, signs), room)]
    whole = np.concatenate([pictures[0], np.zeros((shown[0], GAP, 3), np.uint8), pictures[1]], axis=1)
    wide = whole.shape[1]
    return np.concatenate(
        [whole, draw_text(str(explanation.method), wide, strip), _legend(explanation, scale, wide, strip)]
    )


def _legend(explanation: Explanation, scale: float, width: int, strip: int) -> _Bytes:
    """Draw a bar of the colours with the heat at its ends, and what the map sums to."""
    signs = explanation.method.signs
    quarter = width // 4
    ends = ("0", f"{scale:.2g} a pixel") if signs == "positive" else (f"{-scale:.2g}", f"{scale:+.2g} a pixel")
    start = 0.0 if signs == "positive" else -1.0
    ramp = np.broadcast_to(np.linspace(start, 1, quarter), (max(1, int(strip * _BAR)), quarter))
    bar = np.zeros((strip, quarter, 3), np.uint8)
    top = (strip - len(ramp)) // 2
    bar[top : top + len(ramp)] = quantize(colour(ramp, 1.0, signs))
    parts = [draw_text(ends[0], quarter // 2, strip), bar, draw_text(ends[1], quarter, strip)]
    left = width - sum(part.shape[1] for part in parts)
    return np.concatenate([*parts, draw_text(say_sum(explanation), left, strip)], axis=1)


def say_sum(explanation: Explanation) -> str:
    """Write what a map sums to, next to what it promises to; empty for a map of importance alone."""
    if explanation.completeness:
        found = explanation.completeness
        return f"sum {_number(found.total)}, promised {_number(found.expected)}"
    return "" if explanation.method.signs == "positive" else f"sum {_number(float(explanation.heat().sum()))}"


def _number(value: float) -> str:
    return f"{value:.4g}"


def _resize(values: Array, size: tuple[int, int], larger: int) -> Array:
    if values.shape[:2] == size:
        return values
    shrinks = size[0] * size[1] < values.shape[0] * values.shape[1]
    way = cv2.INTER_AREA if shrinks else larger
    return np.asarray(cv2.resize(values, size[::-1], interpolation=way), np.float32)


def _centre(picture: Array, room: int) -> _Bytes:
    high, wide = picture.shape[:2]
    strip = np.zeros((high, room, 3), np.uint8)
    left = (room - wide) // 2
    strip[:, left : left + wide] = quantize(picture)
    return strip
