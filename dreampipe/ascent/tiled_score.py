"""The score of a picture and its gradient, computed tile by tile, as if the model had seen the whole.

A score is a sum of terms. Most are means of values that each belong to one place of a layer: they are summed over the
tiles. `each(...)` also needs the mean and the deviation of each channel over the picture, which a first pass over the
tiles finds. All other terms, such as a norm or a neuron, score the whole layer: the first pass gathers it, the terms
score it and give its gradient, and the second pass takes that back to the pixels. Every place of a layer counts once,
in the tile in whose core its middle is; it sees all of its receptive field there, and the gradients of tiles that
overlap are added. Importing this module loads keras: import it where computing begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.tiles import Grid, Tile
from dreampipe.backend import Tensor, keras, ops
from dreampipe.frames import Array
from dreampipe.models import tap
from dreampipe.models.model_card import Card
from dreampipe.models.opening import open_model
from dreampipe.models.precision import Precision
from dreampipe.models.scaling import scale
from dreampipe.objectives import IMAGE, UNIT, BoundObjective, start_of
from dreampipe.objectives.measures import AtPlaces
from dreampipe.scoring import read_of

Cut = Callable[[tuple[slice, slice]], Array]
"""Cuts rows and columns out of the pictures that the model would see: (batch, rows, columns, 3) float32."""


class Seen(NamedTuple):
    """The pictures that the model would see, to be cut into tiles.

    Attributes:
        size: their height and width.
        cut: cuts a part out of them.
        cut_start: the same of the start of the ascent, which `caricature(...)` compares with.
        unit: (batch,) int32, the channel or class of each picture.
        leak: (batch,) float32, 1 for pictures whose gradient leaks through activations.
    """

    size: Size
    cut: Cut
    cut_start: Cut
    unit: npt.NDArray[np.int32]
    leak: Array


@dataclass
class _Moments:
    """The mean and the mean square deviation of each channel, (batch, 1, 1, channels), of the places so far."""

    count: float = 0.0
    mean: Any = 0.0
    squares: Any = 0.0

    def add(self, count: int, mean: Array, squares: Array) -> None:
        """Add so many places with this mean and this sum of squares of differences from it (Chan and others 1983)."""
        if not count:
            return
        whole, away = self.count + count, mean.astype(np.float64) - self.mean
        self.mean = self.mean + away * count / whole
        self.squares = self.squares + squares + away**2 * self.count * count / whole
        self.count = whole

    @property
    def values(self) -> tuple[Array, Array]:
        """The mean and the deviation."""
        deviation = np.sqrt(self.squares / max(self.count, 1))
        return np.asarray(self.mean, np.float32), np.asarray(deviation, np.float32)


@dataclass(frozen=True)
class Parts:
    """The terms of an objective that read the model, by how tiles compute them.

    Attributes:
        summed: the numbers of the terms whose values are summed over the tiles.
        whole: the numbers of those that score a whole layer.
        relative: the layers whose mean and deviation are needed.
        gathered: the layers that are needed whole.
    """

    summed: tuple[int, ...]
    whole: tuple[int, ...]
    relative: tuple[str, ...]
    gathered: tuple[str, ...]

    @classmethod
    def of(cls, objective: BoundObjective) -> Parts:
        numbered = [(number, term) for number, term in enumerate(objective.terms) if term.layer != IMAGE]
        summed = [(number, term) for number, term in numbered if term.measure.by_place]
        whole = [(number, term) for number, term in numbered if not term.measure.by_place]
        relative = [t.layer for _, t in summed if isinstance(t.measure, AtPlaces) and t.measure.relative]
        return cls(
            tuple(number for number, _ in summed),
            tuple(number for number, _ in whole),
            tuple(dict.fromkeys(relative)),
            tuple(dict.fromkeys(term.layer for _, term in whole)),
        )


class _Layer(NamedTuple):
    """A layer over the whole picture.

    Attributes:
        picture: height and width of the picture.
        size: rows and columns of the layer's grid.
        channels: of each place.
        stride: pixels from one place to the next.
    """

    picture: Size
    size: Size
    channels: int
    stride: int

    def places(self, tile: Tile) -> tuple[slice, slice]:
        """The places whose middle is in the core of a tile, over the whole picture."""
        rows, columns = (
            slice(self._place(span.begin, axis), self._place(span.end, axis))
            for axis, span in enumerate((tile.rows, tile.columns))
        )
        return rows, columns

    def _place(self, pixel: int, axis: int) -> int:
        """The first place whose middle is at this pixel or after it; the borders' own at the borders."""
        side, count = self.picture[axis], self.size[axis]
        if pixel in (0, side):
            return count if pixel else 0
        lead = (side - (count - 1) * self.stride) / 2  # places lie evenly around the middle of the picture
        return min(count, max(0, math.ceil((pixel - lead) / self.stride)))

    def inner(self, tile: Tile) -> npt.NDArray[np.int32]:
        """The same places in the tile: first and stop row, first and stop column."""
        (rows, columns), (top, left) = self.places(tile), self.begin(tile)
        found = np.array([rows.start - top, rows.stop - top, columns.start - left, columns.stop - left], np.int32)
        return np.maximum(found, 0)

    def put(self, whole: Array, tile: Tile, core: Array) -> None:
        """Put the values of a tile's core into the whole; a halo that is too small leaves some places out."""
        (rows, columns), (top, left) = self.places(tile), self.begin(tile)
        first, begin = max(rows.start, top), max(columns.start, left)
        whole[:, first : first + core.shape[1], begin : begin + core.shape[2]] = core

    def cut(self, whole: Array, tile: Tile) -> Array:
        """Cut the values of a tile's core out of the whole; a tile may have fewer of these places."""
        (rows, columns), (top, left) = self.places(tile), self.begin(tile)
        return whole[:, max(rows.start, top) : rows.stop, max(columns.start, left) : columns.stop]

    def begin(self, tile: Tile) -> tuple[int, int]:
        """The first row and column of a tile, over the whole picture."""
        return tile.rows.first // self.stride, tile.columns.first // self.stride


@dataclass(frozen=True)
class Scorer:
    """Scores pictures in tiles, and differentiates the scores.

    Attributes:
        card: of the model.
        objective: what to score; its terms of the picture are left to the caller.
        leaks: the gradient may leak through activations.
        precision: of the model's convolutions.
    """

    card: Card
    objective: BoundObjective
    leaks: bool = False
    precision: Precision = "float32"
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", Parts.of(self.objective))

    def differentiate(
        self, seen: Seen, grid: Grid, rng: np.random.Generator, add: Callable[[tuple[slice, slice], Array], None]
    ) -> npt.NDArray[np.float64]:
        """Score pictures, and hand each tile's share of the gradient of the summed scores to `add`.

        Args:
            seen: the pictures.
            grid: the measures of tiles.
            rng: moves the tiles.
            add: adds up the gradient: hears the rows and columns of a tile, and its share (batch, rows, columns, 3).

        Returns:
            (batch, terms): the weighted score of each term; 0 for those of the picture.

        Raises:
            ModelError: the model cannot compute a tile.
            MemoryError: a tile does not fit.
        """
        parts, layers = self.parts, _measure(self.card, self.objective.layers, seen.size)
        scores = np.zeros((len(seen.unit), len(self.objective.terms)))
        moments: dict[str, _Moments] = {name: _Moments() for name in parts.relative}
        pulls: dict[str, Array] = {}
        if parts.relative or parts.gathered:
            gathered, start = self._look(seen, grid.tiles(seen.size, rng), layers, moments)
            if parts.whole:
                found, pulls = _differentiate_whole(self, gathered, start, seen.unit)
                scores[:, parts.whole] = found
        fixed = {name: value.values for name, value in moments.items()}
        pull = _compile_pull(self.card, self.objective, self.leaks, self.precision)
        for tile in grid.tiles(seen.size, rng):
            cuts = {name: layers[name].cut(pulls[name], tile) for name in pulls}
            if not parts.summed and not any(value.any() for value in cuts.values()):
                continue
            start_cut = seen.cut_start(tile.window) if self.objective.start_layers else np.zeros((1, 1, 1, 3))
            places = {name: layer.inner(tile) for name, layer in layers.items()}
            window, shares = seen.cut(tile.window), self._shares(layers)
            found, gradient = pull(window, np.float32(start_cut), seen.leak, places, shares, fixed, cuts)
            if parts.summed:
                scores[:, parts.summed] += backend.as_array(found)
            add(tile.window, backend.as_array(gradient))
        return np.asarray(scores, np.float32)

    def _look(
        self, seen: Seen, tiles: Sequence[Tile], layers: Mapping[str, _Layer], moments: Mapping[str, _Moments]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Run the first pass: measure layers, and gather the whole ones and those of the start."""
        batch, objective = len(seen.unit), self.objective
        read = tuple(dict.fromkeys((*self.parts.relative, *self.parts.gathered)))
        of_start = tuple(name for name in self.parts.gathered if name in objective.start_layers)
        gathered = {name: _empty(layers[name], batch) for name in self.parts.gathered}
        start = {name: _empty(layers[name], batch) for name in of_start}
        for tile in tiles:
            window = seen.cut(tile.window)
            found = _compile_look(self.card, read, self.parts.relative, self.leaks, self.precision)
            values, measured = found(window, seen.leak, tuple(layers[name].inner(tile) for name in read))
            for name, (count, mean, squares) in measured.items():
                moments[name].add(int(count), backend.as_array(mean), backend.as_array(squares))
            for name, whole in gathered.items():
                layers[name].put(whole, tile, backend.as_array(values[name]))
            if of_start:
                look = _compile_look(self.card, of_start, (), False, self.precision)
                inner = tuple(layers[name].inner(tile) for name in of_start)
                values, _ = look(seen.cut_start(tile.window), seen.leak, inner)
                for name, whole in start.items():
                    layers[name].put(whole, tile, backend.as_array(values[name]))
        return gathered, start

    def _shares(self, layers: Mapping[str, _Layer]) -> Array:
        """Compute for each summed term the share of one place in its mean."""
        chosen = [layers[self.objective.terms[number].layer] for number in self.parts.summed]
        return np.array([1 / (layer.size[0] * layer.size[1]) for layer in chosen], np.float32)


def _empty(layer: _Layer, batch: int) -> Array:
    return np.zeros((batch, *layer.size, layer.channels), np.float32)


@lru_cache(maxsize=32)
def _measure(card: Card, layers: tuple[str, ...], size: Size) -> Mapping[str, _Layer]:
    """Measure these layers of pictures of this (height, width)."""
    shapes = _model(card, layers, False).compute_output_spec(keras.KerasTensor((1, *size, 3)))
    strides = {layer.name: layer.stride or 1 for layer in card.layers}
    found = {}
    for name, value in shapes.items():
        _, rows, columns, channels = value.shape
        found[name] = _Layer(size, (rows, columns), channels, strides[name])
    return found


def _model(card: Card, layers: Sequence[str], leaks: bool, precision: Precision = "float32") -> Any:
    return tap.tap(open_model(card), layers, leaks=leaks, precision=precision)


# Kept for the process, as compiled steps are: tracing takes seconds, and they hold only what their arguments say.
@lru_cache(maxsize=8)
def _compile_look(
    card: Card, layers: tuple[str, ...], relative: tuple[str, ...], leaks: bool, precision: Precision
) -> Callable[..., Any]:
    """Compile the first pass: the places of the core of each layer, and the moments of the relative ones."""
    model = _model(card, layers, leaks, precision)

    def look(window: Tensor, leak: Tensor, places: Sequence[Tensor]) -> tuple[dict[str, Tensor], dict[str, Any]]:
        values = model(scale(window, card.scaling), training=False, **({"leak": leak} if leaks else {}))
        cores = {name: _core(values[name], places[number]) for number, name in enumerate(layers)}
        measured = {}
        for name in relative:
            mean = ops.mean(cores[name], axis=(1, 2), keepdims=True)
            count = ops.prod(ops.shape(cores[name])[1:3])
            measured[name] = count, mean, ops.sum(ops.square(cores[name] - mean), axis=(1, 2), keepdims=True)
        return cores, measured

    places = tuple(backend.sizes(4) for _ in layers)
    rounded = precision == "tf32"
    return backend.compile(look, backend.spec(None, None, None, 3), backend.spec(None), places, rounded=rounded)


def _core(values: Tensor, places: Tensor) -> Tensor:
    return values[:, places[0] : places[1], places[2] : places[3]]


@lru_cache(maxsize=8)
def _compile_pull(
    card: Card, objective: BoundObjective, leaks: bool, precision: Precision
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Compile the second pass: the scores of the places in the core, and their gradient in all of the tile."""
    parts = Parts.of(objective)
    model = _model(card, objective.layers, leaks, precision)
    read_start = read_of(card, objective.start_layers, precision=precision) if objective.start_layers else None
    guides = _guides(card, objective)

    def pull(
        window: Tensor,
        start: Tensor,
        leak: Tensor,
        places: Mapping[str, Tensor],
        shares: Tensor,
        moments: Mapping[str, tuple[Tensor, Tensor]],
        pulls: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        of_start = {start_of(name): value for name, value in read_start(start).items()} if read_start else {}

        def total(window: Tensor) -> tuple[Tensor, Tensor]:
            values = model(scale(window, card.scaling), training=False, **({"leak": leak} if leaks else {}))
            known, sums, scores = {**guides, **of_start, **values}, [], []
            for at, number in enumerate(parts.summed):
                term = objective.terms[number]
                more = moments[term.layer] if isinstance(term.measure, AtPlaces) and term.measure.relative else ()
                found = term.measure.at_places(*(known[key] for key in term.reads), *more)
                grid = ops.shape(values[term.layer])[:3]
                found = ops.mean(ops.reshape(found, (*grid, -1)), axis=-1) * (term.weight * shares[at])
                scores.append(ops.sum(_core(found, places[term.layer]), axis=(1, 2)))
                sums.append(ops.sum(scores[-1]))
            for name, pulled in pulls.items():
                core = _core(values[name], places[name])
                rows, columns = ops.shape(core)[1:3]
                sums.append(ops.sum(core * pulled[:, :rows, :columns]))
            return sum(sums), ops.stack(scores, axis=1) if scores else shares

        _, scores, (gradient,) = backend.value_and_gradients(total, window)
        return scores, gradient

    picture, channels = backend.spec(None, None, None, 3), backend.spec(None, None, None, None)
    return backend.compile(
        pull,
        picture,
        picture,
        backend.spec(None),
        {name: backend.sizes(4) for name in objective.layers},
        backend.spec(len(parts.summed)),
        {name: (channels, channels) for name in parts.relative},
        {name: channels for name in parts.gathered},
        rounded=precision == "tf32",
    )


def _guides(card: Card, objective: BoundObjective) -> dict[str, Tensor]:
    return {
        guide.key: read_of(card, [guide.layer])(guide.pixels.reshape(-1, *guide.pixels.shape[-3:]))[guide.layer]
        for guide in objective.guides
    }


def _differentiate_whole(
    scorer: Scorer, gathered: Mapping[str, Array], start: Mapping[str, Array], unit: npt.NDArray[np.int32]
) -> tuple[Array, dict[str, Array]]:
    """Score whole layers: the weighted scores (batch, terms) of those terms, and their gradient by each layer."""
    objective, names = scorer.objective, tuple(gathered)
    terms = [objective.terms[number] for number in scorer.parts.whole]
    known = {
        **_guides(scorer.card, objective),
        UNIT: unit,
        **{start_of(name): value for name, value in start.items()},
    }

    def total(*layers: Tensor) -> tuple[Tensor, Tensor]:
        values = {**known, **dict(zip(names, layers, strict=True))}
        scores = ops.stack([term(values) for term in terms], axis=1)
        return ops.sum(scores), scores

    _, scores, pulls = backend.value_and_gradients(total, *gathered.values())
    by_layer = {name: backend.as_array(pull) for name, pull in zip(names, pulls, strict=True)}
    return backend.as_array(scores), by_layer
