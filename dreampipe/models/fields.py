"""What one place of a layer sees of the picture: stride, receptive field and channels, by arithmetic over a `Graph`.

Exact for convolutions, pooling, padding and what works place by place; where branches meet, the largest field counts.
What the arithmetic does not know is None, never a guess. No keras here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from dreampipe.models.graph import Graph, Key, Node, Ref
from dreampipe.models.model_card import Layer

CONVOLUTIONS = frozenset(["Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
POOLS = frozenset(["MaxPooling2D", "AveragePooling2D"])
GLOBAL_POOLS = frozenset(["GlobalMaxPooling2D", "GlobalAveragePooling2D"])
ENLARGING = frozenset(["Conv2DTranspose", "UpSampling2D"])
PADDING = frozenset(["ZeroPadding2D", "Cropping2D", "ReflectPadding2D", "Pad"])
_MEETING = """
    Add Average Concatenate Maximum Minimum Multiply Subtract Divide TrueDivide Power
"""
_ACTIVATIONS = """
    Activation Softmax ReLU LeakyReLU PReLU ELU Relu Relu6 Sigmoid Softplus Softsign SoftShrink Silu Squareplus
    LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink HardTanh HardShrink Threshold LogSoftmax
"""
_OTHERS = """
    InputLayer Dense Identity BatchNormalization LayerNormalization RMSNormalization UnitNormalization Normalization
    Rescaling LayerScale Dropout SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization
    RandomFlip RandomRotation RandomZoom RandomTranslation RandomShear RandomContrast RandomBrightness
    Absolute Abs Negative Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Sign Sin Cos Tanh Arctan Clip Cast Erf
"""
_ENDS = frozenset([*_MEETING.split(), *_ACTIVATIONS.split()])
BY_PLACE = PADDING | _ENDS | frozenset(_OTHERS.split())
"""Layers of which each place sees what the same place of their inputs sees; the random ones rest when nobody trains."""

_ALONG_CHANNELS = frozenset(["Concatenate", "Softmax", "LogSoftmax", "LayerNormalization", "RMSNormalization"])
_TO_CHANNELS = ("filters", "units")


class _Reach(NamedTuple):
    """Along one axis: neighbours in a layer see `first + step * (neighbours - 1)` cells of a grid at the most.

    That grid is the picture, or, behind an enlarging layer, what it enlarged: `below`, of which `cells` of the enlarged
    grid see `ceil((kernel + cells - 1) / times)`.
    """

    first: int = 1
    step: int = 1
    below: _Reach | None = None
    kernel: int = 1
    times: int = 1

    def slid(self, kernel: int, steps: int) -> _Reach:
        return self._replace(first=self.first + self.step * (kernel - 1), step=self.step * steps)

    def pixels(self, neighbours: int = 1) -> int:
        cells = self.first + self.step * (neighbours - 1)
        return cells if self.below is None else self.below.pixels(-((1 - self.kernel - cells) // self.times))


class _Sight(NamedTuple):
    """Of one tensor: the stride in pixels and the reach, each (height, width); None where not known."""

    stride: tuple[Fraction, Fraction] | None
    reach: tuple[_Reach, _Reach] | None


_BLIND = _Sight(None, None)
_PICTURE = _Sight((Fraction(1), Fraction(1)), (_Reach(), _Reach()))


def layers(graph: Graph) -> tuple[Layer, ...]:
    """All layers of a graph but the input, in order from the picture on; none recommended."""
    sights: dict[Key, _Sight] = {}
    channels: dict[Key, int | None] = {}
    for key, node in graph.nodes.items():
        sights[key] = _sight(node, [_BLIND if ref.output else sights[ref.key] for ref in node.inputs])
        channels[key] = _channels(graph, Ref(key, 0), node, [channels[ref.key] for ref in node.inputs])
    return tuple(
        Layer(node.name, node.kind, channels[key], _stride(sights[key]), _field(sights[key]), within=node.within)
        for key, node in graph.nodes.items()
        if node.kind != "InputLayer"
    )


def _stride(sight: _Sight) -> int | None:
    if sight.stride is None or sight.stride[0] != sight.stride[1] or sight.stride[0].denominator != 1:
        return None
    return int(sight.stride[0])


def _field(sight: _Sight) -> int | None:
    return None if sight.reach is None else max(axis.pixels() for axis in sight.reach)


def _sight(node: Node, inputs: Sequence[_Sight]) -> _Sight:
    if node.kind == "InputLayer":
        return _PICTURE
    if len(inputs) == 1 and inputs[0].stride is not None:
        (height, width), reach = inputs[0].stride, inputs[0].reach
        if node.kind in CONVOLUTIONS | POOLS:
            kernel, steps = window(node)
            slid = reach and (reach[0].slid(kernel[0], steps[0]), reach[1].slid(kernel[1], steps[1]))
            return _Sight((height * steps[0], width * steps[1]), slid)
        if node.kind in ENLARGING:
            kernel, times = enlarged(node)
            above = reach and (_Reach(1, 1, reach[0], kernel[0], times[0]), _Reach(1, 1, reach[1], kernel[1], times[1]))
            return _Sight((height / times[0], width / times[1]), above)
        if node.kind == "GroupNormalization":
            return _Sight((height, width), None)
    if node.kind in BY_PLACE and _is_along_channels(node):
        return _met(inputs)
    return _BLIND


def _met(inputs: Sequence[_Sight]) -> _Sight:
    """Of branches that meet: one that is not on the grid (a gate from a global pooling) sees the whole picture."""
    strides = {sight.stride for sight in inputs} - {None}
    if len(strides) != 1:
        return _BLIND
    known = [sight.reach for sight in inputs if sight.reach is not None]
    whole = len(known) < len(inputs)
    widest = None if whole else (_widest([r[0] for r in known]), _widest([r[1] for r in known]))
    return _Sight(strides.pop(), widest)


def _widest(axis: Sequence[_Reach]) -> _Reach:
    return max(axis, key=_Reach.pixels)


def _both(value: Any) -> tuple[int, int]:
    """A setting that Keras keeps as one number or as (height, width)."""
    height, width = value if isinstance(value, list | tuple) else (value, value)
    return int(height), int(width)


def window(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    """Extent, dilation included, and steps of a convolution or pooling, in cells of its input."""
    config = node.config
    if node.kind in POOLS:
        pool = _both(config["pool_size"])
        return pool, _both(config["strides"] or pool)
    kernel, dilation = _both(config["kernel_size"]), _both(config["dilation_rate"])
    return _extent(kernel, dilation), _both(config["strides"])


def enlarged(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of an enlarging layer: the cells of its output that one of its input reaches, and how often it enlarges."""
    if node.kind == "UpSampling2D":
        height, width = _both(node.config["size"])
        cells = {"nearest": 1, "bilinear": 2, "bicubic": 4}.get(node.config["interpolation"], 10)
        return (cells * height, cells * width), (height, width)
    kernel, dilation = _both(node.config["kernel_size"]), _both(node.config["dilation_rate"])
    return _extent(kernel, dilation), _both(node.config["strides"])


def _extent(kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def _is_along_channels(node: Node) -> bool:
    """Whether a layer that works along an axis works along the channels, so that places stay apart."""
    return node.kind not in _ALONG_CHANNELS or node.config.get("axis", -1) in (-1, 3, [-1], [3], (-1,), (3,))


def _channels(graph: Graph, ref: Ref, node: Node, inputs: Sequence[int | None]) -> int | None:
    shape = graph.shapes.get(ref)
    if shape:
        return shape[-1] if isinstance(shape[-1], int) else None
    for setting in _TO_CHANNELS:
        if setting in node.config:
            return int(node.config[setting])
    if node.kind == "Concatenate" and _is_along_channels(node):
        known = [n for n in inputs if n is not None]
        return sum(known) if len(known) == len(inputs) else None
    if node.kind == "DepthwiseConv2D":
        return None if inputs[0] is None else inputs[0] * int(node.config["depth_multiplier"])
    keeps = node.kind in BY_PLACE | POOLS | GLOBAL_POOLS | {"UpSampling2D", "GroupNormalization"}
    return max((n for n in inputs if n is not None), default=None) if keeps else None


def spread(found: Sequence[Layer], count: int = 8) -> tuple[Layer, ...]:
    """`found` with up to `count` layers recommended, evenly over the depth: for models of which no more is known.

    Chosen are ends of blocks on a grid coarser than the picture: concatenations where there are several, otherwise
    activations and other meetings of branches, of those that see the same field the last; convolutions where there is
    none of these, for their activation may be built in.
    """
    grid = [i for i, layer in enumerate(found) if layer.kind in _ENDS and (layer.stride or 0) > 1]
    grid = grid or [i for i, layer in enumerate(found) if layer.kind in CONVOLUTIONS]
    joined = [i for i in grid if found[i].kind == "Concatenate"]
    last = {found[i].receptive_field or found[i].name: i for i in (joined if len(joined) >= count // 2 else grid)}
    ends = sorted(last.values())
    chosen = {ends[round((i + 0.5) * len(ends) / count - 0.5)] for i in range(count)} if ends else set()
    return tuple(
        replace(layer, recommended=f"one of {len(chosen)} spread over the depth") if i in chosen else layer
        for i, layer in enumerate(found)
    )
