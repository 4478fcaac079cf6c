"""Strides, receptive fields and sizes against closed forms, and against what the networks really do."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from model_files import conv, functional, image, layer, pack
from networks import NETWORKS, saved

from dreampipe import backend, models
from dreampipe.models.graphs import fields, graph, sizes
from dreampipe.models.model_card import Layer
from dreampipe.models.tap import describe, tap

SIDE = 96


@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=6))
def test_a_chain_of_convolutions_has_the_closed_form(steps: list[tuple[int, int, int]]) -> None:
    """Field: 1 + sum of (kernel - 1) dilation x the strides before; stride: the product of all."""
    chain = [image(None, None, 3)]
    for i, (kernel, stride, dilation) in enumerate(steps):
        settings = {"kernel_size": [kernel] * 2, "strides": [stride] * 2, "dilation_rate": [dilation] * 2}
        chain.append(conv(f"c{i}", chain[-1]["name"], **settings))
    last = fields.layers(graph.read(functional(*chain)))[-1]
    strides = [stride for _, stride, _ in steps]
    expected = 1 + sum((k - 1) * d * prod(strides[:i]) for i, (k, _, d) in enumerate(steps))
    assert last == Layer(f"c{len(steps) - 1}", "Conv2D", 4, prod(strides), expected, cost=last.cost, size=last.size)


def grid_of_ones() -> Any:
    """A network whose gradient is positive wherever it looks: constant weights, average pooling, no activation."""

    def ones(filters: int, size: int, x: Any, **settings: Any) -> Any:
        settings = {"kernel_initializer": "ones", "use_bias": False, "padding": "same"} | settings
        return layers.Conv2D(filters, size, **settings)(x)

    picture = keras.Input((None, None, 3))
    x = ones(2, 3, picture, strides=2)
    x = layers.Add()([ones(2, 5, x), ones(2, 3, x, dilation_rate=3)])
    x = layers.DepthwiseConv2D(3, padding="same", depthwise_initializer="ones")(layers.AveragePooling2D(2)(x))
    x = layers.Conv2DTranspose(2, 4, strides=2, padding="same", kernel_initializer="ones")(ones(2, (3, 1), x))
    return keras.Model(picture, ones(1, 3, layers.UpSampling2D(2)(x)))


def test_the_field_is_the_support_of_the_gradient() -> None:
    model = grid_of_ones()
    known = describe(model)
    cut = tap(model, [each.name for each in known])
    picture = keras.ops.ones((1, SIDE, SIDE, 3))
    for each in known:
        widest = max(support(cut, picture, each.name, shift) for shift in (0, 1, 2, 3))
        assert widest == each.receptive_field, each
        assert SIDE // int(cut(picture)[each.name].shape[1]) == each.stride, each


def support(cut: Any, picture: Any, name: str, shift: int) -> int:
    """How far apart, along the longer side, are the pixels that change one place near the middle of a layer."""

    def place(picture: Any) -> tuple[Any, None]:
        values = cut(picture)[name]
        return keras.ops.sum(values[:, values.shape[1] // 2 + shift, values.shape[2] // 2 + shift]), None

    _, _, (gradient,) = backend.value_and_gradients(place, picture)
    touched = np.abs(np.asarray(gradient)[0]).sum(-1) > 0
    return max(int(np.ptp(np.flatnonzero(touched.any(axis)))) + 1 for axis in (0, 1))


@pytest.mark.parametrize("name", NETWORKS)
def test_channels_and_strides_are_those_of_the_activations(name: str) -> None:
    model = NETWORKS[name](None)
    known = describe(model)
    values = tap(model, [each.name for each in known])(np.zeros((1, SIDE, SIDE, 3), np.float32))
    assert sum(each.stride is not None for each in known) >= 4
    for each in known:
        shape = values[each.name].shape
        assert each.channels == shape[-1], each
        if each.stride:
            assert abs(SIDE / each.stride - shape[1]) <= 4, each  # borders are trimmed


def test_what_cannot_be_known_is_none() -> None:
    known = {each.name: each for each in describe(NETWORKS["branches"](None))}
    gated, last = known["multiply_1"], known["dense_1"]
    assert (gated.channels, gated.stride, gated.receptive_field) == (16, 4, None)  # its gate saw the whole picture
    assert (last.channels, last.stride, last.receptive_field) == (5, None, None)
    uneven = fields.layers(graph.read(functional(image(None, None, 3), conv("a", "image", strides=[1, 2]))))
    assert uneven[0].stride is None
    unknown = fields.layers(graph.read(functional(image(None, None, 3), layer("Permute", "a", "image"))))
    assert (unknown[0].stride, unknown[0].receptive_field) == (None, None)
    column = fields.layers(
        graph.read(functional(image(None, None, 3), layer("UnitNormalization", "a", "image", axis=1)))
    )
    assert (column[0].stride, column[0].receptive_field) == (None, None)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_least_side_is_the_least_that_works(name: str) -> None:
    model = NETWORKS[name](None)
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    least = sizes.least_side(graph.read(config))
    whole = tap(model, [describe(model)[-1].name])
    assert whole(np.zeros((1, least, least, 3), np.float32))
    if least > max(each.stride or 1 for each in describe(model)):
        with pytest.raises((ValueError, RuntimeError, tf.errors.OpError)):
            whole(np.zeros((1, least - 1, least - 1, 3), np.float32))


def test_a_declared_size_holds_only_a_model_that_needs_it(tmp_path: Path) -> None:
    flattened = models.card(saved(NETWORKS["chain"](48), tmp_path / "flattened.keras"))
    assert (flattened.fixed, flattened.least) == ((48, 48), 48)
    sliced = models.card(saved(NETWORKS["branches"](64), tmp_path / "sliced.keras"))
    assert sliced.fixed is None  # it slices channels, at every place
    x = keras.Input((64, 64, 3))
    cut = keras.Model(x, keras.layers.Conv2D(2, 3)(x[:, 5:]))
    assert models.card(saved(cut, tmp_path / "cut.keras")).fixed == (64, 64)  # by a slice of rows
    x = [image(64, 64, 3), conv("a", "image", strides=[2, 2]), conv("b", "image", strides=[2, 2], padding="valid")]
    meeting = models.card(pack(tmp_path / "meeting.keras", functional(*x, layer("Add", "c", "a", "b"))))
    assert meeting.fixed == (64, 64)  # by branches that have not the same size at every size of the picture
    pooled = models.card(saved(NETWORKS["transferred"](32), tmp_path / "pooled.keras"))
    assert pooled.fixed is None
    cut = tap(models.open_model(pooled), ["conv2d"])
    assert cut(np.zeros((1, 50, 70, 3), np.float32))["conv2d"].shape == (1, 25, 35, 4)


def test_recommended_are_the_ends_of_blocks_over_the_whole_depth(tmp_path: Path) -> None:
    chain = [image(None, None, 3)]
    for i in range(30):
        chain.append(conv(f"c{i}", chain[-1]["name"], strides=[2 if i % 10 == 0 else 1] * 2))
        chain.append(layer("ReLU", f"r{i}", f"c{i}"))
    path = pack(tmp_path / "m.keras", functional(*chain))
    chosen = [x.name for x in models.card(path).layers if x.recommended]
    assert len(chosen) == 8 and all(name.startswith("r") for name in chosen)
    assert int(chosen[0][1:]) < 4 and int(chosen[-1][1:]) > 25
    assert models.card(path).objective in chosen
