"""Sizes of pictures that a `Graph` can take; no keras here."""

from __future__ import annotations

from collections.abc import Mapping

from dreampipe.models.graphs.graph import Graph, Key
from dreampipe.models.graphs.kinds import BY_PLACE, CONVOLUTIONS, GLOBAL_POOLS, POOLS
from dreampipe.models.graphs.planes import find_resized, selecting
from dreampipe.models.graphs.shapes import channels, shapes
from dreampipe.models.graphs.sights import Sight, coarsest, sights

_MOST = 4096
_PROBED = 64
_ANY_SIZE = CONVOLUTIONS | POOLS | GLOBAL_POOLS | BY_PLACE - {"PReLU"} | {"GroupNormalization"}


def takes_all_sizes(graph: Graph) -> bool:
    """Say whether the graph takes pictures of any size, whatever size its input declares."""
    if not _knows_no_size(graph):
        return False
    least = least_side(graph)
    seen = sights(graph)
    sides = range(least, least + min(coarsest(seen), _PROBED))
    return all(_meets(graph, side, seen) for side in sides)


def _knows_no_size(graph: Graph) -> bool:
    """Say whether each layer works on a grid of any size, or only on channels."""
    flat: dict[Key, bool] = {}  # of each tensor: whether places are gone, so that no size is left in it
    last, selects, same = channels(graph), selecting(graph), find_resized(graph)
    for key, node in graph.nodes.items():
        gone = [flat[ref.key] for ref in node.inputs]
        if node.kind == "Reshape" and all(gone) and key not in same:
            # The operation `keras.ops.reshape` says nothing of its target here.
            target = node.config.get("target_shape")
            flat[key] = target is not None and target[-1] == last[node.inputs[0].key]
        elif node.kind == "Flatten" and all(gone) and key not in same:
            flat[key] = True
        elif key in same or key in selects.calls:
            flat[key] = False
        elif any(ref.key in same for ref in node.inputs):
            return False  # what always has one size meets what has the size of the picture
        elif node.kind in _ANY_SIZE:
            flat[key] = node.kind in GLOBAL_POOLS or (bool(gone) and all(gone))
        else:
            return False
    return True


def least_side(graph: Graph) -> int:
    """The shortest side, of height and width, that every layer can take, and at which the coarsest has one place."""
    low, high = coarsest(sights(graph)), _MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _fits(graph, middle) else (middle + 1, high)
    return low


def _fits(graph: Graph, side: int) -> bool:
    return all(0 not in (shape or ()) for shape in shapes(graph, (side, side)).values())


def _meets(graph: Graph, side: int, seen: Mapping[Key, Sight]) -> bool:
    """Say whether branches have one size wherever they meet; a gate, which is on no grid, is spread over all."""
    found = shapes(graph, (side, side))
    grids = {key: shape[:2] for key, shape in found.items() if shape and len(shape) == 3 and seen[key].steps}
    return all(len({grids[ref.key] for ref in node.inputs if ref.key in grids}) < 2 for node in graph.nodes.values())
