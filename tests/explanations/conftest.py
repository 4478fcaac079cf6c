"""Small networks whose explanations are known in closed form."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from known import known

from dreampipe.backend import keras
from dreampipe.models import Card, card

Keep = Callable[[object], Card]
SIZE = (12, 20)
"""Height and width of the pictures of these networks: oblong, so that a transposed map is found."""


@pytest.fixture(scope="session")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Keep:
    """Save a network that takes pictures in [0, 1], and return its card."""

    def save(model: object) -> Card:
        path = tmp_path_factory.mktemp("networks") / "network.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
            model.save(path)  # type: ignore[attr-defined]
        return card(str(known(Path(path))), scaling="unit")

    return save


@pytest.fixture(scope="session")
def linear(keep: Keep) -> tuple[Card, np.ndarray]:
    """A network whose only logits are sums of weights times values, and the weights (12, 20, 3, 2)."""
    weights = np.random.default_rng(5).normal(size=(*SIZE, 3, 2)).astype(np.float32)
    image = keras.Input((*SIZE, 3))
    dense = keras.layers.Dense(2, name="sums")
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    dense.set_weights([weights.reshape(-1, 2), np.float32([0.5, -0.25])])
    return keep(model), weights


@pytest.fixture(scope="session")
def product(keep: Keep) -> Card:
    """The means of the upper left and lower right quarters: their product as logit 0; their sum as logit 1."""
    image = keras.Input((*SIZE, 3))
    flat = keras.layers.Flatten()(image)
    means = []
    for part in (np.s_[:6, :10], np.s_[6:, 10:]):
        kernel = np.zeros((*SIZE, 3), np.float32)
        kernel[part] = 1 / kernel[part].size
        dense = keras.layers.Dense(1, use_bias=False)
        means.append(dense(flat))
        dense.set_weights([kernel.reshape(-1, 1)])
    both = keras.layers.Concatenate(name="answers")([keras.layers.Multiply()(means), keras.layers.Add()(means)])
    return keep(keras.Model(image, both))


@pytest.fixture(scope="session")
def small(keep: Keep) -> Card:
    """A convolutional network of random weights with three logits, for pictures of all sizes."""
    keras.utils.set_random_seed(7)
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(image)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", name="second")(x)
    x = keras.layers.ReLU(name="rectified")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keep(keras.Model(image, keras.layers.Dense(3, activation="softmax", name="classes")(x)))


@pytest.fixture(scope="session")
def constant(keep: Keep) -> Card:
    """A network whose logits are 3 and 1 for every picture."""
    image = keras.Input((*SIZE, 3))
    dense = keras.layers.Dense(2)
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    dense.set_weights([np.zeros((np.prod(SIZE) * 3, 2), np.float32), np.float32([3, 1])])
    return keep(model)
