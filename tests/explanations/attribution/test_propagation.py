"""Propagation rules against closed forms and sums: DeepLIFT, LRP, FullGrad, guided backpropagation, deconvolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dreampipe.backend import keras, ops
from dreampipe.errors import ModelError, ObjectiveError
from dreampipe.explanations.attribution import METHODS, parse_methods
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.explanation import Explanation
from dreampipe.models import Card, card

layers = keras.layers
SIZE = (12, 20)
RULES = ("deeplift", "fullgrad", "lrp-epsilon", "lrp-alpha-beta", "lrp-composite")
GUIDED = ("guided-backpropagation", "deconvolution")


def picture(seed: int = 1, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).random((*size, 3), np.float32)


def explained(model: Card, method: str, objective: str = "logit(1)") -> Explanation:
    (parsed,) = parse_methods(method)
    return explain(ask(model, objective), picture(), parsed)


def lively(model: Any, bias: bool = True) -> Any:
    """Give a network random weights of which none is 0 or 1, and biases or none."""
    rng = np.random.default_rng(3)
    for weight in model.weights:
        name = weight.path.rpartition("/")[2]
        if name in ("bias", "beta", "moving_mean"):
            weight.assign(rng.normal(0, 0.3, weight.shape) * bias)
        elif name in ("gamma", "moving_variance", "scale", "alpha"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        else:
            fan = np.prod(weight.shape[:-1])
            weight.assign(rng.normal(0, (2 / fan) ** 0.5, weight.shape))
    return model


def network(body: Callable[[Any], Any], head: bool = True) -> Any:
    """Build a network of a body on (batch, height, width, 3), with a mean over places and two logits."""
    image = keras.Input((*SIZE, 3))
    x = body(image)
    x = layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x
    return keras.Model(image, layers.Dense(2, name="classes")(x) if head else x)


def pooled(x: Any) -> Any:
    """Max pooling directly after ReLU, in two ways of padding, and over all places."""
    x = layers.ReLU()(layers.Conv2D(6, 3, padding="same")(x))
    x = layers.MaxPooling2D(2)(x)
    x = layers.ReLU()(layers.Conv2D(6, 3)(x))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.GlobalMaxPooling2D()(layers.Conv2D(5, 1)(x))


def twice(x: Any) -> Any:
    """A convolution and a ReLU that are both used twice."""
    conv, relu = layers.Conv2D(3, 3, padding="same"), layers.ReLU()
    return relu(conv(relu(conv(x))))


def residual(x: Any) -> Any:
    """Two residual blocks with batch normalization after, and before, the weights."""
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(x)))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(x))
    x = layers.ReLU()(layers.Add()([x, y]))
    y = layers.Conv2D(6, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(x)))
    return layers.Add()([x, y])


def gated(x: Any) -> Any:
    """Separable and depthwise convolutions, a gate as of squeeze-and-excitation, operators, and smooth activations."""
    x = layers.Rescaling(2.0, -1.0)(x)
    x = layers.SeparableConv2D(8, 3, padding="same", activation="silu")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu6")(layers.ZeroPadding2D(1)(x))
    gate = layers.Dense(16, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, gate])
    x = ops.gelu(x * 0.5 + 0.1) - layers.AveragePooling2D(3, strides=1, padding="same")(x)
    x = ops.concatenate([ops.maximum(x, 0.1), x[..., :3], ops.maximum(x, ops.flip(x, -1))], -1)
    return layers.Conv2D(4, 3, activation="hard_silu", groups=1)(x)


def attentive(x: Any) -> Any:
    """A block of a vision transformer, with a group normalization before it."""
    x = layers.Conv2D(8, 4, strides=4)(x)
    x = layers.GroupNormalization(2)(x)
    x = layers.Reshape((-1, 8))(x)
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.Dense(8)(layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x)))
    return layers.GlobalAveragePooling1D()(layers.Add()([x, y]))


def activated(x: Any) -> Any:
    """Every activation that Keras has by name, side by side."""
    names = """celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid mish
        relu relu6 selu sigmoid silu soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus tanh
        tanh_shrink"""
    x = layers.Conv2D(4, 3)(x)
    return layers.Concatenate()([layers.Activation(name)(x) for name in names.split()])


def channelled(x: Any) -> Any:
    """A softmax over channels."""
    return layers.Softmax()(layers.Conv2D(4, 3)(x))


BODIES = (pooled, twice, residual, gated, attentive, activated)


@pytest.fixture(scope="module", params=BODIES, ids=lambda body: body.__name__)
def body(request: pytest.FixtureRequest, keep: Any) -> Card:
    return keep(lively(network(request.param)))


@pytest.mark.parametrize("method", ["deeplift", "fullgrad"])
def test_a_softmax_inside_is_complete(keep: Any, method: str) -> None:
    found = explained(keep(lively(network(channelled))), method)
    assert found.completeness
    assert abs(found.completeness.total - found.completeness.expected) < 1e-6


def test_relevance_does_not_reach_through_a_softmax(keep: Any) -> None:
    with pytest.raises(ModelError, match=r"no rule for .*class Softmax"):
        explained(keep(lively(network(channelled))), "lrp-epsilon")


@pytest.mark.parametrize("method", ["deeplift(baseline=black+blur)", "fullgrad"])
def test_the_map_sums_to_the_answer(body: Card, method: str) -> None:
    found = explained(body, method)
    assert found.completeness
    # float32 rounds the two answers, of which the change is the difference.
    assert abs(found.completeness.total - found.completeness.expected) < 1e-5 * max(abs(found.answer), 0.1)


@pytest.mark.parametrize("method", ["lrp-epsilon(epsilon=0)", "lrp-alpha-beta", "lrp-composite(epsilon=0)"])
@pytest.mark.parametrize("kind", [pooled, twice, residual], ids=lambda kind: kind.__name__)
def test_relevance_sums_to_the_logit_without_biases(keep: Any, kind: Callable[[Any], Any], method: str) -> None:
    found = explained(keep(lively(network(kind), bias=False)), method)
    assert found.map.sum(dtype=np.float64) == pytest.approx(found.answer, rel=1e-5)


@pytest.mark.parametrize("method", ["lrp-epsilon", "lrp-alpha-beta", "lrp-composite"])
def test_relevance_and_the_share_of_biases_are_the_answer(body: Card, method: str) -> None:
    found = explained(body, method)
    assert found.completeness
    scale = max(abs(found.answer), float(np.abs(found.map).sum()))
    assert abs(found.completeness.total - found.completeness.expected) < 1e-4 * scale
    assert any("biases keep" in note for note in found.notes)


@pytest.mark.parametrize("kind", [pooled, twice, residual], ids=lambda kind: kind.__name__)
def test_relevance_without_epsilon_is_gradient_times_input_where_activations_are_relu(keep: Any, kind: Any) -> None:
    model = keep(lively(network(kind)))
    relevance, product = explained(model, "lrp-epsilon(epsilon=0)"), explained(model, "gradient-x-input")
    np.testing.assert_allclose(relevance.map, product.map, atol=1e-5 * np.abs(product.map).max(), rtol=1e-3)


def test_on_a_linear_network_all_are_the_weights_times_the_change(linear: tuple[Card, np.ndarray]) -> None:
    model, weights = linear
    for method in ("deeplift(baseline=black)", "lrp-epsilon(epsilon=0)"):
        np.testing.assert_allclose(explained(model, method).map, weights[..., 1] * picture(), rtol=1e-4, atol=1e-6)
    grey = explained(model, "deeplift(baseline=grey)")
    np.testing.assert_allclose(grey.map, weights[..., 1] * (picture() - 0.5), rtol=1e-4, atol=1e-6)
    full = explained(model, "fullgrad")  # with the bias of -0.25, spread over the picture
    np.testing.assert_allclose(full.map, weights[..., 1] * picture() - 0.25 / full.map.size, rtol=1e-4, atol=1e-6)
    for method in GUIDED:
        np.testing.assert_allclose(explained(model, method).map, weights[..., 1], rtol=1e-5)


def one_hidden_layer(keep: Any, seed: int = 11) -> tuple[Card, np.ndarray, np.ndarray]:
    """A network of four hidden units without biases: logits are v . relu(w . picture)."""
    rng = np.random.default_rng(seed)
    w, v = rng.normal(size=(12 * 20 * 3, 4)).astype(np.float32), np.float32([[1, 3], [1, -2], [1, -0.5], [1, 1]])
    image = keras.Input((*SIZE, 3))
    hidden, out = layers.Dense(4, use_bias=False), layers.Dense(2, use_bias=False)
    model = keras.Model(image, out(layers.ReLU()(hidden(layers.Flatten()(image)))))
    hidden.set_weights([w])
    out.set_weights([v])
    return keep(model), w, v[:, 1]


def test_guided_backpropagation_and_deconvolution_by_hand(keep: Any) -> None:
    model, w, v = one_hidden_layer(keep)
    awake = (picture().reshape(-1) @ w > 0).astype(np.float32)
    assert 0 < awake.sum() < 4
    deconvolved = w @ np.maximum(v, 0)
    guided = w @ (np.maximum(v, 0) * awake)
    assert not np.allclose(deconvolved, guided)
    np.testing.assert_allclose(explained(model, "deconvolution").map.reshape(-1), deconvolved, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(explained(model, "guided-backpropagation").map.reshape(-1), guided, rtol=1e-4, atol=1e-5)


def test_alpha_beta_and_the_composite_by_hand(keep: Any) -> None:
    model, w, v = one_hidden_layer(keep)
    x = picture().reshape(-1)
    hidden = np.maximum(x @ w, 0)
    up, down = np.maximum(w, 0), np.minimum(w, 0)

    def shared(relevance: np.ndarray, parts: np.ndarray, alpha: float) -> np.ndarray:
        rises, falls = np.maximum(parts, 0), np.minimum(parts, 0)
        both = alpha * rises / rises.sum(0) + (1 - alpha) * falls / falls.sum(0)
        return (both * relevance).sum(1)

    of_hidden = shared((hidden @ v)[None], hidden[:, None] * v[:, None], 2.0)
    expected = shared(of_hidden[None], x[:, None] * w, 2.0)
    found = explained(model, "lrp-alpha-beta").map.reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())

    between = x[:, None] * w - 0 * up - 1 * down  # values are between black, 0, and white, 1
    expected = (between / between.sum(0) * (hidden * v)).sum(1)
    found = explained(model, "lrp-composite(epsilon=0)").map.reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_gamma_by_hand(keep: Any) -> None:
    rng = np.random.default_rng(6)
    w = [rng.normal(size=shape).astype(np.float32) for shape in ((720, 5), (5, 4), (4, 2))]
    image = keras.Input((*SIZE, 3))
    x = layers.Reshape((1, 1, 720))(image)
    made = [layers.Conv2D(kernel.shape[1], 1, use_bias=False) for kernel in w]
    x = layers.ReLU()(made[1](layers.ReLU()(made[0](x))))
    model = keras.Model(image, layers.Flatten()(made[2](x)))
    for layer, kernel in zip(made, w, strict=True):
        layer.set_weights([kernel[None, None]])
    x = picture().reshape(-1)
    first = np.maximum(x @ w[0], 0)
    second = np.maximum(first @ w[1], 0)
    relevance = second * w[2][:, 1]
    raised = w[1] + 0.25 * np.maximum(w[1], 0)
    share = np.divide(relevance, first @ raised, out=np.zeros(4), where=second > 0)
    relevance = first * (raised @ share)
    between = x[:, None] * w[0] - np.minimum(w[0], 0)
    expected = (between / between.sum(0) * relevance).sum(1)
    found = explained(keep(model), "lrp-composite(epsilon=0)").map.reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_a_rise_belongs_to_the_largest_value_and_a_fall_to_the_one_before(keep: Any) -> None:
    image = keras.Input((*SIZE, 3))
    flat = layers.Dense(2)(layers.GlobalMaxPooling2D()(image))
    model = keras.Model(image, flat)
    model.layers[-1].set_weights([np.ones((3, 2), np.float32), np.zeros(2, np.float32)])
    found = explained(keep(model), "deeplift(baseline=grey)").map
    largest = picture().reshape(-1, 3).argmax(0)
    for channel, place in enumerate(largest):
        plane = found[..., channel].reshape(-1)
        assert np.flatnonzero(plane).tolist() == [place]
        assert plane[place] == pytest.approx(picture().reshape(-1, 3)[place, channel] - 0.5, rel=1e-5)


@pytest.mark.parametrize("method", ["deeplift", "fullgrad", "lrp-composite(inner=alpha1beta0)", "deconvolution"])
def test_an_activation_inside_a_layer_is_the_same_as_a_layer_of_its_own(keep: Any, method: str) -> None:
    def build(inside: bool) -> Any:
        image = keras.Input((*SIZE, 3))
        conv = layers.Conv2D(5, 3, activation="relu" if inside else None)
        x = conv(image) if inside else layers.ReLU()(conv(image))
        dense = layers.Dense(2, activation="softmax" if inside else None)
        x = dense(layers.GlobalAveragePooling2D()(x))
        return lively(keras.Model(image, x if inside else layers.Softmax()(x)))

    one, other = (explained(keep(build(inside)), method).map for inside in (True, False))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6 * np.abs(one).max())


@pytest.mark.parametrize("method", ["deeplift", "fullgrad"])
@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_probabilities_are_complete_too(keep: Any, method: str, last: str) -> None:
    image = keras.Input((*SIZE, 3))
    x = layers.Flatten()(layers.Conv2D(5, 3, activation="relu")(image))
    model = keep(lively(keras.Model(image, layers.Dense(2, activation=last)(x))))
    found = explained(model, method, "prob(1)")
    assert found.completeness and found.completeness.error < 1e-4


@pytest.mark.parametrize("method", [*RULES, *GUIDED])
def test_the_map_changes_with_the_weights(keep: Any, method: str) -> None:
    """Adebayo et al. 2018: a map that stays the same explains nothing; here all weights are others."""
    before, after = (explained(one_hidden_layer(keep, seed)[0], method).map for seed in (11, 12))
    assert np.abs(before - after).max() > 0.01 * np.abs(before).max()


@keras.saving.register_keras_serializable(package="tests")
class ReLU(layers.ReLU):  # type: ignore[misc]
    """A user's layer that is called like one of Keras, and computes something else."""

    def call(self, inputs: Any) -> Any:
        return ops.square(inputs)


@pytest.fixture(scope="module")
def unknown(keep: Any, tmp_path_factory: pytest.TempPathFactory) -> Card:
    path = tmp_path_factory.mktemp("users") / "own.keras"
    lively(network(lambda x: ReLU(name="their_own")(layers.Conv2D(4, 3)(x)))).save(path)
    return card(path, "unit", trust=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("method", [*RULES, *GUIDED])
def test_an_operation_without_a_rule_is_refused_by_name(unknown: Card, method: str) -> None:
    with pytest.raises(
        ModelError, match=r"no rule for .*'their_own'.*ReLU.*use integrated-gradients, .*occlusion"
    ) as error:
        explained(unknown, method)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("method", "objective", "said"),
    [
        ("deeplift", "second", "sums of values"),
        ("lrp-epsilon", "norm(second)", "sums of values"),
        ("fullgrad", "abs(second)", "sums of values"),
        ("lrp-composite", "prob(1)", r"write logit\(1\)"),
        ("deeplift", "logit(1) - tv()", "layers and classes alone"),
        ("deconvolution", "logit(1) - tv()", "layers and classes alone"),
    ],
)
def test_what_has_no_rule_is_refused_before_the_model_is_opened(
    small: Card, method: str, objective: str, said: str
) -> None:
    with pytest.raises(ObjectiveError, match=said):
        METHODS[method]().check(ask(small, objective))


@pytest.mark.parametrize("objective", ["mean(pool) - second[2]@(1,2)", "2*logit(0) + second[3]"])
@pytest.mark.parametrize("method", ["deeplift", "lrp-epsilon"])
def test_layers_channels_and_neurons_are_explained(small: Card, method: str, objective: str) -> None:
    found = explained(small, method, objective)
    assert found.completeness and found.map.any()
    missed = abs(found.completeness.total - found.completeness.expected)
    assert missed < 1e-5 * max(abs(found.answer), float(np.abs(found.map).sum()))


@pytest.mark.parametrize("method", GUIDED)
def test_methods_that_fail_the_sanity_check_say_so(small: Card, method: str) -> None:
    assert any("fails the sanity check of Adebayo et al. 2018" in note for note in explained(small, method).notes)
