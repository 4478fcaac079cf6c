"""Follow what the first layers of a `Graph` do to the picture's numbers, as long as they compute sums; no keras here.

    taken(graph) -> Taken, ...      what the other layers take

Followed is every consumer of the picture: layers that scale and shift, and operations such as GetItem, Stack and Add,
as `preprocess_input` of keras.applications leaves them in a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import sqrt
from typing import Any

from dreampipe.models.graphs.graph import Graph, Node, Ref
from dreampipe.models.graphs.planes import LAST, channel_index

_PASSING = """
    Identity Cast Clip Dropout SpatialDropout2D GaussianNoise ActivityRegularization ZeroPadding2D Pad Cropping2D
    Resizing Resize CenterCrop RandomCrop RandomFlip RandomRotation RandomZoom RandomTranslation RandomShear
    RandomContrast RandomBrightness PadImages CropImages StopGradient
"""
"""Layers that leave the numbers of pixels as they are, where nobody trains."""


@dataclass(frozen=True)
class Channel:
    """A channel of a tensor: a weighted sum of the picture's channels, and an offset."""

    weights: tuple[float, float, float]
    offset: float = 0.0

    def ends(self, black: Sequence[float], white: Sequence[float]) -> tuple[float, float]:
        """The least and greatest value, of a picture whose channels lie between these."""
        ends = [(w * b, w * t) for w, b, t in zip(self.weights, black, white, strict=True)]
        return self.offset + sum(map(min, ends)), self.offset + sum(map(max, ends))


@dataclass(frozen=True)
class Values:
    """A tensor of values that the picture's channels give by sums alone.

    Attributes:
        channels: its channels.
        flat: whether it is one channel without an axis of channels, (batch, height, width).
        kinds: the classes of the layers that made it, in order, without those that leave the numbers as they are.
        first: its channels after the first of them that scales or shifts; None where none does.
    """

    channels: tuple[Channel, ...]
    flat: bool = False
    kinds: tuple[str, ...] = ()
    first: tuple[Channel, ...] | None = None

    @property
    def is_scaled(self) -> bool:
        """Say whether its numbers differ from the picture's, in any order."""
        return any(sorted(one.weights) != [0.0, 0.0, 1.0] or one.offset for one in self.channels)


PICTURE = Values((Channel((1.0, 0.0, 0.0)), Channel((0.0, 1.0, 0.0)), Channel((0.0, 0.0, 1.0))))


@dataclass(frozen=True)
class Taken:
    """A tensor that a layer takes which does more than sums: its values, and the class of the layer."""

    values: Values
    by: str


def list_takers(graph: Graph) -> tuple[Taken, ...]:
    """List what the first layers make of the picture, for each layer that takes it to compute more than sums."""
    known: dict[Ref, Values] = {graph.input: PICTURE}
    found: list[Taken] = []
    for key, node in graph.nodes.items():
        if node.kind == "InputLayer":
            continue
        outputs = _outputs(node, known) if all(ref in known for ref in node.inputs) and node.inputs else None
        if outputs is None:
            found.extend(Taken(known[ref], node.kind) for ref in dict.fromkeys(node.inputs) if ref in known)
        else:
            known.update({Ref(key, i): values for i, values in enumerate(outputs)})
    if graph.output in known:
        found.append(Taken(known[graph.output], ""))
    return tuple(found)


def _outputs(node: Node, known: dict[Ref, Values]) -> Sequence[Values] | None:
    """The outputs of a layer; None where it does more than sums, or where that cannot be known."""
    given = [known[ref] for ref in node.inputs]
    if node.kind in _PASSING.split():
        return given if len(given) == 1 else None
    rule = _RULES.get(node.kind)
    made = rule(node, given) if rule else None
    if made is None:
        return None
    kinds = tuple(dict.fromkeys((*chain.from_iterable(one.kinds for one in given), node.kind)))
    first = next((one.first for one in given if one.first), None)
    return [
        replace(values, kinds=kinds, first=first or (values.channels if values.is_scaled else None)) for values in made
    ]


Rule = Callable[[Node, Sequence[Values]], "Sequence[Values] | None"]


def _rescaling(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    return _scale_and_shift(given[0], node.config.get("scale", 1.0), node.config.get("offset", 0.0))


def _normalization(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    mean, variance = (_numbers(node.config.get(name), len(given[0].channels)) for name in ("mean", "variance"))
    if mean is None or variance is None or min(variance) <= 0:  # as where it was adapted to pictures: see the weights
        return None
    deviation = [sqrt(v) for v in variance]
    if node.config.get("invert"):
        return _scale_and_shift(given[0], deviation, mean)
    return _scale_and_shift(
        given[0], [1 / d for d in deviation], [-m / d for m, d in zip(mean, deviation, strict=True)]
    )


def _sum(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    """Add or Subtract, of tensors and constants."""
    sign = -1.0 if node.kind == "Subtract" else 1.0
    tensors, total = iter(given), None
    for i, operand in enumerate(_operands(node)):
        if isinstance(operand, Ref):
            term = next(tensors)
        else:
            numbers = _numbers(operand, len(given[0].channels))
            if numbers is None:
                return None
            term = Values(tuple(Channel((0.0, 0.0, 0.0), n) for n in numbers), given[0].flat)
        total = term if total is None else _add(total, term, sign if i else 1.0)
        if total is None:
            return None
    return None if total is None else [total]


def _product(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    """Multiply, or a division by a constant."""
    operands = _operands(node)
    constants = [operand for operand in operands if not isinstance(operand, Ref)]
    if len(given) != 1 or len(constants) != 1:
        return None
    numbers = _numbers(constants[0], len(given[0].channels))
    if numbers is None or node.kind == "Multiply":
        return None if numbers is None else _scale_and_shift(given[0], numbers, 0.0)
    if not isinstance(operands[0], Ref) or 0 in numbers:
        return None
    return _scale_and_shift(given[0], [1 / n for n in numbers], 0.0)


def _negative(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    return _scale_and_shift(given[0], -1.0, 0.0)


def _item(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    """GetItem of whole planes: `[..., 2]`, `[..., ::-1]`, `[:, :, :, 0:1]`."""
    chosen = None if given[0].flat else channel_index(node)
    if chosen is None:
        return None
    at = range(len(given[0].channels))[chosen]
    if isinstance(at, int):
        return [Values((given[0].channels[at],), flat=True)]
    return [Values(tuple(given[0].channels[i] for i in at))] if at else None


def _flip(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    axis = node.config.get("axis")
    if given[0].flat or axis not in (1, 2, -2, -3, *LAST):
        return None
    return [replace(given[0], channels=given[0].channels[::-1])] if axis in LAST else [given[0]]


def _join(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    """Stack of planes, or Concatenate of channels, along the last axis."""
    flat = node.kind == "Stack"
    if node.config.get("axis", -1) not in LAST or any(one.flat != flat for one in given):
        return None
    return [Values(tuple(chain.from_iterable(one.channels for one in given)))]


def _split(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    """Split into equal parts along the last axis."""
    parts, channels = node.config.get("indices_or_sections"), given[0].channels
    if node.config.get("axis") not in LAST or not isinstance(parts, int) or parts < 1 or len(channels) % parts:
        return None
    size = len(channels) // parts
    return [Values(channels[i : i + size]) for i in range(0, len(channels), size)]


def _expand(node: Node, given: Sequence[Values]) -> Sequence[Values] | None:
    return [replace(given[0], flat=False)] if given[0].flat and node.config.get("axis") in LAST else None


_RULES: dict[str, Rule] = {
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    **dict.fromkeys(("Add", "Subtract"), _sum),
    **dict.fromkeys(("Multiply", "TrueDivide", "Divide"), _product),
    "Negative": _negative,
    "GetItem": _item,
    "Flip": _flip,
    **dict.fromkeys(("Stack", "Concatenate"), _join),
    "Split": _split,
    "ExpandDims": _expand,
}


def _scale_and_shift(values: Values, scale: Any, offset: Any) -> Sequence[Values] | None:
    """Multiply, then shift, by numbers for all channels or for each."""
    count = len(values.channels)
    factors, shifts = _numbers(scale, count), _numbers(offset, count)
    if factors is None or shifts is None:
        return None
    moved = (
        Channel((f * one.weights[0], f * one.weights[1], f * one.weights[2]), f * one.offset + shift)
        for one, f, shift in zip(values.channels, factors, shifts, strict=True)
    )
    return [replace(values, channels=tuple(moved))]


def _add(first: Values, second: Values, sign: float) -> Values | None:
    if len(first.channels) != len(second.channels) or first.flat != second.flat:
        return None
    return replace(first, channels=tuple(map(_sum_of, first.channels, second.channels, [sign] * len(first.channels))))


def _sum_of(a: Channel, b: Channel, sign: float) -> Channel:
    red, green, blue = (x + sign * y for x, y in zip(a.weights, b.weights, strict=True))
    return Channel((red, green, blue), a.offset + sign * b.offset)


def _operands(node: Node) -> list[Any]:
    """The operands of a sum or product: the layer takes a list of tensors, the operation two of anything."""
    given = [*node.args, *node.kwargs.values()]
    return given[0] if len(given) == 1 and isinstance(given[0], list) else given


def _numbers(value: Any, count: int) -> list[float] | None:
    """Read a constant as one number for each of `count` channels; None where it is no such constant."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner.get("value") if isinstance(inner, dict) else None
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    found = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(found) != count or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in found):
        return None
    return [float(n) for n in found]
