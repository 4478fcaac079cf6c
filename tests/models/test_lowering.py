"""A tap in bfloat16: what is rounded, how far values and gradients go, and all that stays in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import layers

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.tap import LOGITS, describe, tap

IMAGE = np.random.default_rng(1).random((2, 19, 22, 3), np.float32)
STEP = 2.0**-8
"""The relative error of rounding to 8 bits, at most."""


def frozen(output: Callable[[Any], Any], seed: int = 0) -> Any:
    image = keras.Input((None, None, 3))
    model = keras.Model(image, output(image))
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(
            rng.uniform(0.5, 1.5, weight.shape) if "variance" in weight.name else rng.normal(size=weight.shape)
        )
    model.trainable = False
    return model


def run(model: Any, precision: Any, image: Any = IMAGE, name: str | None = None) -> tuple[Any, Any]:
    """The value of a layer, the last one by default, and the gradient of its sum of squares."""
    name = name or describe(model)[-1].name
    tapped = tap(model, [name], precision=precision)

    def score(image: Any) -> tuple[Any, Any]:
        value = tapped(image, training=False)[name]
        return ops.sum(value * value), value

    graph = backend.compile(
        lambda image: backend.value_and_gradients(score, image)[1:], backend.spec(None, None, None, 3)
    )
    value, (gradient,) = graph(image)
    return np.asarray(value), np.asarray(gradient)


def differ(model: Any, name: str | None = None) -> bool:
    plain, low = run(model, "float32", name=name), run(model, "bfloat16", name=name)
    assert plain[0].dtype == low[0].dtype == plain[1].dtype == low[1].dtype == np.float32
    return not (np.array_equal(plain[0], low[0]) and np.array_equal(plain[1], low[1]))


def spread(x: Any) -> Any:
    """A picture as 16 channels, by a convolution that stays in float32."""
    return layers.Conv2D(16, 3)(x)


ROUNDED: dict[str, Callable[[Any], Any]] = {
    "plain": lambda x: layers.Conv2D(8, 3)(spread(x)),
    "no bias": lambda x: layers.Conv2D(8, 3, use_bias=False)(spread(x)),
    "by steps": lambda x: layers.Conv2D(8, 3, strides=(2, 1), padding="same")(spread(x)),
    "dilated": lambda x: layers.Conv2D(8, 3, dilation_rate=2)(spread(x)),
    "silu": lambda x: layers.Conv2D(8, 1, activation="silu")(spread(x)),
    "relu": lambda x: layers.Conv2D(8, 1, activation="relu")(spread(x)),
    "normalized": lambda x: layers.BatchNormalization()(layers.Conv2D(8, 3, use_bias=False)(spread(x))),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_a_convolution_is_off_by_the_rounding_of_what_it_multiplies(name: str) -> None:
    model = frozen(ROUNDED[name])
    assert differ(model)
    for plain, low in zip(run(model, "float32"), run(model, "bfloat16"), strict=True):
        assert np.abs(low - plain).max() <= 4 * STEP * np.abs(plain).max()
        assert np.corrcoef(low.ravel(), plain.ravel())[0, 1] > 0.999


def test_what_eight_bits_hold_is_exact() -> None:
    model = frozen(lambda x: layers.Conv2D(8, 3)(layers.Conv2D(8, 1)(x)))
    rng = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(rng.integers(-1, 2, weight.shape))
    image = rng.integers(0, 2, IMAGE.shape).astype(np.float32)
    value = run(model, "float32", image)[0]
    assert 16 < np.abs(value).max() < 256
    np.testing.assert_array_equal(run(model, "bfloat16", image)[0], value)


def doubled() -> Any:
    class Doubled(layers.Conv2D):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    return Doubled(4, 3)


KEPT: dict[str, Callable[[Any], Any]] = {
    "the first": spread,
    "depthwise": lambda x: layers.DepthwiseConv2D(3)(spread(x)),
    "grouped": lambda x: layers.Conv2D(8, 3, groups=4)(spread(x)),
    "a group for each channel": lambda x: layers.Conv2D(16, 3, groups=16)(spread(x)),
    "a class of its own": lambda x: doubled()(spread(x)),
    "dense": lambda x: layers.Dense(4)(spread(x)),
    "another type": lambda x: layers.Conv2D(8, 3, dtype="float64")(spread(x)),
}


@pytest.mark.parametrize("name", KEPT)
def test_all_else_stays_in_float32_to_the_bit(name: str) -> None:
    assert not differ(frozen(KEPT[name]))


def places(x: Any) -> Any:
    return layers.GlobalAveragePooling2D()(layers.Conv2D(5, 1, name="places")(spread(x)))


def head(x: Any) -> Any:
    return layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(spread(x)))


def activated(x: Any) -> Any:
    return layers.Softmax()(layers.Flatten()(layers.GlobalAveragePooling2D()(layers.Conv2D(5, 1)(spread(x)))))


@pytest.mark.parametrize("build", [places, head, activated])
def test_the_logits_stay_in_float32_to_the_bit(build: Callable[[Any], Any]) -> None:
    model = frozen(build)
    plain, low = (tap(model, [], logits=True, precision=p)(IMAGE) for p in ("float32", "bfloat16"))
    np.testing.assert_array_equal(plain[LOGITS], low[LOGITS])


def test_the_layer_of_the_logits_is_kept_where_it_is_climbed_itself() -> None:
    assert not differ(frozen(places), "places")


def test_a_model_that_may_be_trained_stays_in_float32() -> None:
    model = frozen(ROUNDED["plain"])
    model.trainable = True
    assert not differ(model)


def test_the_model_and_the_policy_stay_as_they_are() -> None:
    model = frozen(ROUNDED["normalized"])
    before, weights, policy = np.asarray(model(IMAGE)), model.get_weights(), keras.config.dtype_policy()
    run(model, "bfloat16")
    np.testing.assert_array_equal(model(IMAGE), before)
    assert all(np.array_equal(was, now) for was, now in zip(weights, model.get_weights(), strict=True))
    assert keras.config.dtype_policy() is policy
    assert not differ(frozen(spread))


def test_gradients_under_the_least_half_are_kept() -> None:
    """Those of a mean over many places, which a float16 would lose."""
    model = frozen(ROUNDED["plain"])
    tapped = tap(model, [describe(model)[-1].name], precision="bfloat16")

    def score(image: Any) -> tuple[Any, int]:
        return 1e-12 * ops.mean(tapped(image, training=False)[describe(model)[-1].name]), 0

    (gradient,) = backend.value_and_gradients(score, IMAGE)[2]
    assert np.count_nonzero(gradient) > 0.9 * gradient.shape[0] * gradient.shape[1] * gradient.shape[2] * 3
