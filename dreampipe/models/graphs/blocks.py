"""The layers of a card as a tree of blocks, told by their names alone, and its outline for people.

    outline(layers) -> Line, Line, ...

Models within the model are blocks. So are neighbours whose names begin alike up to a number: `conv2_block1_out` stands
in `block1` of `conv2`. Layers that were only counted by Keras (`conv2d_7`) stand in the block of the next layer that
has a name of its own, which joins them (`mixed5`), or that pools the whole grid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dreampipe.models.graphs.kinds import BY_PLACE, ENDS, PADDING, POOLS
from dreampipe.models.model_card import Layer
from dreampipe.models.names import in_snake_case

_SHORT = 32
"""A model of so many layers is shown whole."""
_MANY = 5
"""Layers that make a block worth a line of its own within another."""
_TRAILING = BY_PLACE - PADDING - {"Dense"}


@dataclass(frozen=True)
class Block:
    """Layers that belong together; `name` is what their names have in common."""

    name: str
    parts: tuple[Block | Layer, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(layer for part in self.parts for layer in (part.layers if isinstance(part, Block) else (part,)))

    @property
    def end(self) -> Layer:
        """The layer with the block's name, in which its branches meet; otherwise the last layer."""
        met = (layer for layer in self.layers if layer.name == self.name and layer.kind in ENDS)
        return next(met, self.layers[-1])


@dataclass(frozen=True)
class Line:
    """A line of an outline: a layer, alone or as the end of its block, or the head of a block whose parts follow.

    Attributes:
        depth: how many blocks it stands in.
        name: of the layer, or of the block, with a colon.
        count: of the layers that it stands for.
        layer: None for the head of a block.
    """

    depth: int
    name: str
    count: int
    layer: Layer | None = None


def outline(layers: Sequence[Layer], whole: bool = False) -> Iterator[Line]:
    """The blocks of a model in order, each by its end, and the recommended layers in it; with `whole` all layers."""
    whole = whole or len(layers) <= _SHORT
    for part in blocks(layers):
        yield from _lines(part, 0, whole)


def _lines(part: Block | Layer, depth: int, whole: bool) -> Iterator[Line]:
    if isinstance(part, Layer):
        yield Line(depth, part.name, 1, part)
        return
    count = len(part.layers)
    if whole or any(isinstance(inner, Block) for inner in part.parts):
        yield Line(depth, f"{part.name}:", count)
        for inner in part.parts:
            yield from _lines(inner, depth + 1, whole)
        return
    yield Line(depth, part.end.name, count, part.end)
    for layer in part.layers:
        if layer.recommended and layer != part.end:
            yield Line(depth + 1, layer.name, 1, layer)


def blocks(layers: Sequence[Layer]) -> tuple[Block | Layer, ...]:
    """The layers of a card, those that belong together in blocks."""
    return tuple(_within(layers, 0))


def _within(layers: Sequence[Layer], depth: int) -> Iterator[Block | Layer]:
    """Each model within the model as a block, the layers around by their names."""
    for name, run in groupby(layers, lambda layer: layer.within[depth] if len(layer.within) > depth else None):
        if name is None:
            yield from group_by_name(list(run))
        else:
            parts = tuple(_within(list(run), depth + 1))
            only = parts[0] if len(parts) == 1 else None
            yield Block(name, only.parts if isinstance(only, Block) else parts)


def group_by_name(layers: Sequence[Layer]) -> Iterator[Block | Layer]:
    runs = _runs(layers, "")
    if len(runs) > max(2 * _SHORT, len(layers) / 3):  # names that do not begin as their block's, such as NASNet's
        runs = _runs(layers, "", joining=True)
    return (_block(stem, run) for stem, run in runs)


def _block(stem: str, layers: Sequence[Layer]) -> Block | Layer:
    if len(layers) == 1:
        return layers[0]
    alike = all(_is_counted(layer) or layer.name.rpartition("/")[2].startswith(stem) for layer in layers)
    runs = _runs(layers, stem) if alike else []
    large = [run for _, run in runs if len(run) >= _MANY]
    return Block(stem, tuple(_block(*run) for run in runs) if len(large) > 1 else tuple(layers))


def _runs(layers: Sequence[Layer], prefix: str, joining: bool = False) -> list[tuple[str, list[Layer]]]:
    """Neighbours of one stem, and with them the layers without a stem that belong there.

    Args:
        prefix: what all their names begin with.
        joining: only concatenations with names of their own have a stem.
    """
    runs: list[tuple[str, list[Layer]]] = []
    waiting: list[Layer] = []
    poolings = _poolings(layers)
    for layer in layers:
        stem = _stem(layer, prefix) if not joining or layer.kind == "Concatenate" else ""
        waiting.append(layer)
        if not stem and layer.name in poolings:
            stem = layer.name
        if not stem:
            continue
        if runs and runs[-1][0] != stem:
            _trail(runs[-1][1], waiting)
        if runs and runs[-1][0] == stem:
            runs[-1][1].extend(waiting)
        else:
            runs.append((stem, waiting))
        waiting = []
    if runs:
        _trail(runs[-1][1], waiting)
    return [*runs, *((layer.name, [layer]) for layer in waiting)]


def _trail(run: list[Layer], waiting: list[Layer]) -> None:
    """Move what works value by value, as an activation does, behind the layers that it works on."""
    while waiting and waiting[0].kind in _TRAILING and _is_counted(waiting[0]):
        run.append(waiting.pop(0))


def _stem(layer: Layer, prefix: str) -> str:
    """Return the common part of a block's names: up to the first number after the prefix, or the first word.

    It is empty where Keras gave the name.
    """
    if _is_counted(layer):
        return ""
    name = layer.name.rpartition("/")[2]
    found = re.match(r"_?(?:[^_\d]+_)*[^_\d]*\d[^_]*", name[len(prefix) :])
    return prefix + found[0] if found else name if prefix else name.partition("_")[0]


def _is_counted(layer: Layer) -> bool:
    """Say whether Keras gave the name: the class in snake case, alone or with a number."""
    return bool(re.fullmatch(rf"{re.escape(in_snake_case(layer.kind))}(_\d+)?", layer.name.rpartition("/")[2]))


def _poolings(layers: Sequence[Layer]) -> set[str]:
    """Poolings before which the grid is finer everywhere, and behind which nowhere."""
    strides = [layer.stride or 0 for layer in layers]
    finest = len(layers) * [0]
    least = max(strides, default=0)
    for i in reversed(range(len(layers))):
        least = finest[i] = min(least, strides[i] or least)
    found, coarsest = set(), 0
    for i, layer in enumerate(layers):
        if layer.kind in POOLS and coarsest < strides[i] <= finest[i]:
            found.add(layer.name)
        coarsest = max(coarsest, strides[i])
    return found
