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
from dreampipe import Recipe, models
from dreampipe.errors import ModelError
from dreampipe.models.own import seen
from dreampipe.models.own.code import check_code, run_code
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


LAYERS = """
import keras
from factors import FACTOR

class Scaled(keras.layers.Layer):
    def call(self, x):
        return FACTOR * x

def halved(x):
    return x / 2
"""


@pytest.fixture
def layered(tmp_path: Path) -> Path:
    """A model file with a layer and an activation of the user's own; `my_layers.py` next to it defines both."""
    (tmp_path / "my_layers.py").write_text(LAYERS)
    (tmp_path / "factors.py").write_text("FACTOR = 3.0")
    names = run_code(tmp_path / "my_layers.py", check_code(tmp_path / "my_layers.py"))
    picture = keras.Input((None, None, 3))
    x = names["Scaled"](name="scaled")(picture)
    x = keras.layers.Conv2D(4, 3, activation=names["halved"], kernel_initializer=keras.initializers.HeNormal(1))(x)
    return saved(keras.Model(picture, x), tmp_path / "layered.keras")


class TestImport:
    def test_the_refusal_says_how(self, layered: Path) -> None:
        way = r"save it again without it, or, if the file is yours, give --trust --import FILE\.py with the Python file"
        with pytest.raises(ModelError, match=way):
            models.card(layered)

    def test_layers_of_the_user_s_own_are_found(self, layered: Path) -> None:
        card = models.card(layered, "unit", trust=True, imports=layered.with_name("my_layers.py"))
        model = models.open_model(card)
        ones = np.ones((1, 5, 5, 3), np.float32)
        np.testing.assert_allclose(model.get_layer("scaled")(ones), 3 * ones)
        drawn = dreampipe.visualize(
            "scaled[1]", model=layered, trust=True, imports=layered.with_name("my_layers.py"), steps=1, size=16
        )
        assert drawn.shape == (16, 16, 3)

    def test_another_file_of_layers_is_another_model(self, layered: Path) -> None:
        code = layered.with_name("my_layers.py")
        how: dict[str, Any] = {"model": layered, "scaling": "unit", "trust": True, "imports": code}
        before, card = Recipe(**how).sha256(), Recipe(**how).card()
        code.write_text(LAYERS.replace("FACTOR * x", "-FACTOR * x"))
        assert Recipe(**how).sha256() != before
        with pytest.raises(ModelError, match=r"my_layers\.py of --import has changed since the card was made"):
            models.open_model(card)
        ones = np.ones((1, 5, 5, 3), np.float32)
        np.testing.assert_allclose(models.open_model(Recipe(**how).card()).get_layer("scaled")(ones), -3 * ones)

    @pytest.mark.parametrize(
        "text, told",
        [
            ("def f(:", r"is not Python \(line 1: .*\): name the \.py file that defines"),
            ("\0", "is not Python"),
            ("raise ValueError('no\\nway')", r"fails \(ValueError: no way\): mend it"),
            ("import nothing_of_this_name", r"fails \(ModuleNotFoundError: .*\): mend it"),
            ("import sys; sys.exit(3)", r"fails \(SystemExit: 3\): mend it"),
            ("", r"Keras cannot build it .*: define what it lacks in other\.py"),
        ],
        ids=["syntax", "binary", "raises", "imports", "exits", "lacks"],
    )
    def test_a_file_that_fails_is_one_sentence(self, layered: Path, text: str, told: str) -> None:
        (layered.parent / "other.py").write_text(text)
        with pytest.raises(ModelError, match=told) as caught:
            models.open_model(models.card(layered, trust=True, imports=layered.parent / "other.py"))
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")

    def test_a_file_that_is_none_is_one_sentence(self, layered: Path) -> None:
        with pytest.raises(ModelError, match=r"missing\.py of --import does not exist, but a Python file is expected"):
            models.card(layered, trust=True, imports=layered.parent / "missing.py")
        with pytest.raises(ModelError, match="of --import is a folder, but a Python file is expected"):
            models.card(layered, trust=True, imports=layered.parent)
        with pytest.raises(ModelError, match=r"of --import is not Python"):
            models.card(layered, trust=True, imports=layered)

    def test_nothing_is_run_without_trust(self, layered: Path) -> None:
        code = layered.with_name("my_layers.py")
        code.write_text(f"open({str(layered.parent / 'ran')!r}, 'w')")
        with pytest.raises(
            ModelError, match=r"--import .*my_layers\.py came without --trust, but the file is run as a"
        ):
            models.card(layered, imports=code)
        models.card(layered, trust=True, imports=code)  # a card runs nothing
        assert not (layered.parent / "ran").exists()

    def test_layers_that_keras_knows_need_no_file(self, tmp_path: Path) -> None:
        registered = keras.saving.register_keras_serializable("tests")(type("Known", (Own,), {}))
        picture = keras.Input((None, None, 3))
        model = keras.Model(picture, keras.layers.Conv2D(2, 3, name="last")(registered(name="own")(picture)))
        path = saved(model, tmp_path / "m.keras")
        assert dreampipe.visualize("last[0]", model=path, trust=True, steps=1, size=16).shape == (16, 16, 3)


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
