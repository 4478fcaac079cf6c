"""The cost of each layer, in multiply-adds, by arithmetic over a `Graph`; no keras here.

Counted are products with weights (convolutions, dense layers) and of tensors with one another (attention, matrix
products). What works value by value, pools, normalizes or only moves values costs nothing here, as is usual where costs
of networks are published: it is some hundredth of the whole. What the arithmetic does not know is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from operator import or_

from dreampipe.models.graphs.graph import Graph, Key, Node, Shape
from dreampipe.models.graphs.kinds import BY_PLACE, GLOBAL_POOLS, POOLS, both
from dreampipe.models.graphs.shapes import Size, count, declared_size
from dreampipe.models.graphs.sizes import takes_all_sizes

SIDE = 512
"""Pixels of the square picture that costs are told for, where a model is not held to another size."""

_MOVING = """
    Flatten Reshape Permute RepeatVector UpSampling2D Resizing CenterCrop RandomCrop Stack Split Ravel Transpose
    ExpandDims Squeeze Flip Roll GetItem Repeat Tile Moveaxis Swapaxes BroadcastTo DepthToSpace SpaceToDepth Resize
    PadImages CropImages StopGradient OnesLike ZerosLike Where Greater GreaterEqual Less LessEqual
"""
_REDUCING = """
    GroupNormalization GlobalMaxPooling1D GlobalAveragePooling1D AdaptiveAveragePooling2D AdaptiveMaxPooling2D MaxPool
    AveragePool Mean Sum Max Min Amax Amin Var Std Logsumexp Normalize BatchNorm RMSNorm LayerNorm Glu DivideNoNan
    RGBToGrayscale
"""
_FREE = (BY_PLACE | POOLS | GLOBAL_POOLS | frozenset([*_MOVING.split(), *_REDUCING.split()])) - {"Dense"}


def size(graph: Graph) -> Size:
    """Return the size of the picture for which costs are given: the graph's fixed one, or 512x512."""
    held = declared_size(graph)
    return (SIDE, SIDE) if held is None or takes_all_sizes(graph) else held


def costs(graph: Graph, found: Mapping[Key, Shape | None]) -> dict[Key, int | None]:
    """Multiply-adds of each call and of all that it needs, each counted once; None where one of them is not known.

    Args:
        found: the shapes of the graph's tensors for the picture that costs are told for.
    """
    pictures = _pictures(graph, found)
    alone: dict[Key, int | None] = {}
    needed: dict[Key, int] = {}  # of each call those that it needs, a bit for each: sets would fill the memory
    total: dict[Key, int | None] = {}
    for number, (key, node) in enumerate(graph.nodes.items()):
        alone[key] = _alone(node, [found[ref.key] for ref in node.inputs], found[key], pictures[key])
        above = {ref.key for ref in node.inputs}
        needed[key] = reduce(or_, (needed[one] for one in above), 1 << number)
        if len(above) == 1:
            total[key] = _sum([total[above.pop()], alone[key]])
        else:
            total[key] = _sum(
                cost for bit, cost in zip(f"{needed[key]:b}"[::-1], alone.values(), strict=True) if bit == "1"
            )
    return total


def _pictures(graph: Graph, found: Mapping[Key, Shape | None]) -> dict[Key, Fraction | None]:
    """Count the entries of the batch that one picture has at each call: attention in windows makes several."""
    pictures: dict[Key, Fraction | None] = {}
    for key, node in graph.nodes.items():
        before = pictures[node.inputs[0].key] if node.inputs else Fraction(1)
        if node.kind == "Reshape":
            given, made = count(found[node.inputs[0].key]), count(found[key])
            before = before * Fraction(given, made) if before is not None and given and made else None
        pictures[key] = before
    return pictures


def _alone(node: Node, inputs: Sequence[Shape | None], made: Shape | None, pictures: Fraction | None) -> int | None:
    """Multiply-adds of one call for one picture, from the shapes that it is given and makes."""
    if node.kind in _FREE:
        return 0
    rule = _RULES.get(node.kind)
    known = [shape for shape in inputs if shape]
    if rule is None or len(known) < len(inputs) or pictures is None:
        return None
    cost = rule(node, known, made or (None,))
    return None if cost is None else int(cost * pictures)


def _times(*numbers: int | None) -> int | None:
    """The product; None where a factor is not known."""
    return count(numbers)


def _sum(numbers: Iterable[int | None]) -> int | None:
    listed = list(numbers)
    return None if None in listed else sum(n for n in listed if n is not None)


def _conv(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    taken = inputs[0][-1]
    groups = int(node.config.get("groups") or 1)
    return _times(*both(node.config["kernel_size"]), taken and taken // groups, *made)


def _depthwise(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    return _times(*both(node.config["kernel_size"]), *made)


def _separable(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    between = _times(inputs[0][-1], int(node.config["depth_multiplier"]))
    return _sum([_times(*both(node.config["kernel_size"]), between, *made[:-1]), _times(between, *made)])


def cost_of_transpose(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    return _times(*both(node.config["kernel_size"]), made[-1], *inputs[0])


def _dense(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    """Also of matrix products: each value made is a sum over the last axis given."""
    return _times(inputs[0][-1], *made)


def _einsum_dense(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    """Each value given meets each of the axes that only the output has; dots stand for the axes that have no letter."""
    given, _, out = str(node.config["equation"]).replace(" ", "").partition("->")
    taken, shape = given.partition(",")[0], node.config["output_shape"]
    shape = shape if isinstance(shape, list | tuple) else [shape]
    # The first letter is the batch, but where dots stand before it.
    letters = out[1:].removesuffix("...") if out.endswith("...") else out.removeprefix("...")[-len(shape) :]
    new = [int(n) for letter, n in zip(letters, shape, strict=False) if letter not in taken]
    return _times(*inputs[0], *new)


def _attention(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    """Vaswani et al. 2017, "Attention is all you need": each query times each key, and the sum of the values."""
    query, value, key = inputs[0], inputs[1], inputs[-1]
    pairs = _times(*query[:-1], *value[:-1])
    return _sum([_times(pairs, key[-1]), _times(pairs, value[-1])])


def _heads(node: Node, inputs: Sequence[Shape], made: Shape) -> int | None:
    """Cost of `_attention` in each head, and of the layers that make queries, keys and values and join the heads."""
    config = node.config
    query, value, key = inputs[0], inputs[1], inputs[-1]
    heads = int(config.get("num_heads") or config["num_query_heads"])
    heads_of_keys = int(config.get("num_key_value_heads") or heads)
    of_key = int(config.get("key_dim") or config["head_dim"])
    of_value = int(config.get("value_dim") or of_key)
    axes = config.get("attention_axes") or range(1, len(value))
    seen = [value[axis - 1] if axis > 0 else value[axis] for axis in axes]
    return _sum(
        [
            _times(*query, heads, of_key),
            _times(*key, heads_of_keys, of_key),
            _times(*value, heads_of_keys, of_value),
            _times(*query[:-1], *seen, heads, of_key + of_value),
            _times(*made, heads, of_value),
        ]
    )


_RULES: Mapping[str, Callable[[Node, Sequence[Shape], Shape], int | None]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": cost_of_transpose,
    "Dense": _dense,
    "Matmul": _dense,
    "EinsumDense": _einsum_dense,
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "MultiHeadAttention": _heads,
    "GroupQueryAttention": _heads,
}
