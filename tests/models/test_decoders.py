"""Decoders: what their card knows of them without keras, what is refused, and that they open to what was saved."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers, ops
from model_files import Json, conv, functional, image, layer, pack, with_odd_values
from networks import saved

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models import decoders, motifnet
from dreampipe.models.decoders import Grid
from dreampipe.models.own.archive import Limits

Decoder = tuple[Callable[[], Any], tuple[int | None, ...], Grid | None, str | None]


def grey() -> Any:
    """As the variational autoencoder of keras.io ends: a grey picture out of two numbers."""
    latents = keras.Input((2,))
    x = layers.Reshape((7, 7, 4))(layers.Dense(7 * 7 * 4, activation="relu")(latents))
    x = layers.Conv2DTranspose(4, 3, activation="relu", strides=2, padding="same")(x)
    return keras.Model(latents, layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x))


def adversary() -> Any:
    """As the generator of a deep convolutional adversarial network ends: tanh."""
    upwards = layers.Conv2DTranspose(3, 5, strides=2, padding="same", activation="tanh")
    return keras.Sequential(
        [keras.Input((16,)), layers.Dense(64), layers.Reshape((4, 4, 4)), layers.BatchNormalization(), upwards]
    )


def flat() -> Any:
    """Dense up to the last pixel, which is a byte."""
    squashed = layers.Dense(6 * 8 * 3, activation="sigmoid")
    return keras.Sequential([keras.Input((5,)), squashed, layers.Reshape((6, 8, 3)), layers.Rescaling(255)])


def rescaled() -> Any:
    """A tanh brought to [0, 1] by a layer of its own, with a model within the model."""
    latents = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(27, activation="tanh")])
    return keras.Model(latents, layers.Rescaling(0.5, 0.5)(layers.Reshape((3, 3, 3))(inner(latents))))


def valid() -> Any:
    """Over a grid of any size, gaining a border and losing another; linear, so that its range is not told."""
    enlarging = layers.Conv2DTranspose(8, 5, strides=2, padding="valid")
    return keras.Sequential([keras.Input((None, None, 4)), enlarging, layers.Conv2D(3, 4)])


def oblong() -> Any:
    """Over a grid of any size, more finely along the width; at least two cells, for its border is mirrored."""
    grid = keras.Input((None, None, 4))
    x = ops.pad(grid, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    x = layers.UpSampling2D((2, 3))(layers.Conv2D(3, 3)(x))
    return keras.Model(grid, layers.Activation("tanh")(x))


def fixed() -> Any:
    """Over a grid of one size."""
    return keras.Sequential([keras.Input((4, 5, 6)), layers.UpSampling2D(4), layers.Conv2D(3, 1, activation="sigmoid")])


def untold() -> Any:
    """Ends on an operation of which the configuration tells no shape."""
    latents = keras.Input((48,))
    return keras.Model(latents, ops.reshape(layers.Dense(48)(latents), (-1, 4, 4, 3)))


DECODERS: dict[str, Decoder] = {
    "grey": (grey, (2,), None, "unit"),
    "adversary": (adversary, (16,), None, "tf"),
    "flat": (flat, (5,), None, "bytes"),
    "rescaled": (rescaled, (4,), None, "unit"),
    "valid": (valid, (None, None, 4), Grid((1, 1), (2, 2), (0, 0)), None),
    "oblong": (oblong, (None, None, 4), Grid((2, 2), (2, 3)), "tf"),
    "fixed": (fixed, (4, 5, 6), None, "unit"),
    "untold": (untold, (48,), None, None),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("decoders")
    return {name: saved(build(), folder / f"{name}.keras") for name, (build, *_) in DECODERS.items()}


@pytest.mark.parametrize("name", DECODERS)
def test_a_card_knows_latents_growth_and_range(name: str, files: dict[str, Path]) -> None:
    _, latents, grid, scaling = DECODERS[name]
    card = models.decoder(files[name])
    assert (card.name, card.path, card.latents, card.grid) == (name, files[name], latents, grid)
    assert card.scaling == (scaling or "unit")
    assert [note.startswith(f"{name}.keras does not say") for note in card.notes] == [True] * (scaling is None)
    assert card.sha256 == hashlib.sha256(files[name].read_bytes()).hexdigest()
    assert card == models.decoder(str(files[name])) and hash(card) == hash(models.decoder(files[name]))
    assert pickle.loads(pickle.dumps(card)) == card


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_opens_once_and_draws_what_its_card_says(name: str, files: dict[str, Path]) -> None:
    card = models.decoder(files[name])
    opened = models.open_decoder(card)
    assert models.open_decoder(card) is opened
    assert not opened.trainable_weights
    cells = card.cells((20, 25))
    latents = np.zeros((2, *cells, card.latents[-1] or 0), np.float32)
    drawn = opened(latents if len(card.latents) == 3 else latents[:, 0, 0])
    assert drawn.shape[0] == 2 and drawn.shape[3] in (1, 3)
    if card.grid:
        assert drawn.shape[1:3] == tuple(card.grid.stride[i] * cells[i] + card.grid.margin[i] for i in (0, 1))
        assert drawn.shape[1] >= 20 and drawn.shape[2] >= 25


sides = st.tuples(st.integers(1, 300), st.integers(1, 300))


@given(size=sides, least=st.integers(1, 3), stride=st.tuples(st.integers(1, 32), st.integers(1, 32)), margin=sides)
def test_a_grid_covers_the_picture_and_no_smaller_one_does(
    size: tuple[int, int], least: int, stride: tuple[int, int], margin: tuple[int, int]
) -> None:
    grid = Grid((least, least), stride, (margin[0] - 20, margin[1] - 20))
    for axis, cells in enumerate(grid.cells(size)):
        assert grid.stride[axis] * cells + grid.margin[axis] >= size[axis]
        assert cells == least or grid.stride[axis] * (cells - 1) + grid.margin[axis] < size[axis]


def latents(*shape: int | None, dtype: str = "float32") -> Json:
    return image(*shape, name="latents", dtype=dtype)


def drawing(*shape: int | None, **config: Any) -> Json:
    """A decoder over a grid, of one layer."""
    return functional(latents(*shape), conv("picture", "latents", **{"filters": 3, **config}))


def several() -> Json:
    config = functional(latents(4), image(4, name="other"), layer("Add", "sum", "latents", "other"))
    config["config"]["input_layers"] = [["latents", 0, 0], ["other", 0, 0]]
    return config


def split() -> Json:
    config = functional(latents(8, 8, 4), conv("a", "latents", filters=3), conv("b", "latents", filters=3))
    config["config"]["output_layers"] = [["a", 0, 0], ["b", 0, 0]]
    return config


def batched() -> Json:
    config = drawing(8, 8, 4)
    config["config"]["layers"][0]["config"]["batch_shape"][0] = 16
    return config


UNSUITABLE: dict[str, tuple[Json, str]] = {
    "a classifier": (
        functional(latents(9), layer("Dense", "x", "latents", units=10)),
        r"gives \(None, 10\), but a dec",
    ),
    "four channels": (drawing(8, 8, 4, filters=4), r"gives \(None, 8, 8, 4\), but a decoder gives one picture"),
    "channels first": (
        functional(latents(192), layer("Reshape", "x", "latents", target_shape=[3, 8, 8])),
        "channels first, .*: save it channels last",
    ),
    "flattened": (functional(latents(8, 8, 3), layer("Flatten", "x", "latents")), r"gives \(None, None\), but"),
    "two inputs": (several(), "has 2 inputs, but a decoder takes one"),
    "two outputs": (split(), "has 2 outputs, but exactly one is expected"),
    "a fixed batch": (batched(), "exactly 16 at a time, but any number"),
    "whole numbers": (
        functional(latents(9, dtype="int32"), layer("Reshape", "x", "latents", target_shape=[1, 3, 3])),
        "latents of int32, which have no gradient",
    ),
    "a sequence": (
        functional(latents(7, 5), layer("Dense", "x", "latents", units=3)),
        r"input of shape \(None, 7, 5\)",
    ),
    "one free side": (drawing(None, 8, 4), r"input of shape \(None, None, 8, 4\)"),
    "any channels": (drawing(8, 8, None), r"input of shape \(None, 8, 8, None\)"),
    "a free grid, a fixed picture": (
        functional(latents(None, None, 3), layer("Resizing", "x", "latents", height=8, width=8)),
        "how its picture grows with them cannot be told",
    ),
    "a free grid, interpolated": (
        functional(
            latents(None, None, 3), layer("UpSampling2D", "x", "latents", size=[2, 2], interpolation="bilinear")
        ),
        "which Keras does for known sizes only",
    ),
    "a lambda": (functional(latents(9), layer("Lambda", "x", "latents")), "a Lambda layer, which runs code"),
    "another class": (functional(latents(9), layer("Popen", "x", "latents", module="subprocess")), "subprocess.Popen"),
}


def refused(path: Path, reason: str) -> None:
    for door in (models.decoder, lambda p: decoders.load(p, "")):
        with pytest.raises(ModelError, match=reason) as caught:
            door(path)
        assert str(caught.value).startswith(f"The decoder {path} is refused: ")
        assert "the model" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", UNSUITABLE)
def test_what_is_no_decoder_of_pictures_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    config, reason = UNSUITABLE[name]
    refused(pack(tmp_path / "m.keras", config), reason)


def test_what_is_no_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.keras").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    refused(tmp_path / "old.keras", "HDF5")
    refused(tmp_path / "old.h5", "HDF5")
    refused(tmp_path / "missing.keras", "No such file")
    with pytest.raises(ModelError, match=r"no decoder 'motif' \(did you mean motifs; .* must end in \.keras"):
        models.decoder("motif")
    with pytest.raises(ModelError, match="in all, but 100 are the most"):
        decoders.load(pack(tmp_path / "m.keras", drawing(8, 8, 4)), "", Limits(total=100))


def test_a_picture_of_which_the_configuration_tells_nothing_is_checked_at_opening(tmp_path: Path) -> None:
    vector = keras.Input((48,))
    columns = keras.Model(vector, ops.reshape(layers.Dense(48)(vector), (-1, 16, 3)))
    card = models.decoder(saved(columns, tmp_path / "columns.keras"))
    with pytest.raises(ModelError, match=r"columns.keras is refused: it gives \(None, 16, 3\), but a decoder gives"):
        models.open_decoder(card)


def test_a_decoder_that_changed_after_its_card_is_not_opened(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", drawing(8, 8, 4))
    card = models.decoder(path)
    pack(path, drawing(8, 8, 5))
    with pytest.raises(ModelError, match="changed since its card"):
        models.open_decoder(card)


@pytest.mark.parametrize("name", ["grid", "vector"])
def test_odd_values_anywhere_are_a_model_error_or_none(name: str, tmp_path: Path) -> None:
    reshaped = functional(latents(27), layer("Reshape", "x", "latents", target_shape=[3, 3, 3]))
    path, outcomes = tmp_path / "m.keras", set()
    for config in with_odd_values(drawing(None, None, 4) if name == "grid" else reshaped):
        try:
            models.decoder(pack(path, config))
            outcomes.add("accepted")
        except ModelError:
            outcomes.add("refused")
    assert outcomes == {"accepted", "refused"}


def test_the_shipped_decoder_is_found_without_a_name() -> None:
    card = models.decoder()
    assert card == models.decoder("motifs")
    assert (card.name, card.latents, card.grid, card.path) == ("motifs", (None, None, 32), Grid((2, 2), (16, 16)), None)
    assert card.sha256 == hashlib.sha256(motifnet.DECODER_WEIGHTS.read_bytes()).hexdigest()


def test_cards_and_refusals_load_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", UNSUITABLE["a classifier"][0])
    good = pack(tmp_path / "good.keras", drawing(None, None, 4))
    program = (
        "import sys\nfrom dreampipe import models\nfrom dreampipe.errors import ModelError\n"
        "models.decoder(), models.decoder(sys.argv[2])\n"
        "try:\n    models.decoder(sys.argv[1])\nexcept ModelError:\n"
        "    print(sorted({'keras', 'tensorflow', 'cv2', 'h5py'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(path), str(good)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
