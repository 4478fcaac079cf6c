"""Features before the last layer: with its weights they give the logits, for every way in which networks end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.backend import keras
from dreampipe.errors import ModelError
from dreampipe.explanations.explaining import class_logits
from dreampipe.explanations.influence.features import Reader
from dreampipe.explanations.question import Work
from dreampipe.models import Card, card

layers = keras.layers
ENDS: dict[str, Callable[[Any], Any]] = {
    "dense with softmax": lambda x: layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)),
    "dense and softmax": lambda x: layers.Softmax()(layers.Dense(3)(layers.GlobalAveragePooling2D()(x))),
    "without a bias": lambda x: layers.Dense(3, use_bias=False)(layers.GlobalMaxPooling2D()(x)),
    "places and their mean": lambda x: layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(x)),
    "dense at places": lambda x: layers.GlobalAveragePooling2D()(layers.Dropout(0.5)(layers.Dense(3)(x))),
    "convolution of one place": lambda x: layers.Flatten()(
        layers.Conv2D(3, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    ),
}
NO_ENDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "scaled": (
        lambda x: layers.Rescaling(2.0)(layers.Dense(3)(layers.GlobalAveragePooling2D()(x))),
        "come from no Dense",
    ),
    "activated at places": (
        lambda x: layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1, activation="relu")(x)),
        "come from no Dense",
    ),
    "wide convolution": (lambda x: layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(x)), "come from no Dense"),
}


def build(end: Callable[[Any], Any]) -> Any:
    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, 3))
    return keras.Model(image, end(layers.Conv2D(6, 3, activation="relu")(image)))


def work() -> Work:
    return Work(np.random.default_rng(0))


@pytest.mark.parametrize("end", ENDS)
def test_features_times_weights_are_the_logits(keep: Callable[[object], Card], end: str) -> None:
    own = keep(build(ENDS[end]))
    rng = np.random.default_rng(0)
    pictures = [rng.random((side, 14, 3), np.float32) for side in (12, 16, 12, 9, 16)]
    reader = Reader.of(own)
    features = reader.read(pictures, work())
    assert features.shape == (5, 7) and (features[:, -1] == 1).all()
    for row, picture in zip(features, pictures, strict=True):
        assert row @ reader.weights == pytest.approx(class_logits(own, picture), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("end", NO_ENDS)
def test_a_last_layer_that_is_not_linear_is_refused(keep: Callable[[object], Card], end: str) -> None:
    how, said = NO_ENDS[end]
    own = keep(build(how))
    with pytest.raises(ModelError, match=said):
        Reader.of(own).read([np.ones((12, 12, 3), np.float32)], work())


@given(sides=st.lists(st.integers(9, 11), min_size=1, max_size=12))
def test_features_do_not_depend_on_the_pictures_around(small: Card, sides: list[int]) -> None:
    pictures = [np.random.default_rng(side).random((side, 10, 3), np.float32) for side in sides]
    reader = Reader.of(small)
    alone = {side: reader.read([picture], work())[0] for side, picture in zip(sides, pictures, strict=True)}
    for row, side in zip(reader.read(pictures, work()), sides, strict=True):
        assert row == pytest.approx(alone[side], rel=1e-5, abs=1e-6)


def test_a_stop_of_the_user_ends_reading(small: Card) -> None:
    stopped = Work(np.random.default_rng(0), stopping=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        Reader.of(small).read([np.ones((12, 12, 3), np.float32)], stopped)


def test_motifnet_averages_the_places_before_its_last_layer() -> None:
    reader = Reader.of(card("motifnet"))
    picture = np.random.default_rng(1).random((64, 96, 3), np.float32)
    assert reader.read([picture], work())[0] @ reader.weights == pytest.approx(
        class_logits(card("motifnet"), picture), rel=1e-4, abs=1e-4
    )
