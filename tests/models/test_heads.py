"""How many classes a head gives, by arithmetic over the configuration, against what the networks really give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from model_files import conv, functional, image, layer, pack
from networks import NETWORKS, saved

from dreampipe import models
from dreampipe.models import imagenet, tap
from dreampipe.models.graphs import graph, heads


def outputs(model: Any) -> int | None:
    return heads.outputs(graph.read({"class_name": type(model).__name__, "config": model.get_config()}))


@pytest.mark.parametrize(
    "name, count", [("branches", 5), ("chain", 4), ("transferred", 3), ("shared", 0), ("headless", 0)]
)
@pytest.mark.parametrize("size", [None, 64])
def test_it_is_the_width_of_an_output_of_two_axes(name: str, count: int, size: int | None) -> None:
    model = NETWORKS[name](size)
    assert outputs(model) == count == (model.output_shape[-1] if len(model.output_shape) == 2 else 0)


def ending(*ends: Any, size: int | None = None) -> Any:
    picture = x = keras.Input((size, size, 3))
    for end in (layers.Conv2D(6, 3, padding="same"), *ends):
        x = end(x)
    return keras.Model(picture, x)


ENDS: dict[str, tuple[Any, int | None]] = {
    "a convolution": (lambda: ending(), 0),
    "a pooling": (lambda: ending(layers.GlobalMaxPooling2D()), 6),
    "a pooling that keeps the axes": (lambda: ending(layers.GlobalAveragePooling2D(keepdims=True)), 0),
    "a softmax behind": (lambda: ending(layers.GlobalAveragePooling2D(), layers.Softmax()), 6),
    "an operation behind": (lambda: ending(layers.GlobalAveragePooling2D(), keras.ops.sigmoid), 6),
    "all flat": (lambda: ending(layers.Flatten(), layers.Dense(7), size=8), 7),
    "a dense layer on a grid": (lambda: ending(layers.Dense(7)), 0),
    "a pooling, a convolution and a new shape": (
        lambda: ending(
            layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(9, 1), layers.Reshape((9,)), layers.Softmax()
        ),
        9,
    ),
    "tokens": (lambda: ending(layers.Reshape((64, 6)), layers.LayerNormalization(), size=8), 0),
    "tokens pooled": (
        lambda: ending(layers.Reshape((64, 6)), layers.GlobalAveragePooling1D(), layers.Dense(4), size=8),
        4,
    ),
    "tokens by an operation": (
        lambda: ending(
            lambda x: keras.ops.reshape(x, (-1, 64, 6)), layers.GlobalAveragePooling1D(), layers.Dense(4), size=8
        ),
        4,
    ),
    "a new shape by an operation": (
        lambda: ending(layers.GlobalAveragePooling2D(), lambda x: keras.ops.reshape(x, (-1, 6)), layers.Dense(4)),
        4,
    ),
    "one of the tokens": (lambda: ending(layers.Reshape((64, 6)), lambda x: x[:, 0], layers.Dense(4), size=8), 4),
}


@pytest.mark.parametrize("name", ENDS)
def test_whatever_the_model_ends_in(name: str) -> None:
    build, expected = ENDS[name]
    assert outputs(build()) == expected


def test_what_the_configuration_does_not_tell_is_not_known() -> None:
    config = functional(image(None, None, 3), conv("a", "image"), layer("Wondrous", "b", "a"))
    assert heads.outputs(graph.read(config)) is None


def test_cards_tell_it(tmp_path: Path) -> None:
    assert models.card("motifnet").outputs == len(models.card("motifnet").classes)
    assert models.card(saved(NETWORKS["branches"](None), tmp_path / "b.keras")).outputs == 5
    assert models.card(saved(NETWORKS["headless"](None), tmp_path / "h.keras")).outputs == 0


def test_a_file_of_a_thousand_classes_has_imagenets_names_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    config = functional(
        image(None, None, 3), layer("GlobalAveragePooling2D", "pool", "image"), layer("Dense", "d", "pool", units=1000)
    )
    path = pack(tmp_path / "m.keras", config)
    assert models.card(path).outputs == imagenet.COUNT
    assert models.card(path).classes == ()
    monkeypatch.setattr(imagenet, "class_names", lambda: ("tench",) * 1000)
    assert models.card(path).classes == ("tench",) * 1000


def test_layers_know_the_models_that_they_stand_in() -> None:
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(3, 1, name="deep")], name="sequential")
    picture = keras.Input((None, None, 3))
    x = layers.Conv2D(3, 1, name="block-1")(inner(picture))
    backbone = keras.Model(picture, layers.Conv2D(3, 1, name="stem")(x), name="backbone")
    image = keras.Input((None, None, 3))
    whole = keras.Model(image, backbone(layers.Conv2D(3, 1, name="stem")(image)))
    assert {layer.name: layer.path for layer in tap.describe(whole)} == {
        "stem": "stem",
        "deep": "backbone/sequential/deep",
        "backbone/block-1": "backbone/block-1",
        "backbone/stem": "backbone/stem",
    }


def test_a_vision_transformers_tokens_are_climbed_by_channel(tmp_path: Path) -> None:
    from dreampipe.ascent import Ascent, Octaves
    from dreampipe.errors import ObjectiveError
    from dreampipe.objectives import Objective

    picture = keras.Input((32, 32, 3))
    x = layers.Reshape((16, 8), name="tokens")(layers.Conv2D(8, 8, strides=8, name="patches")(picture))
    x = layers.Add(name="block")([x, layers.MultiHeadAttention(2, 4)(x, x)])
    x = layers.Dense(5, name="head")(layers.GlobalAveragePooling1D()(x))
    card = models.card(saved(keras.Model(picture, x), tmp_path / "vit.keras"), "unit")
    noise = np.random.default_rng(0).random((32, 32, 3), np.float32)
    for text in ("block", "block[3]", "tokens[1] + logit(2)"):
        climbed = Ascent(card, Objective.parse(text), Octaves(1), steps=1).run(noise, seed=0).image
        assert np.abs(climbed - noise).max() > 1e-3
    with pytest.raises(ObjectiveError, match=r"Layer block gives tokens .* no rows and columns: name a unit"):
        Ascent(card, Objective.parse("block[3]@center"), Octaves(1), steps=1).run(noise, seed=0)


def test_windows_that_are_laid_into_the_batch_are_climbed_from_behind(tmp_path: Path) -> None:
    from dreampipe.ascent import Ascent, Octaves
    from dreampipe.errors import ObjectiveError
    from dreampipe.objectives import Objective

    picture = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 4, strides=4, name="patches")(picture)
    x = keras.ops.reshape(
        keras.ops.transpose(keras.ops.reshape(x, (-1, 2, 2, 2, 2, 8)), (0, 1, 3, 2, 4, 5)), (-1, 4, 8)
    )
    x = layers.MultiHeadAttention(2, 4, name="windows")(x, x)
    x = layers.LayerNormalization(name="places")(keras.ops.reshape(x, (-1, 16, 8)))
    card = models.card(saved(keras.Model(picture, x), tmp_path / "windows.keras"), "unit")
    noise = np.random.default_rng(0).random((16, 16, 3), np.float32)
    climbed = Ascent(card, Objective.parse("places[2]"), Octaves(1), steps=1).run(noise, seed=0).image
    assert np.abs(climbed - noise).max() > 1e-3
    for text in ("windows", "windows[3]"):
        with pytest.raises(ObjectiveError, match="Layer windows puts 4 parts of a picture into the batch"):
            Ascent(card, Objective.parse(text), Octaves(1), steps=1).run(noise, seed=0)


def test_a_model_that_ends_in_a_model_is_read(tmp_path: Path) -> None:
    picture, image = keras.Input((None, None, 3)), keras.Input((None, None, 3))
    backbone = keras.Model(picture, layers.Conv2D(4, 1, name="last")(picture), name="backbone")
    whole = keras.Model(image, backbone(layers.Conv2D(3, 1, name="first")(image)))
    noise = np.random.default_rng(0).random((1, 6, 5, 3), np.float32)
    card = models.card(saved(whole, tmp_path / "m.keras"))
    cut = tap.tap(models.open_model(card), [layer.name for layer in card.layers])
    np.testing.assert_allclose(cut(noise)["last"], whole(noise), rtol=1e-5)


def test_a_new_shape_by_an_operation_damages_no_file(tmp_path: Path) -> None:
    model = ENDS["a new shape by an operation"][0]()
    card = models.card(saved(model, tmp_path / "m.keras"), "unit")
    assert (card.outputs, card.fixed) == (4, None)
