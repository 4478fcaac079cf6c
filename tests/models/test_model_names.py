"""Names that last: the same layer has the same name, whatever was built before, in the file and in the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import NETWORKS, branches, saved

from dreampipe import models
from dreampipe.errors import nearest
from dreampipe.models.names import canonical_names
from dreampipe.models.tap import describe, tap


def test_automatic_names_are_counted_anew_and_others_stay() -> None:
    layers = [("Conv2D", "conv2d_7"), ("Conv2D", "stem"), ("Conv2D", "conv2d_12"), ("ReLU", "re_lu"), ("Add", "add_3")]
    assert canonical_names(layers) == {
        "conv2d_7": "conv2d",
        "conv2d_12": "conv2d_1",
        "stem": "stem",
        "re_lu": "re_lu",
        "add_3": "add",
    }


def test_a_number_that_a_chosen_name_holds_is_passed_over() -> None:
    layers = [("Dense", "conv2d"), ("Conv2D", "conv2d_4"), ("Conv2D", "conv2d_5"), ("Dense", "conv2d_2")]
    assert canonical_names(layers) == {
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
    names = canonical_names(later)
    assert [names[name] for _, name in later] == [name for _, name in first]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_second_building_and_the_file_have_the_names_of_the_first(name: str, tmp_path: Path) -> None:
    first, second = describe(NETWORKS[name](None)), NETWORKS[name](None)
    assert describe(second) == first
    card = models.card(saved(second, tmp_path / "m.keras"))
    assert tuple(replace(layer, recommended="") for layer in card.layers) == first
    assert describe(models.open_model(card)) == first


def test_a_name_taps_the_same_layer_in_a_second_building() -> None:
    first, second = branches(), branches()
    second.set_weights(first.get_weights())
    image = np.random.default_rng(0).random((1, 40, 48, 3), np.float32)
    names = ["conv2d_1", "re_lu", "multiply_1"]
    a, b = tap(first, names)(image), tap(second, names)(image)
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
    assert nearest("zzz", [f"layer{i}" for i in range(20)]).endswith("layer7, ...")
