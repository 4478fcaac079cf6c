"""Every measure again in numpy and double precision, straight from its definition; and values to try it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dreampipe import objectives as o
from dreampipe.objectives import HEAD, IMAGE, PROBABILITIES, START, UNIT, Measure, Term, start_of
from dreampipe.objectives.comparisons import FileBytes
from dreampipe.objectives.names import guide_of

Array = np.ndarray[Any, Any]

rng = np.random.default_rng(5)


def _normal(*shape: int, scale: float = 1) -> Array:
    return rng.normal(size=shape, scale=scale).astype(np.float32)


VALUES: Mapping[str, Array] = {
    "odd": _normal(2, 5, 7, 4),
    "even": _normal(2, 4, 6, 3),
    "one": _normal(2, 1, 1, 2),
    "dense": _normal(2, 6),
    "tokens": _normal(2, 9, 5),
    HEAD: _normal(2, 8, scale=3),
    PROBABILITIES: rng.dirichlet(np.ones(8), size=2).astype(np.float32),
    IMAGE: rng.random((2, 7, 6, 3), np.float32),
    START: rng.random((2, 7, 6, 3), np.float32),
    UNIT: np.array([1, 0], np.int32),
    start_of("odd"): _normal(2, 5, 7, 4),
    start_of("dense"): _normal(2, 6),
    start_of("tokens"): _normal(2, 9, 5),
    guide_of("odd", "bytes"): _normal(1, 3, 9, 4),
    guide_of("dense", "bytes"): _normal(1, 6),
    guide_of("tokens", "bytes"): _normal(1, 9, 5),
    guide_of("odd", "examples"): _normal(6, 3, 9, 4),
    guide_of("dense", "examples"): _normal(2, 6),
    guide_of("tokens", "examples"): _normal(4, 9, 5),
}

PICTURE = FileBytes("bytes", np.zeros((1, 1, 3), np.float32))
EXAMPLES = FileBytes("examples", np.zeros((2, 1, 1, 3), np.float32))
VECTOR = FileBytes("bytes", np.float32([0.6, 0, -0.8, 0]))
PENALTIES = (o.TotalVariation(), o.L1(), o.L2(), o.Alpha(), o.Blur(), o.Frequency(), o.Distance())

MEASURED = [
    *(Term(layer, o.MeanSquare()) for layer in ("odd", "dense", "tokens")),
    Term("odd", o.Layers()),
    *(Term("odd", o.Inner(border)) for border in (0, 1, 2, 3, 10**9 - 1)),
    *(Term(layer, o.Mean()) for layer in ("odd", "dense", "tokens")),
    *(Term(layer, o.Absolute()) for layer in ("even", "dense", "tokens")),
    *(Term(layer, o.Norm()) for layer in ("odd", "dense", "tokens")),
    *(Term(layer, o.Largest()) for layer in ("odd", "dense", "tokens")),
    Term("even", o.Each()),
    Term("even", o.Channel(2)),
    Term("dense", o.Channel(5)),
    Term("tokens", o.Channel(4)),
    *(Term(layer, o.Channel(None)) for layer in ("odd", "dense", "tokens")),
    Term("odd", o.Neuron(3)),
    Term("even", o.Neuron(1)),
    Term("one", o.Neuron(1)),
    Term("odd", o.Neuron(0, (0, 6))),
    Term("odd", o.Neuron(0, (4, 0))),
    Term("even", o.Neuron(0, (9, 100))),
    Term("even", o.Neuron(0, (10**9 - 1, 1))),
    Term("odd", o.Neuron(None)),
    Term("even", o.Neuron(None, (3, 2))),
    *(Term(HEAD, o.Logit(label)) for label in (0, 7, None)),
    *(Term(PROBABILITIES, o.Probability(label)) for label in (3, None)),
    *(Term(layer, o.Guide("g", m, PICTURE)) for layer in ("odd", "dense", "tokens") for m in ("match", "dot", "mean")),
    Term("odd", o.Direction("v", VECTOR)),
    *(Term(layer, o.Concept("c", None, EXAMPLES)) for layer in ("odd", "dense", "tokens")),
    Term("odd", o.Concept("c", 3, VECTOR)),
    *(Term(layer, o.Diversity(channel)) for layer in ("odd", "dense", "tokens") for channel in (None, 2)),
    *(Term(layer, o.Caricature()) for layer in ("odd", "dense", "tokens")),
    *(Term(IMAGE, penalty) for penalty in PENALTIES),
]
"""A term of every measure, and of every shape that it takes."""


def truth(term: Term, values: Mapping[str, Array] = VALUES) -> Array:
    """The term's weighted score of each picture."""
    x, *others = (values[key].astype(np.float64 if values[key].dtype.kind == "f" else int) for key in term.reads)
    return term.weight * np.asarray(TRUTHS[type(term.measure)](term.measure, x, *others))


def _means(x: Array) -> Array:
    return x.reshape(len(x), -1).mean(axis=1)


def _of_channels(x: Array, index: int | None, unit: Array | None) -> Array:
    """(batch, channels) to (batch,)."""
    return x[:, index] if unit is None else x[np.arange(len(x)), unit]


def _by_place(x: Array) -> Array:
    return x.reshape(len(x), -1, x.shape[-1])


def _each(_: Measure, x: Array) -> Array:
    relative = (x - x.mean(axis=(1, 2), keepdims=True)) / (x.std(axis=(1, 2), keepdims=True) + 1e-6)
    own = np.exp(3 * relative) / np.exp(3 * relative).sum(axis=-1, keepdims=True)
    return -np.log1p(np.exp(3 - (own * relative).sum(axis=-1))).mean(axis=(1, 2))


def _neuron(measure: o.Neuron, x: Array, unit: Array | None = None) -> Array:
    rows, columns = x.shape[1:3]
    row, column = measure.place or (rows // 2, columns // 2)
    return _of_channels(x[:, min(row, rows - 1), min(column, columns - 1)], measure.channel, unit)


def _guide(measure: o.Guide, x: Array, guide: Array) -> Array:
    wanted = _by_place(guide)[0]
    if measure.mode == "match":
        return np.array([(one @ wanted.T).max(axis=1).mean() for one in _by_place(x)])
    if measure.mode == "mean":
        return (_by_place(x) @ wanted.mean(axis=0)).mean(axis=1)
    grid = stretched(stretched(guide[0], 0, x.shape[1]), 1, x.shape[2]) if x.ndim == 4 else guide[0]
    return _means((x * grid).sum(axis=-1))


def stretched(grid: Array, axis: int, wanted: int) -> Array:
    """A grid at another size along one axis, bilinear between the centres of its cells."""
    many = grid.shape[axis]
    at = (np.arange(wanted) + 0.5) * many / wanted - 0.5
    return np.apply_along_axis(lambda line: np.interp(at, np.arange(many), line), axis, grid)


def _concept(measure: o.Concept, x: Array, examples: Array | None = None) -> Array:
    if examples is None:
        assert measure.held is not None
        return (_by_place(x) @ measure.held.values.astype(float)).mean(axis=1)
    means, half = _by_place(examples).mean(axis=1), len(examples) // 2
    way = means[:half].mean(axis=0) - means[half:].mean(axis=0)
    return (_by_place(x) @ (way / np.linalg.norm(way))).mean(axis=1)


def _diversity(measure: o.Diversity, x: Array) -> Array:
    features = _by_place(x)
    grams = np.array([f.T @ f for f in features])
    grams = grams if measure.channel is None else grams[:, measure.channel]
    flat = grams.reshape(len(x), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return -((flat @ flat.T).sum(axis=1) - 1) / (len(x) - 1)


def _caricature(_: Measure, x: Array, start: Array) -> Array:
    dot = (x * start).sum(axis=-1)
    cosine = dot / np.linalg.norm(x, axis=-1) / np.linalg.norm(start, axis=-1)
    return _means(dot * np.maximum(cosine, 0.1))


def _total_variation(_: Measure, x: Array) -> Array:
    down, right = np.abs(np.diff(x, axis=1)), np.abs(np.diff(x, axis=2))
    return (down.sum(axis=(1, 2, 3)) + right.sum(axis=(1, 2, 3))) / x[0].size


def _blur(_: Measure, x: Array) -> Array:
    p = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = x.shape[1:3]
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    blurred = sum(kernel[i, j] * p[:, i : i + height, j : j + width] for i in range(3) for j in range(3))
    return _means((x - blurred) ** 2)


def _frequency(_: Measure, x: Array) -> Array:
    p = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    beside = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    return _means((x / 2 - beside / 8) ** 2)


def _within(grid: Array, border: int) -> float:
    """The sum of squares over those places of a grid that are so far from its border."""
    rows, columns = (np.minimum(np.arange(side), np.arange(side)[::-1]) >= border for side in grid.shape[:2])
    return float(np.sum(grid**2 * rows[:, None, None] * columns[None, :, None]))


TRUTHS: dict[type[Measure], Callable[..., Array]] = {
    o.MeanSquare: lambda _, x: np.array([np.sum(one**2) / one.size for one in x]),
    o.Layers: lambda _, x: np.array([np.sum(one**2) / one.size for one in x]),  # of each layer that its pattern names
    o.Inner: lambda m, x: np.array([_within(one, m.border) / one.size for one in x]),
    o.Mean: lambda _, x: _means(x),
    o.Absolute: lambda _, x: _means(np.abs(x)),
    o.Norm: lambda _, x: np.array([np.linalg.norm(one.ravel()) for one in x]),
    o.Largest: lambda _, x: x.reshape(len(x), -1).max(axis=1),
    o.Each: _each,
    o.Channel: lambda m, x, unit=None: _of_channels(_by_place(x).mean(axis=1), m.channel, unit),
    o.Neuron: _neuron,
    o.Logit: lambda m, x, unit=None: _of_channels(x, m.label, unit),
    o.Probability: lambda m, x, unit=None: _of_channels(x, m.label, unit),
    o.Guide: _guide,
    o.Direction: lambda m, x: (_by_place(x) @ m.held.values.astype(float)).mean(axis=1),
    o.Concept: _concept,
    o.Diversity: _diversity,
    o.Caricature: _caricature,
    o.TotalVariation: _total_variation,
    o.L1: lambda _, x: 2 * _means(np.abs(x - 0.5)),
    o.L2: lambda _, x: 4 * _means((x - 0.5) ** 2),
    o.Alpha: lambda _, x: 64 * _means((x - 0.5) ** 6),
    o.Blur: _blur,
    o.Frequency: _frequency,
    o.Distance: lambda _, x, start: _means((x - start) ** 2),
}
