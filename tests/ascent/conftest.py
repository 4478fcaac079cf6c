"""`make` saves models so small that what a step must do to a picture can be written down."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from known import known
from small import Build, Make

from dreampipe.models import Card, Scaling, card


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """`make(build, scaling="unit", side=None) -> Card` of the model from a picture to what `build` returns."""
    folder = tmp_path_factory.mktemp("models")
    saved: dict[tuple[Build, int | None], Path] = {}

    def save(build: Build, side: int | None) -> Path:
        from dreampipe.backend import keras

        keras.utils.set_random_seed(3)
        image = keras.Input((side, side, 3))
        path = folder / f"{build.__name__}-{side}.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
            keras.Model(image, build(keras, image)).save(path)
        known(path)
        return path

    def make(build: Build, scaling: Scaling = "unit", side: int | None = None) -> Card:
        if (build, side) not in saved:
            saved[build, side] = save(build, side)
        return card(saved[build, side], scaling)

    return make
