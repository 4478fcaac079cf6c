"""What the tests of the parts of an ascent share: pictures, compiled functions, and slopes measured by differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
PICTURE = (None, None, None, 3)
SIZES = [(1, 1), (1, 2), (4, 1), (5, 7), (8, 6), (17, 16)]


def pictures(size: tuple[int, int], batch: int = 2, seed: int = 1, low: float = 0.05, high: float = 0.95) -> Array:
    shape = (batch, *size, 3)
    return np.random.default_rng([seed, *size]).uniform(low, high, shape).astype(np.float32)


def graph(function: Callable[..., Any], *shapes: tuple[int | None, ...], dtypes: Sequence[str] = ()) -> Any:
    """The function compiled for arguments of these shapes; int32 ones decide sizes.

    `.once` says whether it was traced once; where the backend is one that knows all shapes before, it always is true.
    """
    from dreampipe import backend
    from dreampipe.backend import choosing

    dtypes = dtypes or ["float32"] * len(shapes)
    traces: list[None] = []

    def counted(*arguments: Any) -> Any:
        traces.append(None)
        return function(*arguments)

    specs = [
        backend.sizes(*shape) if dtype == "int32" else backend.spec(*shape, dtype=dtype)
        for shape, dtype in zip(shapes, dtypes, strict=True)
    ]
    compiled = backend.compile(counted, *specs)

    def call(*arguments: Any) -> Any:
        given = (np.asarray(argument, dtype) for argument, dtype in zip(arguments, dtypes, strict=True))
        result = compiled(*given)
        return tuple(map(backend.as_array, result)) if isinstance(result, tuple) else backend.as_array(result)

    call.once = lambda: len(traces) == 1 or choosing.name() != "tensorflow"  # type: ignore[attr-defined]
    return call


def pulled(function: Callable[[Any], Any], at: Any, weights: Any) -> Any:
    """The gradient of sum(weights * function(at)), for a compiled function."""
    from dreampipe import backend
    from dreampipe.backend import ops

    return backend.value_and_gradients(lambda at: (ops.sum(weights * function(at)), None), at)[2][0]


@lru_cache
def transformation(transform: Any) -> Any:
    """A transform compiled once: from pictures and the numbers drawn to pictures."""
    shapes, dtypes = _drawn(transform)
    made = graph(transform.apply, PICTURE, *shapes, dtypes=["float32", *dtypes])
    call = lambda image, drawn: made(image, *transform.split(np.asarray(drawn)))  # noqa: E731
    call.once = made.once  # type: ignore[attr-defined]
    return call


@lru_cache
def transposed(transform: Any) -> Any:
    """The gradient of sum(weights * result) of a transform, compiled once."""

    def back(image: Any, numbers: Any, sizes: Any, weights: Any) -> Any:
        return pulled(lambda image: transform.apply(image, numbers, sizes), image, weights)

    shapes, dtypes = _drawn(transform)
    made = graph(back, PICTURE, *shapes, PICTURE, dtypes=["float32", *dtypes, "float32"])
    return lambda image, drawn, weights: made(image, *transform.split(np.asarray(drawn)), weights)


def _drawn(transform: Any) -> tuple[tuple[tuple[int], tuple[int]], tuple[str, str]]:
    """The shapes and types of the numbers that a compiled transform gets."""
    return ((transform.width - transform.sizes,), (transform.sizes,)), ("float32", "int32")


def measured_slope(function: Callable[[Array], Array], at: Array, along: Array, weights: Array) -> float:
    """The derivative of sum(weights * function(at)) along a direction, by a difference to either side."""
    above, below = function(at + along).astype(np.float64), function(at - along).astype(np.float64)
    return float((weights * (above - below)).sum() / 2)
