"""Find where a `Graph` only selects, orders or stacks channels, and where sizes no longer depend on the picture.

    selecting(graph) -> Selecting        resized(graph) -> {key, ...}

No keras here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dreampipe.models.graphs.graph import Graph, Key, Node
from dreampipe.models.graphs.kinds import BY_PLACE

LAST = (-1, 3)
"""The axis of channels, of a tensor of four axes."""
_RESIZING = frozenset(["Resizing", "Resize", "CenterCrop", "RandomCrop"])


@dataclass(frozen=True)
class Selecting:
    """Calls that leave each place where it is.

    Attributes:
        calls: those that select, order or stack channels.
        planes: those that give one channel without an axis of channels: (batch, height, width).
    """

    calls: frozenset[Key]
    planes: frozenset[Key]


def selecting(graph: Graph) -> Selecting:
    """Find the calls of a graph that only select, order or stack channels, and the planes between them."""
    calls: set[Key] = set()
    planes: set[Key] = set()
    for key, node in graph.nodes.items():
        of_planes = bool(node.inputs) and all(ref.key in planes for ref in node.inputs)
        of_grids = {len(graph.shapes.get(ref, ())) for ref in node.inputs} == {4}
        along = node.config.get("axis") in LAST
        if node.kind in BY_PLACE and of_planes:
            planes.add(key)
        elif along and ((node.kind == "Stack" and of_planes) or (node.kind == "Flip" and of_grids)):
            calls.add(key)
        elif node.kind == "GetItem" and of_grids and (index := channel_index(node)) is not None:
            calls.add(key)
            planes |= {key} if isinstance(index, int) else set()
    return Selecting(frozenset(calls), frozenset(planes))


def find_resized(graph: Graph) -> frozenset[Key]:
    """Find the calls whose sizes are the same for all pictures: layers that resize them, and what follows."""
    found: set[Key] = set()
    for key, node in graph.nodes.items():
        if node.kind in _RESIZING or (node.inputs and all(ref.key in found for ref in node.inputs)):
            found.add(key)
    return frozenset(found)


def channel_index(node: Node) -> int | slice | None:
    """Return which channels of a grid a GetItem takes, where it takes them of all places; None where it does not."""
    operands = [*node.args, *node.kwargs.values()]
    if len(operands) != 2:
        return None
    index = operands[1] if isinstance(operands[1], list) else [operands[1]]
    *places, last = index or [None]
    ellipsis = len(places) == 1 and isinstance(places[0], dict) and places[0].get("class_name") == "__ellipsis__"
    if not ellipsis and not (len(places) == 3 and all(_slice(place) == slice(None) for place in places)):
        return None
    return last if isinstance(last, int) and not isinstance(last, bool) else _slice(last)


def _slice(value: Any) -> slice | None:
    """Read a slice as Keras writes it; None where it is none of whole numbers."""
    if not isinstance(value, dict) or value.get("class_name") != "__slice__":
        return None
    ends = [value["config"].get(name) for name in ("start", "stop", "step")]
    if not all(end is None or isinstance(end, int) for end in ends) or ends[2] == 0:
        return None
    return slice(*ends)
