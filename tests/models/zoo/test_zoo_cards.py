"""The cards of the architectures: what is written by hand agrees with Keras, and what is generated with the graphs."""

from __future__ import annotations

import gzip
import importlib
import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path

import keras
import pytest
from networks import without_weights
from networks_of_keras import function

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models import zoo
from dreampipe.models.weights import store
from dreampipe.models.zoo import described, known
from dreampipe.objectives import Objective

BOTH = [f"{name}{end}" for name in zoo.NAMES for end in ("", zoo.NOTOP)]


def test_each_has_a_card_and_is_listed_once() -> None:
    listed = models.cards()
    assert [card.name for card in listed] == ["motifnet", *zoo.NAMES]
    assert set(zoo.known.FAMILIES) == {path.stem for path in known.CARDS.glob("*.toml")}


@pytest.mark.parametrize("name", BOTH)
def test_a_card_recommends_layers_that_there_are(name: str) -> None:
    card = models.card(name)
    assert (card.name, card.architecture, card.path, card.fixed) == (name, name, None, None)
    assert card.outputs == (0 if name.endswith(zoo.NOTOP) else 1000)
    assert card.licence and card.download and card.least >= 32
    _, written = known.read(name)
    advice = [layer for layer in card.layers if layer.recommended]
    assert {layer.name for layer in advice} == set(written["recommended"])
    assert card.download == zoo.weights_of(name).bytes == described.read(name).bytes
    assert 3 <= len(advice) <= 6 and all(layer.stride and layer.channels and layer.cost for layer in advice)
    assert Objective.parse(card.objective).bind(card).layers
    names = [layer.name for layer in card.layers]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", BOTH)
def test_the_files_of_weights_are_those_of_keras(name: str) -> None:
    """Names and hashes stand in the source of Keras; it puts some names together of parts."""
    weights, source = zoo.weights_of(name), inspect.getsource(sys.modules[function(name).__module__])
    if "resnet" in name and "inception" not in name:
        source += inspect.getsource(importlib.import_module("keras.src.applications.resnet"))
    assert weights.address.startswith("https://storage.googleapis.com/") and weights.file.endswith(".h5")
    assert weights.published is None or weights.published in source
    assert (weights.published is None) == (name.removesuffix(zoo.NOTOP) in ("mobilenet", "mobilenet_v2"))
    folder = weights.address.rpartition("/")[0].removeprefix("https://storage.googleapis.com/")
    assert folder.rpartition("/")[2] in source


@pytest.mark.parametrize("name", ["vgg16", "inception_v3", "resnet50_v2", "mobilenet", "efficientnet_b0"])
def test_weights_have_the_published_size(name: str) -> None:
    """Millions of parameters, from the table of keras.io."""
    millions = {"vgg16": 138.4, "inception_v3": 23.9, "resnet50_v2": 25.6, "mobilenet": 4.3, "efficientnet_b0": 5.3}
    size = zoo.weights_of(name).bytes
    assert size == models.card(name).download and size / 4e6 == pytest.approx(millions[name], abs=0.06)
    assert zoo.weights_of(f"{name}{zoo.NOTOP}").bytes < size


def test_without_a_head_vgg16_is_a_ninth_to_download() -> None:
    assert models.card("vgg16").download == 4 * 138_357_544
    assert models.card("vgg16-notop").download == 4 * 14_714_688


def test_a_head_that_flattens_its_grid_is_held_to_one_size_and_nothing_before_it() -> None:
    from dreampipe.ascent import Ascent

    for card in map(models.card, ("vgg16", "vgg19")):
        for text, fixed in {
            "block5_conv3": None,
            "logit(3)": (224, 224),
            "0.1*fc1[7] + block1_conv1": (224, 224),
        }.items():
            ascent = Ascent(card, Objective.parse(text))
            assert ascent.card.fixed == fixed and replace(ascent, steps=3).card == ascent.card
    for name in ("vgg16-notop", "resnet50", "mobilenet"):
        assert models.card(name).head_size is None
    assert Ascent(models.card("resnet50"), Objective.parse("logit(3)")).card.fixed is None


def test_unknown_names_are_answered_with_near_ones() -> None:
    with pytest.raises(ModelError, match=r"no model 'inceptionv3' \(did you mean inception_v3"):
        models.card("inceptionv3")
    with pytest.raises(ModelError, match=r"no architecture 'resnet5' \(did you mean resnet5"):
        zoo.weights_of("resnet5")


def test_a_scaling_of_ones_own_is_refused() -> None:
    with pytest.raises(ModelError, match="vgg16 takes its pixels as 'caffe', not 'tf'"):
        models.card("vgg16", "tf")


def test_without_weights_the_sentence_says_which_file_to_put_where() -> None:
    with pytest.raises(ModelError) as caught:
        models.open_model(models.card("inception_v3-notop"))
    weights, sentence = zoo.weights_of("inception_v3-notop"), str(caught.value)
    assert "dreampipe models fetch inception_v3-notop" in sentence
    assert weights.address in sentence and f"{store.folder()} as {weights.file}" in sentence


def test_weights_in_the_store_are_on_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from networks_of_keras import built, old

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = store.folder() / zoo.weights_of("mobilenet-notop").file
    file.parent.mkdir()
    model = built("mobilenet-notop")
    old(model, tmp_path).rename(file)
    card = models.card("mobilenet-notop")
    assert card.path == file and len(card.sha256) == 64
    assert models.open_model(card).count_params() == model.count_params()


def compare(name: str) -> None:
    from dreampipe.models.zoo.describe import write_description

    shipped = gzip.decompress((described.FOLDER / f"{name}.json.gz").read_bytes())
    keras.layers.Conv2D(1, 1)  # what was built before must not count
    with without_weights():
        told = write_description(name)
    assert json.loads(gzip.decompress(told)) == json.loads(shipped), (
        f"run `python -m dreampipe.models.zoo.describe {name}`"
    )


@pytest.mark.parametrize("name", ["vgg16", "mobilenet", "mobilenet_v3_small"])
def test_what_is_described_is_what_keras_builds(name: str) -> None:
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in zoo.NAMES if name not in ("vgg16", "mobilenet")])
def test_so_it_is_for_each_of_the_others(name: str) -> None:
    compare(name)
