"""Small networks of every kind of layer that a picture model may have; importing this module loads keras."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from known import known

from dreampipe.backend import keras, ops
from dreampipe.models.zoo.building import name_as_first

layers = keras.layers


def named_as_first(build: Callable[..., Any]) -> Callable[..., Any]:
    """Name the layers of what is built as in a fresh process, whatever was built before."""

    @wraps(build)
    def built(*given: Any) -> Any:
        model = build(*given)
        name_as_first(model)
        return model

    return built


@named_as_first
def branches(size: int | None = None) -> Any:
    """Functional: every kind of convolution and pooling, branches that meet, operators, a gate and a softmax head."""
    image = keras.Input((size, size, 3))
    x = layers.Rescaling(2.0, -1.0)(image) * 0.5 + 0.25
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    x = layers.DepthwiseConv2D(3, depth_multiplier=2)(x)
    x = layers.MaxPooling2D(2)(layers.ZeroPadding2D(1)(x))
    a = layers.SeparableConv2D(8, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(8, (1, 7), padding="same", dilation_rate=1)(x)
    b = ops.silu(layers.Conv2D(8, 3, padding="same", dilation_rate=2)(b))
    x = layers.Concatenate()([layers.Add()([a, b]), ops.maximum(a, 0.1)])
    gate = layers.Dense(16, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = x * gate
    x = layers.AveragePooling2D(3, strides=1, padding="same")(layers.Dropout(0.5)(x))
    x = layers.Conv2D(12, 1)(x)[..., :10]
    x = layers.GlobalMaxPooling2D()(layers.LeakyReLU()(x))
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


@named_as_first
def chain(size: int | None = None) -> Any:
    """Sequential: convolutions, pooling, a Flatten where the size is fixed, and a softmax layer of its own."""
    end = layers.Flatten() if size else layers.GlobalAveragePooling2D()
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Conv2D(6, 5, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            layers.MaxPooling2D(),
            layers.Conv2D(7, 3),
            layers.PReLU(shared_axes=[1, 2]),
            end,
            layers.Dropout(0.3),
            layers.Dense(4),
            layers.Softmax(),
        ]
    )


@named_as_first
def transferred(size: int | None = None) -> Any:
    """A model as a layer of another, as transfer learning makes them; both have automatic names."""
    image = keras.Input((size, size, 3))
    x = layers.ReLU()(layers.Conv2D(5, 3, padding="same")(image))
    base = keras.Model(image, layers.ReLU()(layers.Conv2D(6, 3, strides=2, padding="same")(x)))
    picture = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 1)(base(layers.Rescaling(0.5)(layers.RandomFlip()(picture))))
    return keras.Model(picture, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


@named_as_first
def shared(size: int | None = None) -> Any:
    """One layer and one model called twice."""
    image = keras.Input((size, size, 3))
    relu, block = layers.ReLU(), keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(3, 3, padding="same")])
    return keras.Model(image, relu(block(relu(block(image)))))


@named_as_first
def headless(size: int | None = None) -> Any:
    """A Sequential whose first layer is a model, ending on a grid that was enlarged again."""
    base = keras.Sequential([keras.Input((size, size, 3)), layers.Conv2D(4, 3, strides=4, padding="same")])
    return keras.Sequential(
        [base, layers.Conv2DTranspose(3, 4, strides=2, padding="same"), layers.UpSampling2D(), layers.Conv2D(2, 3)]
    )


def saved(model: Any, path: Path) -> Path:
    """Save a model, as one that was opened before; keras reads its own variables in a way that numpy warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(path)
    return known(path)


NETWORKS: dict[str, Callable[[int | None], Any]] = {
    f.__name__: f for f in (branches, chain, transferred, shared, headless)
}
"""Each names its layers as in a fresh process, so that tests can name them."""


@contextmanager
def without_weights() -> Iterator[None]:
    """Models that are built in here have shapes but no weights, which can take half a gigabyte."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)  # otherwise keras makes the weights at its next opportunity
