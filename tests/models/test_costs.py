"""What layers cost: against closed forms, published figures, and the products in the graph that TensorFlow runs."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, prod
from typing import Any

import keras
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops
from model_files import conv, functional, image, layer
from networks import NETWORKS, without_weights

from dreampipe.models.graphs import costs, fields, graph
from dreampipe.models.tap import describe, tap

COUNTED = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum", "Conv2DBackpropInput")


def run(model: Any, side: int) -> int:
    """Multiply-adds of all products in the graph that TensorFlow makes of a model for one picture of this side."""
    cut = tap(model, [describe(model)[-1].name])  # it takes other sizes than the model declares
    traced = tf.function(cut).get_concrete_function(tf.TensorSpec((1, side, side, 3)))
    return sum(product(op) for op in traced.graph.get_operations() if op.type in COUNTED)


def product(op: Any) -> int:
    left, right = (list(map(int, tensor.shape)) for tensor in list(op.inputs)[-2:])
    made = list(map(int, op.outputs[0].shape))
    if op.type == "Einsum":
        first, second = op.get_attr("equation").decode().partition("->")[0].split(",")
        return prod(left) * prod(n for letter, n in zip(second, right, strict=True) if letter not in first)
    if op.type == "DepthwiseConv2dNative":
        return prod(made) * right[0] * right[1]
    if op.type == "Conv2D":
        return prod(made) * prod(right[:3])
    if op.type == "Conv2DBackpropInput":  # a transposed convolution: each value given meets the whole kernel
        return prod(right) * prod(map(int, op.inputs[1].shape[:3]))
    return prod(made) * left[-2 if op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x") else -1]


def told(model: Any) -> int | None:
    return describe(model)[-1].cost


@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=6))
def test_a_chain_of_convolutions_has_the_closed_form(steps: list[tuple[int, int, int]]) -> None:
    chain, side, taken, expected = [image(None, None, 3)], costs.SIDE, 3, []
    for i, (kernel, stride, filters) in enumerate(steps):
        side = ceil(side / stride)
        expected.append(kernel**2 * taken * filters * side**2)
        settings = {"kernel_size": [kernel] * 2, "strides": [stride] * 2, "filters": filters}
        chain.append(conv(f"c{i}", chain[-1]["name"], **settings))
        taken = filters
    known = fields.layers(graph.read(functional(*chain)))
    assert [each.cost for each in known] == [sum(expected[: i + 1]) for i in range(len(steps))]
    assert known[-1].size == (side, side)


def test_groups_divide_what_a_convolution_costs() -> None:
    x = [image(None, None, 3), conv("a", "image", filters=12), conv("b", "a", filters=8, groups=4)]
    first, second = fields.layers(graph.read(functional(*x)))
    assert (first.cost, second.cost - first.cost) == (9 * 3 * 12 * costs.SIDE**2, 9 * 3 * 8 * costs.SIDE**2)


def test_what_branches_share_is_counted_once() -> None:
    x = [image(None, None, 3), conv("stem", "image"), conv("a", "stem"), conv("b", "stem", filters=2)]
    known = fields.layers(graph.read(functional(*x, layer("Concatenate", "c", "a", "b"), conv("d", "c"))))
    places = 9 * costs.SIDE**2
    assert {each.name: each.cost // places for each in known if each.cost} == {
        "stem": 3 * 4,
        "a": 3 * 4 + 4 * 4,
        "b": 3 * 4 + 4 * 2,
        "c": 3 * 4 + 4 * 4 + 4 * 2,
        "d": 3 * 4 + 4 * 4 + 4 * 2 + 6 * 4,
    }


PARTS: dict[str, Callable[[Any, int], Any]] = {
    "convolution": lambda x, n: layers.Conv2D(n, n, strides=2, padding="same")(x),
    "valid": lambda x, n: layers.Conv2D(n, (n, 1), use_bias=False)(x),
    "dilated": lambda x, n: layers.Conv2D(2, n, dilation_rate=2, padding="same")(x),
    "depthwise": lambda x, n: layers.DepthwiseConv2D(n, depth_multiplier=2, padding="same")(x),
    "separable": lambda x, n: layers.SeparableConv2D(3, n, depth_multiplier=n)(x),
    "transposed": lambda x, n: layers.Conv2DTranspose(n, 3, strides=2, padding="same")(x),
    "dense": lambda x, n: layers.Dense(n + 1)(x),
    "gated": lambda x, n: x * layers.Dense(x.shape[-1])(layers.GlobalAveragePooling2D(keepdims=True)(x)),
    "met": lambda x, n: layers.Add()([layers.BatchNormalization()(x), layers.Dense(x.shape[-1])(x)]),
    "pooled": lambda x, n: layers.AveragePooling2D(2)(layers.ZeroPadding2D(1)(layers.ReLU()(x))),
    "enlarged": lambda x, n: layers.UpSampling2D()(x),
}


# On an odd grid TensorFlow computes a dilated convolution with places to spare.
MIXED = sorted(PARTS.keys() - {"dilated"})
EINSUMS: dict[str, Callable[[Any, int], Any]] = {
    "axes": lambda x, n: layers.EinsumDense("bhwc,cde->bhwde", (None, None, n, 2))(x)[..., 0],
    "dots": lambda x, n: layers.EinsumDense("...c,cd->...d", n)(x),
    "dots behind": lambda x, n: layers.EinsumDense("bh...,hi->bi...", (n, None, 2))(x),
}


def stacked(parts: list[tuple[str, int]], size: int | None) -> Any:
    picture = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 3, strides=8, padding="same")(picture)
    for part, n in parts:
        x = (PARTS | EINSUMS)[part](layers.Conv2D(2, 1)(x), n)
    return keras.Model(picture, x)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MIXED), st.integers(1, 3)), min_size=1, max_size=6))
def test_it_is_what_tensorflow_runs(parts: list[tuple[str, int]]) -> None:
    model = stacked(parts, None)
    assert told(model) == run(model, costs.SIDE)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("size", [None, 64])
def test_each_part_costs_what_tensorflow_runs(part: str, size: int | None) -> None:
    model = stacked([(part, 3)], size)
    held = size and part in ("transposed", "enlarged")
    assert told(model) == run(model, size if held else costs.SIDE)


@pytest.mark.parametrize("part", EINSUMS)
def test_an_einsum_costs_what_tensorflow_runs_at_the_size_that_it_holds_to(part: str) -> None:
    model = stacked([(part, 3)], 64)
    assert told(model) == run(model, 64)


def windows(heads: int) -> Any:
    """Attention within windows of 4x4 places, which are laid into the batch, and among all places."""
    picture = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 2, strides=2)(picture)
    x = ops.transpose(ops.reshape(x, (-1, 4, 4, 4, 4, 8)), (0, 1, 3, 2, 4, 5))
    x = ops.reshape(x, (-1, 16, 8))
    x = layers.MultiHeadAttention(heads, 3, value_dim=5)(x, x)
    x = ops.reshape(layers.Dense(6)(x), (-1, 256, 6))
    query = layers.Dense(7)(layers.LayerNormalization()(x))
    x = layers.Attention()([query, x, layers.Dense(7)(x)])
    x = layers.GroupQueryAttention(4, 2 * heads, heads)(x, x)
    return keras.Model(picture, layers.Dense(5)(layers.GlobalAveragePooling1D()(x)))


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_costs_what_tensorflow_runs(heads: int) -> None:
    model = windows(heads)
    assert told(model) == run(model, 32)


def test_a_model_of_one_size_costs_what_it_does_there() -> None:
    """`chain` ends in a Flatten."""
    model = NETWORKS["chain"](52)
    assert told(model) == run(model, 52)


def test_a_model_that_slices_channels_costs_what_tensorflow_runs() -> None:
    model = NETWORKS["branches"](52)  # at which the dilated convolution has an even grid, so that TensorFlow pads none
    read = graph.read({"class_name": "Functional", "config": model.get_config()})
    assert fields.layers(read, (52, 52))[-1].cost == run(model, 52)


def test_at_another_size_than_a_head_holds_to_all_before_it_is_told() -> None:
    model = NETWORKS["chain"](52)
    read = graph.read({"class_name": "Sequential", "config": model.get_config()})
    known = {each.name: each for each in fields.layers(read, (costs.SIDE, costs.SIDE))}
    side = (costs.SIDE - 4) // 2 - 2
    assert known["conv2d_1"].size == (side, side)
    assert known["conv2d_1"].cost == 25 * 3 * 6 * (costs.SIDE - 4) ** 2 + 9 * 6 * 7 * side**2
    assert known["dense"].cost is None


def test_what_cannot_be_known_is_none_from_there_on() -> None:
    x = [image(None, None, 3), conv("a", "image"), layer("Dot", "b", "a", "a"), conv("c", "b"), conv("d", "a")]
    read = graph.read(functional(*x))
    assert {each.name for each in fields.layers(read) if each.cost is None} == {"b", "c"}


@pytest.mark.parametrize(
    "name, layer, published",
    [("VGG16", "fc2", 15.47e9), ("ResNet50", "avg_pool", 3.86e9), ("MobileNet", "conv_pw_13", 0.568e9)],
)
def test_published_figures_at_224(name: str, layer: str, published: float) -> None:
    """Simonyan 2014: 15.5 billion with the head; He 2015: 3.8 billion; Howard 2017: 569 million with the head."""
    with without_weights():
        model = getattr(keras.applications, name)(weights=None)
    cost = {each.name: each.cost for each in describe(model)}[layer]
    scale = 1 if name == "VGG16" else (costs.SIDE / 224) ** 2  # a Flatten holds VGG16 to 224
    assert cost == pytest.approx(published * scale, rel=0.03)
