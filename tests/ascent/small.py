"""Builders of models whose gradient is known in closed form, for the fixture `make`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dreampipe.ascent.shaping import Deviation, MeanAbsolute
from dreampipe.ascent.transforms import Jitter
from dreampipe.models import Card

Build = Callable[[Any, Any], Any]
"""`(keras, image) -> output`; a function of this module, so that each model is saved once."""
Make = Callable[..., Card]
"""The fixture: `make(build, scaling="unit", side=None)`."""

NORMALIZATIONS = {"mean": MeanAbsolute(), "deviation": Deviation()}


def how(*, jitter: int | None = None, normalization: str | None = None, **settings: Any) -> dict[str, Any]:
    """Settings of an `Ascent`, jitter and normalization written short."""
    settings |= {} if jitter is None else {"transforms": (Jitter(jitter),)}
    return settings | ({} if normalization is None else {"shaping": (NORMALIZATIONS[normalization],)})


SLOPE = np.float32([0.5, -1.0, 0.25])
OTHER = np.float32([0.25, 0.5, 1.0])
"""What `linear` and `branches` give to the red, green and blue of a pixel."""
HEAD = np.float32([[2, 0, -1, 0], [0, 1, 0, -2], [1, 1, 3, 0]])
"""From the mean red, green and blue to the four classes of `classes`."""
BIAS = np.float32([0.5, 0, -0.5, 1])


def fixed(keras: Any, kernel: Any, name: str, image: Any, **settings: Any) -> Any:
    """`image` through a convolution with this kernel, (rows, columns, channels in, channels out)."""
    kernel = np.asarray(kernel, np.float32)
    layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], use_bias=False, name=name, **settings)
    result = layer(image)
    layer.set_weights([kernel])
    return result


def linear(keras: Any, image: Any) -> Any:
    return fixed(keras, SLOPE.reshape(1, 1, 3, 1), "linear", image)


def branches(keras: Any, image: Any) -> Any:
    one = fixed(keras, SLOPE.reshape(1, 1, 3, 1), "one", image)
    two = fixed(keras, OTHER.reshape(1, 1, 3, 1), "two", image)
    return keras.layers.Concatenate(name="both")([one, two])


def same(keras: Any, image: Any) -> Any:
    return fixed(keras, np.eye(3).reshape(1, 1, 3, 3), "same", image)


def blind(keras: Any, image: Any) -> Any:
    return fixed(keras, np.zeros((1, 1, 3, 2)), "blind", image)


def broken(keras: Any, image: Any) -> Any:
    return fixed(keras, np.full((1, 1, 3, 2), np.nan), "broken", image)


def root(keras: Any, image: Any) -> Any:
    return keras.ops.sqrt(fixed(keras, np.eye(3).reshape(1, 1, 3, 3), "same", image))


def fourth(keras: Any, image: Any) -> Any:
    """Sees the red of one pixel of every 4x4."""
    kernel = np.zeros((4, 4, 3, 1))
    kernel[0, 0, 0, 0] = 1
    return fixed(keras, kernel, "fourth", image, strides=4)


def coarse(keras: Any, image: Any) -> Any:
    """Needs 32 pixels for one place of its grid."""
    return fixed(keras, np.ones((32, 32, 3, 1)), "coarse", image, strides=32)


def classes(keras: Any, image: Any) -> Any:
    x = keras.layers.GlobalAveragePooling2D()(fixed(keras, np.eye(3).reshape(1, 1, 3, 3), "same", image))
    head = keras.layers.Dense(4, activation="softmax", name="classes")
    result = head(x)
    head.set_weights([HEAD, BIAS])
    return result


def flat(keras: Any, image: Any) -> Any:
    """Takes pictures of one size only."""
    x = fixed(keras, SLOPE.reshape(1, 1, 3, 1), "linear", image)
    return keras.layers.Dense(3, name="dense")(keras.layers.Flatten()(x))


def net(keras: Any, image: Any) -> Any:
    """A little of a real network: strides, zero padding, random weights."""
    conv = keras.layers.Conv2D
    x = conv(6, 3, padding="same", activation="relu", name="near")(image)
    x = conv(8, 3, strides=2, padding="same", activation="relu", name="middle")(x)
    x = conv(8, 3, strides=2, padding="same", activation="relu", name="far")(x)
    return keras.layers.Dense(5, activation="softmax", name="head")(keras.layers.GlobalAveragePooling2D()(x))


def deep(keras: Any, image: Any) -> Any:
    """Random, with strides, unpadded and padded convolutions, branches and pooling: `early`, `joined`, `late`."""
    conv = keras.layers.Conv2D
    x = conv(6, 5, strides=2, padding="same", activation="relu", name="early")(image)
    x = conv(8, 3, padding="valid", activation="tanh", name="cut")(x)
    one, two = conv(4, 1, name="one")(x), conv(6, 3, padding="same", activation="silu", name="two")(x)
    x = keras.layers.Concatenate(name="joined")([one, two])
    x = keras.layers.AveragePooling2D(2, padding="same", name="pool")(x)
    return conv(8, 3, padding="same", activation="tanh", name="late")(x)
