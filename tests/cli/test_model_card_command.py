"""`dreampipe models card`, and dreams of a user's own models through the command."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from known import known

from dreampipe.models.own.code import check_code, run_code
from dreampipe.records.carried import record_of

Dreampipe = Callable[..., Any]
FEW = ("--octaves", "2", "--steps", "2")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(3).integers(0, 255, (50, 70, 3), np.uint8))
    return path


def own(path: Path, *chain: Any, shape: tuple[int | None, ...] = (None, None, 3)) -> Path:
    """A model file of a user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Lambda, and keras' own of numpy
        keras.Sequential([keras.Input(shape), *chain]).save(path)
    return known(path)


def conv(name: str, **settings: Any) -> Any:
    return keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(2), name=name, **settings)


def test_a_first_card_is_written_once(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = own(tmp_path / "my.keras", keras.layers.Rescaling(1 / 255), conv("a"), conv("b"))
    written = call("models", "card", model)
    card = tmp_path / "my.card.toml"
    assert (written.exit_code, written.stdout) == (0, f"{card}\n")
    assert 'scaling = "bytes"' in card.read_text()
    card.write_text(card.read_text().replace('scaling = "bytes"', 'scaling = "unit"'))
    again = call("models", "card", model)
    assert (again.exit_code, again.stderr) == (2, f"Error: {card} exists: give another name, or --overwrite.\n")
    dreamed = call("dream", photo, tmp_path / "out.png", "--model", model, *FEW)
    assert dreamed.exit_code == 0 and "does not say" not in dreamed.stderr
    assert call("models", "card", model, "--overwrite").exit_code == 0
    assert 'scaling = "bytes"' in card.read_text()


def test_a_card_that_is_wrong_ends_the_command(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = own(tmp_path / "my.keras", conv("a"))
    (tmp_path / "my.card.toml").write_text('scalling = "tf"')
    told = call("dream", photo, tmp_path / "out.png", "--model", model, *FEW)
    assert told.exit_code == 2 and "which no card has (did you mean scaling)" in told.stderr
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("words", [("gone.keras",), ("motifnet",), ("text.keras",), ("old.h5",)])
def test_no_card_of_what_is_no_model_file(words: tuple[str, ...], call: Dreampipe, tmp_path: Path) -> None:
    (tmp_path / "text.keras").write_text("a model")
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    told = call("models", "card", tmp_path / words[0])
    assert told.exit_code == 2 and told.stderr.startswith("Error: The model ") and told.stderr.count("\n") == 1
    assert list(tmp_path.glob("*.toml")) == []


def test_an_h5_is_answered_with_how_to_convert_it(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = keras.Sequential([keras.Input((None, None, 3)), conv("a")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "old.h5")
    told = call("dream", photo, tmp_path / "out.png", "--model", tmp_path / "old.h5", *FEW)
    assert told.exit_code == 2 and "a whole model, saved by Keras 3" in told.stderr
    code = told.stderr.partition("python -c '")[2].partition("'`")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code)  # the very line that it tells
    assert (tmp_path / "old.keras").is_file()
    known(tmp_path / "old.keras")
    args = ("--model", tmp_path / "old.keras", "--scaling", "unit")
    assert call("dream", photo, tmp_path / "out.png", *args, *FEW).exit_code == 0


@pytest.mark.parametrize("channels", [1, 4])
def test_a_model_of_other_channels_is_one_sentence(channels: int, call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = own(tmp_path / "my.keras", conv("a"), shape=(None, None, channels))
    told = call("dream", photo, tmp_path / "out.png", "--model", model, *FEW)
    assert told.exit_code == 2 and told.stderr.count("\n") == 1
    assert f"it takes pictures of {channels} channel" in told.stderr and "3 (red, green, blue)" in told.stderr


def test_a_model_of_no_picture_is_one_sentence(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = own(tmp_path / "my.keras", keras.layers.Dense(2), shape=(12,))
    told = call("dream", photo, tmp_path / "out.png", "--model", model, *FEW)
    assert told.exit_code == 2 and told.stderr.count("\n") == 1
    assert "an input of shape (None, 12), but a picture (batch, height, width, 3)" in told.stderr


def test_a_model_of_one_size_is_dreamed_at_that_size_and_says_so(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    flat = (keras.layers.Flatten(), keras.layers.Dense(3, name="classes"))
    model = own(tmp_path / "my.keras", conv("a"), *flat, shape=(32, 48, 3))
    told = call("dream", photo, tmp_path / "out.png", "--model", model, "--scaling", "unit", *FEW)
    assert told.exit_code == 0
    assert "my takes 48x32 pixels only: dreamed at that size in one octave." in told.stderr
    assert cv2.imread(str(tmp_path / "out.png")).shape == (50, 70, 3)


def test_trust_is_told_each_time(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    model = own(tmp_path / "my.keras", keras.layers.Lambda(lambda x: x * 2.0, name="twice"), conv("a"))
    args = ("dream", photo, tmp_path / "out.png", "--model", model, "--scaling", "unit", *FEW)
    told = call(*args)
    assert told.exit_code == 2 and "a Lambda layer, which runs code" in told.stderr
    assert not (tmp_path / "out.png").exists()
    trusted = call(*args, "--trust")
    assert trusted.exit_code == 0
    assert "TRUSTED: my.keras is opened without checking what it runs, and may run any code as you." in trusted.stderr


def test_layers_of_one_s_own_are_imported_and_asked_for_again(call: Dreampipe, tmp_path: Path, photo: Path) -> None:
    code, out = tmp_path / "my_layers.py", tmp_path / "out.png"
    code.write_text("import keras\n\nclass Scaled(keras.layers.Layer):\n    def call(self, x):\n        return 3 * x\n")
    scaled = run_code(code, check_code(code))["Scaled"]
    model = own(tmp_path / "my.keras", scaled(name="scaled"), conv("a"))
    args = ("dream", photo, out, "--model", model, "--scaling", "unit", *FEW)
    told = call(*args)
    assert told.exit_code == 2 and "give --trust --import FILE.py with the Python file that defines it." in told.stderr
    told = call(*args, "--import", code)
    assert told.exit_code == 2 and "came without --trust" in told.stderr and told.stderr.count("\n") == 1
    assert call(*args, "--trust", "--import", code).exit_code == 0
    held = record_of(out)
    assert held.model.code == check_code(code) and not {"trust", "imports"} & held.recipe.keys()
    again, named = ("rerun", out, tmp_path / "b.png"), ("--set", f"model={model}")
    for flags in ((), ("--trust", *named), named):
        told = call(*again, *flags)
        assert told.exit_code == 2 and "give --trust --import FILE.py --set model=FILE.keras." in told.stderr
    told = call(*again, "--import", code)
    assert told.exit_code == 2 and "--import came, but it is" in told.stderr
    told = call(*again, "--trust", "--import", code, *named)
    assert told.exit_code == 0, told.stderr
    assert (tmp_path / "b.png").exists()
