"""Found concepts: planted directions come back, importance is known in closed form, and controls find nothing."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.backend import keras
from dreampipe.errors import RecipeError
from dreampipe.explanations.concepts import WAYS, find_concepts
from dreampipe.explanations.concepts.found import Concepts, split_concept
from dreampipe.explanations.concepts.importance import locate, measure_importance
from dreampipe.explanations.concepts.matching import assign, compare
from dreampipe.explanations.concepts.nmf import factorize, find_strengths
from dreampipe.explanations.concepts.sae import keep_top, train_sae
from dreampipe.explanations.explaining import ask
from dreampipe.explanations.question import Work
from dreampipe.models import Card


def planted(seed: int, rows: int, parts: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are sums of a few of some non-negative parts, and the parts."""
    rng = np.random.default_rng(seed)
    part = rng.random((parts, channels)) * (rng.random((parts, channels)) < 0.4) + np.eye(parts, channels)
    strengths = rng.gamma(2, size=(rows, parts)) * (rng.random((rows, parts)) < 0.4)
    return np.float32(strengths @ part), np.float32(part)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2), st.integers(0, 10_000), st.booleans())
def test_no_other_pairing_costs_less(rows: int, more: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    columns = rows + more
    costs = rng.integers(0, 3, (rows, columns)).astype(float) if ties else rng.normal(size=(rows, columns))
    found = assign(costs)
    assert len(set(found)) == rows
    least = min(sum(costs[i, way[i]] for i in range(rows)) for way in permutations(range(columns), rows))
    assert sum(costs[i, j] for i, j in enumerate(found)) == pytest.approx(least)


def test_directions_are_paired_whatever_their_order_and_length() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(5, 7)).astype(np.float32)
    order = [3, 0, 4, 1, 2]
    partners, cosines = compare(one, 3 * one[order])
    assert [order[partner] for partner in partners] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_nmf_finds_the_parts_that_rows_are_made_of() -> None:
    rows, parts = planted(0, 600, 5, 30)
    found = find_concepts(rows, 5)
    _, cosines = compare(parts, found.directions)
    assert cosines.min() > 0.97 and found.missed < 1e-3
    assert (found.directions >= 0).all() and (found.strengths(rows) >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, rtol=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_more_steps_of_nmf_never_fit_worse(seed: int, count: int) -> None:
    rows = np.random.default_rng(seed).random((40, 9), np.float32)
    errors = []
    for steps in (1, 3, 9, 30):
        strengths, parts = factorize(rows, count, steps, tolerance=0)
        assert (strengths >= 0).all() and (parts >= 0).all()
        errors.append(float(((rows - strengths @ parts) ** 2).sum()))
    assert all(later <= earlier * (1 + 1e-4) for earlier, later in pairwise(errors))


def test_strengths_of_given_parts_are_the_best_ones() -> None:
    """For parts at right angles each strength is the projection, or 0 if that is negative."""
    parts = np.float32([[2, 0, 0], [0, 1, 0]])
    rows = np.float32([[4, 3, 9], [-2, 5, 1], [0, -1, 0]])
    np.testing.assert_allclose(find_strengths(rows, parts), [[2, 3], [0, 5], [0, 0]], atol=1e-5)


def test_a_sparse_autoencoder_finds_directions_of_any_sign_and_kills_none() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(size=(8, 24)).astype(np.float32)
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    strengths = rng.gamma(3, size=(1500, 8)) * (rng.random((1500, 8)) < 0.15)
    rows = np.float32(strengths @ true + 1)
    made = train_sae(rows, 16, seed=0, keep=3, steps=1200)
    _, cosines = compare(true, made.directions)
    random = find_concepts(rows, 16, "random").directions
    assert cosines.min() > 0.9 and compare(true, random)[1].max() < 0.8
    found = made.find_strengths(rows)
    assert ((found > 0).sum(1) <= 3).all() and (found >= 0).all()
    assert made.dead == int((~(found > 0).any(0)).sum())
    np.testing.assert_allclose(np.linalg.norm(made.directions, axis=1), 1, rtol=1e-5)


def test_dead_units_of_a_sparse_autoencoder_start_again() -> None:
    """All units begin on rows of one kind, as hardly any others are there; in the end each kind has a unit."""
    rng = np.random.default_rng(3)
    kinds = np.eye(6, 12, dtype=np.float32) * 3
    rows = np.concatenate([np.repeat(kinds[:1], 300, axis=0), np.repeat(kinds[1:], 4, axis=0)])
    rows += rng.normal(size=rows.shape).astype(np.float32) * 0.02
    made = train_sae(rows, 8, seed=1, keep=1, steps=800)
    _, cosines = compare(kinds - made.mean, made.directions)
    assert made.revived > 0
    assert cosines.min() > 0.9


def test_a_seed_decides_a_sparse_autoencoder() -> None:
    rows, _ = planted(4, 200, 3, 10)
    one, again, other = (train_sae(rows, 5, seed, steps=60) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.directions, again.directions)
    assert not np.array_equal(one.directions, other.directions)


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_largest_values_are_kept_where_they_are_positive(keep: int) -> None:
    values = np.float32([[3, -1, 2, 1], [-1, -2, -3, -4]])
    kept = keep_top(values, keep)
    np.testing.assert_array_equal(kept[0], {1: [3, 0, 0, 0], 2: [3, 0, 2, 0], 4: [3, 0, 2, 1]}[keep])
    assert not kept[1].any()


def test_the_axes_of_pca_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    rows = np.float32(rng.normal(size=(4000, 3)) * (5, 0.1, 1) + (0, 7, 0))
    found = find_concepts(rows, 2, "pca")
    np.testing.assert_allclose(np.abs(found.directions), [[1, 0, 0], [0, 0, 1]], atol=0.05)
    assert found.missed == pytest.approx(0.01 / (25 + 0.01 + 1), rel=0.2)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_keeps_its_word(way: str) -> None:
    rows, _ = planted(6, 60, 3, 8)
    found = find_concepts(rows, 4, way, layer="mixed4", seed=1)  # type: ignore[arg-type]
    assert (found.way, found.layer, len(found), found.directions.shape) == (way, "mixed4", 4, (4, 8))
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, rtol=1e-4)
    assert 0 <= found.missed < 1.01
    strengths = found.strengths(rows.reshape(6, 10, 8))
    assert strengths.shape == (6, 10, 4) and strengths.dtype == np.float32
    energy = (strengths.reshape(60, 4) ** 2).sum(0)
    assert (np.diff(energy) <= 1e-3 * energy[0]).all()
    assert (found.stability is not None) == (way == "sae")


def test_a_concept_is_split_in_the_crops_that_show_it() -> None:
    """The first concept is a sum of two parts of an earlier layer, the second a third part."""
    rng = np.random.default_rng(0)
    earlier = np.zeros((60, 5), np.float32)
    earlier[:30, :2] = rng.random((30, 2)) + 0.5
    earlier[30:, 4] = rng.random(30) + 0.5
    later = np.stack([earlier[:, :2].sum(1), earlier[:, 4]], axis=1)
    concepts = find_concepts(later, 2)
    first = int(concepts.directions[:, 0].argmax())
    parts = split_concept(concepts, first, later, earlier, 2, "mixed3", share=0.4)
    assert parts.layer == "mixed3" and np.abs(parts.directions[:, 2:]).max() < 1e-6
    with pytest.raises(RecipeError, match="7 concepts were asked for, but there are 6 crops"):
        split_concept(concepts, first, later, earlier, 7, "mixed3", share=0.1)


@pytest.mark.parametrize("way", WAYS)
def test_more_concepts_than_samples_are_refused(way: str) -> None:
    with pytest.raises(RecipeError, match="9 concepts were asked for, but there are 5 crops"):
        find_concepts(np.ones((5, 20), np.float32), 9, way)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="The layer answers 0 to all pictures"):
        find_concepts(np.zeros((5, 20), np.float32), 2, way)  # type: ignore[arg-type]
    if way in ("nmf", "pca"):
        with pytest.raises(RecipeError, match="finds at most one for each of the 3 channels"):
            find_concepts(np.ones((50, 3), np.float32), 4, way)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sums(keep) -> Card:  # type: ignore[no-untyped-def]
    """A linear network: logit 0 is 3 red - blue, of the means of the layer `colours`, which is the picture."""
    image = keras.Input((None, None, 3))
    conv, dense = keras.layers.Conv2D(3, 1, name="colours"), keras.layers.Dense(2)
    model = keras.Model(image, dense(keras.layers.GlobalAveragePooling2D()(conv(image))))
    conv.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), np.zeros(3, np.float32)])
    dense.set_weights([np.float32([[3, 0], [0, 1], [-1, 0]]), np.zeros(2, np.float32)])
    return keep(model)


def test_importance_in_a_linear_network_is_known(sums: Card) -> None:
    """Without a concept the answer falls by its weight times its mean; its index is its part of the squares."""
    concepts = Concepts("nmf", "colours", np.eye(3, dtype=np.float32), 0.0, np.zeros(3, np.float32))
    pictures = np.random.default_rng(0).random((2, 5, 6, 3), np.float32)
    found = measure_importance(
        ask(sums, "logit(0)"), "colours", concepts, pictures, Work(np.random.default_rng(1)), designs=256
    )
    means = pictures.mean((0, 1, 2))
    np.testing.assert_allclose(found.drops, means * (3, 0, -1), atol=1e-4)
    np.testing.assert_allclose(found.indices, [0.9, 0, 0.1], atol=0.06)


def test_what_concepts_leave_unexplained_stays(sums: Card) -> None:
    """A concept of green alone: the answer, of red and blue, does not change, and the answer is the model's own."""
    concepts = Concepts("nmf", "colours", np.float32([[0, 1, 0]]), 0.5, np.zeros(3, np.float32))
    pictures = np.random.default_rng(0).random((1, 4, 4, 3), np.float32)
    question, work = ask(sums, "logit(0)"), Work(np.random.default_rng(1))
    found = measure_importance(question, "colours", concepts, pictures, work)
    np.testing.assert_allclose(found.drops, 0, atol=1e-5)
    np.testing.assert_allclose(found.indices, 0, atol=1e-5)


def test_a_concept_is_where_its_direction_is() -> None:
    activation = np.zeros((4, 6, 3), np.float32)
    activation[1, 4, 2] = 5
    concepts = Concepts("nmf", "colours", np.eye(3, dtype=np.float32), 0.0, np.zeros(3, np.float32))
    planes = locate(concepts, activation, (40, 60))
    assert planes.shape == (3, 40, 60) and not planes[:2].any()
    row, column = np.unravel_index(planes[2].argmax(), (40, 60))
    assert 10 <= row < 20 and 40 <= column < 50
