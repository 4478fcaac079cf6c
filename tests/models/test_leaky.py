"""Activations whose gradient leaks: the values stay, and below zero some of the gradient comes through."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from dreampipe import backend
from dreampipe.models.operations import LEAK, leaky
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
    return np.asarray(backend.value_and_gradients(lambda x: (ops.sum(function(x)), None), x)[2][0])


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


class Doubled(layers.ReLU):
    """A layer of another class, with a computation of its own."""

    def call(self, inputs: Any) -> Any:
        return 2 * super().call(inputs) - 1


class Scaled(layers.Dense):
    """Computes something after its activation."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return 3 * super().call(inputs, training) + 1


class Called(layers.Conv2D):
    """Does so where Keras calls it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs) + 2


class Named(layers.Dense):
    """Inherits all that it computes."""


class Relu(keras.Operation):
    """Has the name of one of Keras' own operations."""

    def call(self, x: Any) -> Any:
        return ops.tanh(x)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def named(name: str) -> Callable[[Any], Any]:
    """A user's function that has the name of one of Keras' own."""

    def function(x: Any) -> Any:
        return ops.tanh(x) + 0.25 * x

    function.__name__ = name
    return function


GIVEN: dict[str, Any] = {
    **{name: getattr(keras.activations, name) for name in ("relu", "relu6", "silu", "gelu", "hard_silu", "leaky_relu")},
    **{f"ops.{name}": getattr(ops, name) for name in (*OPERATIONS, "leaky_relu", "elu", "tanh")},
    **{f"a user's {name}": named(name) for name in OPERATIONS},
    "gelu by tanh": lambda x: keras.activations.gelu(x, approximate=True),
    "a partial": partial(keras.activations.relu, negative_slope=0.01),
    "a layer": layers.ReLU(),
    "a layer with all parameters": layers.ReLU(3.0, 0.3, 0.5),
    "a layer with a threshold": layers.ReLU(threshold=0.5),
    "a leaky layer": layers.LeakyReLU(negative_slope=0.01),
    "a layer of another class": Doubled(),
    "None": None,
}
"""Every kind of thing that may be given as an activation."""
OWNERS: dict[str, Callable[[Any], Any]] = {
    "Activation": layers.Activation,
    "Conv2D": lambda given: layers.Conv2D(3, 3, activation=given),
    "Conv2DTranspose": lambda given: layers.Conv2DTranspose(3, 3, activation=given),
    "DepthwiseConv2D": lambda given: layers.DepthwiseConv2D(3, activation=given),
    "SeparableConv2D": lambda given: layers.SeparableConv2D(3, 3, activation=given),
    "Dense": lambda given: layers.Dense(3, activation=given),
    "EinsumDense": lambda given: layers.EinsumDense("abcd,de->abce", (6, 7, 3), bias_axes="e", activation=given),
    "Scaled": lambda given: Scaled(3, activation=given),
    "Called": lambda given: Called(3, 3, activation=given),
    "Named": lambda given: Named(3, activation=given),
    "half precision": lambda given: layers.Dense(3, activation=given, dtype="mixed_float16"),
}
WHOLE: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: layers.Activation(name) for name in ("relu", "silu", "gelu", "elu", "softmax")},
    "ReLU": lambda: layers.ReLU(2.0, 0.0, 0.5),
    "a sloping ReLU": lambda: layers.ReLU(negative_slope=0.2),
    "LeakyReLU": lambda: layers.LeakyReLU(0.01),
    "PReLU": lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(0.4)),
    "Doubled": Doubled,
    "Relu": Relu,
    "LSTM": lambda: keras.Sequential([layers.Reshape((-1, 2)), layers.LSTM(3, activation="relu")]).layers[1],
    "GRU": lambda: layers.GRU(3, activation="relu"),
    "ConvLSTM1D": lambda: layers.ConvLSTM1D(2, 3, activation="relu"),
}
SEEN = np.random.default_rng(5).normal(0, 3, (2, 6, 7, 2)).astype(np.float32)


def keeps_its_values(operation: Any, x: Any) -> None:
    expected = np.asarray(operation(x))
    leaking = leaky(operation)
    for leak in ([0, 0], [1, 0], [1, 1]):
        if leaking is not None:
            np.testing.assert_array_equal(leaking(ops.convert_to_tensor(x), np.float32(leak)), expected)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("given", GIVEN)
def test_whatever_the_activation_its_values_are_the_layers_own(owner: str, given: str) -> None:
    keras.utils.set_random_seed(4)
    keeps_its_values(OWNERS[owner](GIVEN[given]), SEEN)


@pytest.mark.parametrize("name", WHOLE)
def test_whatever_the_layer_its_values_are_its_own(name: str) -> None:
    keras.utils.set_random_seed(4)
    operation = WHOLE[name]()
    keeps_its_values(operation, SEEN if getattr(operation, "name", "")[:4] not in ("lstm", "gru") else SEEN[:, 0])


@pytest.mark.parametrize("approximate", [True, False])
def test_both_forms_of_gelu_stay_and_leak(approximate: bool) -> None:
    image = keras.Input((None, None, 1))
    operation = keras.Model(image, ops.gelu(image, approximate=approximate)).operations[-1]
    leaking = leaky(operation)
    assert leaking is not None
    exact = np.asarray(ops.gelu(X, approximate=approximate))
    np.testing.assert_array_equal(leaking(ops.convert_to_tensor(X), np.ones(2, np.float32)), exact)


def test_a_layer_leaks_where_its_own_activation_blocks() -> None:
    """Given as a function of Keras, as an operation, or as a layer; under its threshold."""
    x = np.float32([[-1.0, 0.25, 2.0]])
    for given, slopes in [
        (ops.relu, [LEAK, 1, 1]),
        (layers.ReLU(), [LEAK, 1, 1]),
        (layers.ReLU(threshold=0.5), [LEAK, LEAK, 1]),
        (layers.ReLU(max_value=1), [LEAK, 1, 0]),
    ]:
        leaking = leaky(layers.Activation(given))
        assert leaking is not None
        np.testing.assert_allclose(slope(lambda x, f=leaking: f(x, np.ones(1, np.float32)), x), [slopes], atol=1e-6)


def test_infinities_stay() -> None:
    leaking = leaky(layers.ReLU())
    assert leaking is not None
    x = np.float32([[-np.inf, np.inf, np.nan, -1]])
    np.testing.assert_array_equal(leaking(ops.convert_to_tensor(x), np.ones(1, np.float32)), [[0, np.inf, np.nan, 0]])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of keras
def test_quantized_layers_keep_their_values() -> None:
    keras.utils.set_random_seed(4)
    layer = layers.Dense(3, activation="relu")
    layer.build((2, 2))
    layer.quantize("int8")
    keeps_its_values(layer, SEEN[:, 0, 0])


@pytest.mark.parametrize(
    "layer",
    [
        layers.LeakyReLU(),
        layers.ReLU(negative_slope=0.1),
        layers.Activation("tanh"),
        layers.Activation(named("relu")),
        layers.Conv2D(3, 3),
        layers.Dense(3, activation="softmax"),
        layers.LSTM(3, activation="relu"),
        Scaled(3, activation="relu"),
        Called(3, 3, activation="relu"),
        Doubled(),
        Relu(),
    ],
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
