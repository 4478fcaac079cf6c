"""Scenes: pictures of several motifs whose every part can be left out, moved or recoloured, and nothing else changes.

A scene is a number. Its scenery, each of its parts and the grain of its camera have draws of their own, so two scenes
that differ in one part are the same pixel for pixel where that part is not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dreampipe.explanations.truth.attributes import ATTRIBUTES
from dreampipe.frames import Array
from dreampipe.models.motifnet.motifs import MOTIFS
from dreampipe.models.motifnet.motifs.drawing import Rng, fill, inside, mix, rgb
from dreampipe.models.motifnet.renderer import (
    CLASSES,
    NOTHING,
    SIZE,
    SUPERSAMPLING,
    as_bytes,
    bend,
    photograph,
    shrink,
)
from dreampipe.models.motifnet.scenery import SCENES, scene

SEED = 2
"""The seed of the scenes; that of the training pictures is 0, that of the evaluation 1."""
PAIR = (SIZE, 2 * SIZE)
"""Height and width of two motifs side by side, each as large as in a training picture."""
_LEAST = 32
"""Pixels along the shorter side of the cell of one motif."""
_REACH = 1.2
"""A motif is cut off at this multiple of its scale: the branch under a bird would cross the whole picture."""
_COMPOSITION, _SCENERY, _CAMERA, _PATCH, _MOVE, _COLOURS, _PARTS, _MARKS = range(1, 9)
"""The kinds of draws."""


@dataclass(frozen=True)
class Part:
    """One motif, or a patch: a plain disc, square or triangle, which no class of `motifnet` has.

    Attributes:
        label: index into `CLASSES`; that of `nothing` for a patch.
        x, y: the centre in half shorter sides of the picture, from its middle.
        scale: half the side in the same length.
        draws: what its own draws depend on, beside the scene's number.
        recoloured: whether its channels change places and strengths.
        mark: the attribute that it has, out of `ATTRIBUTES`; empty for none.
    """

    label: int
    x: float
    y: float
    scale: float
    draws: tuple[int, ...]
    recoloured: bool = False
    mark: str = ""


@dataclass(frozen=True, eq=False)
class Rendered:
    """A scene as pixels.

    Attributes:
        pixels: (height, width, 3) float32 in [0, 1], whole 255ths.
        masks: (parts, height, width) float32 in [0, 1]: where each part is seen.
    """

    pixels: Array
    masks: Array


@dataclass(frozen=True)
class Scene:
    """The description of a picture; `compose` makes it from a number, and its methods change one thing in it.

    Attributes:
        number, seed: all draws come from these.
        size: height and width in pixels.
        parts: from the farthest to the nearest, which hides the others where they meet.
        place: the name of the scenery out of `SCENES`; empty for any.
        scenery: what the draws of the scenery depend on, beside the number.
    """

    number: int
    seed: int
    size: tuple[int, int]
    parts: tuple[Part, ...]
    place: str = ""
    scenery: int = 0

    def without(self, index: int) -> Scene:
        """Leave out a part."""
        return replace(self, parts=(*self.parts[:index], *self.parts[index + 1 :]))

    def moved(self, index: int) -> Scene:
        """Move a part by a third to a half of its own size, to the freest of eight places around it."""
        part = self.parts[index]
        rng = self._rng(_MOVE, *part.draws)
        turn, far = rng.uniform(0, 2 * np.pi), part.scale * rng.uniform(0.67, 1.0)
        turns = [turn + k * np.pi / 4 for k in range(8)]
        around = [(part.x + far * float(np.cos(t)), part.y + far * float(np.sin(t))) for t in turns]
        others = self.without(index).parts
        x, y = max(around, key=lambda place: _room(place, others, self.size))
        return self._with(index, replace(part, x=x, y=y))

    def recoloured(self, index: int) -> Scene:
        """Give a part other colours, and the same light and shade."""
        return self._with(index, replace(self.parts[index], recoloured=True))

    def marked(self, index: int, mark: str) -> Scene:
        """Give a part an attribute out of `ATTRIBUTES`, such as stripes; an empty one takes it away."""
        return self._with(index, replace(self.parts[index], mark=mark))

    def patched(self) -> Scene:
        """Paste a patch under the motifs, as part 0, where there is most room."""
        rng, (across, down) = self._rng(_PATCH), _extent(self.size)
        cell = min(part.scale for part in self.parts) if self.parts else min(across, down)
        scale = cell * rng.uniform(0.35, 0.45)
        places = [(float(rng.uniform(-across, across)), float(rng.uniform(-down, down))) for _ in range(64)]
        inner = [p for p in places if abs(p[0]) < across - scale and abs(p[1]) < down - scale]
        x, y = max(inner or places, key=lambda place: _room(place, self.parts, self.size))
        return replace(self, parts=(Part(NOTHING, x, y, scale, (_PATCH, 1)), *self.parts))

    def on(self, scenery: int, place: str = "") -> Scene:
        """Put the same parts on another scenery."""
        return replace(self, scenery=scenery, place=place)

    def render(self) -> Rendered:
        """Draw the scene."""
        height, width = (round(side * SUPERSAMPLING) for side in self.size)
        rng = self._rng(_SCENERY, self.scenery)
        picture = SCENES[self.place](rng, height, width) if self.place else scene(rng, height, width)
        masks: list[Array] = []
        for part in self.parts:
            drawn, mask = _draw(part, self._rng(*part.draws), (height, width))
            if part.recoloured:
                drawn = _recolour(self._rng(_COLOURS, *part.draws), drawn)
            if part.mark:
                rng = self._rng(_MARKS, *part.draws)
                u, v = bend(rng, (height, width), part.x, part.y, part.scale)
                drawn = ATTRIBUTES[part.mark](rng, u, v, drawn)
            picture = mix(picture, drawn, mask)
            masks = [other * (1 - mask) for other in masks] + [mask]
        seen = as_bytes(photograph(self._rng(_CAMERA), shrink(np.asarray(picture, np.float32), self.size)))
        shrunk = [shrink(mask, self.size) for mask in masks]
        stack = np.stack(shrunk) if shrunk else np.zeros((0, *self.size), np.float32)
        return Rendered(np.asarray(seen, np.float32) / np.float32(255), stack)

    def _with(self, index: int, part: Part) -> Scene:
        return replace(self, parts=(*self.parts[:index], part, *self.parts[index + 1 :]))

    def _rng(self, *draws: int) -> Rng:
        return np.random.default_rng([self.seed, self.number, *draws])


def compose(
    number: int,
    size: tuple[int, int] = PAIR,
    motifs: int = 2,
    classes: Sequence[int] = range(NOTHING),
    seed: int = SEED,
) -> Scene:
    """Compose a scene of motifs of different classes, each in a cell of its own.

    Args:
        number: decides everything that the other arguments leave open.
        size: height and width in pixels.
        motifs: how many.
        classes: the labels to choose from.

    Raises:
        ValueError: there are fewer classes than motifs, or a cell is too small for a motif.
    """
    if not 1 <= motifs <= len(classes):
        raise ValueError(f"{motifs} motifs came for {len(classes)} classes: give 1 to {len(classes)}.")
    rows, columns = _layout(size, motifs)
    if min(size[0] / rows, size[1] / columns) < _LEAST:
        raise ValueError(f"{motifs} motifs do not fit into {size[1]}x{size[0]} pixels: each needs {_LEAST}.")
    rng = np.random.default_rng([seed, number, _COMPOSITION])
    labels = rng.permutation(np.asarray(classes))[:motifs]
    cells = rng.permutation(rows * columns)[:motifs]
    across, down = _extent(size)
    half = min(across / columns, down / rows)
    parts = []
    for index, (label, cell) in enumerate(zip(labels, cells, strict=True)):
        row, column = divmod(int(cell), columns)
        x = across * ((2 * column + 1) / columns - 1) + half * rng.uniform(-0.12, 0.12)
        y = down * ((2 * row + 1) / rows - 1) + half * rng.uniform(-0.12, 0.12)
        parts.append(Part(int(label), float(x), float(y), float(half * rng.uniform(0.65, 0.85)), (_PARTS, index)))
    return Scene(number, seed, size, tuple(parts))


def render_attribute(
    name: str, numbers: Sequence[int], size: int, classes: Sequence[int] | None = None, seed: int = 2
) -> tuple[Array, Array]:
    """Render scenes of one motif with an attribute, and the same without it.

    Args:
        name: a key of `ATTRIBUTES`.
        numbers: of the scenes.
        size: height and width in pixels.
        classes: the labels of the motifs to choose from; None for all.
        seed: of the scenes.

    Returns:
        Two arrays (scenes, size, size, 3) float32 in [0, 1].
    """
    chosen = range(NOTHING) if classes is None else classes
    scenes = [compose(number, (size, size), 1, chosen, seed) for number in numbers]
    given = [scene.marked(0, name).render().pixels for scene in scenes]
    return np.stack(given), np.stack([scene.render().pixels for scene in scenes])


def _layout(size: tuple[int, int], motifs: int) -> tuple[int, int]:
    """Choose the rows and columns of cells for which the cells are largest."""
    shapes = [(rows, math.ceil(motifs / rows)) for rows in range(1, motifs + 1)]
    return max(shapes, key=lambda shape: min(size[0] / shape[0], size[1] / shape[1]))


def _extent(size: tuple[int, int]) -> tuple[float, float]:
    """Half the width and half the height, in half shorter sides."""
    return size[1] / min(size), size[0] / min(size)


def _room(place: tuple[float, float], parts: Sequence[Part], size: tuple[int, int]) -> float:
    """Measure how far a place is from the nearest part, in scales of that, or from the border."""
    across, down = _extent(size)
    border = min(across - abs(place[0]), down - abs(place[1]))
    away = [math.dist(place, (part.x, part.y)) / part.scale for part in parts]
    return min([*away, 2 * border])


def _draw(part: Part, rng: Rng, size: tuple[int, int]) -> tuple[Array, Array]:
    """Draw a part alone: (height, width, 3), and where it is, (height, width), both in [0, 1]."""
    u, v = bend(rng, size, part.x, part.y, part.scale)
    drawn, mask = _patch(rng, u, v) if part.label == NOTHING else MOTIFS[CLASSES[part.label]](rng, u, v)
    mask = np.clip(mask, 0, 1) * (np.maximum(np.abs(u), np.abs(v)) < _REACH)
    return np.asarray(np.clip(drawn, 0, 1), np.float32), np.asarray(mask, np.float32)


def _patch(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A disc, a square or a triangle of one colour."""
    distances = (
        np.hypot(u, v) - 0.95,
        np.maximum(np.abs(u), np.abs(v)) - 0.85,
        np.maximum(v - 0.6, 0.87 * np.abs(u) - 0.5 * v - 0.5),
    )
    shape = np.asarray(distances[int(rng.integers(len(distances)))], np.float32)
    return fill(u, rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.2, 1))), inside(shape, 0.06)


def _recolour(rng: Rng, drawn: Array) -> Array:
    """Let the channels change places, and weaken two of them, so that grey changes too."""
    order = [(1, 2, 0), (2, 0, 1)][int(rng.integers(2))]
    strength = rng.permutation(np.array([1.0, rng.uniform(0.5, 0.8), rng.uniform(0.5, 0.8)]))
    return np.asarray(drawn[..., list(order)] * strength, np.float32)
