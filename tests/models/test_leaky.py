"""Activations whose gradient leaks: the values stay, and below zero some of the gradient comes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from dreampipe import backend
from dreampipe.models.leaky import LEAK, leaky
from dreampipe.models.tap import tap

X = np.linspace(-9, 9, 40, dtype=np.float32).reshape(2, 4, 5, 1)
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "layer": lambda: layers.ReLU(),
    "layer of six": lambda: layers.ReLU(6.0),
    "activation": lambda: layers.Activation("relu"),
    "relu6": lambda: layers.Activation("relu6"),
    "silu": lambda: layers.Activation("silu"),
    "gelu": lambda: layers.Activation("gelu"),
    "hard_silu": lambda: layers.Activation("hard_silu"),
}
OPERATIONS = {"relu": ops.relu, "relu6": ops.relu6, "silu": ops.silu, "gelu": ops.gelu, "hard_silu": ops.hard_silu}


def slope(function: Callable[[Any], Any], x: Any) -> Any:
    x = ops.convert_to_tensor(x)
    return np.asarray(backend.value_and_gradients(lambda: (ops.sum(function(x)), None), [x])[2][0])


def built(name: str) -> Any:
    """An operation as it stands in a functional model."""
    image = keras.Input((None, None, 1))
    return keras.Model(image, OPERATIONS[name](image)).operations[-1]


@pytest.mark.parametrize("make", [*ACTIVATIONS.values(), *[lambda n=n: built(n) for n in OPERATIONS]])
def test_values_stay_and_the_gradient_below_zero_grows_by_the_leak(make: Callable[[], Any]) -> None:
    operation = make()
    leaking = leaky(operation)
    assert leaking is not None
    leak = np.float32([1, 0])  # of the first picture of the two
    np.testing.assert_array_equal(leaking(ops.convert_to_tensor(X), leak), operation(X))
    more = np.where((X < 0) & (leak.reshape(2, 1, 1, 1) > 0), LEAK, 0)
    np.testing.assert_allclose(slope(lambda x: leaking(x, leak), X), slope(operation, X) + more, atol=1e-6)


@pytest.mark.parametrize("name", ["silu", "gelu"])
def test_the_far_side_of_a_valley_leads_up(name: str) -> None:
    leaking = leaky(layers.Activation(name))
    assert leaking is not None
    x = np.linspace(-6, 0, 200, dtype=np.float32).reshape(1, 200, 1, 1)
    assert slope(layers.Activation(name), x).min() < -0.09
    assert slope(lambda x: leaking(x, np.ones(1, np.float32)), x).min() > 0


@pytest.mark.parametrize(
    "layer, shape",
    [
        (
            lambda: layers.Conv2D(3, 3, activation="relu", bias_initializer=keras.initializers.Constant(-5.0)),
            (2, 6, 7, 2),
        ),
        (lambda: layers.Dense(4, activation="silu", bias_initializer=keras.initializers.Constant(-5.0)), (2, 9)),
    ],
)
def test_a_layer_that_ends_in_one_leaks_and_stays_as_it_was(layer: Callable[[], Any], shape: tuple[int, ...]) -> None:
    keras.utils.set_random_seed(1)
    made, x = layer(), np.random.default_rng(1).random(shape, np.float32)
    expected = np.asarray(made(x))
    leaking = leaky(made)
    assert leaking is not None
    ones = np.ones(2, np.float32)
    np.testing.assert_allclose(leaking(ops.convert_to_tensor(x), ones), expected, atol=1e-6)
    assert made.activation.__name__ in ("relu", "silu")
    bare = type(made).from_config({**made.get_config(), "activation": "linear"})
    bare.build(shape)
    bare.set_weights(made.get_weights())
    more = slope(lambda x: LEAK * ops.minimum(bare(x), 0), x)  # the whole of it lies below zero
    np.testing.assert_allclose(slope(lambda x: leaking(x, ones), x), slope(made, x) + more, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [layers.LeakyReLU(), layers.Activation("tanh"), layers.Conv2D(3, 3), layers.Dense(3, activation="softmax")],
    ids=lambda layer: layer.name,
)
def test_others_do_not_leak(layer: Any) -> None:
    assert leaky(layer) is None


def test_a_leaking_tap_gives_what_a_tap_gives() -> None:
    keras.utils.set_random_seed(2)
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="one")(image)
    x = layers.ReLU(name="two")(layers.Conv2D(5, 3)(ops.silu(x)))
    model = keras.Model(image, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    picture = np.random.default_rng(3).random((2, 12, 12, 3), np.float32)
    plain = tap(model, ["one", "two"], logits=True)(picture)
    for leak in ([0, 0], [1, 0], [1, 1]):
        leaks = tap(model, ["one", "two"], logits=True, leaks=True)(picture, leak=np.float32(leak))
        assert leaks.keys() == plain.keys()
        for name, values in plain.items():
            np.testing.assert_allclose(leaks[name], values, atol=1e-6)
