"""The attack against models whose right answer is known: a linear model falls exactly where its margin ends."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import pytest

from dreampipe.models.motifnet.evaluate import attack, attacked_accuracy, clean_accuracy

SIDE = 8
RADIUS = 0.4
"""Small enough that a picture near 0.5 never meets 0 or 1."""
Array = npt.NDArray[np.float32]


def direction() -> Array:
    """A unit vector (SIDE, SIDE, 3) that tells class 1 from class 0."""
    w = np.random.default_rng(3).standard_normal((SIDE, SIDE, 3))
    return np.asarray(w / np.linalg.norm(w), np.float32)


def linear(scale: float = 1.0) -> keras.Model:
    """Logits (0, scale * direction . (picture - 0.5)): the margin is `scale` times the distance from the boundary."""
    image = keras.Input((SIDE, SIDE, 3))
    dense = keras.layers.Dense(2)
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    w = scale * direction().ravel()
    dense.set_weights([np.stack([0 * w, w], 1), np.array([0, -0.5 * w.sum()], np.float32)])
    return model


def at_distances(distances: npt.NDArray[np.float64]) -> tuple[Array, npt.NDArray[np.int32]]:
    """Pictures on both sides in turn, each this far from the boundary, and their true classes."""
    side = np.where(np.arange(len(distances)) % 2, 1, -1)
    pictures = 0.5 + (side * distances)[:, None, None, None] * direction()
    return np.asarray(pictures, np.float32), (side > 0).astype(np.int32)


def norms(x: Array) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.norm(x.reshape(len(x), -1).astype(np.float64), axis=1))


def test_clean_accuracy_counts_over_batches_and_takes_bytes_or_floats() -> None:
    bright = np.random.default_rng(0).random(230) < 0.5
    pictures = np.where(bright, 200, 50).astype(np.uint8)[:, None, None, None] * np.ones((1, 5, 6, 3), np.uint8)
    image = keras.Input((None, None, 3))
    dense = keras.layers.Dense(2)
    model = keras.Model(image, dense(keras.layers.GlobalAveragePooling2D()(image)))
    dense.set_weights([np.array([[0, 1]] * 3, np.float32), np.array([0, -1.5], np.float32)])
    labels = bright.astype(np.int32)
    labels[:23] = 1 - labels[:23]
    assert clean_accuracy(model, pictures, labels) == pytest.approx(0.9)
    assert clean_accuracy(model, np.asarray(pictures / 255, np.float32), labels) == pytest.approx(0.9)


@pytest.mark.parametrize("scale", [1.0, 80.0])
def test_a_linear_model_falls_exactly_where_its_margin_is_within_the_radius(scale: float) -> None:
    """Twenty steps come to within 5 % of the radius; how sure the model is of itself changes nothing."""
    distances = np.concatenate([np.linspace(0.05, 0.95, 60), np.linspace(1.01, 1.4, 55)]) * RADIUS
    pictures, labels = at_distances(distances)
    model = linear(scale)
    assert clean_accuracy(model, pictures, labels) == 1
    assert attacked_accuracy(model, pictures, labels, radius=RADIUS, seed=1) == pytest.approx(55 / 115)


def test_the_attack_goes_straight_against_a_linear_model() -> None:
    pictures, labels = at_distances(np.full(40, 2 * RADIUS))
    moved = attack(linear(), pictures, labels, radius=RADIUS, seed=2) - pictures
    against = np.where(labels == 1, -1, 1) * np.tensordot(moved, direction(), 3)
    assert against.min() > 0.95 * RADIUS
    assert against.max() <= RADIUS * (1 + 1e-5)


def test_perturbations_stay_in_the_ball_and_on_the_picture() -> None:
    """Dark and bright pictures, a radius that meets both ends of [0, 1], and a model that is not linear."""
    rng = np.random.default_rng(5)
    pictures = rng.choice([0.0, 0.1, 0.9, 1.0], (30, 12, 10, 3)).astype(np.float32)
    image = keras.Input((12, 10, 3))
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(16, activation="tanh")(keras.layers.Flatten()(image))
    model = keras.Model(image, keras.layers.Dense(4)(hidden))
    labels = np.asarray(model(pictures)).argmax(-1).astype(np.int32)
    moved = attack(model, pictures, labels, radius=1.5, seed=3)
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert norms(moved - pictures).max() <= 1.5 * (1 + 1e-5)
    assert np.mean(np.asarray(model(moved)).argmax(-1) == labels) < 0.5


def test_without_steps_the_start_is_a_random_point_of_the_ball() -> None:
    pictures, labels = at_distances(np.full(50, 0.1))
    moved = attack(linear(), pictures, labels, radius=RADIUS, steps=0, seed=4) - pictures
    size = norms(moved)
    assert size.max() <= RADIUS * (1 + 1e-5)
    assert np.median(size) > 0.98 * RADIUS  # nearly all of a ball in 192 dimensions lies at its surface
    assert np.abs(moved.mean(0)).max() < 4 * RADIUS / (192 * 50) ** 0.5


def test_the_seed_alone_decides_the_attack() -> None:
    pictures, labels = at_distances(np.full(3, 0.2))
    first, again, other = (attack(linear(), pictures, labels, radius=RADIUS, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
