"""Features and slopes of architectures of `keras.applications`, on the backend that KERAS_BACKEND names.

python architectures.py FILE NAME...    writes FILE, .npz: for each, without its head, the features of some pictures,
                                        and the slopes of a weighted sum of them along the pixels
"""

from __future__ import annotations

import gc
import math
import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
COUNT, SIDE = 3, 96
POOL = np.random.default_rng(0).standard_normal(999_983).astype(np.float32)
"""Numbers that weights take in turn; their count is prime, so that no filter equals another."""


def compute(name: str) -> dict[str, Array]:
    from dreampipe import backend
    from dreampipe.backend import keras, ops
    from dreampipe.models.zoo.building import architecture

    with backend.undrawn():
        model = architecture(f"{name}-notop")
    model.trainable = False
    for at, layer in enumerate(model.layers):
        for number, weight in enumerate([] if isinstance(layer, keras.layers.Normalization) else layer.weights):
            weight.assign(_values(5 * at + number, weight.path, tuple(weight.shape)))

    def score(x: Any) -> Any:
        features = model(x, training=False)
        waves = np.cos(np.arange(math.prod(features.shape[1:]), dtype=np.float32)).reshape(features.shape[1:])
        return ops.sum(features * ops.convert_to_tensor(waves)), features

    def climb(x: Any) -> Any:
        _, features, (slope,) = backend.value_and_gradients(score, x)
        return features, slope

    side = 224 if name.startswith("nasnet") else SIDE
    pictures = np.random.default_rng(1).uniform(*_range(name), (COUNT, side, side, 3)).astype(np.float32)
    features, slopes = backend.compile(climb, backend.spec(COUNT, side, side, 3))(pictures)
    return {f"{name}, features": backend.as_array(features), f"{name}, slopes": backend.as_array(slopes)}


def _range(name: str) -> tuple[float, float]:
    """The least and the largest value of a pixel, as the architecture takes them."""
    inside = name.startswith(("efficientnet", "mobilenet_v3", "convnext"))  # these scale by themselves
    return (0, 255) if inside else (-1, 1)


def _values(at: int, path: str, shape: tuple[int, ...]) -> Array:
    """Weights that keep the features of deep networks in range."""
    kind, count = path.rpartition("/")[2], math.prod(shape)
    numbers = np.resize(np.roll(POOL, 7919 * at), count).reshape(shape)
    if "kernel" in kind:
        inputs = math.prod(shape[:2] if shape[-1] == 1 else shape[:-1])  # one of each channel for itself
        return numbers * np.float32(math.sqrt(2 / inputs))
    if "variance" in kind or "gamma" in kind:
        return 1 + 0.1 * np.clip(numbers, -2, 2)
    return np.float32(0.05) * numbers


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    found: dict[str, Array] = {}
    for one in names:
        found |= compute(one)
        gc.collect()
    np.savez(file, **found)  # type: ignore[arg-type]
