"""Files that the user trusts as programs: opened unchecked, and told so."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from model_files import conv, functional, image, pack
from networks import saved

import dreampipe
from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import seen
from dreampipe.models.own.first_card import first_card


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A model with code in it."""
    picture = keras.Input((None, None, 3))
    x = keras.layers.Lambda(lambda x: x * 2.0, name="twice")(picture)
    x = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(1), name="last")(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return saved(keras.Model(picture, x), tmp_path / "program.keras")


def test_a_trusted_file_runs_its_code_and_is_told(program: Path) -> None:
    with pytest.raises(ModelError, match="a Lambda layer, which runs code"):
        models.card(program, "unit")
    card = models.card(program, "unit", trust=True)
    assert card.trusted
    assert card.notes == (
        "TRUSTED: program.keras is opened without checking what it runs, and may run any code as you.",
    )
    model = models.open_model(card)
    ones = np.ones((1, 5, 5, 3), np.float32)
    np.testing.assert_allclose(model(ones), model.get_layer("last")(2 * ones), rtol=1e-6)


def test_a_trusted_file_is_dreamed(program: Path) -> None:
    picture = np.full((40, 40, 3), 0.5, np.float32)
    dreamed = dreampipe.dream(
        picture, model=str(program), trust=True, scaling="unit", objective="last", steps=2, octaves=1
    )
    assert not np.array_equal(dreamed, picture)


def test_trusting_once_does_not_make_a_file_known(program: Path) -> None:
    seen.file().unlink()
    card = models.card(program, "unit", trust=True)
    models.open_model(card)
    assert not seen.knows(card.sha256)
    with pytest.raises(ModelError, match="a Lambda layer, which runs code"):
        models.card(program, "unit")


def test_caps_do_not_hold_for_a_trusted_file(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", functional(image(None, None, 3), conv("c", "image", kernel_size=[3000, 3000])))
    with pytest.raises(ModelError, match="but 1024 is the most"):
        models.card(path)
    assert models.card(path, trust=True).layers[0].receptive_field == 3000


def test_a_first_card_of_a_trusted_file(program: Path) -> None:
    with pytest.raises(ModelError, match="a Lambda layer"):
        first_card(program)
    assert 'last = "' in first_card(program, trust=True)


def test_a_trusted_file_is_still_a_keras_file_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ModelError, match="HDF5"):
        models.card(tmp_path / "old.h5", trust=True)
    with pytest.raises(ModelError, match="input of shape"):
        models.card(pack(tmp_path / "m.keras", functional(image(9), conv("c", "image"))), trust=True)


class Own(keras.layers.Layer):  # type: ignore[misc]
    """A layer that Keras knows nothing of."""

    def call(self, x: Any) -> Any:
        return x


def test_layers_of_the_users_own_code_stay_one_sentence(tmp_path: Path) -> None:
    picture = keras.Input((None, None, 3))
    path = saved(keras.Model(picture, keras.layers.Conv2D(2, 3)(Own(name="own")(picture))), tmp_path / "m.keras")
    with pytest.raises(ModelError, match="is not on the list of Keras' own picture layers"):
        models.card(path)
    card = models.card(path, trust=True)
    with pytest.raises(
        ModelError, match=r"Keras cannot build it .*: only layers of Keras and Lambda can be opened"
    ) as caught:
        models.open_model(card)
    assert "\n" not in str(caught.value)
