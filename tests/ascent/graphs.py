"""What the tests of the parts of an ascent share: pictures, compiled functions, and slopes measured by differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SIZES = [(1, 1), (1, 2), (4, 1), (5, 7), (8, 6), (17, 16)]


def pictures(size: tuple[int, int], batch: int = 2, seed: int = 1, low: float = 0.05, high: float = 0.95) -> Array:
    shape = (batch, *size, 3)
    return np.random.default_rng([seed, *size]).uniform(low, high, shape).astype(np.float32)


def graph(function: Callable[..., Any], *shapes: tuple[int | None, ...], dtypes: Sequence[str] = ()) -> Any:
    """The function compiled once for arguments of these shapes; `.traces` is as long as it was traced often."""
    from dreampipe import backend

    dtypes = dtypes or ["float32"] * len(shapes)
    traces: list[None] = []

    def counted(*arguments: Any) -> Any:
        traces.append(None)
        return function(*arguments)

    specs = [backend.spec(*shape, dtype=dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    compiled = backend.compile(counted, *specs)

    def call(*arguments: Any) -> Any:
        given = (np.asarray(argument, dtype) for argument, dtype in zip(arguments, dtypes, strict=True))
        result = compiled(*given)
        return tuple(map(np.asarray, result)) if isinstance(result, tuple) else np.asarray(result)

    call.traces = traces  # type: ignore[attr-defined]
    return call


def pulled(function: Callable[[Any], Any], at: Any, weights: Any) -> Any:
    """The gradient of sum(weights * function(at)), for a compiled function."""
    from dreampipe import backend
    from dreampipe.backend import ops

    return backend.value_and_gradients(lambda at: (ops.sum(weights * function(at)), None), at)[2][0]


def measured_slope(function: Callable[[Array], Array], at: Array, along: Array, weights: Array) -> float:
    """The derivative of sum(weights * function(at)) along a direction, by a difference to either side."""
    above, below = function(at + along).astype(np.float64), function(at - along).astype(np.float64)
    return float((weights * (above - below)).sum() / 2)
