"""The shapes of a `Graph`'s tensors for a picture of some size, by arithmetic; no keras here.

    shapes(graph, (512, 512)) -> {key: (height, width, channels)}

Shapes are told without the batch: (height, width, channels) on a grid, (tokens, channels), (channels,). A plane, which
has no axis of channels, is told as a grid of one channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod
from typing import Any

from dreampipe.models.graphs.graph import Graph, Key, Node, Ref, Shape
from dreampipe.models.graphs.kinds import (
    BY_PLACE,
    CONVOLUTIONS,
    ENLARGING,
    GLOBAL_POOLS,
    PADDING,
    POOLS,
    enlarging_of,
    is_along_channels,
    window,
)
from dreampipe.models.graphs.planes import find_resized, selecting

Size = tuple[int, int]
"""Height and width, in cells."""

_TO_CHANNELS = ("filters", "units")
_KEEPS_CHANNELS = BY_PLACE | POOLS | GLOBAL_POOLS | {"UpSampling2D", "GroupNormalization"}


def declared_size(graph: Graph) -> Size | None:
    """The size of the picture that the input declares; None where it leaves a side free, or takes no picture."""
    shape = graph.shapes.get(graph.input, ())
    return (shape[1], shape[2]) if len(shape) == 4 and shape[1] and shape[2] else None


def channels(graph: Graph) -> dict[Key, int | None]:
    """Return the last axis of each call's first output, for any size of the picture; None if unknown."""
    found: dict[Key, int | None] = {}
    for key, node in graph.nodes.items():
        found[key] = _channels(graph.shapes.get(Ref(key, 0)), node, [found[ref.key] for ref in node.inputs])
    return found


def _channels(told: Shape | None, node: Node, inputs: Sequence[int | None]) -> int | None:
    if told:
        return told[-1] if isinstance(told[-1], int) else None
    for setting in _TO_CHANNELS:
        if setting in node.config:
            return int(node.config[setting])
    if node.kind == "Concatenate" and is_along_channels(node):
        known = [n for n in inputs if n is not None]
        return sum(known) if len(known) == len(inputs) else None
    if node.kind == "DepthwiseConv2D":
        return None if inputs[0] is None else inputs[0] * int(node.config["depth_multiplier"])
    return max((n for n in inputs if n is not None), default=None) if node.kind in _KEEPS_CHANNELS else None


def shapes(graph: Graph, size: Size) -> dict[Key, Shape | None]:
    """Return the shape of each call's first output for a picture of `size`, without the batch; None if unknown.

    A height or width of 0 tells that the picture is too small.
    """
    # What the configuration tells holds for the size that the input declares, or, where it declares none, for all.
    holds = declared_size(graph) in (None, size)
    last, selects, same = channels(graph), selecting(graph), find_resized(graph)
    found: dict[Key, Shape | None] = {}
    for key, node in graph.nodes.items():
        told = graph.shapes.get(Ref(key, 0), ())[1:]
        inputs = [None if ref.output else found[ref.key] for ref in node.inputs]
        if node.kind == "InputLayer":
            found[key] = (*size, told[2]) if len(told) == 3 else told
        elif key in selects.planes:
            found[key] = inputs[0] and (*inputs[0][:2], 1)
        elif (holds or key in same) and told and None not in told:
            found[key] = told
        elif key in selects.calls:
            found[key] = inputs[0] and (*inputs[0][:2], last[key])
        else:
            found[key] = _shape(node, inputs, last[key])
    return found


def _shape(node: Node, inputs: Sequence[Shape | None], last: int | None) -> Shape | None:
    known = [shape for shape in inputs if shape]
    if not known:
        return None
    first = max(known, key=len)
    if node.kind in GLOBAL_POOLS:
        return (1, 1, last) if node.config.get("keepdims") else (last,)
    if node.kind == "Flatten":
        # Of a grid of another size than the model was made for, the layers behind would want other weights.
        return (count(first) if set(first[:-1]) <= {1} else None,)
    if node.kind == "Reshape":
        return _reshape(first, node.config.get("target_shape"))
    if node.kind in BY_PLACE - PADDING and is_along_channels(node):
        return *_longest_sides([shape[:-1] for shape in known]), None if first[-1] is None else last
    height, width, *rest = (*first, None)
    if len(rest) != 2 or height is None or width is None:
        return None
    side = after(node, (height, width))
    return side and (*side, last)


def _longest_sides(places: Sequence[Shape]) -> Shape:
    """Return the longest of each side of places that meet: a gate of one place is spread over all."""
    most = max(map(len, places))
    aligned = [(1,) * (most - len(each)) + tuple(each) for each in places]
    return tuple(None if None in sides else max(sides) for sides in zip(*aligned, strict=True))


def _reshape(given: Shape, target: Sequence[int] | None) -> Shape | None:
    """Return the shape after the layer `Reshape`; the operation `keras.ops.reshape` does not store its target."""
    whole, told = count(given), prod(n for n in target or () if n != -1)
    if target is None or whole is None or not told:
        return None
    shape = tuple(whole // told if n == -1 else n for n in target)
    return shape if prod(shape) == whole else None


def count(shape: Shape | None) -> int | None:
    """Count the values of one picture; None if a side is unknown."""
    return None if shape is None or None in shape else prod(n for n in shape if n is not None)


def after(node: Node, side: Size) -> Size | None:
    """The size of a layer's output from that of its input; (0, 0) when the input is too small, None when not known."""
    if node.kind in CONVOLUTIONS | POOLS:
        kernel, steps = window(node)
        return _each(lambda axis: _slid(side[axis], kernel[axis], steps[axis], node.config["padding"]))
    if node.kind in ENLARGING:
        kernel, steps = enlarging_of(node)
        rest = node.config.get("padding") == "valid"
        return _each(lambda axis: side[axis] * steps[axis] + rest * max(0, kernel[axis] - steps[axis]))
    if node.kind == "MeetingPadding2D":
        return _each(lambda axis: side[axis] + 2 * node.config["padding"] - 1 + side[axis] % 2)
    if node.kind in PADDING and (margins := _margins(node)):
        before, after = margins
        reflects = node.kind == "ReflectPadding2D" or node.config.get("mode") == "reflect"
        if reflects and any(max(before[i], after[i]) >= side[i] for i in (0, 1)):
            return 0, 0
        return _each(lambda axis: max(0, side[axis] + before[axis] + after[axis]))
    return side if node.kind in BY_PLACE or node.kind == "GroupNormalization" else None


def _each(rule: Callable[[int], int]) -> Size:
    return rule(0), rule(1)


def _slid(side: int, kernel: int, steps: int, padding: str) -> int:
    return ceil(side / steps) if padding == "same" else max(0, (side - kernel) // steps + 1)


def _margins(node: Node) -> tuple[Size, Size] | None:
    """Cells added before and after, each (height, width); negative when cropped, None when not told for each side."""
    config = node.config
    sides: Sequence[Any]
    if node.kind == "ReflectPadding2D":
        sides = [[config["padding"]] * 2] * 2
    elif node.kind == "Pad":
        sides = config["pad_width"][1:3] if isinstance(config["pad_width"], list | tuple) else ()
        if len(sides) != 2:
            return None
    else:
        sides = config["padding" if node.kind == "ZeroPadding2D" else "cropping"]
    sign = -1 if node.kind == "Cropping2D" else 1
    (top, bottom), (left, right) = sides
    return (sign * top, sign * left), (sign * bottom, sign * right)
