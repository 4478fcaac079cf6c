"""The part of the picture that one place of each layer sees, by arithmetic over a `Graph`; no keras here.

Exact for convolutions, pooling, padding and what works place by place; where branches meet, the largest field counts.
What the arithmetic does not know is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from dreampipe.models.graphs.graph import Graph, Key, Node
from dreampipe.models.graphs.kinds import (
    BY_PLACE,
    CONVOLUTIONS,
    ENLARGING,
    POOLS,
    enlarging_of,
    is_along_channels,
    window,
)
from dreampipe.models.graphs.planes import selecting


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


class Sight(NamedTuple):
    """The stride in pixels and the reach of one tensor, each (height, width); None if unknown."""

    steps: tuple[Fraction, Fraction] | None
    reach: tuple[_Reach, _Reach] | None

    @property
    def stride(self) -> int | None:
        """The stride, as in `Layer`."""
        if self.steps is None or self.steps[0] != self.steps[1] or self.steps[0].denominator != 1:
            return None
        return int(self.steps[0])

    @property
    def field(self) -> int | None:
        """The receptive field, as in `Layer`."""
        return None if self.reach is None else max(axis.pixels() for axis in self.reach)


_BLIND = Sight(None, None)
_PICTURE = Sight((Fraction(1), Fraction(1)), (_Reach(), _Reach()))


def sights(graph: Graph) -> dict[Key, Sight]:
    """Return the sight of each call's first output."""
    found: dict[Key, Sight] = {}
    selects = selecting(graph).calls
    for key, node in graph.nodes.items():
        inputs = [_BLIND if ref.output else found[ref.key] for ref in node.inputs]
        found[key] = _combine(inputs) if key in selects else _sight(node, inputs)
    return found


def coarsest(found: Mapping[Key, Sight]) -> int:
    """The largest stride; 1 where none is known."""
    return max([1, *(sight.stride for sight in found.values() if sight.stride)])


def _sight(node: Node, inputs: Sequence[Sight]) -> Sight:
    if node.kind == "InputLayer":
        return _PICTURE
    if len(inputs) == 1 and inputs[0].steps is not None:
        (height, width), reach = inputs[0].steps, inputs[0].reach
        if node.kind in CONVOLUTIONS | POOLS:
            kernel, steps = window(node)
            slid = reach and (reach[0].slid(kernel[0], steps[0]), reach[1].slid(kernel[1], steps[1]))
            return Sight((height * steps[0], width * steps[1]), slid)
        if node.kind in ENLARGING:
            kernel, times = enlarging_of(node)
            above = reach and (_Reach(1, 1, reach[0], kernel[0], times[0]), _Reach(1, 1, reach[1], kernel[1], times[1]))
            return Sight((height / times[0], width / times[1]), above)
        if node.kind == "GroupNormalization":
            return Sight((height, width), None)
    if node.kind in BY_PLACE and is_along_channels(node):
        return _combine(inputs)
    return _BLIND


def _combine(inputs: Sequence[Sight]) -> Sight:
    """Combine branches that meet: one that is not on the grid (a gate from a global pooling) sees the whole picture."""
    steps = {sight.steps for sight in inputs} - {None}
    if len(steps) != 1:
        return _BLIND
    known = [sight.reach for sight in inputs if sight.reach is not None]
    whole = len(known) < len(inputs)
    widest = None if whole else (_widest([r[0] for r in known]), _widest([r[1] for r in known]))
    return Sight(steps.pop(), widest)


def _widest(axis: Sequence[_Reach]) -> _Reach:
    return max(axis, key=_Reach.pixels)
