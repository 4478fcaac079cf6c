"""What the references share: a small network in double precision, its gradient, and the resizing of other libraries.

Nothing of dreampipe is used here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LAYERS = ("one", "two", "three", "four")
"""Convolutions of 3x3; the picture gets half as large in the first and the third."""
Score = Callable[[Mapping[str, Any]], Any]
"""From the layers' activations (1, rows, columns, channels) to a number, in tensorflow."""


def network(reach: float, dtype: str) -> Any:
    """The model, from (1, height, width, 3) to its last layer. Its activations are smooth, so nothing jumps.

    Args:
        reach: how large the values of its input are, about.
        dtype: of all that it computes.
    """
    from dreampipe.backend import keras

    rng = np.random.default_rng(2015)
    image = values = keras.Input((None, None, 3), dtype=dtype)
    for name, channels, strides in zip(LAYERS, (6, 8, 8, 8), (2, 1, 2, 1), strict=True):
        convolution = keras.layers.Conv2D(channels, 3, strides, "same", activation="softplus", name=name, dtype=dtype)
        values = convolution(values)
        kernel, bias = (variable.shape for variable in convolution.weights)
        size = (reach if name == "one" else 1) * np.sqrt(9 * kernel[2])
        drawn = rng.normal(size=kernel).astype(np.float32) / np.float32(size)
        convolution.set_weights([drawn, rng.normal(size=bias).astype(np.float32)])
    return keras.Model(image, values)


def saved(reach: float, folder: Path) -> Path:
    """The model as a file in this folder, in single precision."""
    path = folder / f"reach-{reach:g}.keras"
    if path.exists():
        return path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
        network(reach, "float32").save(path)
    return path


class Network:
    """The model in double precision, and the gradient of a score by its input."""

    def __init__(self, reach: float) -> None:
        from dreampipe.backend import keras

        model = network(reach, "float64")
        self.model = keras.Model(model.input, {name: model.get_layer(name).output for name in LAYERS})

    def climbing(self, score: Score, seen: Callable[..., Any] = lambda picture: picture) -> Callable[..., Any]:
        """`(values, *others) -> (score, gradient by values)`, of what the model sees of values and others.

        Args:
            score: of the layers.
            seen: from values and others, tensors, to the input (height, width, 3) of the model.
        """
        import tensorflow as tf

        def climbed(values: Any, *others: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(values)
                value = score(self.model(seen(values, *others)[None], training=False))
            return value, tape.gradient(value, values)

        graph = tf.function(climbed, reduce_retracing=True, autograph=False)

        def call(values: Array, *others: Array) -> tuple[float, Array]:
            value, gradient = graph(*(tf.constant(given, tf.float64) for given in (values, *others)))
            return float(value), gradient.numpy()

        return call


def read_between(picture: Array, axis: int, places: Array) -> Array:
    """The picture read at places along an axis, linear between two pixels; beyond the outermost it stays."""
    places = np.clip(places, 0, picture.shape[axis] - 1)
    before = np.floor(places).astype(int)
    behind = np.minimum(before + 1, picture.shape[axis] - 1)
    share = (places - before).reshape([-1 if a == axis else 1 for a in range(picture.ndim)])
    return np.asarray(picture.take(before, axis) * (1 - share) + picture.take(behind, axis) * share)


def by_middles(picture: Array, height: int, width: int) -> Array:
    """Bilinear between the middles of pixels, as `tf.image.resize` and `cv2.resize` do by default."""
    for axis, side in ((0, height), (1, width)):
        places = (np.arange(side) + 0.5) * picture.shape[axis] / side - 0.5
        picture = read_between(picture, axis, places)
    return picture


def by_corners(picture: Array, height: int, width: int) -> Array:
    """Bilinear with corner on corner, as `scipy.ndimage.zoom` of order 1, and torch with `align_corners`, do."""
    for axis, side in ((0, height), (1, width)):
        places = np.arange(side) * (picture.shape[axis] - 1) / max(side - 1, 1)
        picture = read_between(picture, axis, places)
    return picture
