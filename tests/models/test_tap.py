"""A tap computes what the model computes, holds nothing above its cut, and has logits from before the softmax."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers, ops
from networks import NETWORKS, branches, chain, named_as_first, shared, transferred

from dreampipe import backend
from dreampipe.errors import ModelError
from dreampipe.models.tap import Head, describe, head, tap

IMAGE = np.random.default_rng(1).random((2, 48, 56, 3), np.float32)


def run(model: Any, image: npt.NDArray[np.float32] = IMAGE) -> npt.NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The structure of `inputs`")
        return np.asarray(model(image, training=False))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_layer_is_the_models_own_output(name: str) -> None:
    model = NETWORKS[name](None)
    last = describe(model)[-1].name
    np.testing.assert_allclose(tap(model, [last])(IMAGE)[last], run(model), rtol=1e-5, atol=1e-6)


@pytest.mark.smoke
def test_an_inner_layer_is_what_keras_gives_for_it() -> None:
    model = chain()
    own = keras.Model(model.inputs, model.layers[2].output)
    np.testing.assert_array_equal(tap(model, ["conv2d_1"])(IMAGE)["conv2d_1"], run(own))


def test_layers_within_a_model_and_further_calls_are_tapped() -> None:
    model = transferred()
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    expected = run(base, IMAGE * 0.5)
    values = tap(model, ["functional/re_lu_1", "functional"])(IMAGE)
    np.testing.assert_allclose(values["functional/re_lu_1"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(values["functional"], values["functional/re_lu_1"])
    twice = tap(shared(), ["re_lu", "re_lu.1"])(IMAGE)
    assert np.abs(np.asarray(twice["re_lu"]) - np.asarray(twice["re_lu.1"])).max() > 0.01


def test_nothing_above_the_deepest_layer_is_in_it() -> None:
    model = branches()
    kinds = [type(layer).__name__ for layer in tap(model, ["re_lu"]).layers]
    assert kinds == ["Rescaling", "Conv2D", "BatchNormalization", "ReLU"]
    values = tap(model, ["re_lu", "conv2d"])(np.zeros((1, 8, 8, 3), np.float32))  # too small for the whole model
    assert {name: value.shape for name, value in values.items()} == {"re_lu": (1, 4, 4, 8), "conv2d": (1, 4, 4, 8)}
    beside = [type(layer).__name__ for layer in tap(model, ["separable_conv2d"]).layers]
    assert beside.count("Conv2D") == 1  # the other branch has two more


def test_weights_are_shared_and_the_model_stays_as_it_was() -> None:
    model = branches()
    before, output = model.get_config(), run(model)
    cut = tap(model, ["conv2d"], logits=True)
    cut(IMAGE)
    assert model.get_config() == before
    np.testing.assert_array_equal(run(model), output)
    assert {id(w) for w in tap(model, ["conv2d"]).weights} <= {id(w) for w in model.weights}
    model.layers[2].kernel.assign(model.layers[2].kernel * 0)
    assert not np.any(cut(IMAGE)["conv2d"])


def test_layers_of_chance_rest() -> None:
    image = keras.Input((None, None, 3))
    x = layers.Dropout(0.9)(layers.GaussianNoise(1.0)(layers.RandomRotation(0.5)(image)), training=True)
    cut = tap(keras.Model(image, layers.RandomBrightness(0.9)(x)), ["random_brightness"])
    for training in (None, False, True):
        np.testing.assert_array_equal(cut(IMAGE, training=training)["random_brightness"], IMAGE)


def test_one_trace_serves_all_sizes_and_training_rests() -> None:
    cut = tap(branches(), ["dropout", "average_pooling2d"])
    compiled = backend.compile(lambda x: cut(x, training=False), backend.spec(1, None, None, 3))
    for side in (48, 65):
        values = compiled(np.full((1, side, side, 3), 0.5, np.float32))
        assert values["dropout"].shape[1] == pytest.approx(side / 4, abs=1)
    specified = cut.compute_output_spec(keras.KerasTensor((1, None, None, 3)))
    assert specified["dropout"].shape == (1, None, None, 16)


def test_half_precision_layers_come_out_in_float32() -> None:
    image = keras.Input((None, None, 3))
    model = keras.Model(image, layers.Conv2D(2, 3, dtype="mixed_float16", name="half")(image))
    assert tap(model, ["half"])(IMAGE)["half"].dtype == "float32"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no layer 'conv2d_17' \(did you mean conv2d_1"):
        tap(branches(), ["re_lu", "conv2d_17"])


def test_a_model_that_is_no_graph_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(ModelError, match="of the class Own"):
        tap(Own(), ["x"])


@named_as_first
def classifier(*end: Any) -> Any:
    image = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3)(image))
    for layer in end:
        x = layer(x)
    return keras.Model(image, x)


HEADS: dict[str, tuple[Any, Head]] = {
    "softmax within": (lambda: classifier(layers.Dense(5, activation="softmax")), Head("dense", True)),
    "softmax within, no bias": (
        lambda: classifier(layers.Dense(5, activation="softmax", use_bias=False)),
        Head("dense", True),
    ),
    "softmax layer": (lambda: classifier(layers.Dense(5), layers.Softmax()), Head("dense", True)),
    "softmax activation": (lambda: classifier(layers.Dense(5), layers.Activation("softmax")), Head("dense", True)),
    "softmax operation": (lambda: classifier(layers.Dense(5), keras.ops.softmax), Head("dense", True)),
    "softmax without dense": (
        lambda: classifier(layers.Activation("softmax")),
        Head("global_average_pooling2d", True),
    ),
    "linear": (lambda: classifier(layers.Dense(5)), Head("dense", False)),
    "no dense": (lambda: classifier(), Head("global_average_pooling2d", False)),
}


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_the_log_of_the_softmax_but_for_a_constant(name: str) -> None:
    build, expected = HEADS[name]
    model = build()
    assert head(model) == expected
    values = {k: np.asarray(v) for k, v in tap(model, [], logits=True)(IMAGE).items()}
    output = run(model)
    probabilities = output if expected.softmax else np.asarray(keras.ops.softmax(output))
    np.testing.assert_allclose(values["probabilities"], probabilities, rtol=1e-4, atol=1e-6)
    apart = values["logits"] - np.log(probabilities)
    np.testing.assert_allclose(apart, apart[:, :1].repeat(apart.shape[1], 1), atol=1e-4)
    if not expected.softmax:
        np.testing.assert_allclose(values["logits"], output, rtol=1e-5)


def test_logits_of_a_sigmoid_are_before_it() -> None:
    model = classifier(layers.Dense(1, activation="sigmoid"))
    values = {k: np.asarray(v) for k, v in tap(model, ["dense"], logits=True)(IMAGE).items()}
    np.testing.assert_allclose(values["logits"], np.log(run(model) / (1 - run(model))), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(values["probabilities"], run(model), rtol=1e-5)
    np.testing.assert_allclose(values["dense"], run(model), rtol=1e-5)


def test_logits_do_not_vanish_where_the_softmax_does() -> None:
    model = classifier(layers.Dense(5, activation="softmax", kernel_initializer="ones"))
    model.layers[-1].bias.assign([200.0, 0.0, 0.0, 0.0, 0.0])
    picture = keras.ops.convert_to_tensor(IMAGE[:1])
    cut = tap(model, [], logits=True)
    for key, alive in (("probabilities", False), ("logits", True)):
        _, _, (gradient,) = backend.value_and_gradients(lambda seen, key=key: (cut(seen)[key][0, 1], None), picture)
        assert bool(np.any(np.abs(gradient) > 1e-9)) == alive


def test_logits_need_a_classifier() -> None:
    with pytest.raises(ModelError, match="logits need a classifier"):
        tap(NETWORKS["headless"](None), [], logits=True)


def test_a_layer_called_logits_that_is_not_the_head_is_refused_beside_it() -> None:
    image = keras.Input((None, None, 3))
    x = layers.Dense(3)(layers.GlobalAveragePooling2D(name="logits")(image))
    model = keras.Model(image, x)
    assert tap(model, ["logits"])(IMAGE)["logits"].shape == (2, 3)
    with pytest.raises(ModelError, match="called like its head"):
        tap(model, ["logits"], logits=True)


def named(name: str) -> Any:
    """A user's function with the name of one of Keras' own."""

    def function(x: Any) -> Any:
        return ops.softmax(x / 3)

    function.__name__ = name
    return function


class Tempered(layers.Layer):  # type: ignore[misc]
    """A user's own way to make probabilities."""

    def call(self, x: Any) -> Any:
        return ops.softmax(x / 3)


class Shifted(layers.Dense):  # type: ignore[misc]
    """A user's own layer, that computes after its activation."""

    def call(self, x: Any, training: Any = None) -> Any:
        return super().call(x, training) * 0.5 + 0.25


SQUASHED: dict[str, tuple[list[Any], bool]] = {
    "softmax": ([layers.Dense(4, activation="softmax")], True),
    "sigmoid": ([layers.Dense(4, activation="sigmoid")], False),
    "ops.softmax": ([layers.Dense(4, activation=ops.softmax)], True),
    "a user's softmax": ([layers.Dense(4, activation=named("softmax"))], False),
    "a user's sigmoid": ([layers.Dense(4, activation=named("sigmoid"))], False),
    "a layer": ([layers.Dense(4, activation=layers.Softmax())], True),
    "a user's layer": ([layers.Dense(4, activation=Tempered())], False),
    "apart": ([layers.Dense(4), layers.Softmax()], True),
    "apart, of classes alone": ([layers.Dense(4), layers.Softmax(axis=1)], True),
    "an activation": ([layers.Dense(4), layers.Activation("softmax")], True),
    "an activation of a user's": ([layers.Dense(4), layers.Activation(named("softmax"))], False),
    "an operation": ([layers.Dense(4), lambda x: ops.softmax(x)], True),
    "an operation by name": ([layers.Dense(4), lambda x: ops.sigmoid(x=x)], False),
}


@pytest.mark.parametrize("name", SQUASHED)
def test_probabilities_are_the_models_own_whatever_squashes(name: str) -> None:
    keras.utils.set_random_seed(6)
    ends, softmax = SQUASHED[name]
    image = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3)(image))
    for end in ends:
        x = end(x)
    model = keras.Model(image, x)
    values = tap(model, [], logits=True)(IMAGE)
    np.testing.assert_allclose(values["probabilities"], run(model), atol=1e-6)
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    pooled = run(keras.Model(image, dense.input))
    np.testing.assert_allclose(values["logits"], pooled @ dense.kernel + dense.bias, atol=1e-5)
    assert head(model).softmax == softmax


def test_what_a_layer_of_a_users_own_computes_is_taken_as_it_is() -> None:
    image = keras.Input((None, None, 3))
    model = keras.Model(image, Shifted(4, activation="softmax")(layers.GlobalAveragePooling2D()(image)))
    np.testing.assert_allclose(tap(model, [], logits=True)(IMAGE)["logits"], run(model), atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of keras
def test_logits_of_a_quantized_layer_are_its_own() -> None:
    keras.utils.set_random_seed(6)
    image = keras.Input((None, None, 3))
    dense = layers.Dense(4, activation="softmax")
    model = keras.Model(image, dense(layers.GlobalAveragePooling2D()(image)))
    dense.quantize("int8")
    np.testing.assert_allclose(tap(model, [], logits=True)(IMAGE)["probabilities"], run(model), atol=1e-6)


def test_arguments_given_by_name_reach_what_leaks() -> None:
    image = keras.Input((None, None, 3))
    x = ops.relu(x=layers.Conv2D(3, 3, activation="relu")(inputs=image))
    model = keras.Model(image, x)
    last = describe(model)[-1].name
    leaks = tap(model, [last], leaks=True)(IMAGE, leak=np.ones(2, np.float32))
    np.testing.assert_allclose(leaks[last], run(model), atol=1e-6)
