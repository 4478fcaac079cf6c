"""Names of layers: those of the file, exactly as Keras' own `load_model` gives them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import conv, functional, image, layer, pack
from networks import NETWORKS, branches, saved

from dreampipe import models
from dreampipe.errors import ObjectiveError, nearest
from dreampipe.models.names import recount
from dreampipe.models.own.first_card import first_card
from dreampipe.models.tap import describe, tap
from dreampipe.objectives import Objective
from dreampipe.recipes import Recipe, earlier


def test_automatic_names_are_counted_anew_and_others_stay() -> None:
    layers = [("Conv2D", "conv2d_7"), ("Conv2D", "stem"), ("Conv2D", "conv2d_12"), ("ReLU", "re_lu"), ("Add", "add_3")]
    assert recount(layers) == {
        "conv2d_7": "conv2d",
        "conv2d_12": "conv2d_1",
        "stem": "stem",
        "re_lu": "re_lu",
        "add_3": "add",
    }


def test_a_number_that_a_chosen_name_holds_is_passed_over() -> None:
    layers = [("Dense", "conv2d"), ("Conv2D", "conv2d_4"), ("Conv2D", "conv2d_5"), ("Dense", "conv2d_2")]
    assert recount(layers) == {
        "conv2d": "conv2d",
        "conv2d_2": "conv2d_2",
        "conv2d_4": "conv2d_1",
        "conv2d_5": "conv2d_3",
    }


@given(st.lists(st.sampled_from(["Conv2D", "ReLU", "Add"]), max_size=12), st.integers(0, 500))
def test_names_do_not_depend_on_what_was_counted_before(kinds: list[str], before: int) -> None:
    snake = {"Conv2D": "conv2d", "ReLU": "re_lu", "Add": "add"}

    def built(counted: int) -> list[tuple[str, str]]:
        counts = dict.fromkeys(snake, counted)
        names = []
        for kind in kinds:
            names.append((kind, f"{snake[kind]}_{counts[kind]}" if counts[kind] else snake[kind]))
            counts[kind] += 1
        return names

    first, later = built(0), built(before)
    names = recount(later)
    assert [names[name] for _, name in later] == [name for _, name in first]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_card_the_opened_model_and_the_built_one_have_the_same_names(name: str, tmp_path: Path) -> None:
    first = describe(NETWORKS[name](None))
    card = models.card(saved(NETWORKS[name](None), tmp_path / "m.keras"))
    assert tuple(replace(layer, recommended="") for layer in card.layers) == first
    assert describe(models.open_model(card)) == first
    assert card.earlier == ()


@pytest.mark.parametrize("name", ["branches", "transferred", "shared"])
def test_automatic_names_are_those_that_keras_loads(name: str, tmp_path: Path) -> None:
    """Each name taps what Keras' own layer of that name gives, in a file whose names count from anywhere."""
    NETWORKS[name](None)
    path = saved(NETWORKS[name].__wrapped__(None), tmp_path / "m.keras")  # type: ignore[attr-defined]
    loaded, card = keras.saving.load_model(path), models.card(path)
    own = [layer for layer in loaded.operations if not isinstance(layer, keras.layers.InputLayer)]
    assert {layer.name for layer in own} >= {at.name for at in card.layers if not at.within and "." not in at.name}
    picture = np.random.default_rng(0).random((1, 40, 48, 3), np.float32)
    plain = {layer.name: layer for layer in own if not isinstance(layer, keras.Model)}
    cut = tap(models.open_model(card), list(plain))(picture)
    for called, values in cut.items():
        expected = keras.Model(loaded.input, plain[called]._inbound_nodes[0].outputs)(picture, training=False)
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)


def test_a_name_that_two_models_within_the_model_have_is_reached_in_both(tmp_path: Path) -> None:
    def block(name: str) -> Any:
        picture = keras.Input((None, None, 3))
        return keras.Model(picture, keras.layers.Conv2D(3, 1, name="conv2d")(picture), name=name)

    picture = keras.Input((None, None, 3))
    path = saved(keras.Model(picture, block("second")(block("first")(picture))), tmp_path / "m.keras")
    card = models.card(path)
    assert [at.name for at in card.layers] == ["conv2d", "second/conv2d"]
    assert [Objective.parse(p).layers(card) for p in ("first/conv2d", "second/conv2d")] == [
        ("conv2d",),
        ("second/conv2d",),
    ]
    loaded, pixels = keras.saving.load_model(path), np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    first = loaded.get_layer("first")(pixels)
    values = tap(models.open_model(card), ["conv2d", "second/conv2d"])(pixels)
    np.testing.assert_allclose(values["conv2d"], first, rtol=1e-6)
    np.testing.assert_allclose(values["second/conv2d"], loaded.get_layer("second")(first), rtol=1e-6)


def counted(path: Path, *numbers: int) -> Path:
    """A file whose convolutions have these numbers, as if Keras had counted others before."""
    names = [f"conv2d_{number}" if number else "conv2d" for number in numbers]
    chain = zip(names, ["image", *names], strict=False)
    return pack(path, functional(image(None, None, 3), *(conv(name, source) for name, source in chain)))


def test_an_earlier_name_is_answered_with_the_name_in_the_file(tmp_path: Path) -> None:
    card = models.card(counted(tmp_path / "m.keras", 5, 6, 7))
    assert [at.name for at in card.layers] == ["conv2d_5", "conv2d_6", "conv2d_7"]
    assert card.earlier == (("conv2d", "conv2d_5"), ("conv2d_1", "conv2d_6"), ("conv2d_2", "conv2d_7"))
    with pytest.raises(ObjectiveError, match=r"no layer 'conv2d_2'; .* called layer 'conv2d_7' so: write conv2d_7\."):
        Objective.parse("conv2d_2[0]").bind(card)


def test_an_earlier_name_leads_through_models_within_the_model(tmp_path: Path) -> None:
    inner = functional(image(None, None, 3, name="inner_image"), conv("conv2d", "inner_image"))
    nested = {**layer("Functional", "functional_1", "image"), **inner, "name": "functional_1"}
    nested["config"]["name"] = "functional_1"
    whole = functional(image(None, None, 3), nested, conv("conv2d_1", "functional_1"))
    card = models.card(pack(tmp_path / "m.keras", whole))
    assert [at.name for at in card.layers] == ["conv2d", "conv2d_1"]
    assert dict(card.earlier) == {"functional/conv2d": "conv2d", "conv2d": "conv2d_1"}


def test_a_recipe_whose_name_once_meant_another_layer_is_told_so(tmp_path: Path) -> None:
    recipe = Recipe(model=counted(tmp_path / "m.keras", 1, 2), objective="conv2d_1", scaling="unit")
    (note,) = earlier.notes(recipe)
    assert note.startswith(
        "conv2d_1 is the layer that the file of m calls so; dreampipe once called its layer conv2d_2"
    )
    assert earlier.notes(recipe.model_copy(update={"objective": "conv2d_2"})) == ()
    assert earlier.notes(recipe.model_copy(update={"objective": None})) == ()
    assert recipe.sha256() != recipe.model_copy(update={"objective": "conv2d_2"}).sha256()


def test_settings_of_an_earlier_record_name_the_same_layers_in_the_file(tmp_path: Path) -> None:
    card = models.card(counted(tmp_path / "m.keras", 1, 2, 3))
    settings = {
        "objective": 'conv2d - 2.0*conv2d_1[3] + layers("*_2")',
        "layer": "conv2d_2[*]",
        "at": ("2s:objective=conv2d_1",),
    }
    changed = earlier.translate(settings, card)
    assert changed["objective"] == "conv2d_1 - 2.0*conv2d_2[3] + conv2d_3"
    assert (changed["layer"], changed["at"]) == ("conv2d_3[*]", ("2s:objective=conv2d_2",))
    assert earlier.translate({"objective": "1*mixed4"}, models.card("motifnet")) == {"objective": "1*mixed4"}


def test_a_card_with_earlier_names_is_still_read(tmp_path: Path) -> None:
    path = counted(tmp_path / "m.keras", 5, 6, 7)
    (tmp_path / "m.card.toml").write_text('scaling = "tf"\nobjective = "conv2d_1"\n[recommended]\nconv2d = "edges"\n')
    card = models.card(path)
    assert [(at.name, at.recommended) for at in card.layers] == [
        ("conv2d_5", "edges"),
        ("conv2d_6", ""),
        ("conv2d_7", ""),
    ]
    assert Objective.parse(card.objective).layers(card) == ("conv2d_6",)
    (note,) = card.notes
    assert "in the file, conv2d is conv2d_5, conv2d_1 is conv2d_6: write these names there." in note


def test_a_card_that_may_mean_earlier_names_is_told_so(tmp_path: Path) -> None:
    path = counted(tmp_path / "m.keras", 1, 2)
    (tmp_path / "m.card.toml").write_text(
        'scaling = "tf"\nobjective = "conv2d_1[2]"\n[recommended]\nconv2d_1 = "edges"\n'
    )
    card = models.card(path)
    assert [at.recommended for at in card.layers] == ["edges", ""]
    assert card.notes == (
        "The card m.card.toml was read, but it names conv2d_1, which once meant conv2d_2: "
        'check that, and write names = "file" into it.',
    )


def test_a_first_card_says_that_its_names_are_those_of_the_file(tmp_path: Path) -> None:
    path = counted(tmp_path / "m.keras", 1, 2)
    (tmp_path / "m.card.toml").write_text(first_card(path))
    assert models.card(path).notes == ()
    assert '\nnames = "file"\n' in first_card(path)
    assert '\n# names = "file"\n' in first_card(counted(tmp_path / "m.keras", 0))


def test_a_name_taps_the_same_layer_in_a_second_building() -> None:
    first, second = branches(), branches()
    second.set_weights(first.get_weights())
    picture = np.random.default_rng(0).random((1, 40, 48, 3), np.float32)
    names = ["conv2d_1", "re_lu", "multiply_1"]
    a, b = tap(first, names)(picture), tap(second, names)(picture)
    for name in names:
        np.testing.assert_array_equal(a[name], b[name])


def test_names_of_models_within_the_model_and_of_further_calls() -> None:
    transferred = ["random_flip", "rescaling", "conv2d", "global_average_pooling2d", "dense"]
    within = ["functional/conv2d", "functional/re_lu", "functional/conv2d_1", "functional/re_lu_1"]
    assert [x.name for x in describe(NETWORKS["transferred"](None))] == [*transferred[:2], *within, *transferred[2:]]
    shared = ["conv2d", "re_lu", "sequential.1/conv2d", "re_lu.1"]
    assert [x.name for x in describe(NETWORKS["shared"](None))] == shared


def test_nearest_names() -> None:
    assert nearest("mixd4", ["mixed4", "stem", "mixed5"]) == "did you mean mixed4 or mixed5"
    assert nearest("zzz", ["a", "b"]) == "known names: a, b"
    assert nearest("foo", ["sobol"]) == "known names: sobol"
    assert nearest("zzz", [f"layer{i}" for i in range(20)]).endswith("layer7 and 12 more")
