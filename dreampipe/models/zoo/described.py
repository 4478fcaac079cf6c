"""Stored facts of the built architectures: `described/NAME.json.gz`, made by `describe.py`.

    read(name) -> Described

A file holds what an architecture has in common with and without its head (`body`), and what differs (`top`, `notop`).
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from dreampipe.models.model_card import Layer
from dreampipe.models.zoo.known import NOTOP

FOLDER = Path(__file__).with_name("described")
CLASSES = 1000
"""The classes of ImageNet, which the published heads give."""


@dataclass(frozen=True)
class Part:
    """A layer of Keras' with weights, and their shapes.

    Attributes:
        layer: Keras' name of it, where it is the first that is built in a process.
        arrays: of each weight, where a `.weights.h5` has it, and its shape; in the order of the old `.h5` files.
    """

    layer: str
    arrays: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class Described:
    """One architecture, with its head or without.

    Attributes:
        layers, least, outputs: as on a card.
    """

    layers: tuple[Layer, ...]
    least: int
    outputs: int
    _parts: list[list[Any]]

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that has weights, in Keras' order."""
        return tuple(map(_part, self._parts))

    @property
    def bytes(self) -> int:
        """Return the bytes of all weights, in single precision."""
        return 4 * sum(prod(shape) for part in self.parts for _, shape in part.arrays)


def read(name: str) -> Described:
    """An architecture by a name that is known to be one."""
    with gzip.open(FOLDER / f"{name.removesuffix(NOTOP)}.json.gz", "rt", encoding="utf-8") as file:
        written = json.load(file)
    end = "notop" if name.endswith(NOTOP) else "top"
    layers = written["layers"]["body"] + written["layers"][end]
    parts = written["parts"]["body"] + written["parts"][end]
    outputs = CLASSES if end == "top" else 0
    return Described(tuple(map(_layer, layers)), written["least"], outputs, parts)


def _layer(row: list[Any]) -> Layer:
    name, kind, channels, stride, field, cost, side, *within = row
    size = (side, side) if side else None
    return Layer(name, kind, channels, stride, field, within=tuple(within), cost=cost, size=size)


def _part(row: list[Any]) -> Part:
    layer, *groups = row
    arrays = ((f"{at}/vars/{i}", tuple(shape)) for at, *shapes in groups for i, shape in enumerate(shapes))
    return Part(layer, tuple(arrays))
