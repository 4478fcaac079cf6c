"""Features and slopes of architectures of `keras.applications`, on the backend that KERAS_BACKEND names.

python architectures.py FILE NAME...    writes FILE, .npz: for each the features of a picture without its head, and the
                                        slope of a weighted sum of them along the pixels
"""

from __future__ import annotations

import gc
import math
import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SIDE = 96
POOL = np.random.default_rng(0).standard_normal(999_983).astype(np.float32)
"""Numbers that weights take in turn; their count is prime, so that no filter equals another."""


def compute(name: str) -> dict[str, Array]:
    from dreampipe import backend
    from dreampipe.backend import ops
    from dreampipe.models.zoo.building import architecture

    with backend.undrawn():
        model = architecture(f"{name}-notop")
    model.trainable = False
    for at, weight in enumerate(model.weights):
        weight.assign(_values(at, weight.path, tuple(weight.shape), np.asarray(backend.as_array(weight))))

    def score(x: Any) -> Any:
        features = model(x, training=False)
        waves = np.cos(np.arange(math.prod(features.shape[1:]), dtype=np.float32)).reshape(features.shape[1:])
        return ops.mean(features * waves), features

    def climb(x: Any) -> Any:
        _, features, (slope,) = backend.value_and_gradients(score, x)
        return features, slope

    side = 224 if name.startswith("nasnet") else SIDE
    picture = np.random.default_rng(1).uniform(*_range(name), (1, side, side, 3)).astype(np.float32)
    features, slope = backend.compile(climb, backend.spec(1, side, side, 3))(picture)
    return {f"{name}, features": backend.as_array(features), f"{name}, slope": backend.as_array(slope)}


def _range(name: str) -> tuple[float, float]:
    """The least and the largest value of a pixel, as the architecture takes them."""
    inside = name.startswith(("efficientnet", "mobilenet_v3", "convnext"))  # these scale by themselves
    return (0, 255) if inside else (-1, 1)


def _values(at: int, path: str, shape: tuple[int, ...], made: Array) -> Array:
    """Weights that keep the features of deep networks in range; those that each layer starts with where none are."""
    kind, count = path.rpartition("/")[2], math.prod(shape)
    numbers = np.resize(np.roll(POOL, 7919 * at), count).reshape(shape)
    if "kernel" in kind:
        inputs = math.prod(shape[:2] if "depthwise" in kind else shape[:-1])
        return numbers * np.float32(math.sqrt(2 / inputs))
    if "variance" in kind or "gamma" in kind:
        return 1 + 0.1 * np.clip(numbers, -2, 2)
    if "normalization" in path and kind in ("mean", "count") and made.ndim != 1:
        return made
    return np.float32(0.05) * numbers if np.issubdtype(made.dtype, np.floating) and count > 1 else made


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    found: dict[str, Array] = {}
    for one in names:
        found |= compute(one)
        gc.collect()
    np.savez(file, **found)  # type: ignore[arg-type]
