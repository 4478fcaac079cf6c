"""Found concepts: directions in which the activations of many pictures differ, by one of the ways in `WAYS`.

`nmf` and `sae` look for them; `pca` and `random` are controls, which a finding has to beat.
Source: Fel, Picard, Bethune, Boissin, Vigouroux, Colin, Cadene and Serre 2023, "CRAFT: Concept Recursive Activation
FacTorization for Explainability" (nmf of crops).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from dreampipe.errors import RecipeError
from dreampipe.explanations.concepts.matching import compare
from dreampipe.explanations.concepts.nmf import factorize, find_strengths
from dreampipe.explanations.concepts.sae import Autoencoder, train_sae
from dreampipe.frames import Array

Way = Literal["nmf", "sae", "pca", "random"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True, eq=False)
class Concepts:
    """Concepts of a layer, the strongest first.

    Attributes:
        way: how they were found.
        layer: its name.
        directions: (count, channels) float32, each of length 1.
        missed: the share of the rows' squares, about their mean for `sae` and `pca`, that they leave unexplained.
        mean: (channels,) float32, what strengths are measured from; zeros for `nmf` and `random`.
        autoencoder: for `sae`.
        stability: (count,) float32, for `sae`: the cosine of each with its partner of another seed.
    """

    way: Way
    layer: str
    directions: Array
    missed: float
    mean: Array = field(repr=False)
    autoencoder: Autoencoder | None = field(default=None, repr=False)
    stability: Array | None = None

    def __len__(self) -> int:
        return len(self.directions)

    def strengths(self, activations: Array) -> Array:
        """Measure how strong each concept is in activations (..., channels): (..., count) float32.

        Never negative for `nmf` and `sae`.
        """
        rows = np.asarray(activations, np.float32).reshape(-1, activations.shape[-1])
        if self.way == "nmf":
            found = find_strengths(np.maximum(rows, 0), self.directions)
        elif self.autoencoder is not None:
            found = self.autoencoder.find_strengths(rows)
        else:
            found = np.asarray((rows - self.mean) @ self.directions.T, np.float32)
        return np.asarray(found.reshape(*activations.shape[:-1], len(self)), np.float32)


def find_concepts(
    rows: Array,
    count: int,
    way: Way = "nmf",
    *,
    layer: str = "",
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Concepts:
    """Find concepts in the activations of pictures, or of their crops.

    Args:
        rows: (n, channels) float32; `nmf` takes what is negative as 0.
        count: of the concepts.
        way: one of `WAYS`.
        layer: the name of the layer, for the result.
        seed: of random draws. `nmf` and `pca` draw nothing.
        progress: hears the share that is done.

    Raises:
        RecipeError: more concepts are asked for than there are rows or channels, or all rows are 0.
    """
    check_count(count, len(rows), rows.shape[1], way)
    rows = np.ascontiguousarray(rows, np.float32)
    if not rows.any():
        raise RecipeError("The layer answers 0 to all pictures, but concepts are parts of its answers: name another.")
    found = _FINDERS[way](rows, count, seed, progress)
    return _sort(replace(found, layer=layer), rows)


def split_concept(
    concepts: Concepts, number: int, rows: Array, earlier: Array, count: int, layer: str, share: float = 0.2
) -> Concepts:
    """Find what a concept is made of: concepts of an earlier layer in the crops that show it most.

    Args:
        concepts: those of `rows`.
        number: of the concept to split.
        rows: (n, channels), the crops at the layer of the concepts.
        earlier: (n, channels), the same crops at an earlier layer.
        count: of the concepts to find there, by `nmf`.
        layer: the name of the earlier layer.
        share: of the crops, those in which the concept is strongest.

    Raises:
        RecipeError: the chosen crops are fewer than `count`.
    """
    strengths = concepts.strengths(rows)[:, number]
    chosen = np.argsort(-strengths, kind="stable")[: max(1, round(share * len(rows)))]
    return find_concepts(earlier[chosen], count, "nmf", layer=layer)


def check_count(count: int, rows: int, channels: int, way: Way) -> None:
    """Raise RecipeError for more concepts than rows, or than channels where they cannot be more."""
    if count > rows:
        raise RecipeError(
            f"{count} concepts were asked for, but there are {rows} crops to find them in: give a smaller count or "
            "more pictures."
        )
    if way in ("nmf", "pca") and count > channels:
        raise RecipeError(
            f"{count} concepts were asked for, but {way} finds at most one for each of the {channels} channels: give a "
            "smaller count."
        )


Progress = Callable[[float], None]


def _find_by_nmf(rows: Array, count: int, seed: int, progress: Progress) -> Concepts:
    rows = np.maximum(rows, 0)
    strengths, parts = factorize(rows, count)
    missed = _share(rows - strengths @ parts, rows)
    return Concepts("nmf", "", _at_length_1(parts), missed, np.zeros(rows.shape[1], np.float32))


def _find_by_sae(rows: Array, count: int, seed: int, progress: Progress) -> Concepts:
    made = train_sae(rows, count, seed, progress=lambda share: progress(share / 2))
    again = train_sae(rows, count, seed + 1, progress=lambda share: progress((1 + share) / 2))
    _, cosines = compare(made.directions, again.directions)
    centred = rows - made.mean
    missed = _share(centred - made.find_strengths(rows) @ made.directions, centred)
    return Concepts("sae", "", made.directions, missed, made.mean, made, cosines)


def _find_by_pca(rows: Array, count: int, seed: int, progress: Progress) -> Concepts:
    mean = rows.mean(0)
    centred = rows - mean
    _, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    directions = np.asarray(vectors[:, ::-1][:, :count].T, np.float32)
    along = centred @ directions.T
    # The sign of an axis means nothing: each points to where the rows are farthest out.
    directions *= np.where((along**3).sum(0) < 0, -1, 1).astype(np.float32)[:, None]
    missed = _share(centred - (centred @ directions.T) @ directions, centred)
    return Concepts("pca", "", np.ascontiguousarray(directions), missed, mean)


def _find_at_random(rows: Array, count: int, seed: int, progress: Progress) -> Concepts:
    drawn = np.random.default_rng(seed).normal(size=(count, rows.shape[1])).astype(np.float32)
    directions = _at_length_1(drawn)
    best = np.linalg.lstsq(directions.T.astype(np.float64), rows.T.astype(np.float64), rcond=None)[0]
    missed = _share(rows - (best.T @ directions).astype(np.float32), rows)
    return Concepts("random", "", directions, missed, np.zeros(rows.shape[1], np.float32))


_FINDERS = {"nmf": _find_by_nmf, "sae": _find_by_sae, "pca": _find_by_pca, "random": _find_at_random}


def _sort(found: Concepts, rows: Array) -> Concepts:
    """Put the concepts in the order of the squares of their strengths."""
    order = np.argsort(-(found.strengths(rows).astype(np.float64) ** 2).sum(0), kind="stable")
    coder = found.autoencoder
    if coder is not None:
        ordered = coder.directions[order], coder.encoder[:, order], coder.bias[order]
        coder = replace(coder, directions=ordered[0], encoder=ordered[1], bias=ordered[2])
    stability = None if found.stability is None else found.stability[order]
    return replace(found, directions=found.directions[order], autoencoder=coder, stability=stability)


def _share(missed: Array, rows: Array) -> float:
    whole = float((rows.astype(np.float64) ** 2).sum())
    return float((missed.astype(np.float64) ** 2).sum()) / whole if whole else 0.0


def _at_length_1(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
