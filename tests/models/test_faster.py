"""A tap of a frozen model computes the values and gradients of the model, whatever it computes them with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.faster import faster
from dreampipe.models.tap import describe, tap

Floats = npt.NDArray[np.float32]
IMAGE = np.random.default_rng(1).normal(size=(2, 21, 26, 3)).astype(np.float32)


def odd(model: Any) -> Any:
    """Give a model weights of which no constant of its normalizations is a usual one."""
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if type(layer) is layers.BatchNormalization:
            for weight in layer.weights:
                low, high = (0.2, 3) if "variance" in weight.name else (-1.5, 1.5)
                weight.assign(rng.uniform(low, high, weight.shape))
        elif layer.weights and not isinstance(layer, keras.Model):
            for weight in layer.weights:
                weight.assign(rng.normal(size=weight.shape) / np.sqrt(np.prod(weight.shape[:-1]) + 1))
    return model


def normalized(**settings: Any) -> Callable[[Any], Any]:
    return lambda x: layers.BatchNormalization(**settings)(x)


def compare(model: Any, names: list[str] | None = None) -> int:
    """Compare the taps of the model before and after it is frozen; the number of calls that are saved."""
    names = names or [describe(model)[-1].name]
    rng = np.random.default_rng(2)

    def run(tapped: Any) -> tuple[Any, ...]:
        weights = {name: rng.normal(size=value.shape) for name, value in tapped(IMAGE, training=False).items()}

        def score(image: Any) -> tuple[Any, Any]:
            values = tapped(image, training=False)
            return sum(ops.sum(values[name] * weights[name].astype(np.float32)) for name in sorted(values)), values

        graph = backend.compile(
            lambda image: backend.value_and_gradients(score, image)[1:], backend.spec(None, None, None, 3)
        )
        values, (gradient,) = graph(IMAGE)
        return values, gradient

    model.trainable = True
    plain = tap(model, names)
    expected, slope = run(plain)
    model.trainable = False
    hasty = tap(model, names)
    rng = np.random.default_rng(2)
    values, gradient = run(hasty)
    assert set(values) == set(expected)
    for name in expected:
        near(values[name], expected[name])
    near(gradient, slope)
    return len(plain.runs.each) - len(hasty.runs.each)


def near(ours: Any, theirs: Any) -> None:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert np.abs(theirs).max() > 0
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


FOLDED: dict[str, Callable[[Any], Any]] = {
    "convolution": lambda x: layers.Conv2D(8, 3)(x),
    "no bias": lambda x: layers.Conv2D(8, 3, padding="same", use_bias=False)(x),
    "dilated": lambda x: layers.Conv2D(8, 3, dilation_rate=2)(x),
    "grouped": lambda x: layers.Conv2D(9, 3, groups=3)(x),
    "apart": lambda x: layers.Conv2D(3, 3, groups=3)(x),
    "by steps": lambda x: layers.Conv2D(8, 3, strides=2, padding="same")(x),
    "transposed": lambda x: layers.Conv2DTranspose(7, 3, strides=2, use_bias=False)(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, depth_multiplier=4, use_bias=False)(x),
    "separable": lambda x: layers.SeparableConv2D(5, 3)(x),
    "dense": lambda x: layers.Dense(6)(x),
}
CONSTANTS: dict[str, dict[str, Any]] = {
    "both": {},
    "no scale": {"scale": False},
    "no centre": {"center": False},
    "neither": {"scale": False, "center": False, "epsilon": 0.1},
}


@pytest.mark.parametrize("name", FOLDED)
def test_normalization_is_folded_into_the_weights_before_it(name: str) -> None:
    image = keras.Input((None, None, 3))
    x = ops.tanh(normalized()(FOLDED[name](image)))
    assert compare(odd(keras.Model(image, x))) == 1


@pytest.mark.parametrize("name", CONSTANTS)
def test_normalization_of_any_constants_is_folded(name: str) -> None:
    image = keras.Input((None, None, 3))
    x = normalized(**CONSTANTS[name])(layers.Conv2D(8, 3)(image))
    x = normalized()(layers.Conv2D(4, 1, use_bias=False)(ops.tanh(x)))
    assert compare(odd(keras.Model(image, x))) == 2


def seen_twice(image: Any) -> Any:
    x = layers.Conv2D(4, 3, padding="same")(image)
    return layers.Add()([x, normalized()(x)])


def of_concatenation(image: Any) -> Any:
    x = layers.Concatenate()([layers.Conv2D(4, 1)(image), layers.Conv2D(3, 1)(image)])
    return normalized()(x)


def activated(image: Any) -> Any:
    return normalized()(layers.Conv2D(4, 3, activation="tanh")(image))


def along_rows(image: Any) -> Any:
    return normalized(axis=1)(layers.Conv2D(4, 3)(layers.Resizing(9, 9)(image)))


def in_half(image: Any) -> Any:
    x = layers.Conv2D(4, 3, dtype="float32")(image)
    return normalized(dtype="mixed_bfloat16")(x)


class Doubled(layers.Conv2D):  # type: ignore[misc]
    def call(self, inputs: Any) -> Any:
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    "build",
    [seen_twice, of_concatenation, activated, along_rows, in_half, lambda image: normalized()(Doubled(4, 3)(image))],
)
def test_what_cannot_be_folded_stays(build: Callable[[Any], Any]) -> None:
    image = keras.Input((None, None, 3))
    assert compare(odd(keras.Model(image, build(image)))) == 0


def test_what_is_tapped_stays() -> None:
    image = keras.Input((None, None, 3))
    x = normalized(name="normalized")(layers.Conv2D(4, 3, name="convolved")(image))
    model = odd(keras.Model(image, ops.tanh(x)))
    assert compare(model, ["convolved", "normalized"]) == 0
    assert compare(model, ["convolved"]) == 0
    assert compare(model, ["normalized"]) == 1


def test_a_shared_layer_is_folded_apart_for_each_call() -> None:
    image = keras.Input((None, None, 3))
    shared = layers.Conv2D(3, 3, padding="same")
    x = normalized()(shared(ops.tanh(normalized()(shared(image)))))
    assert compare(odd(keras.Model(image, x))) == 2


def test_models_within_models_are_folded() -> None:
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(3, 3), layers.BatchNormalization()])
    image = keras.Input((None, None, 3))
    x = normalized()(layers.Conv2D(4, 1)(inner(ops.tanh(inner(image)))))
    assert compare(odd(keras.Model(image, x))) == 3


def test_weights_that_would_leave_float32_are_not_folded() -> None:
    image = keras.Input((None, None, 3))
    convolution, normalization = layers.Conv2D(4, 3), layers.BatchNormalization(epsilon=1e-12)
    model = odd(keras.Model(image, ops.tanh(normalization(convolution(image)))))
    convolution.kernel.assign(np.full(convolution.kernel.shape, 1e35))
    normalization.moving_variance.assign(np.zeros(4))
    model.trainable = False
    assert len(tap(model, [describe(model)[-1].name]).runs.each) == 3


def test_the_model_and_its_weights_stay_as_they_were() -> None:
    image = keras.Input((None, None, 3))
    model = odd(keras.Model(image, normalized()(layers.Conv2D(4, 3, use_bias=False)(image))))
    model.trainable = False
    before, answers = model.get_weights(), np.asarray(model(IMAGE))
    tapped = tap(model, [describe(model)[-1].name])
    tapped(IMAGE, training=False)
    assert {id(weight) for weight in tapped.weights} == {id(weight) for weight in model.weights}
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    np.testing.assert_array_equal(model(IMAGE), answers)


def test_rules_get_every_operation_of_the_model() -> None:
    image = keras.Input((None, None, 3))
    model = odd(keras.Model(image, normalized()(layers.Conv2D(4, 3)(image))))
    model.trainable = False
    asked: list[str] = []

    def rules(operation: Any) -> None:
        asked.append(type(operation).__name__)

    tap(model, [describe(model)[-1].name], rules=rules)
    assert asked == ["Conv2D", "BatchNormalization"]


FIRST: dict[str, dict[str, Any]] = {
    f"{padding} {size} by {steps}": {"padding": padding, "kernel_size": size, "strides": steps}
    for padding in ("same", "valid")
    for size, steps in ((1, 2), (3, 2), (5, 2), (7, 2), (4, 4), (3, 4), ((3, 5), 2), ((2, 7), 3))
}


@pytest.mark.parametrize("settings", FIRST.values(), ids=FIRST)
@pytest.mark.parametrize("size", [(21, 26), (22, 23)])
def test_the_gradient_of_a_convolution_by_steps(settings: dict[str, Any], size: tuple[int, int]) -> None:
    image = np.random.default_rng(3).normal(size=(2, *size, 3)).astype(np.float32)
    layer = layers.Conv2D(8, **settings, activation="tanh", bias_initializer="normal")
    layer.build(image.shape)
    ours = faster(layer)
    assert ours is not None

    def run(function: Any) -> Any:
        value, result, gradients = backend.value_and_gradients(
            lambda image: (ops.sum(ops.square(function(image))), function(image)), image
        )
        return value, result, *gradients

    for our, their in zip(run(ours), run(layer), strict=True):
        near(our, their)


def test_convolutions_of_another_kind_stay() -> None:
    class Own(layers.Conv2D):  # type: ignore[misc]
        pass

    others = [
        layers.Conv2D(8, 3),
        layers.Conv2D(8, 3, dilation_rate=2),
        layers.Conv2D(6, 3, strides=2, groups=3),
        layers.Conv2D(8, 3, strides=(1, 2)),
        layers.Conv2D(8, 3, strides=2, dtype="mixed_bfloat16"),
        Own(8, 3, strides=2),
    ]
    for layer in others:
        layer.build((None, None, None, 3))
    wide = layers.Conv2D(8, 3, strides=2)
    wide.build((None, None, None, 16))
    assert [faster(layer) for layer in [*others, wide]] == [None] * (len(others) + 1)


def test_silu_and_its_gradient_at_every_size_of_number() -> None:
    numbers = np.concatenate([np.linspace(-120, 120, 4801), [0.0, -0.0, 1e-30, -1e-30, 3e38, -3e38]])
    _, ours, (slope,) = backend.value_and_gradients(
        lambda x: (ops.sum(backend.silu(x)), backend.silu(x)), numbers.astype(np.float32)
    )
    exact = numbers.astype(np.float32).astype(np.float64)
    share = 1 / (1 + np.exp(-np.clip(exact, -700, 700)))
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(ours, exact * share, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(slope, share + exact * share * (1 - share), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "build",
    [lambda: layers.Conv2D(8, 3, strides=2, activation="silu"), lambda: layers.Activation("silu"), lambda: ops.silu],
)
def test_a_network_of_silu(build: Callable[[], Any]) -> None:
    image = keras.Input((None, None, 3))
    assert compare(odd(keras.Model(image, layers.Conv2D(4, 3)(build()(image))))) == 0


def test_a_function_called_silu_is_taken_as_it_is() -> None:
    def silu(x: Any) -> Any:
        return ops.sin(x)

    layer = layers.Activation(silu)
    assert faster(layer) is None
