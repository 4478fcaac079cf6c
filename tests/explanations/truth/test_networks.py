"""Networks whose truth is built in: cells that do not see each other, random weights; and maps that know nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from dreampipe.explanations.attribution import METHODS, parse_methods
from dreampipe.explanations.explaining import ask, explain
from dreampipe.explanations.truth.measures import inside, likeness
from dreampipe.explanations.truth.rivals import RIVALS, Blob, Edges, RandomMap
from dreampipe.explanations.truth.scenes import compose
from dreampipe.explanations.truth.worth import drops, scenery_matters
from dreampipe.frames import Array
from dreampipe.models import card
from dreampipe.models.model_card import Card

CELL = 32


def classifier(seed: int = 3):  # type: ignore[no-untyped-def]
    from dreampipe.backend import keras

    keras.utils.set_random_seed(seed)
    picture = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(6, 3, 2, padding="same", activation="relu", name="first")(picture)
    x = keras.layers.Conv2D(8, 3, 2, padding="same", activation="relu", name="last")(x)
    return keras.Model(picture, keras.layers.Dense(3, name="answers")(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Card:
    from dreampipe.explanations.truth.grids import divide

    path = tmp_path_factory.mktemp("cells") / "cells.keras"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation")  # of keras, when it saves
        divide(classifier(), "last", CELL).save(path)
    return card(path, "unit", trust=True)


@pytest.fixture(scope="module")
def pictures() -> Array:
    return np.random.default_rng(0).random((4, CELL, CELL, 3), np.float32)


def test_a_cell_answers_as_its_picture_alone(cells: Card, pictures: Array) -> None:
    from dreampipe.explanations.truth.grids import tile

    alone = np.asarray(classifier()(pictures))
    whole = tile(list(pictures))
    assert cells.fixed == (2 * CELL, 2 * CELL)
    answers = [ask(cells, f"logit({number})").answers(whole[None])[0] for number in (1, 5, 10)]
    assert np.allclose(answers, [alone[0, 1], alone[1, 2], alone[3, 1]], atol=1e-5)


@pytest.mark.parametrize("name", ["gradient", "integrated-gradients", "deeplift", "lrp-composite"])
@pytest.mark.parametrize("cell", [0, 1, 2])
def test_gradients_stay_inside_their_cell(cells: Card, pictures: Array, name: str, cell: int) -> None:
    from dreampipe.explanations.truth.grids import cell_mask, tile

    question = ask(cells, f"logit({3 * cell})")
    found = explain(question, tile(list(pictures)), METHODS[name]())
    assert inside(found.heat(), cell_mask(cell, CELL)) == pytest.approx(1, abs=1e-6)
    assert inside(found.heat(), cell_mask(3, CELL)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["hirescam", "layercam"])
def test_activation_maps_leave_their_cell_by_interpolation_only(cells: Card, pictures: Array, name: str) -> None:
    from dreampipe.explanations.truth.grids import GRID, cell_mask, tile

    (method,) = parse_methods(f"{name}(layer={GRID})")
    heats = [explain(ask(cells, f"logit({number})"), tile(list(pictures)), method).heat() for number in range(3)]
    for heat in filter(np.any, heats):
        assert inside(heat, cell_mask(0, CELL)) > 0.8
        far = np.ones((2 * CELL, 2 * CELL), bool)
        far[: CELL + 4, : CELL + 4] = False
        assert inside(heat, far) == pytest.approx(0, abs=1e-6)
    assert any(map(np.any, heats))


def test_weights_are_randomized_from_the_top_down() -> None:
    from dreampipe.explanations.truth.randomizing import randomize

    model = classifier()
    before = model.get_weights()
    kept = [np.array_equal(a, b) for a, b in zip(before, randomize(model, 0.5, 0).get_weights(), strict=True)]
    assert kept == [True, True, False, True, False, True]  # biases are all 0
    whole = randomize(model, 1, 0).get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, whole, strict=True)] == [False, True] * 3
    assert all(np.allclose(np.sort(a, axis=None), np.sort(b, axis=None)) for a, b in zip(before, whole, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, randomize(model, 0, 0).get_weights(), strict=True))


@pytest.mark.parametrize("method", RIVALS, ids=str)
def test_what_knows_nothing_stays_the_same_for_another_question(method, pictures: Array) -> None:  # type: ignore[no-untyped-def]
    picture = np.concatenate([pictures[0], pictures[1]], axis=1).repeat(2, axis=0)
    one, other = (explain(ask(card("motifnet"), f"logit({name})"), picture, method).heat() for name in ("eye", "owl"))
    assert np.array_equal(one, other)


def test_edges_are_where_the_picture_changes_and_the_blob_in_the_middle() -> None:
    picture = np.zeros((48, 64, 3), np.float32)
    picture[:, 20:] = 1
    question = ask(card("motifnet"), "logit(eye)")
    edges, blob, chance = (explain(question, picture, method).heat() for method in (Edges(), Blob(), RandomMap()))
    assert set(np.nonzero(edges > 1e-6)[1]) == {19, 20}
    assert abs(blob.argmax() % 64 - 31.5) < 1 and abs(blob.argmax() // 64 - 23.5) < 1
    assert likeness(chance, blob) == pytest.approx(0, abs=0.08)


def test_a_motif_is_worth_more_than_a_patch_and_the_scenery_little() -> None:
    scene = compose(0, classes=(0, 4)).patched()
    label = scene.parts[1].label
    question = ask(card("motifnet"), f"logit({label})")
    found = drops(question, scene)
    assert found.shape == (3,) and found[1] > 10 and abs(found[0]) < 1 and abs(found[2]) < 5
    assert scenery_matters(question, scene) < 0.2 * found[1]
