"""Sizes of pictures that a `Graph` can take; no keras here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from dreampipe.models.fields import (
    BY_PLACE,
    CONVOLUTIONS,
    ENLARGING,
    GLOBAL_POOLS,
    PADDING,
    POOLS,
    enlarged,
    layers,
    window,
)
from dreampipe.models.graph import Graph, Key, Node

Size = tuple[int, int]
"""Height and width, in cells."""

_MOST = 4096
_PROBED = 64
_ANY_SIZE = CONVOLUTIONS | POOLS | GLOBAL_POOLS | BY_PLACE - {"PReLU"} | {"GroupNormalization"}


def takes_all_sizes(graph: Graph) -> bool:
    """Whether nothing in the graph holds it to one size of the picture, whatever size its input declares."""
    coarsest = max([1, *(layer.stride for layer in layers(graph) if layer.stride)])
    least = least_side(graph)
    sides = range(least, least + min(coarsest, _PROBED))
    return _knows_no_size(graph) and all(_meets(graph, side) for side in sides)


def _knows_no_size(graph: Graph) -> bool:
    """Whether each layer works on a grid of any size, or on channels alone."""
    flat: dict[Key, bool] = {}  # of each tensor: whether places are gone, so that no size is left in it
    channels = {layer.name: layer.channels for layer in layers(graph)}
    for key, node in graph.nodes.items():
        gone = [flat[ref.key] for ref in node.inputs]
        if node.kind == "Reshape" and all(gone):
            # The operation `keras.ops.reshape` says nothing of its target here.
            target = node.config.get("target_shape")
            flat[key] = target is not None and target[-1] == channels.get(graph.nodes[node.inputs[0].key].name)
        elif node.kind == "Flatten" and all(gone):
            flat[key] = True
        elif node.kind in _ANY_SIZE:
            flat[key] = node.kind in GLOBAL_POOLS or (bool(gone) and all(gone))
        else:
            return False
    return True


def least_side(graph: Graph) -> int:
    """The shortest side, of height and width, that every layer can take, and at which the coarsest has one place."""
    low, high = max([1, *(layer.stride for layer in layers(graph) if layer.stride)]), _MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _fits(graph, middle) else (middle + 1, high)
    return low


def _fits(graph: Graph, side: int) -> bool:
    return all(size is None or min(size) > 0 for size in _outputs(graph, side).values())


def _meets(graph: Graph, side: int) -> bool:
    """Whether branches have one size wherever they meet."""
    outputs = _outputs(graph, side)
    return all(len({outputs[ref.key] for ref in node.inputs} - {None}) < 2 for node in graph.nodes.values())


def _outputs(graph: Graph, side: int) -> dict[Key, Size | None]:
    """The size of each layer's output for a square picture; None where it is not known or no grid."""
    outputs: dict[Key, Size | None] = {}
    for key, node in graph.nodes.items():
        known = [size for size in (outputs[ref.key] for ref in node.inputs) if size is not None]
        outputs[key] = (side, side) if node.kind == "InputLayer" else after(node, known[0]) if known else None
    return outputs


def after(node: Node, side: Size) -> Size | None:
    """The size of a layer's output from that of its input; (0, 0) when the input is too small, None when not known."""
    if node.kind in CONVOLUTIONS | POOLS:
        kernel, steps = window(node)
        return _each(lambda axis: _slid(side[axis], kernel[axis], steps[axis], node.config["padding"]))
    if node.kind in ENLARGING:
        kernel, steps = enlarged(node)
        rest = node.config.get("padding") == "valid"
        return _each(lambda axis: side[axis] * steps[axis] + rest * max(0, kernel[axis] - steps[axis]))
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
