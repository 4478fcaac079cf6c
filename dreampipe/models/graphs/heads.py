"""Find a model's head of classes, by arithmetic over its `Graph`; no keras here."""

from __future__ import annotations

from dreampipe.models.graphs import kinds
from dreampipe.models.graphs.graph import Graph, Key, Node, Ref
from dreampipe.models.graphs.shapes import channels

_KEEPS_AXES = (
    kinds.BY_PLACE
    | kinds.CONVOLUTIONS
    | kinds.POOLS
    | kinds.ENLARGING
    | {"GroupNormalization", "MultiHeadAttention", "EinsumDense", "Permute"}
)
_OF_TOKENS = {"GlobalAveragePooling1D", "GlobalMaxPooling1D"}


def outputs(graph: Graph) -> int | None:
    """Count the classes of a head (batch, classes); 0 without such a head, None if unknown."""
    axes: dict[Key, int | None] = {}
    for key, node in graph.nodes.items():
        axes[key] = _axes(graph, key, node, [axes[ref.key] for ref in node.inputs])
    if axes[graph.output.key] != 2:
        return None if axes[graph.output.key] is None else 0
    shape = graph.shapes.get(graph.output)
    known = channels(graph)[graph.output.key]
    return known if known is not None or not shape else shape[-1]


def _axes(graph: Graph, key: Key, node: Node, inputs: list[int | None]) -> int | None:
    """The number of axes of a node's first output, the batch among them."""
    shape = graph.shapes.get(Ref(key, 0))
    if shape is not None:
        return len(shape)
    if node.kind in kinds.GLOBAL_POOLS | _OF_TOKENS:
        return (inputs[0] or 4) if node.config.get("keepdims") else 2
    if node.kind == "Flatten":
        return 2
    if node.kind == "Reshape" and "target_shape" in node.config:  # the layer, not `keras.ops.reshape`
        return 1 + len(node.config["target_shape"])
    known = [count for count in inputs if count is not None]
    return max(known) if node.kind in _KEEPS_AXES and len(known) == len(inputs) and known else None
