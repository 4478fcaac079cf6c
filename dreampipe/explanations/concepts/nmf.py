"""Non-negative matrix factorization: rows as sums of few parts, none of them negative.

Each part, and the strengths of each part, become the exact best ones with all others held, one after the other.
Source: Cichocki and Phan 2009, "Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor Factorizations"
(HALS); the start is that of Boutsidis and Gallopoulos 2008, with means in place of zeros.
"""

from __future__ import annotations

import numpy as np

from dreampipe.frames import Array

_LEAST = 1e-12
_AGAIN = 2
"""Times that strengths are improved for each product of the rows with the parts, which costs most."""


def factorize(rows: Array, count: int, steps: int = 200, tolerance: float = 2e-3) -> tuple[Array, Array]:
    """Factorize rows (n, channels) >= 0 into strengths (n, count) and parts (count, channels), both >= 0.

    Args:
        rows: float32.
        count: of the parts; at most the smaller number of n and channels.
        steps: the most steps.
        tolerance: ends when five steps improve the squared error by less than this share of it.
    """
    rows = np.ascontiguousarray(rows, np.float32)
    strengths, parts = _start(rows, count)
    energy = float(np.einsum("ij,ij->", rows, rows, dtype=np.float64))
    before = np.inf
    for step in range(steps):
        _improve(strengths, parts @ rows.T, parts @ parts.T, _AGAIN)
        across, own = strengths @ rows, strengths @ strengths.T
        _improve(parts, across, own, _AGAIN)
        if step % 5 == 4:
            error = energy - 2 * float((across * parts).sum()) + float((own * (parts @ parts.T)).sum())
            if before - error <= tolerance * max(error, _LEAST * energy):
                break
            before = error
    return np.ascontiguousarray(strengths.T), parts


def find_strengths(rows: Array, parts: Array, steps: int = 100) -> Array:
    """Find the strengths (n, count) >= 0 with which given parts (count, channels) sum to rows best."""
    strengths = np.zeros((len(parts), len(rows)), np.float32)
    _improve(strengths, parts @ np.asarray(rows, np.float32).T, parts @ parts.T, steps)
    return np.ascontiguousarray(strengths.T)


def _improve(found: Array, across: Array, own: Array, times: int) -> None:
    """Replace each row of `found` (count, n) by the best one with the others held, in place.

    Args:
        across: (count, n), the products of the other factor with what is factorized.
        own: (count, count), the products of the other factor with itself.
    """
    for _ in range(times):
        for number in range(len(found)):
            if own[number, number] > 0:
                change = (across[number] - own[number] @ found) / own[number, number]
                np.maximum(found[number] + change, 0, out=found[number])


def _start(rows: Array, count: int) -> tuple[Array, Array]:
    """Start from the singular vectors: of each, the larger of its positive and its negative part."""
    squares, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    first = np.argsort(squares)[::-1][:count]
    sizes = np.sqrt(np.maximum(squares[first], 0))
    right = vectors[:, first].T
    left = right.astype(np.float32) @ rows.T / np.maximum(sizes, _LEAST)[:, None].astype(np.float32)
    strengths, parts = np.empty((count, len(rows)), np.float32), np.empty((count, rows.shape[1]), np.float32)
    for number, (one, other, size) in enumerate(zip(left, right, sizes, strict=True)):
        sides = [(np.maximum(sign * one, 0), np.maximum(sign * other, 0)) for sign in (1, -1)]
        lengths = [(float(np.linalg.norm(a)), float(np.linalg.norm(b))) for a, b in sides]
        best = int(np.argmax([a * b for a, b in lengths]))
        (a, b), (long, wide) = sides[best], lengths[best]
        root = np.sqrt(size * long * wide)
        strengths[number] = root * a / max(long, _LEAST)
        parts[number] = root * b / max(wide, _LEAST)
    mean = float(rows.mean())
    for factor in (strengths, parts):
        factor[factor < _LEAST] = mean / max(1, count)
    return strengths, parts
