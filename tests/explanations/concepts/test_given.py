"""Given concepts: directions and scores that are known in closed form, and answers that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.backend import keras
from dreampipe.errors import MediaError, ModelError, ObjectiveError
from dreampipe.explanations.concepts import measure_concepts, train_cav
from dreampipe.explanations.concepts.features import ask_layer, cut, list_crops, pool, read_features
from dreampipe.explanations.concepts.tcav import correct, find_effect, find_significance, score_smoothly, slopes
from dreampipe.explanations.explaining import ask
from dreampipe.explanations.question import Work
from dreampipe.models import Card

Rng = np.random.Generator
WEIGHTS = np.float32([[3, 0], [0, 1], [-4, 2]])
"""From three channels to two classes."""


@pytest.fixture(scope="session")
def colours(keep) -> Card:  # type: ignore[no-untyped-def]
    """A linear network: the layer `colours` is the picture, and each logit a weighted sum of its mean colour."""
    image = keras.Input((None, None, 3))
    conv = keras.layers.Conv2D(3, 1, name="colours")
    dense = keras.layers.Dense(2, name="sums")
    model = keras.Model(image, dense(keras.layers.GlobalAveragePooling2D(name="mean")(conv(image))))
    conv.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), np.zeros(3, np.float32)])
    dense.set_weights([WEIGHTS, np.float32([0.5, -0.25])])
    return keep(model)


def rng_of(seed: int) -> Rng:
    return np.random.default_rng(seed)


def pictures(seed: int, count: int, more: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """Pictures of noise, with more of some colour."""
    noise = rng_of(seed).uniform(0.2, 0.5, (count, 6, 8, 3)) + rng_of(seed + 1).uniform(0, 0.2, (count, 1, 1, 3))
    return np.asarray(noise + np.float32(more), np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 5), st.integers(2, 30))
def test_the_direction_of_a_shift_is_the_shift(seed: int, size: float, channels: int) -> None:
    """The noise, across the shift and of both signs, is the same on both sides: by symmetry it tells nothing."""
    rng = rng_of(seed)
    shift = rng.normal(size=channels)
    shift /= np.linalg.norm(shift)
    noise = rng.normal(size=(6, channels))
    noise -= (noise @ shift)[:, None] * shift
    both = np.concatenate([noise, -noise])
    concept, others = (np.asarray(both + sign * size * shift, np.float32) for sign in (1, -1))
    cav = train_cav(concept, others, rng, seeds=1)
    np.testing.assert_allclose(cav.direction, shift, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_a_direction_turns_with_its_rows_and_does_not_change_with_their_scale(seed: int, scale: float) -> None:
    rng = rng_of(seed)
    concept, others = rng.normal(1, 1, (8, 5)), rng.normal(0, 1, (8, 5))
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    straight = train_cav(np.float32(concept), np.float32(others), rng_of(1), 1).direction
    turned = train_cav(np.float32(scale * concept @ turn), np.float32(scale * others @ turn), rng_of(1), 1).direction
    np.testing.assert_allclose(turned, straight @ turn, atol=2e-3)


def test_held_out_accuracy_is_1_where_classes_are_apart_and_chance_for_noise() -> None:
    rng = rng_of(3)
    others = rng.normal(size=(90, 40)).astype(np.float32)
    apart = others[:30] + np.float32([20, *[0] * 39])
    found = train_cav(apart, others[30:], rng, 20)
    assert (found.accuracy, found.spread) == (1.0, 0.0) and found.direction[0] > 0.9
    noise = train_cav(rng.normal(size=(30, 40)).astype(np.float32), others, rng, 60)
    assert 0.35 < noise.accuracy < 0.65 and noise.spread > 0.02


@pytest.mark.parametrize(
    "concept, others, expected",
    [
        (0, 9, r"The concept spots has no pictures, but at least 2 are expected"),
        (1, 9, r"The concept spots has one picture, but at least 2"),
        (6, 5, r"5 other pictures came for the 6 of the concept spots"),
    ],
)
def test_too_few_pictures_are_refused(concept: int, others: int, expected: str) -> None:
    with pytest.raises(MediaError, match=expected):
        train_cav(np.ones((concept, 3), np.float32), np.ones((others, 3), np.float32), rng_of(0), name="spots")
    if concept == 6:
        with pytest.raises(MediaError, match="11 other pictures came, but twice the 6"):
            measure_concepts({"spots": np.eye(6, 3, dtype=np.float32)}, np.eye(11, 3, dtype=np.float32), np.eye(3))


def test_the_slopes_of_a_linear_network_are_its_weights(colours: Card) -> None:
    shown = pictures(0, 5)
    for label in (0, 1):
        found = slopes(ask(colours, f"logit({label})"), "colours", shown, Work(rng_of(0)))
        np.testing.assert_allclose(found, np.tile(WEIGHTS[:, label], (5, 1)), rtol=1e-5)


def test_the_effect_in_a_linear_network_is_weight_times_way_and_the_score_its_sign(colours: Card) -> None:
    gradients = slopes(ask(colours, "logit(0)"), "colours", pictures(0, 4), Work(rng_of(0)))
    others = rng_of(1).random((9, 3), np.float32)
    for channel, weight, score in ((0, 3, 1), (1, 0, 0.5), (2, -4, 0)):
        vector = np.eye(3, dtype=np.float32)[channel]
        for way in (0.2, -0.5):
            found = find_effect(gradients, vector, others + np.float32(way), others)
            assert found == pytest.approx(weight * way, abs=1e-5)
        assert score_smoothly(gradients, vector) == score


def test_the_smooth_score_weighs_derivatives_by_their_size() -> None:
    gradients = np.float32([[3, 0], [-1, 9], [0, 5]])
    assert score_smoothly(gradients, np.float32([1, 0])) == 0.75
    assert score_smoothly(np.zeros((2, 2), np.float32), np.float32([1, 0])) == 0.5


def test_a_concept_that_counts_is_told_from_one_that_does_not(colours: Card) -> None:
    question, work = ask(colours, "logit(0)"), Work(rng_of(0))
    read = {
        name: pool(read_features(question, "colours", pictures(seed, count, more), work))
        for seed, (name, count, more) in enumerate(
            [
                ("red", 16, (0.4, 0, 0)),
                ("green", 16, (0, 0.4, 0)),
                ("blue", 16, (0, 0, 0.4)),
                ("noise", 16, (0, 0, 0)),
                ("others", 120, (0, 0, 0)),
            ]
        )
    }
    others = read.pop("others")
    gradients = slopes(question, "colours", pictures(9, 4), work)
    found, vectors = measure_concepts(read, others, gradients, seed=1)
    red, green, blue, noise = found
    assert vectors[0].direction[0] > 0.95
    deviation = (others @ WEIGHTS[:, 0]).std()
    assert red.is_certain and red.effect == pytest.approx(3 * 0.4 / deviation, rel=0.2) and red.score == 1
    assert blue.is_certain and blue.effect == pytest.approx(-4 * 0.4 / deviation, rel=0.2) and blue.score == 0
    assert not green.is_certain and green.is_known  # the layer knows green, and the class does not care
    assert not noise.is_known and "no answer, because the layer tells" in noise.say()
    assert "no answer, because random concepts score as well" in green.say()


def test_significance_is_exact_and_two_sided() -> None:
    random = np.arange(1.0, 20)
    assert find_significance(100, random) == find_significance(-5, random) == 0.1
    assert find_significance(10, random) == 1.0
    assert find_significance(19, random) == 0.2


def test_a_random_concept_is_significant_no_more_often_than_it_may_be() -> None:
    rng = rng_of(5)
    others = rng.normal(size=(60, 6)).astype(np.float32)
    gradients = rng.normal(size=(10, 6)).astype(np.float32) + 1
    concepts = {str(number): rng.normal(size=(10, 6)).astype(np.float32) for number in range(24)}
    found, _ = measure_concepts(concepts, others, gradients, sets=79, seeds=1)
    assert sum(one.significance <= 0.05 for one in found) <= 4  # 1 is expected; more than 4 come once in 200 times
    assert not any(one.is_certain for one in found)


def test_the_correction_is_that_of_holm() -> None:
    assert correct([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert correct([0.9, 0.8]) == (1.0, 1.0) and correct([0.02]) == (0.02,)


def test_a_layer_that_cannot_hold_concepts_is_refused(colours: Card) -> None:
    assert ask_layer(colours, "colours").objective.layers == ("colours",)
    for layer in ("mean", "sums"):
        with pytest.raises(ModelError, match=f"Layer {layer} of .* has no rows and columns, but concepts are looked"):
            ask_layer(colours, layer)
    with pytest.raises(ObjectiveError, match="no layer 'colour'"):
        ask_layer(colours, "colour")


@pytest.mark.parametrize("size", [(40, 40), (40, 61), (97, 30)])
@pytest.mark.parametrize("share", [1, 0.5, 0.3])
def test_crops_cover_the_picture_and_are_cut_where_they_say(size: tuple[int, int], share: float) -> None:
    covered = np.zeros(size, int)
    rows, columns = np.indices(size).astype(np.float32)
    picture = np.dstack([rows, columns, rows]) / 100
    for crop in list_crops(0, size, share):
        covered[crop.top : crop.top + crop.side, crop.left : crop.left + crop.side] += 1
        part = cut([picture], crop, (crop.side, crop.side))
        assert part.shape == (crop.side, crop.side, 3)
        np.testing.assert_allclose(part[0, 0, :2] * 100, (crop.top, crop.left), atol=1e-4)
    assert covered.min() >= 1
