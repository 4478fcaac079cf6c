"""Keras models in the memory of the user's own program."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import saved

import dreampipe
from dreampipe import Recipe, models
from dreampipe.backend import keras
from dreampipe.errors import DreampipeError, ModelError
from dreampipe.frames import Frame
from dreampipe.models import memory
from dreampipe.records.making import recorded

layers = keras.layers
PICTURE = np.random.default_rng(3).integers(0, 256, (24, 30, 3), np.uint8)


def image(*size: int | None) -> Any:
    return keras.Input((*(size or (None, None)), 3))


def functional(name: str = "mine") -> Any:
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="c1")(picture)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="c2")(x)
    x = layers.Dense(4, activation="softmax", name="head")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(picture, x, name=name)


class Twice(layers.Layer):  # type: ignore[misc]
    """A layer of the user's own."""

    def call(self, x: Any) -> Any:
        return 2 * x


class Kept(layers.Layer):  # type: ignore[misc]
    """A layer that cannot say how it was made."""

    def __init__(self, held: Any) -> None:
        super().__init__()
        self.held = held

    def call(self, x: Any) -> Any:
        return x


class Subclassed(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.convolution = layers.Conv2D(3, 3)

    def call(self, x: Any) -> Any:
        return self.convolution(x)


class Named(keras.Model):  # type: ignore[misc]
    """A Functional model with a class and a constructor of its own."""

    def __init__(self, filters: int = 3) -> None:
        picture = image()
        super().__init__(picture, layers.Conv2D(filters, 3, name="c1")(picture))


class Changed(Named):
    def call(self, x: Any) -> Any:
        return 2 * super().call(x)


def test_a_model_in_memory_draws_as_its_file_does(tmp_path: Path) -> None:
    model = functional()
    saved(model, tmp_path / "mine.keras")
    how: dict[str, Any] = {"scaling": "unit", "steps": 2, "size": 24}
    drawn = [dreampipe.visualize("c2[1]", model=one, **how) for one in (model, tmp_path / "mine.keras")]
    assert np.array_equal(*drawn)
    dreams = [dreampipe.dream(PICTURE, model=one, scaling="unit", objective="c1", octaves=1, steps=1)
              for one in (model, tmp_path / "mine.keras")]  # fmt: skip
    assert np.array_equal(*dreams) and not np.array_equal(dreams[0], PICTURE)


def test_every_call_takes_one() -> None:
    model = functional()
    how: dict[str, Any] = {"model": model, "scaling": "unit"}
    assert dreampipe.atlas("c1", channels="0-1", size=16, steps=1, **how).ndim == 3
    found = dreampipe.explain(PICTURE, method="gradient", **how)
    assert found.model == "mine" and found.map.shape == PICTURE.shape
    assert dreampipe.attack(PICTURE, "fgsm", **how).before.number in range(4)
    card = dreampipe.card(model, "unit")
    assert (card.name, card.outputs, [layer.name for layer in card.layers][:2]) == ("mine", 4, ["c1", "c2"])
    assert card.path is None and models.open_model(card) is model


def test_a_model_in_memory_stays_as_it_is() -> None:
    model = functional()
    model.compile("sgd", "mse")
    before = [weight.numpy().copy() for weight in model.weights]
    dreampipe.visualize("logit(1)", model=model, scaling="unit", steps=2, size=16)
    assert model.trainable and model.compiled and len(model.trainable_weights) == len(before)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, model.weights, strict=True))


def test_training_makes_another_model_of_it() -> None:
    model = functional()
    how: dict[str, Any] = {"scaling": "unit", "steps": 2, "size": 16}
    recipe = Recipe(model=model, scaling="unit")
    first = dreampipe.visualize("c1[0]", model=model, **how)
    kernel = model.get_layer("c1").kernel
    kernel.assign(-kernel)
    second = dreampipe.visualize("c1[0]", model=model, **how)
    assert not np.array_equal(first, second)
    assert Recipe(model=model).model != recipe.model
    with pytest.raises(ModelError, match=r"The weights of the Keras model 'mine' have changed since: hand it over"):
        recipe.card()
    kernel.assign(-kernel)
    assert np.array_equal(dreampipe.visualize("c1[0]", model=model, **how), first)
    assert recipe.card().sha256 == dreampipe.card(model).sha256


def test_equal_models_have_equal_hashes_and_others_do_not() -> None:
    model = functional()
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    assert dreampipe.card(copy).sha256 == dreampipe.card(model).sha256
    assert dreampipe.card(functional()).sha256 != dreampipe.card(model).sha256


def test_a_model_is_held_no_longer_than_its_program_needs_it() -> None:
    name = memory.hold(functional("first"))
    kept = [functional(f"m{number}") for number in range(5)]
    for model in kept:
        memory.hold(model)
    gc.collect()
    with pytest.raises(ModelError, match=r"'memory:first:.*' was a Keras model in the memory of a program, and is not"):
        models.card(name)
    assert models.card(memory.hold(kept[0])).name == "m0"


CLASSES: dict[str, Callable[[], Any]] = {
    "Sequential": lambda: keras.Sequential([image(), layers.Conv2D(3, 3, name="c1")]),
    "a class of its own": Named,
    "a layer of its own": lambda: keras.Sequential([image(), Twice(), layers.Conv2D(3, 3, name="c1")]),
    "a lambda": lambda: keras.Sequential([image(), layers.Lambda(lambda x: 2 * x), layers.Conv2D(3, 3, name="c1")]),
    "an odd name": lambda: keras.Sequential([image(), layers.Conv2D(3, 3, name="c1")], name="a.b..ü c"),
    "an output with a name": lambda: keras.Model(x := image(), {"y": layers.Conv2D(3, 3, name="c1")(x)}),
    "half precision": lambda: keras.Sequential([image(), layers.Conv2D(3, 3, name="c1", dtype="mixed_float16")]),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_models_of_every_class_are_taken(kind: str) -> None:
    drawn = dreampipe.visualize("c1[0]", model=CLASSES[kind](), scaling="unit", steps=2, size=16)
    assert drawn.shape == (16, 16, 3) and drawn.std() > 1


def test_a_model_that_was_built_by_a_call_is_taken() -> None:
    model = keras.Sequential([layers.Conv2D(3, 3, name="c1")])
    with pytest.raises(ModelError, match="is not built, so it has no weights yet"):
        dreampipe.card(model)
    model(np.zeros((1, 20, 20, 3), np.float32))
    assert dreampipe.card(model).objective == "c1"


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "not built": (lambda: keras.Sequential([layers.Conv2D(3, 3)]), "is not built, so it has no weights yet: begin it"),
    "subclassed": (Subclassed, "of the class Subclassed, which computes in code of its own"),
    "changed": (Changed, "of the class Changed, which computes in code of its own"),
    "two in": (lambda: keras.Model([a := image(), b := image()], layers.Add()([a, b])), "has 2 inputs"),
    "two out": (lambda: keras.Model(a := image(), [layers.ReLU()(a), layers.ReLU()(a)]), "has 2 outputs"),
    "grey": (lambda: keras.Sequential([keras.Input((None, None, 1)), layers.ReLU()]), "takes pictures of 1 channel"),
    "no picture": (lambda: keras.Sequential([keras.Input((9,)), layers.Dense(2)]), "takes an input of shape"),
    "no layers": (lambda: keras.Model(a := image(), a), "no layers|not a graph"),
    "no configuration": (
        lambda: keras.Sequential([image(), Kept(object())]),
        "a layer has no configuration .*: give each layer of your own a get_config",
    ),
    "a number": (lambda: 3, "came as int, but a name, a path or a model of Keras 3 is expected"),
    "a layer": (lambda: layers.Dense(2), "came as Dense, but a name, a path or a"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_models_are_one_sentence(kind: str) -> None:
    make, told = REFUSED[kind]
    for call in (lambda: dreampipe.card(make()), lambda: dreampipe.visualize("c1[0]", model=make())):
        with pytest.raises(DreampipeError, match=told) as caught:
            call()
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_policy_of_the_user_s_does_not_change_other_models() -> None:
    another = replace(models.card("motifnet"), trusted=True)  # not the one that is open in this process
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert {layer.compute_dtype for layer in models.open_model(another).layers} == {"float32"}
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_card_that_travels_needs_its_model_there() -> None:
    card = dreampipe.card(functional(), "unit")
    assert pickle.loads(pickle.dumps(card)) == card
    program = "import pickle, sys; from dreampipe import models; models.open_model(pickle.load(sys.stdin.buffer))"
    ran = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(card), capture_output=True)
    assert b"OpeningError: The Keras model 'mine' is not in the memory of this process: save it as .keras" in ran.stderr


def test_a_record_names_the_model_and_rerun_says_how_to_go_on(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from dreampipe.cli.app import app
    from dreampipe.records.carried import record_of

    model = functional()
    recipe = Recipe(model=model, scaling="unit", objective="c1", octaves=1, steps=1, jitter=0)
    source, out = tmp_path / "a.png", tmp_path / "b.png"
    dreampipe.write(Frame.of(PICTURE), source)
    frame = Frame.of(dreampipe.dream(source, recipe))
    dreampipe.write(frame, out, record=recorded(recipe, frame, out, source=source))
    held = record_of(out).model
    assert (held.name, held.sha256) == ("mine", dreampipe.card(model).sha256)
    told = CliRunner().invoke(app, ["rerun", str(out), str(tmp_path / "c.png")])
    assert told.exit_code == 2 and told.stderr.count("\n") == 1
    assert f"Error: {out} was made with mine, a Keras model in the memory of a program: save it there" in told.stderr
    saved(model, tmp_path / "my.keras")
    told = CliRunner().invoke(app, ["rerun", str(out), str(tmp_path / "c.png"), "--set", f"model={tmp_path}/my.keras"])
    assert told.exit_code == 0, told.stderr
    assert np.array_equal(Frame.of(tmp_path / "c.png").pixels, frame.pixels)


def normalized() -> Any:
    """A classifier in which each convolution has a batch normalization of its own."""
    keras.utils.set_random_seed(4)
    x = picture = image()
    for kind in (layers.Conv2D(6, 3, use_bias=False), layers.DepthwiseConv2D(3), layers.Conv2D(5, 1)):
        x = layers.ReLU()(layers.BatchNormalization()(kind(x)))
    model = keras.Model(picture, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    rng = np.random.default_rng(4)
    for weight in model.weights:
        weight.assign(weight + rng.uniform(0.1, 0.4, weight.shape))
    return model


@pytest.mark.parametrize("method", ["deeplift", "lrp-composite", "grad-cam"])
def test_a_frozen_model_is_explained_as_a_trainable_one_and_is_never_stale(method: str) -> None:
    model = normalized()

    def explain() -> Any:
        found = dreampipe.explain(PICTURE, "logit(1)", method, model=model, scaling="unit").map
        assert found.any()
        return found

    trainable = explain()
    model.trainable = False
    for weight in model.weights:
        weight.assign(weight + 0.05)
    frozen = explain()
    assert not np.allclose(frozen, trainable, rtol=1e-3, atol=0)
    equal = normalized()
    for weight in equal.weights:
        weight.assign(weight + 0.05)
    again = dreampipe.explain(PICTURE, "logit(1)", method, model=equal, scaling="unit").map
    np.testing.assert_allclose(frozen, again, rtol=1e-3, atol=1e-4 * float(np.abs(again).max()))


def test_concepts_and_influence_refuse_a_model_without_a_head(tmp_path: Path) -> None:
    body = keras.Model((whole := functional()).inputs, whole.get_layer("c2").output)
    few: Any = {"model": body, "scaling": "unit"}
    for settings in ({"given": "stripes"}, {"of_class": 1}):
        with pytest.raises(
            ModelError, match=r"has no head that names classes.*leave out --given and --of-class"
        ) as one:
            dreampipe.concepts("motifs", "c2", **few, **settings)
        assert "--objective" not in str(one.value)
    (tmp_path / "0").mkdir()
    dreampipe.write(Frame(np.zeros((24, 24, 3), np.float32)), tmp_path / "0" / "a.png")
    with pytest.raises(ModelError, match="has no head that names classes, but pictures argue for"):
        dreampipe.influence(PICTURE, tmp_path, **few)


def test_concepts_checks_everything_before_it_reads_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DreampipeError, match=r"absent\.png does not exist"):
        dreampipe.concepts("motifs", "c2", model=functional(), scaling="unit", inside=str(tmp_path / "absent.png"))
