"""Matching: pair the directions of two findings so that they are as alike as they can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array


def assign(costs: npt.NDArray[np.floating]) -> tuple[int, ...]:
    """Give each row a column of its own, at the least sum of costs: the column of each row.

    Source: Kuhn 1955 and Munkres 1957 (the Hungarian method), by shortest augmenting paths, in O(rows^2 columns).

    Args:
        costs: (rows, columns), finite, with at least as many columns as rows.
    """
    rows, columns = costs.shape
    if rows > columns:
        raise ValueError(f"{rows} rows came for {columns} columns, but each row needs a column of its own.")
    price_of_row, price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1)
    for row in range(rows):
        shortest, before = np.full(columns, np.inf), np.full(columns, -1)
        done = np.zeros(columns, bool)
        here, column, length = row, -1, 0.0
        while here >= 0:
            through = length + costs[here] - price_of_row[here] - price
            better = ~done & (through < shortest)
            shortest[better], before[better] = through[better], column
            column = int(np.argmin(np.where(done, np.inf, shortest)))
            length, done[column] = float(shortest[column]), True
            here = int(owner[column])
        price_of_row[row] += length
        for other in np.flatnonzero(done & (owner >= 0)):
            price_of_row[owner[other]] += length - shortest[other]
        price[done] -= length - shortest[done]
        while column >= 0:
            last = int(before[column])
            owner[column] = owner[last] if last >= 0 else row
            column = last
    found = np.empty(rows, int)
    found[owner[owner >= 0]] = np.flatnonzero(owner >= 0)
    return tuple(map(int, found))


def compare(one: Array, other: Array) -> tuple[tuple[int, ...], Array]:
    """Pair directions (count, channels) of two findings: the partner of each in the other, and their cosines."""
    first, second = (each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in (one, other))
    cosines = first @ second.T
    partners = assign(-cosines)
    return partners, np.asarray(cosines[np.arange(len(one)), list(partners)], np.float32)
