"""Cards beside the user's own model files: read, held against the file, and written by a first look at it."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import Json, conv, functional, image, layer, pack, plain

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models.own import cards as own
from dreampipe.models.own.first_card import first_card

WHOLE = """
scaling = "caffe"
objective = "conv + tv()"
licence = "MIT"
note = "Trained on birds."
[recommended]
conv = "feathers"
"""


def beside(path: Path, text: str | bytes) -> Path:
    """A plain model file, with this card beside it."""
    own.beside(path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return pack(path, plain())


def refused(path: Path, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        models.card(path)
    assert str(caught.value).startswith(f"The card {own.beside(path)} is refused: it")
    assert "\n" not in str(caught.value)


def test_what_a_card_says_is_on_the_card(tmp_path: Path) -> None:
    card = models.card(beside(tmp_path / "my.bird.keras", WHOLE))
    assert (card.scaling, card.objective, card.licence) == ("caffe", "conv + tv()", "MIT")
    assert [(at.name, at.recommended) for at in card.layers] == [("conv", "feathers")]
    assert card.notes == ("my.bird.keras: Trained on birds.",)


def test_a_flag_goes_over_the_card_and_over_the_guess(tmp_path: Path) -> None:
    path = beside(tmp_path / "m.keras", WHOLE)
    assert models.card(path, "torch").scaling == "torch"
    own.beside(path).unlink()
    (guessed,) = models.card(path).notes
    assert guessed.startswith("m.keras does not say how it wants its pixels, so tf is assumed")
    assert models.card(path, "torch").notes == ()


def test_an_empty_card_changes_nothing(tmp_path: Path) -> None:
    path = beside(tmp_path / "m.keras", "# nothing\r\n")
    card = models.card(path)
    own.beside(path).unlink()
    assert models.card(path) == card


def classifier(outputs: int) -> Json:
    pooled = layer("GlobalAveragePooling2D", "pool", "conv", keepdims=False)
    return functional(image(None, None, 3), conv("conv", "image"), pooled, layer("Dense", "d", "pool", units=outputs))


def test_classes_are_a_list_or_a_file_of_lines_beside_the_card(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", classifier(3))
    own.beside(path).write_text('classes = ["owl", "Rosé", "wren"]', encoding="utf-8")
    assert models.card(path).classes == ("owl", "Rosé", "wren")
    own.beside(path).write_text('classes = "names/of.txt"')
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "of.txt").write_bytes("\ufeffowl\r\nRosé\r\n\r\n  wren\n".encode())
    assert models.card(path).classes == ("owl", "Rosé", "wren")
    own.beside(path).write_text('classes = ["owl"]')
    refused(path, "it names 1 classes, but the model gives 3")


def test_the_sha256_of_a_card_holds_the_file_to_it(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", plain())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    own.beside(path).write_text(f'sha256 = "{sha256.upper()}"')
    assert models.card(path).sha256 == sha256
    pack(path, classifier(3))
    refused(path, f"for the model file of SHA-256 {sha256[:12]}")


WRONG: dict[str, tuple[str | bytes, str]] = {
    "an unknown key": ('scalling = "tf"', r"the key 'scalling', which no card has \(did you mean scaling\)"),
    "an unknown scaling": ('scaling = "caffee"', r"came as 'caffee', but one of unit, .* \(did you mean caffe\)"),
    "a number for a scaling": ("scaling = 255", "came as 255, but one of unit, tf"),
    "an unknown layer": ('[recommended]\nconw = "x"', r"recommends 'conw', .* \(did you mean conv\)"),
    "no reason": ("[recommended]\nconv = true", "a line of why for each layer"),
    "a list of layers": ('recommended = ["conv"]', "a table is expected"),
    "lines": ('objective = "a\\nb"', "objective came as .*, but one line of text"),
    "control characters": ('note = "\\u001b[31m"', "note came as .*, but one line of text"),
    "a number for a text": ("licence = 3", "licence came as 3, but one line of text"),
    "no classes": ("classes = []", "a list of names, or a file of lines"),
    "classes of numbers": ("classes = [1, 2]", "a list of names, or a file of lines"),
    "classes without a head": ('classes = ["a"]', "names 1 classes, but the model has no head of classes"),
    "a file outside": ('classes = "../secret.txt"', "the file '../secret.txt', but a file next to the card"),
    "a file of the system": ('classes = "/etc/passwd"', "the file '/etc/passwd', but a file next to the card"),
    "a missing file": ('classes = "gone.txt"', r"it names gone\.txt, which cannot be read \(No such file"),
    "names of something else": ('names = "mine"', "its names came as 'mine', but \"file\" is expected"),
    "no SHA-256": ('sha256 = "abc"', "64 hexadecimal digits"),
    "no TOML": ("scaling: tf", "it is no TOML"),
    "endless TOML": ("a = " + "[" * 100_000, "it is no TOML"),
    "no text": (b"\xff\xfe\x00", "it is not text in UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_card_that_cannot_be_right_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    text, reason = WRONG[name]
    refused(beside(tmp_path / "m.keras", text), reason)


def test_only_a_small_regular_file_is_read_as_a_card(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", plain())
    own.beside(path).mkdir()
    refused(path, "it cannot be read|it is no regular file")
    own.beside(path).rmdir()
    own.beside(path).symlink_to(tmp_path / "nowhere")
    refused(path, "it cannot be read")
    own.beside(path).unlink()
    own.beside(path).write_bytes(b"#" * (5 << 20))
    refused(path, "it is no regular file of at most 4 MiB")


def test_no_link_leads_a_card_to_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("owl")
    folder = tmp_path / "came"
    folder.mkdir()
    path = pack(folder / "m.keras", classifier(1))
    (folder / "names.txt").symlink_to(tmp_path / "secret.txt")
    own.beside(path).write_text('classes = "names.txt"')
    refused(path, "the file 'names.txt', but a file next to the card")
    (folder / "names.txt").unlink()
    (folder / "real.txt").write_text("owl")
    (folder / "names.txt").symlink_to("real.txt")
    assert models.card(path).classes == ("owl",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_for_a_card_is_refused_without_waiting(tmp_path: Path) -> None:
    path = pack(tmp_path / "m.keras", plain())
    os.mkfifo(own.beside(path))
    refused(path, "it is no regular file")


@given(st.text(max_size=60) | st.dictionaries(st.sampled_from(own.KEYS), st.text(max_size=9)).map(json.dumps))
def test_any_text_is_a_card_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = beside(tmp_path_factory.mktemp("any") / "m.keras", text.encode("utf-8", "replace"))
    try:
        assert models.card(path).name == "m"
    except ModelError as error:
        assert str(own.beside(path)) in str(error)


HEADS: dict[str, tuple[list[Json], str]] = {
    "bytes to [-1, 1]": ([layer("Rescaling", "r", "image", scale=1 / 127.5, offset=-1.0)], "bytes"),
    "bytes to [0, 1]": ([layer("Rescaling", "r", "image", scale=1 / 255, offset=0.0)], "bytes"),
    "of each channel": ([layer("Rescaling", "r", "image", scale=[0.017, 0.0175, 0.0174], offset=[0, 0, 0])], "bytes"),
    "unit to [-1, 1]": ([layer("Rescaling", "r", "image", scale=2.0, offset=-1.0)], "unit"),
    "unit to bytes": ([layer("Rescaling", "r", "image", scale=255.0, offset=0.0)], "unit"),
    "normalized unit": ([layer("Normalization", "r", "image", mean=[0.4] * 3, variance=[[0.05, 0.05, 0.05]])], "unit"),
    "normalized bytes": ([layer("Normalization", "r", "image", mean=[114] * 3, variance=[3300] * 3)], "bytes"),
    "turned, then scaled": (
        [layer("RandomFlip", "f", "image"), layer("Rescaling", "r", "f", scale=1 / 255, offset=0.0)],
        "bytes",
    ),
    "scaled twice": (
        [layer("Rescaling", "s", "image", scale=255.0), layer("Rescaling", "r", "s", scale=1 / 127.5)],
        "unit",
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_first_layers_tell_the_scaling(name: str, tmp_path: Path) -> None:
    first, scaling = HEADS[name]
    card = models.card(pack(tmp_path / "m.keras", functional(image(None, None, 3), *first, conv("conv", "r"))))
    assert card.scaling == scaling
    assert f"so {scaling} is taken, for its first layers (" in card.notes[0]


def test_keras_own_operations_tell_the_scaling(tmp_path: Path) -> None:
    """As `preprocess_input` leaves them in a model."""
    import keras
    from networks import saved

    picture = keras.Input((None, None, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(picture)
    path = saved(keras.Model(picture, keras.layers.Conv2D(2, 3)(x)), tmp_path / "m.keras")
    assert models.card(path).scaling == "bytes"


@pytest.mark.parametrize(
    "name, scaling",
    [
        ("vgg16", "caffe"), ("resnet50", "caffe"), ("resnet50v2", "tf"), ("densenet121", "torch"),
        ("inception_resnet_v2", "tf"), ("mobilenetv2_1.00_224", "tf"), ("NASNet", "tf"),
    ],
)  # fmt: skip
def test_the_name_that_keras_gave_tells_the_scaling(name: str, scaling: str, tmp_path: Path) -> None:
    config = plain()
    config["config"]["name"] = name
    assert models.card(pack(tmp_path / "flat.keras", config)).scaling == scaling
    inner = {**layer("Functional", name, "image"), **config, "name": name}
    whole = functional(image(None, None, 3), inner, conv("head", name))
    assert models.card(pack(tmp_path / "within.keras", whole)).scaling == scaling


def test_a_first_card_reads_back_as_what_was_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "my model.keras", classifier(1000))
    found = models.card(path)
    own.beside(path).write_text(first_card(path))
    said = models.card(path)
    assert (said.scaling, said.objective, said.classes) == (found.scaling, found.objective, found.classes)
    recommended = [at.name for at in found.layers if at.recommended]
    assert [at.name for at in said.layers if at.recommended] == recommended != []
    assert said.notes == ()
    assert "Guessed: nothing in the file tells" in own.beside(path).read_text()
    assert "1000 logits" in own.beside(path).read_text() and "ImageNet" in own.beside(path).read_text()


def test_every_key_of_a_card_stands_in_a_first_card(tmp_path: Path) -> None:
    text = first_card(pack(tmp_path / "m.keras", classifier(3)))
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    assert set(tomllib.loads(uncommented)) == set(own.KEYS)


def test_a_first_card_says_what_size_the_model_takes(tmp_path: Path) -> None:
    assert "takes pictures of all sizes from 1 pixels on" in first_card(pack(tmp_path / "m.keras", plain()))
    flat = functional(image(40, 56, 3), conv("conv", "image"), layer("Flatten", "flat", "conv"))
    assert "takes 56x40 pixels only" in first_card(pack(tmp_path / "m.keras", flat))


@given(st.text(min_size=1, max_size=12))
def test_no_name_breaks_out_of_a_first_card(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = tmp_path_factory.mktemp("any") / "m.keras"
    config = functional(image(None, None, 3), conv("a" + name, "image"))
    config["config"]["name"] = f'vgg16"\n{name}'
    pack(path, config)
    assert models.card(path).layers[0].name == "a" + name
    parsed: dict[str, Any] = tomllib.loads(first_card(path))
    assert parsed["scaling"] == "caffe"
    assert list(parsed["recommended"]) == (["a" + name] if name.isprintable() else [])


def test_a_first_card_of_a_bad_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not end in"):
        first_card(tmp_path / "motifnet")
