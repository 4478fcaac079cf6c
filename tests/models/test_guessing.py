"""The scaling of a model that does not say it: what the file does to pixels decides, and else its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers, ops
from model_files import Json, conv, functional, image, layer, pack
from networks import saved

from dreampipe import models
from dreampipe.models.graphs import graph, pixels
from dreampipe.models.scaling import scale
from dreampipe.models.tap import tap

Layers = Callable[[Any], Any]


def backbone(name: str = "resnet50") -> Any:
    """A tiny network under the name that Keras gives to one of its own."""
    picture = keras.Input((None, None, 3))
    return keras.Model(picture, layers.Conv2D(4, 3, strides=2, activation="relu", name="deep")(picture), name=name)


def transferred(first: Layers, name: str = "resnet50", size: int | None = 48) -> Any:
    """A classifier as transfer learning makes it: first layers, a backbone of Keras, a head."""
    picture = keras.Input((size, size, 3))
    x = layers.GlobalAveragePooling2D()(backbone(name)(first(picture)))
    return keras.Model(picture, layers.Dense(3)(x))


def preprocessing(module: str) -> Layers:
    return importlib.import_module(f"keras.applications.{module}").preprocess_input  # type: ignore[no-any-return]


def by_channel(x: Any) -> Any:
    of_torch = enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)])
    return ops.stack([(x[..., i] / 255.0 - mean) / std for i, (mean, std) in of_torch], axis=-1)


FIRST: dict[str, tuple[Layers, str]] = {
    "caffe": (preprocessing("resnet50"), "bytes"),
    "tf": (preprocessing("mobilenet_v2"), "bytes"),
    "torch": (preprocessing("densenet"), "bytes"),
    "turned before": (lambda x: preprocessing("vgg16")(layers.RandomFlip()(layers.RandomZoom(0.1)(x))), "bytes"),
    "scaled by a layer": (layers.Rescaling(1 / 127.5, -1), "bytes"),
    "normalized by a layer": (layers.Normalization(mean=[120.0, 115, 100], variance=[3600.0, 3500, 3700]), "bytes"),
    "each channel alone": (by_channel, "bytes"),
    "from the unit range": (lambda x: x * 2.0 - 1.0, "unit"),
    "from the unit range, then caffe": (lambda x: preprocessing("resnet50")(layers.Rescaling(255.0)(x)), "unit"),
    "from [-1, 1]": (layers.Rescaling(127.5, 127.5), "tf"),
    "from [-1, 1] to the unit range": (lambda x: (x + 1.0) / 2.0, "tf"),
    "inverted": (lambda x: 1.0 - x / 255.0, "bytes"),
    "the mean taken off": (lambda x: x - np.float32([123.68, 116.779, 103.939]), "bytes"),
    "reversed by a slice": (lambda x: x[..., ::-1] - 120.0, "bytes"),
    "reversed by a flip": (lambda x: ops.flip(x, -1) / 255.0, "bytes"),
    "grey in three channels": (lambda x: ops.concatenate([x[..., :1] / 255.0] * 3, axis=-1), "bytes"),
    "scaled for two layers": (lambda x: layers.Rescaling(1 / 255)(x) + 0.0 * (x / 255.0), "bytes"),
    "scaled twice by mistake": (lambda x: layers.Rescaling(1 / 255)(layers.Rescaling(1 / 255)(x)), "bytes"),
}


@pytest.mark.parametrize("name", FIRST)
def test_what_the_file_does_to_pixels_decides_and_not_the_name(name: str, tmp_path: Path) -> None:
    """Its layers see what they see when Keras opens the file and is given the pixels that the file wants."""
    first, scaling = FIRST[name]
    path = saved(transferred(first), tmp_path / "m.keras")
    card = models.card(path)
    assert (card.scaling, card.fixed) == (scaling, None)
    assert "for its first layers (" in card.notes[0] and "resnet50" not in card.notes[0]
    picture = np.random.default_rng(0).random((1, 48, 48, 3), np.float32)
    black, white = {"unit": (0, 1), "tf": (-1, 1), "bytes": (0, 255)}[scaling]
    loaded = keras.saving.load_model(path)
    inner = loaded.get_layer("resnet50")
    ready = keras.Model(loaded.input, inner._inbound_nodes[-1].input_tensors[0])
    expected = inner(ready(picture * (white - black) + black, training=False))
    deep = tap(models.open_model(card), ["deep"])
    np.testing.assert_allclose(deep(scale(picture, card.scaling))["deep"], expected, rtol=1e-4, atol=1e-3)
    assert deep(np.zeros((1, 70, 90, 3), np.float32))["deep"].shape == (1, 34, 44, 4)
    (known,) = [at for at in card.layers if at.name == "deep"]
    assert (known.stride, known.receptive_field) == (2, 3)


def test_the_name_tells_where_the_file_does_nothing(tmp_path: Path) -> None:
    assert models.card(saved(transferred(layers.RandomFlip()), tmp_path / "a.keras")).scaling == "caffe"
    assert models.card(saved(transferred(lambda x: x, "densenet121"), tmp_path / "b.keras")).scaling == "torch"
    assert models.card(saved(transferred(lambda x: x, "mine"), tmp_path / "c.keras")).scaling == "tf"


def test_channels_that_the_file_reverses_are_not_reversed_again(tmp_path: Path) -> None:
    """caffe is blue, green, red: with the file's own reversal the picture would be red, green, blue again."""
    card = models.card(saved(transferred(lambda x: x[..., ::-1]), tmp_path / "m.keras"))
    assert card.scaling == "bytes" and "the file orders channels itself" in card.notes[0]


def test_what_cannot_be_read_is_taken_for_pixels_of_bytes(tmp_path: Path) -> None:
    """Normalization that was adapted keeps its numbers in the weights, a Lambda in code."""
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(0).random((4, 8, 8, 3)) * 255)
    card = models.card(saved(transferred(adapted), tmp_path / "a.keras"))
    assert card.scaling == "bytes" and "its first layer (Normalization)" in card.notes[0]
    path = saved(transferred(layers.Lambda(lambda x: x / 255.0)), tmp_path / "l.keras")
    card = models.card(path, trust=True)
    assert card.scaling == "bytes" and "its first layer (Lambda)" in card.notes[1]


@pytest.mark.parametrize("size", [None, 48])
def test_a_model_that_resizes_takes_all_sizes(size: int | None, tmp_path: Path) -> None:
    picture = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 3, name="deep")(layers.Rescaling(1 / 255)(layers.Resizing(20, 20)(picture)))
    path = saved(keras.Model(picture, layers.Dense(3)(layers.Flatten()(x))), tmp_path / "m.keras")
    card = models.card(path)
    assert (card.scaling, card.fixed) == ("bytes", None)
    values = tap(models.open_model(card), ["deep"], logits=True)(np.zeros((1, 70, 31, 3), np.float32))
    assert (values["deep"].shape, values["logits"].shape) == ((1, 18, 18, 4), (1, 3))


def test_a_resized_picture_that_meets_the_whole_holds_a_model_to_its_size(tmp_path: Path) -> None:
    picture = keras.Input((20, 20, 3))
    model = keras.Model(picture, layers.Add()([picture, layers.Resizing(20, 20)(picture)]))
    assert models.card(saved(model, tmp_path / "m.keras")).fixed == (20, 20)


@pytest.mark.parametrize("name, module", [("tf", "mobilenet_v2"), ("caffe", "vgg16"), ("torch", "densenet")])
def test_the_arithmetic_agrees_with_keras(name: str, module: str) -> None:
    """The weighted sums of `pixels.taken` are what `preprocess_input` computes."""
    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, preprocessing(module)(picture))
    (end,) = pixels.list_takers(graph.read({"class_name": "Functional", "config": model.get_config()}))
    colours = np.float32([[0, 0, 0], [255, 255, 255], [10, 130, 250]])
    sums = [[one.offset + np.dot(one.weights, colour) for one in end.values.channels] for colour in colours]
    np.testing.assert_allclose(model(colours.reshape(3, 1, 1, 3)).numpy().reshape(3, 3), sums, rtol=1e-5, atol=1e-4)


SETTINGS = st.one_of(
    st.none(), st.text(max_size=3), st.lists(st.floats(-9, 9), max_size=4), st.dictionaries(st.text(), st.none())
)


@given(st.sampled_from(["Rescaling", "Normalization", "GetItem", "Stack", "Split", "Flip"]), SETTINGS, SETTINGS)
def test_odd_settings_of_first_layers_are_no_fault(kind: str, one: Any, two: Any) -> None:
    settings = dict.fromkeys(("scale", "mean", "axis"), one) | dict.fromkeys(("offset", "variance", "x"), two)
    odd: Json = layer(kind, "odd", "image", **settings)
    odd["inbound_nodes"][0]["args"].append([one, two])
    assert len(pixels.list_takers(graph.read(functional(image(None, None, 3), odd, conv("conv", "odd"))))) >= 1


def test_a_hand_written_file_of_planes_is_not_held_to_a_size(tmp_path: Path) -> None:
    config = functional(image(None, None, 3), layer("Rescaling", "r", "image", scale=1.0, offset=0.0), conv("c", "r"))
    card = models.card(pack(tmp_path / "m.keras", config))
    assert (card.scaling, card.fixed) == ("tf", None)
