"""Convolutions of every channel by itself: the same values and gradients, however they are written."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from dreampipe import backend
from dreampipe.models.operations import depthwise
from dreampipe.models.tap import tap

IMAGE = np.random.default_rng(0).normal(size=(2, 17, 20, 6)).astype(np.float32)
APART: dict[str, dict[str, Any]] = {
    "same": {"padding": "same"},
    "valid": {"padding": "valid"},
    "steps": {"padding": "same", "strides": 2},
    "dilated": {"padding": "same", "dilation_rate": 2},
    "no bias": {"use_bias": False},
    "activation": {"activation": "silu", "kernel_size": 7},
}


def built(**settings: Any) -> Any:
    layer = layers.Conv2D(**{"filters": 6, "kernel_size": 3, "groups": 6, "bias_initializer": "normal"} | settings)
    layer.build(IMAGE.shape)
    return layer


@pytest.mark.parametrize("settings", APART.values(), ids=APART)
def test_values_and_gradients_are_those_of_the_layer(settings: dict[str, Any]) -> None:
    layer = built(**settings)
    apart = depthwise(layer)
    assert apart is not None
    image = keras.ops.convert_to_tensor(IMAGE)

    def run(function: Any) -> Any:
        value, result, (gradient,) = backend.value_and_gradients(
            lambda image: (keras.ops.sum(keras.ops.square(function(image))), function(image)), image
        )
        return value, result, gradient

    for ours, theirs in zip(run(apart), run(layer), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3, padding="same", activation="relu6", bias_initializer="normal"),
        layers.DepthwiseConv2D((5, 2), strides=2),
        layers.DepthwiseConv2D(3, padding="same", dilation_rate=2, use_bias=False),
        layers.SeparableConv2D(5, 3, padding="same", strides=2, activation="silu", bias_initializer="normal"),
        layers.SeparableConv2D(7, 3, dilation_rate=2, use_bias=False),
    ],
)
def test_layers_that_do_so_have_a_form_where_the_backend_is_slow(layer: Any) -> None:
    layer.build(IMAGE.shape)
    apart = depthwise(layer)
    assert (apart is not None) == (keras.backend.backend() == "jax")
    run = lambda function: backend.value_and_gradients(lambda x: (keras.ops.sum(function(x) ** 2), function(x)), IMAGE)  # noqa: E731
    for ours, theirs in zip(run(apart or layer), run(layer), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(5, 3, depth_multiplier=2),
        layers.DepthwiseConv2D(3, data_format="channels_first"),
        type("Own", (layers.DepthwiseConv2D,), {})(3),
    ],
)
def test_layers_of_other_kinds_stay(layer: Any) -> None:
    layer.build(IMAGE.shape)
    assert depthwise(layer) is None


def test_all_others_stay() -> None:
    class Own(layers.Conv2D):  # type: ignore[misc]
        pass

    own = Own(6, 3, groups=6)
    own.build(IMAGE.shape)
    others = [own, built(groups=3), built(groups=1), built(filters=12), built(strides=(1, 2)), layers.ReLU()]
    assert [depthwise(layer) for layer in others] == [None] * len(others)


def test_a_tap_computes_what_the_model_computes() -> None:
    picture = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3, groups=8, activation="gelu", name="apart")(layers.Conv2D(8, 1)(picture))
    model = keras.Model(picture, x)
    image = np.random.default_rng(1).random((1, 20, 23, 3), np.float32)
    for leaks in (False, True):
        given = (np.zeros(1, np.float32),) if leaks else ()
        values = tap(model, ["apart"], leaks=leaks)(image, *given)["apart"]
        np.testing.assert_allclose(values, model(keras.ops.convert_to_tensor(image)), rtol=1e-4, atol=1e-5)
