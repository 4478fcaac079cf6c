"""The norms that bound a change: how large it is, the largest gain within a bound, and the way back into it.

Pictures are (count, height, width, 3) float32 in [0, 1]. Linf, L2 and L1 measure all values of a picture together; L0
counts the pixels that differ. Every answer is in the box [0, 1] too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.errors import RecipeError, shown
from dreampipe.explanations.reading import write_levels
from dreampipe.frames import Array

Numbers = npt.NDArray[np.float64]
Draws = Sequence[np.random.Generator]
"""One generator for each picture, so that its draws do not depend on its batch."""

_HALVINGS = 50
_TINY = 1e-12


class Norm(ABC):
    """A norm of changes of pictures.

    Attributes:
        name: as users write it.
        usual: the bound where the user names none.
        most: the largest bound that makes sense.
        unit: what the bound counts, in words.
        example: a bound as text.
        in_levels: whether a bound counts levels of a value, so that text writes it as 8/255.
    """

    name: ClassVar[str]
    usual: ClassVar[float]
    most: ClassVar[float]
    unit: ClassVar[str]
    example: ClassVar[str]
    in_levels: ClassVar[bool] = False

    def write(self, size: float) -> str:
        """Write a bound or a distance as text that `read_number` reads."""
        return write_levels(size) if self.in_levels else f"{size:g}"

    @abstractmethod
    def distance(self, change: npt.NDArray[np.floating]) -> Numbers:
        """Measure changes (count, height, width, 3): (count,)."""

    @abstractmethod
    def project(self, pictures: Array, clean: Array, eps: float) -> Array:
        """Bring pictures back into the box and within `eps` of the clean ones."""

    @abstractmethod
    def best(self, gradients: Array, clean: Array, eps: float) -> Array:
        """Find the pictures within `eps` and the box whose product with the gradients is the largest: exact."""

    @abstractmethod
    def step(self, gradients: Array) -> Array:
        """Turn gradients into a step of length 1."""

    @abstractmethod
    def start(self, clean: Array, eps: float, draws: Draws) -> Array:
        """Draw pictures within `eps` and the box."""

    def length(self, eps: float) -> float:
        """Return the length of a step as long as the bound."""
        return eps

    def reach(self, gradients: Array, pictures: Array, gains: Numbers) -> Array:
        """Find the nearest pictures in the box whose product with the gradients is larger by `gains` (count,), >= 0.

        Where the box has none it is the one of the largest product.
        """
        raise NotImplementedError


class Linf(Norm):
    """The largest change of a value."""

    name, usual, most, unit, example = "Linf", 8 / 255, 1.0, "the largest change of a value, at most 1", "8/255"
    in_levels = True

    def distance(self, change: npt.NDArray[np.floating]) -> Numbers:
        return np.asarray(np.abs(_rows(change)).max(1), np.float64)

    def project(self, pictures: Array, clean: Array, eps: float) -> Array:
        near = np.clip(pictures, clean - np.float32(eps), clean + np.float32(eps))
        return np.asarray(np.clip(near, 0, 1), np.float32)

    def best(self, gradients: Array, clean: Array, eps: float) -> Array:
        return np.asarray(np.clip(clean + np.float32(eps) * np.sign(gradients), 0, 1), np.float32)

    def step(self, gradients: Array) -> Array:
        return np.asarray(np.sign(gradients), np.float32)

    def start(self, clean: Array, eps: float, draws: Draws) -> Array:
        drawn = np.stack([rng.random(clean.shape[1:], np.float32) for rng in draws])
        return np.asarray(np.clip(clean + np.float32(eps) * (2 * drawn - 1), 0, 1), np.float32)

    def reach(self, gradients: Array, pictures: Array, gains: Numbers) -> Array:
        return _reach(np.sign(gradients), gradients, pictures, gains)


class L2(Norm):
    """The root of the sum of the squared changes."""

    name, usual, most = "L2", 3.0, 200.0
    unit, example = "the root of the sum of squared changes", "0.5"

    def distance(self, change: npt.NDArray[np.floating]) -> Numbers:
        rows = _rows(change)
        return np.asarray(np.sqrt(np.einsum("ni,ni->n", rows, rows, dtype=np.float64)))

    def project(self, pictures: Array, clean: Array, eps: float) -> Array:
        change = pictures - clean
        factor = np.minimum(1, eps / np.maximum(self.distance(change), _TINY))
        return np.asarray(np.clip(clean + wide(factor) * change, 0, 1), np.float32)

    def best(self, gradients: Array, clean: Array, eps: float) -> Array:
        least, most = -clean, 1 - clean
        unit = self.step(gradients)
        within = np.clip(np.float32(eps) * unit, least, most)
        if (within == np.float32(eps) * unit).all():
            return np.asarray(clean + within, np.float32)

        def size(scale: Numbers) -> Numbers:
            return self.distance(np.clip(wide(scale) * unit, least, most))

        scale = np.full(len(clean), float(eps))
        for _ in range(_HALVINGS):  # until the bound is used up, or the box
            scale = np.where(size(scale) < eps, scale * 2, scale)
        scale = _bisect(size, scale, eps)
        return np.asarray(clean + np.clip(wide(scale) * unit, least, most), np.float32)

    def step(self, gradients: Array) -> Array:
        return np.asarray(gradients / wide(np.maximum(self.distance(gradients), _TINY)), np.float32)

    def start(self, clean: Array, eps: float, draws: Draws) -> Array:
        drawn = np.stack([rng.standard_normal(clean.shape[1:], np.float32) for rng in draws])
        return np.asarray(np.clip(clean + np.float32(eps) * self.step(drawn), 0, 1), np.float32)

    def reach(self, gradients: Array, pictures: Array, gains: Numbers) -> Array:
        return _reach(gradients, gradients, pictures, gains)


class L1(Norm):
    """The sum of the changes."""

    name, usual, most, unit, example = "L1", 60.0, 1e6, "the sum of all changes", "60"
    share: ClassVar[float] = 0.01
    """The share of the values that a step changes, those of the largest gradients (Tramer and Boneh 2019)."""

    def distance(self, change: npt.NDArray[np.floating]) -> Numbers:
        return np.asarray(np.abs(_rows(change)).sum(1, dtype=np.float64))

    def project(self, pictures: Array, clean: Array, eps: float) -> Array:
        """Project exactly: each change shrinks by one amount and is clipped (Croce and Hein 2021, Mind the Box)."""
        change, least, most = pictures - clean, -clean, 1 - clean

        def shrunk(less: Numbers) -> Array:
            small = np.sign(change) * np.maximum(np.abs(change) - wide(less), 0)
            return np.asarray(np.clip(small, least, most), np.float32)

        amount = np.zeros(len(clean))
        if (over := self.distance(shrunk(amount)) > eps).any():
            largest = np.asarray(np.abs(_rows(change)).max(1), np.float64)
            rest = _bisect(lambda rest: self.distance(shrunk(largest - rest)), largest, eps)
            amount = np.where(over, largest - rest, 0)
        return np.asarray(clean + shrunk(amount), np.float32)

    def best(self, gradients: Array, clean: Array, eps: float) -> Array:
        return _spent(gradients, clean, lambda rooms, gains: np.cumsum(rooms, 1), np.full(len(clean), float(eps)))

    def step(self, gradients: Array) -> Array:
        return largest_signs(gradients, np.full(len(gradients), self.share))

    def start(self, clean: Array, eps: float, draws: Draws) -> Array:
        drawn = np.stack([rng.laplace(size=clean.shape[1:]) for rng in draws])
        drawn *= wide(eps / np.maximum(self.distance(drawn), _TINY))
        return np.asarray(np.clip(clean + drawn, 0, 1), np.float32)

    def reach(self, gradients: Array, pictures: Array, gains: Numbers) -> Array:
        return _spent(gradients, pictures, lambda rooms, sizes: np.cumsum(rooms * sizes, 1), gains)


class L0(Norm):
    """The number of pixels that differ."""

    name, usual, most = "L0", 100.0, 1e8
    unit, example = "the number of pixels that differ", "100"

    def distance(self, change: npt.NDArray[np.floating]) -> Numbers:
        return np.asarray((change != 0).any(-1).sum((1, 2)), np.float64)

    def length(self, eps: float) -> float:
        return 1.0

    def project(self, pictures: Array, clean: Array, eps: float) -> Array:
        change = np.clip(pictures, 0, 1) - clean
        kept = _largest((change * change).sum(-1), eps)
        return np.asarray(np.where(kept[..., None], clean + change, clean), np.float32)

    def best(self, gradients: Array, clean: Array, eps: float) -> Array:
        ends = (gradients > 0).astype(np.float32)
        ends = np.where(gradients == 0, clean, ends)
        kept = _largest((gradients * (ends - clean)).sum(-1), eps)
        return np.asarray(np.where(kept[..., None], ends, clean), np.float32)

    def step(self, gradients: Array) -> Array:
        largest = np.abs(_rows(gradients)).max(1)
        return np.asarray(gradients / wide(np.maximum(largest, _TINY)), np.float32)

    def start(self, clean: Array, eps: float, draws: Draws) -> Array:
        drawn = np.stack([rng.random(clean.shape[1:], np.float32) for rng in draws])
        order = np.stack([rng.random(clean.shape[1:3]) for rng in draws])
        return np.asarray(np.where(_largest(order, eps)[..., None], drawn, clean), np.float32)


NORMS: dict[str, Norm] = {norm.name: norm for norm in (Linf(), L2(), L1(), L0())}
"""Every norm by its name."""


def norm_of(name: str) -> Norm:
    """Find a norm by its name in any case; raises RecipeError."""
    for known, norm in NORMS.items():
        if known.lower() == name.strip().lower():
            return norm
    raise RecipeError(f"norm came as {shown(name)}, but one of {', '.join(NORMS)} is expected.")


def check_eps(norm: Norm, eps: float) -> None:
    """Raise RecipeError unless a bound makes sense in a norm."""
    if not 0 <= eps <= norm.most:
        raise RecipeError(
            f"eps came as {eps:g}, but in {norm.name} it is {norm.unit}, of values from 0 (black) to 1 (white): give a "
            f"bound such as {norm.example}."
        )


def wide(numbers: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> Array:
    """Numbers (count,) as (count, 1, 1, 1) float32, to multiply pictures with."""
    return np.asarray(numbers, np.float32).reshape(-1, 1, 1, 1)


def largest_signs(gradients: Array, share: Numbers) -> Array:
    """Return the signs of the largest gradients of each picture, a share of them, that sum to 1 by size."""
    rows = _rows(gradients)
    size = np.abs(rows)
    ordered = np.sort(size, axis=1)[:, ::-1]
    counts = np.clip((share * rows.shape[1]).astype(int), 1, rows.shape[1])
    least = np.take_along_axis(ordered, counts[:, None] - 1, axis=1)
    chosen = np.sign(rows) * (size >= least)
    total = np.maximum(np.abs(chosen).sum(1, keepdims=True), 1)
    return np.asarray((chosen / total).reshape(gradients.shape), np.float32)


def _rows(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return values.reshape(len(values), -1)


def _bisect(size: Callable[[Numbers], Numbers], most: Numbers, eps: float) -> Numbers:
    """Find the largest numbers up to `most` whose size, which grows with them, is at most `eps`."""
    low, high = np.zeros_like(most), most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = size(middle) <= eps
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low


def _largest(scores: npt.NDArray[np.floating], eps: float) -> npt.NDArray[np.bool_]:
    """Choose the places (count, height, width) of the largest scores, at most `eps` in each picture."""
    rows = _rows(scores)
    count = int(min(eps + 1e-9, rows.shape[1]))
    chosen = np.zeros(rows.shape, bool)
    if count:
        np.put_along_axis(chosen, np.argpartition(-rows, count - 1, axis=1)[:, :count], True, axis=1)
    return chosen.reshape(scores.shape)


def _reach(directions: Array, gradients: Array, pictures: Array, gains: Numbers) -> Array:
    """Go along directions, within the box, until the product with the gradients has grown by `gains`.

    The product grows as a concave chain of straight lines, on which Newton's method ends after a few steps.
    """
    ways, slopes, at = _rows(directions), _rows(gradients), _rows(pictures)
    full = np.einsum("ni,ni->n", ways, slopes, dtype=np.float64)
    far = gains / np.maximum(full, _TINY)
    for _ in range(30):
        moved = np.asarray(far, np.float32)[:, None] * ways
        change = np.clip(moved, -at, 1 - at)
        missing = gains - np.einsum("ni,ni->n", change, slopes, dtype=np.float64)
        rest = np.einsum("ni,ni->n", ways * (change == moved), slopes, dtype=np.float64)
        going = (missing > 1e-6 * np.maximum(gains, _TINY)) & (rest > _TINY)
        if not going.any():
            break
        far = far + np.where(going, missing / np.maximum(rest, _TINY), 0)
    return np.asarray(pictures + change.reshape(pictures.shape), np.float32)


def _spent(
    gradients: Array, pictures: Array, spend: Callable[[Array, Array], npt.NDArray[np.floating]], budget: Numbers
) -> Array:
    """Move values to the end of the box, those of the largest gradients first, until a budget is spent."""
    slopes, at = _rows(gradients), _rows(pictures)
    rooms = np.where(slopes > 0, 1 - at, at).astype(np.float64) * (slopes != 0)
    order = np.argsort(-np.abs(slopes), axis=1, kind="stable")
    rooms, sizes = np.take_along_axis(rooms, order, 1), np.abs(np.take_along_axis(slopes, order, 1))
    after = np.asarray(spend(rooms, sizes), np.float64)
    before = np.concatenate([np.zeros((len(after), 1)), after[:, :-1]], 1)
    share = np.clip((budget[:, None] - before) / np.maximum(after - before, _TINY), 0, 1)
    moves = np.empty_like(rooms)
    np.put_along_axis(moves, order, share * rooms, 1)
    moved = np.clip(at + np.sign(slopes) * moves, 0, 1)
    return np.asarray(moved.reshape(pictures.shape), np.float32)
