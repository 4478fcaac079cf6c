"""Facts on layers from a `Graph`, without keras: `layers`, and `spread`, which recommends some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dreampipe.models.graphs import costs
from dreampipe.models.graphs.graph import Graph, Shape
from dreampipe.models.graphs.kinds import CONVOLUTIONS, ENDS
from dreampipe.models.graphs.planes import selecting
from dreampipe.models.graphs.shapes import Size, channels, shapes
from dreampipe.models.graphs.sights import sights
from dreampipe.models.model_card import Layer


def layers(graph: Graph, size: Size | None = None) -> tuple[Layer, ...]:
    """All layers of a graph but the input, in order from the picture on; none recommended.

    Args:
        size: of the picture that costs and sizes are told for; None is what the graph is held to, or else 512x512.
    """
    at = size or costs.size(graph)
    seen, last, found, planes = sights(graph), channels(graph), shapes(graph, at), selecting(graph).planes
    cost = costs.costs(graph, found)
    return tuple(
        Layer(
            name=node.name,
            kind=node.kind,
            channels=last[key],
            stride=None if key in planes else seen[key].stride,
            receptive_field=seen[key].field,
            within=node.within,
            cost=cost[key],
            size=_size(found[key]) if seen[key].steps and key not in planes else None,
        )
        for key, node in graph.nodes.items()
        if node.kind != "InputLayer"
    )


def _size(shape: Shape | None) -> Size | None:
    height, width, *_ = (*(shape or ()), None, None)
    return (height, width) if height and width else None


def spread(found: Sequence[Layer], count: int = 8) -> tuple[Layer, ...]:
    """`found` with up to `count` layers recommended, evenly over the depth: for models of which no more is known.

    Chosen are ends of blocks on a grid coarser than the picture: concatenations where there are several, otherwise
    activations and other meetings of branches, of those that see the same field the last; convolutions where there is
    none of these, for their activation may be built in.
    """
    grid = [i for i, layer in enumerate(found) if layer.kind in ENDS and (layer.stride or 0) > 1]
    grid = grid or [i for i, layer in enumerate(found) if layer.kind in CONVOLUTIONS]
    joined = [i for i in grid if found[i].kind == "Concatenate"]
    last = {found[i].receptive_field or found[i].name: i for i in (joined if len(joined) >= count // 2 else grid)}
    ends = sorted(last.values())
    chosen = {ends[round((i + 0.5) * len(ends) / count - 0.5)] for i in range(count)} if ends else set()
    return tuple(
        replace(layer, recommended=f"one of {len(chosen)} spread over the depth") if i in chosen else layer
        for i, layer in enumerate(found)
    )
