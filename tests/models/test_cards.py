"""Cards: found by name or path, small, and opened once, safely; and the card of motifnet against its network."""

from __future__ import annotations

import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import conv, functional, image, pack, plain
from networks import NETWORKS, saved

from dreampipe import models
from dreampipe.errors import ModelError
from dreampipe.models import motifnet
from dreampipe.models.model_card import Card
from dreampipe.objectives import Objective


def test_a_card_of_a_file_is_small_hashable_and_picklable(tmp_path: Path) -> None:
    path = pack(tmp_path / "own.keras", plain())
    card = models.card(str(path))
    assert card == models.card(path) and hash(card) == hash(models.card(path))
    assert pickle.loads(pickle.dumps(card)) == card
    assert len(pickle.dumps(card)) < 1000
    assert (card.name, card.path, card.scaling) == ("own", path, "tf")
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_changes_gets_another_card(tmp_path: Path) -> None:
    configs = (functional(image(None, None, 3), conv(name, "image")) for name in ("one", "two", "one"))
    cards = [models.card(pack(tmp_path / "own.keras", config)) for config in configs]
    assert [card.layers[-1].name for card in cards] == ["one", "two", "one"]


def test_an_assumed_scaling_has_a_note_and_a_given_one_has_none(tmp_path: Path) -> None:
    path = pack(tmp_path / "own.keras", plain())
    (note,) = models.card(path).notes
    assert note.startswith("own.keras does not say") and note.endswith(".")
    given = models.card(path, "caffe")
    assert (given.scaling, given.notes) == ("caffe", ())


def test_names_that_are_no_identifier_are_quoted_in_the_objective(tmp_path: Path) -> None:
    path = pack(tmp_path / "own.keras", functional(image(None, None, 3), conv("block-1.out", "image")))
    assert models.card(path).objective == '"block-1.out"'


def test_wrong_names_are_answered_with_near_ones() -> None:
    with pytest.raises(ModelError, match=r"no model 'motifnt' \(did you mean motifnet or .* must end in \.keras"):
        models.card("motifnt")
    with pytest.raises(ModelError, match="known names: motifnet"):
        models.card("zzzz")
    with pytest.raises(ModelError, match="cannot be read"):
        models.card("missing.keras")


@given(st.text(max_size=30))
def test_any_text_is_a_model_or_a_model_error(text: str) -> None:
    try:
        assert isinstance(models.card(text), Card)  # Hypothesis also draws names of models, which it finds in our code
    except ModelError as error:
        assert str(error)


def test_scalings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="takes its pixels as 'unit'"):
        models.card("motifnet", "tf")
    assert models.card("motifnet", "unit") == models.card("motifnet")
    with pytest.raises(ModelError, match="one of unit, tf"):
        models.card(pack(tmp_path / "m.keras", plain()), "imagenet")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_opens_to_the_model_that_was_saved(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name](None)
    for i, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(i).normal(0.1, 0.3, weight.shape) ** 2)
    opened = models.open_model(models.card(saved(model, tmp_path / "m.keras")))
    assert type(opened) is type(model)
    for ours, theirs in zip(opened.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not opened.trainable_weights


def test_a_model_that_was_compiled_opens_without_its_training(tmp_path: Path) -> None:
    model = NETWORKS["chain"](None)
    model.compile("adam", loss=a_loss_of_its_own, metrics=["accuracy"])
    opened = models.open_model(models.card(saved(model, tmp_path / "m.keras")))
    assert not opened.compiled


def a_loss_of_its_own(true: object, predicted: object) -> float:
    return 0.0


def test_a_model_is_opened_once_even_by_many_threads(tmp_path: Path) -> None:
    card = models.card(saved(NETWORKS["shared"](None), tmp_path / "m.keras"))
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(models.open_model, [card] * 8))
    assert all(model is opened[0] for model in opened)
    assert models.open_model(replace(card)) is opened[0]


class TestMotifnet:
    def network(self) -> object:
        from dreampipe.models.motifnet import network

        return network.build(len(models.card("motifnet").classes))

    def test_the_card_agrees_with_renderer_and_network(self) -> None:
        from dreampipe.models.graphs import graph, sizes
        from dreampipe.models.motifnet.renderer import CLASSES
        from dreampipe.models.tap import describe, head

        network = self.network()
        card = models.card("motifnet")
        assert card.classes == CLASSES
        described = describe(network)
        assert tuple(replace(layer, recommended="") for layer in card.layers) == described, "\n".join(
            f'["{x.name}", "{x.kind}", {x.channels}, {x.stride or 0}, {x.receptive_field or 0}, {x.cost}, '
            f"{x.size[0] if x.size else 0}],"
            for x in described
        )
        config = {"class_name": "Functional", "config": network.get_config()}  # type: ignore[attr-defined]
        assert card.least == sizes.least_side(graph.read(config))
        assert head(network) == ("logits", False)

    def test_recommended_layers_and_the_objective_exist(self) -> None:
        card = models.card("motifnet")
        recommended = [layer.name for layer in card.layers if layer.recommended]
        assert len(recommended) >= 5
        assert card in models.cards()
        assert Objective.parse(card.objective).bind(card).layers

    def weights(self, path: Path) -> tuple[object, Card]:
        model = self.network()
        np.savez(path, **{w.path: np.asarray(w.numpy(), np.float16) for w in model.weights})  # type: ignore[attr-defined]
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return model, replace(models.card("motifnet"), sha256=sha256)

    def test_half_precision_weights_are_laid_into_the_network(self, tmp_path: Path) -> None:
        model, card = self.weights(tmp_path / "weights.npz")
        loaded = motifnet.load(card, tmp_path / "weights.npz")
        for ours, theirs in zip(loaded.weights, model.weights, strict=True):  # type: ignore[attr-defined]
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy().astype(np.float16))

    def test_weights_that_are_not_those_of_the_card_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "weights.npz"
        _, card = self.weights(path)
        with pytest.raises(ModelError, match="cannot be read"):
            motifnet.load(card, tmp_path / "none.npz")
        with pytest.raises(ModelError, match="holds no SHA-256"):
            motifnet.load(replace(card, sha256=""), path)
        with pytest.raises(ModelError, match="SHA-256 differs"):
            motifnet.load(replace(card, sha256="0" * 64), path)
        with pytest.raises(ModelError, match="another network"):
            motifnet.load(replace(card, classes=card.classes[:5]), path)
        with pytest.raises(ModelError, match="SHA-256"):
            models.open_model(replace(card, sha256=""))

    def test_the_shipped_weights_open_once(self) -> None:
        card = models.card("motifnet")
        assert card.sha256
        assert models.open_model(card) is models.open_model(models.card("motifnet"))
