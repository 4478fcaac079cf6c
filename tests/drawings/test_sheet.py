"""The contact sheet: what stands in which tile."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dreampipe
from dreampipe.drawings.sheet import GAP, recommended, sheet
from dreampipe.errors import ModelError
from dreampipe.frames import Frame
from dreampipe.recipes import Recipe


def photo(height: int = 48, width: int = 64) -> Frame:
    return Frame(np.random.default_rng(3).random((height, width, 3), np.float32))


@pytest.fixture
def recipe(tiny_model) -> Recipe:
    return Recipe.of(model=str(tiny_model), scaling="unit", octaves=1, steps=2, objective="first", blend=0.5)


def test_the_source_then_a_dream_of_each_recommended_layer(recipe):
    source = photo()
    drawn = np.rint(sheet(source, recipe, size=64).pixels * 255)
    layers = recommended(recipe)
    assert layers == ("second_relu", "third_relu")
    # Three tiles of 64x48 over strips of 16, in one row.
    assert drawn.shape == (64 + 2 * GAP, 3 * (64 + GAP) + GAP, 3)
    expected = [source.pixels, *(dreampipe.dream(source.pixels, recipe, objective=layer) for layer in layers)]
    for number, pixels in enumerate(expected):
        left = GAP + number * (64 + GAP)
        assert np.array_equal(drawn[GAP : GAP + 48, left : left + 64], np.rint(pixels * 255))
        label = drawn[GAP + 48 : GAP + 64, left : left + 64]
        assert label.max() > 200
    assert drawn[GAP + 64 :].max() == 0


def test_it_tells_what_is_dreamed_and_needs_no_second_label(recipe):
    done = []
    captioned = sheet(photo(), recipe.model_copy(update={"caption": True}), size=64, on_done=done.append)
    assert done == ["second_relu", "third_relu"]
    assert np.array_equal(captioned.pixels, sheet(photo(), recipe, size=64).pixels)


def test_a_larger_photo_is_made_small_and_a_narrow_one_keeps_room_for_names(recipe):
    steps = []
    drawn = sheet(photo(300, 100), recipe, size=60, on_step=lambda layer, step: steps.append((layer, step.size)))
    assert drawn.pixels.shape == (60 + 16 + 2 * GAP, 3 * (30 + GAP) + GAP, 3)
    assert [layer for layer, _ in steps] == ["second_relu"] * 2 + ["third_relu"] * 2
    assert drawn.pixels.min() >= 0 and drawn.pixels.max() <= 1


def test_a_model_without_recommended_layers_is_refused(tmp_path):
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    # isort: split
    import keras

    image = keras.Input((None, None, 3))
    model = keras.Model(image, keras.layers.Rescaling(2.0, name="only")(image))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        model.save(tmp_path / "one.keras")
    with pytest.raises(ModelError, match="No layer of one is recommended"):
        sheet(photo(), Recipe.of(model=str(tmp_path / "one.keras"), scaling="unit"))
