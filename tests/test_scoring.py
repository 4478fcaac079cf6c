"""Scores of objectives on a model and their gradients, against closed forms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from known import known

from dreampipe import Objective, scoring
from dreampipe.backend import keras
from dreampipe.models import Card, card
from dreampipe.objectives import HEAD, PROBABILITIES, BoundObjective

Array = np.ndarray
KERNEL = np.float32([[0.5, 1.0], [-1.0, 0.25], [0.25, 2.0]])
"""From red, green and blue to the two channels of the layer `linear`."""
CLASSES = np.float32([[1, -1, 0.5], [0, 2, -2]])
"""From the mean of each channel to three logits."""
SIZE = (5, 7)
PICTURES = np.random.default_rng(0).random((3, *SIZE, 3), np.float32)
START = np.random.default_rng(1).random((3, *SIZE, 3), np.float32)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = keras.Input((None, None, 3))
    linear = keras.layers.Conv2D(2, 1, use_bias=False, name="linear")
    head = keras.layers.Dense(3, use_bias=False, activation="softmax", name="classes")
    model = keras.Model(image, head(keras.layers.GlobalAveragePooling2D()(linear(image))))
    linear.set_weights([KERNEL.reshape(1, 1, 3, 2)])
    head.set_weights([CLASSES])
    path = tmp_path_factory.mktemp("models") / "known.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, when it saves
        model.save(path)
    return known(path)


def bound(text: str, on: Card) -> BoundObjective:
    return Objective.parse(text).bind(on, starred=True)


def logits(pictures: Array) -> Array:
    return (pictures @ KERNEL).mean((1, 2)) @ CLASSES


def probabilities(pictures: Array) -> Array:
    powers = np.exp(logits(pictures))
    return powers / powers.sum(1, keepdims=True)


def everywhere(colour: Array) -> Array:
    """The gradient (3, height, width, 3) whose every pixel has this share of the mean over places."""
    return np.broadcast_to(colour, (3, *SIZE, 3)) / np.prod(SIZE)


PLACES = np.prod(SIZE)
UNITS = [1, 0, 1]
SQUEEZED = probabilities(PICTURES)
TRUTHS: dict[str, tuple[Callable[[], Array], Callable[[], Array]]] = {
    "mean(linear)": (lambda: (PICTURES @ KERNEL).mean((1, 2, 3)), lambda: everywhere(KERNEL.mean(1))),
    "linear[1]": (lambda: (PICTURES @ KERNEL)[..., 1].mean((1, 2)), lambda: everywhere(KERNEL[:, 1])),
    "linear": (
        lambda: ((PICTURES @ KERNEL) ** 2).mean((1, 2, 3)),
        lambda: (PICTURES @ KERNEL) @ KERNEL.T / PLACES,
    ),
    "logit(2)": (lambda: logits(PICTURES)[:, 2], lambda: everywhere(KERNEL @ CLASSES[:, 2])),
    "logit(2) - logit(0)": (
        lambda: logits(PICTURES)[:, 2] - logits(PICTURES)[:, 0],
        lambda: everywhere(KERNEL @ (CLASSES[:, 2] - CLASSES[:, 0])),
    ),
    "prob(0)": (
        lambda: SQUEEZED[:, 0],
        lambda: everywhere((SQUEEZED[:, :1] * (np.eye(3)[0] - SQUEEZED) @ CLASSES.T @ KERNEL.T)[:, None, None]),
    ),
    "linear[*]": (
        lambda: (PICTURES @ KERNEL).mean((1, 2))[range(3), UNITS],
        lambda: everywhere(KERNEL.T[UNITS][:, None, None]),
    ),
    "2*linear[0] - 3*l2()": (
        lambda: 2 * (PICTURES @ KERNEL)[..., 0].mean((1, 2)) - 3 * ((2 * PICTURES - 1) ** 2).mean((1, 2, 3)),
        lambda: everywhere(2 * KERNEL[:, 0]) - 4 * (2 * PICTURES - 1) / PLACES,
    ),
    "-distance()": (
        lambda: -((PICTURES - START) ** 2).mean((1, 2, 3)),
        lambda: -2 * (PICTURES - START) / (3 * PLACES),
    ),
}


@pytest.mark.parametrize("text", TRUTHS)
def test_scores_and_gradients_are_those_of_the_closed_form(file: Path, text: str) -> None:
    on = card(file, "unit")
    scores, gradients = (truth() for truth in TRUTHS[text])
    given = (on, bound(text, on), PICTURES, UNITS, START)
    np.testing.assert_allclose(scoring.score(*given), scores, rtol=1e-5, atol=1e-6)
    found = scoring.differentiate(*given)
    np.testing.assert_allclose(found[0], scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], gradients, rtol=1e-4, atol=1e-7)


def test_gradients_are_by_pixels_in_0_to_1_whatever_the_model_takes(file: Path) -> None:
    plain, scaled = card(file, "unit"), card(file, "bytes")
    objective = bound("linear[0]", plain)
    one, other = (scoring.differentiate(on, objective, PICTURES) for on in (plain, scaled))
    np.testing.assert_allclose(other[0], 255 * one[0], rtol=1e-5)
    np.testing.assert_allclose(other[1], 255 * one[1], rtol=1e-5)


def test_a_batch_is_its_pictures_one_by_one_at_any_size(file: Path) -> None:
    on = card(file, "unit")
    objective = bound("linear + prob(1)", on)
    for pictures in (PICTURES, np.pad(PICTURES, ((0, 0), (0, 4), (3, 0), (0, 0)))):
        together = scoring.differentiate(on, objective, pictures)
        apart = [scoring.differentiate(on, objective, picture[None]) for picture in pictures]
        np.testing.assert_allclose(together[0], np.concatenate([scores for scores, _ in apart]), rtol=1e-6)
        np.testing.assert_allclose(together[1], np.concatenate([found for _, found in apart]), rtol=1e-4, atol=1e-8)


def test_activations_are_read_by_their_keys(file: Path) -> None:
    read = scoring.read_of(card(file, "unit"), ["linear"], head=True)(PICTURES)
    np.testing.assert_allclose(read["linear"], PICTURES @ KERNEL, atol=1e-6)
    np.testing.assert_allclose(read[HEAD], logits(PICTURES), atol=1e-6)
    np.testing.assert_allclose(read[PROBABILITIES], probabilities(PICTURES), atol=1e-6)


def test_a_batch_has_a_unit_for_each_picture(file: Path) -> None:
    on = card(file, "unit")
    with pytest.raises(ValueError, match=r"^2 units came for 3 pictures: give one for each"):
        scoring.score(on, bound("linear[*]", on), PICTURES, [0, 1])


def test_a_batch_fits_into_half_of_the_free_memory(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on = card(file, "unit")
    objective = bound("linear", on)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000_000))
    count = scoring.batch_size(on, objective, (20, 30))
    assert count * 600 * scoring.bytes_of_pixel(on, objective) <= 5_000_000
    assert (count + 1) * 600 * scoring.bytes_of_pixel(on, objective) > 5_000_000
    assert scoring.batch_size(on, objective, (10_000, 10_000)) == 1
