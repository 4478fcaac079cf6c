"""Every architecture, without the weights of ImageNet: opened by the public door, what Keras computes, and climbed."""

from __future__ import annotations

import gc
from pathlib import Path

import keras
import numpy as np
import pytest
from networks_of_keras import function, own_scaling, saved

from dreampipe import models
from dreampipe.ascent import Ascent, Octaves
from dreampipe.models import opening, zoo
from dreampipe.models.scaling import scale
from dreampipe.objectives import Objective

QUICK = ("vgg16-notop", "mobilenet", "mobilenet_v3_small")
"""With a head and without, and one with gates."""
SLOW = (*(name for name in zoo.NAMES if name not in QUICK), "convnext_tiny-notop", "mobilenet-notop")

IMAGE = np.random.default_rng(0).random((96, 100, 3), np.float32)


def climb(name: str, folder: Path) -> None:
    reference, path = saved(name, folder)
    card = models.card(name, weights=path)
    assert (card.architecture, card.path) == (name, path)

    # What is opened has the weights that were saved, and computes what was saved.
    opened = models.open_model(card)
    for ours, theirs in zip(opened.weights, reference.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    size = (card.outputs or "nasnet" in name) and 224
    square = np.random.default_rng(1).random((1, size or 128, size or 128, 3), np.float32)
    np.testing.assert_allclose(
        opened(scale(square, card.scaling)), reference(own_scaling(name, square * 255)), rtol=1e-3, atol=1e-4
    )

    # It is climbed at the layer in the middle of the recommended, on a picture that is neither square nor even.
    layer = [layer.name for layer in card.layers if layer.recommended][2]
    for image in (IMAGE, IMAGE[: card.least, : card.least + 1]):
        climbed = Ascent(card, Objective.parse(layer), Octaves(1), steps=2).run(image, seed=0).image
        assert np.isfinite(climbed).all() and np.abs(climbed - image).max() > 1e-3


def forget() -> None:
    """Give back the memory of what was opened."""
    opening._open.cache_clear()
    keras.backend.clear_session()
    gc.collect()


@pytest.mark.parametrize("name", zoo.NAMES)
def test_pictures_are_scaled_as_keras_scales_them(name: str) -> None:
    given = np.asarray(scale(IMAGE[None], models.card(name).scaling))
    np.testing.assert_allclose(given, own_scaling(name, IMAGE[None] * 255), atol=2e-4)


@pytest.mark.parametrize("name", QUICK)
def test_it_is_opened_and_climbed(name: str, tmp_path: Path) -> None:
    climb(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_each_of_the_others_too(name: str, tmp_path: Path) -> None:
    climb(name, tmp_path)
    forget()


def test_these_are_all_that_keras_has() -> None:
    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {function(name).__name__ for name in zoo.NAMES} == theirs
    assert len(zoo.NAMES) == len(theirs) == 40
    assert {*QUICK, *SLOW} >= set(zoo.NAMES)
