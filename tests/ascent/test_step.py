"""One step in closed form: what it adds to each pixel, and that it adds it where the model saw it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small import BIAS, HEAD, OTHER, SLOPE, Make, blind, branches, broken, classes, fourth, how, linear, root, same

from dreampipe.ascent import Ascent, Octaves, Step
from dreampipe.errors import ModelError
from dreampipe.models import Card, Scaling
from dreampipe.objectives import Objective

Array = np.ndarray[Any, Any]
ONCE = Octaves(1)


def picture(height: int = 20, width: int = 24, low: float = 0.3, high: float = 0.7) -> Array:
    """Noise far enough from black and white that a small step is never clipped."""
    return np.random.default_rng(1).uniform(low, high, (height, width, 3)).astype(np.float32)


def moved(image: Array, card: Card, objective: str, seed: int = 0, **settings: Any) -> Array:
    """What one step in one octave adds to the picture."""
    ascent = Ascent(
        card, Objective.parse(objective), ONCE, **how(**{"steps": 1, "step_size": 0.05, "jitter": 0, **settings})
    )
    return ascent.run(image, seed=seed).image - image


def direction(slope: Array) -> Array:
    """Of a gradient that is the same in every pixel: what a step of 0.05 adds to red, green and blue."""
    return 0.05 * slope / np.abs(slope).mean()


@pytest.mark.parametrize("jitter", [0, 5])
def test_a_linear_model_moves_each_pixel_along_its_slope(make: Make, jitter: int) -> None:
    step = moved(picture(), make(linear), "linear[0]", jitter=jitter)
    np.testing.assert_allclose(step, np.broadcast_to(direction(SLOPE), step.shape), atol=2e-6)


@pytest.mark.parametrize(
    "scaling, slope",
    [
        ("unit", SLOPE),
        ("tf", SLOPE),
        ("bytes", SLOPE),
        ("torch", SLOPE / np.float32([0.229, 0.224, 0.225])),
        ("caffe", SLOPE[::-1]),
    ],
)
def test_the_step_size_is_that_of_the_picture_however_the_model_scales_it(
    make: Make, scaling: Scaling, slope: Array
) -> None:
    step = moved(picture(), make(linear, scaling), "linear[0]")
    np.testing.assert_allclose(step, np.broadcast_to(direction(slope), step.shape), atol=2e-6)


@pytest.mark.parametrize("normalization", ["mean", "deviation"])
@pytest.mark.parametrize("weight", [1e9, 1e-30, -2])
def test_a_weight_turns_the_step_but_does_not_stretch_it(make: Make, weight: float, normalization: str) -> None:
    step = moved(picture(), make(linear), f"{'-' * (weight < 0)}{abs(weight)}*linear[0]", normalization=normalization)
    expected = moved(picture(), make(linear), "linear[0]", normalization=normalization)
    np.testing.assert_allclose(step, np.sign(weight) * expected, atol=2e-6)


def test_terms_of_two_layers_add_up(make: Make) -> None:
    step = moved(picture(), make(branches), "3*one[0] - 2*two[0]")
    np.testing.assert_allclose(step, np.broadcast_to(direction(3 * SLOPE - 2 * OTHER), step.shape), atol=2e-6)


@pytest.mark.parametrize("margin", [0, 8])
def test_terms_of_the_model_and_of_the_picture_add_up(make: Make, margin: int) -> None:
    """Also where nothing is between the picture and what the model sees."""
    settings: dict[str, Any] = {"jitter": None, "transforms": (), "shaping": (), "step_size": 10.0, "margin": margin}
    of_model, of_picture, of_both = (
        moved(picture(), make(linear), objective, **settings)
        for objective in ("linear[0]", "0.5*tv()", "linear[0] + 0.5*tv()")
    )
    assert np.abs(of_model).max() > 1e-3 and np.abs(of_picture).max() > 1e-3
    np.testing.assert_allclose(of_both, of_model + of_picture, atol=2e-6)


def test_the_mean_of_squares_pulls_each_pixel_by_its_own_value(make: Make) -> None:
    image = picture()
    np.testing.assert_allclose(moved(image, make(same), "same"), 0.05 * image / image.mean(), atol=2e-6)


def test_the_deviation_can_normalize_too(make: Make) -> None:
    image = picture()
    step = moved(image, make(same), "same", normalization="deviation", step_size=0.005)
    np.testing.assert_allclose(step, 0.005 * image / image.std(), atol=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_jitter_is_rolled_back(make: Make, seed: int) -> None:
    """A lone bright pixel draws its own gradient: were it not rolled back, it would move away from where it is."""
    image = np.zeros((20, 24, 3), np.float32)
    image[6, 15] = 0.5
    step = moved(image, make(same), "same", seed, jitter=32, step_size=0.001)
    assert np.flatnonzero(step.any(axis=2)).tolist() == [6 * 24 + 15]


def test_jitter_shifts_rows_and_columns_each_by_itself(make: Make) -> None:
    """The model sees one pixel of every 4x4, so the pixels that move tell the shift, which is -1, 0 or 1 here."""
    seen = set()
    for seed in range(40):
        rows, columns = np.nonzero(moved(picture(), make(fourth), "fourth", seed, jitter=1).any(axis=2))
        (row,), (column,) = set(rows % 4), set(columns % 4)
        seen.add((int(row), int(column)))
    assert seen == {(row, column) for row in (3, 0, 1) for column in (3, 0, 1)}


def test_without_jitter_no_seed_matters(make: Make) -> None:
    assert np.array_equal(moved(picture(), make(fourth), "fourth", 1), moved(picture(), make(fourth), "fourth", 2))


@pytest.mark.parametrize("place, at", [("(3,2)", (3, 2)), ("(0,0)", (0, 0)), ("center", (10, 12)), ("(99,5)", (19, 5))])
def test_a_neuron_moves_what_it_sees(make: Make, place: str, at: tuple[int, int]) -> None:
    step = moved(picture(), make(same), f"same[1]@{place}", step_size=1e-4)
    assert np.argwhere(step).tolist() == [[*at, 1]]


@pytest.mark.parametrize("normalization", ["mean", "deviation"])
def test_where_there_is_no_gradient_the_picture_stays(make: Make, normalization: str) -> None:
    assert not moved(picture(), make(blind), "blind", normalization=normalization).any()


def test_a_picture_never_leaves_its_range(make: Make) -> None:
    for sign in ("", "-"):
        dreamed = picture() + moved(picture(), make(same), f"{sign}same", step_size=5.0, jitter=3)
        assert dreamed.min() >= 0
        assert dreamed.max() <= 1
        assert dreamed.mean() == pytest.approx(0.0 if sign else 1.0)


def scores(card: Card, objective: str, image: Array) -> list[float]:
    steps: list[Step] = []
    Ascent(card, Objective.parse(objective), ONCE, **how(steps=5, step_size=0.02, jitter=4)).run(
        image, seed=0, on_step=steps.append
    )
    return [step.score for step in steps]


@pytest.mark.parametrize("index", range(4))
def test_classes_are_scored_before_and_after_the_softmax(make: Make, index: int) -> None:
    color = np.float32([0.5, 0.25, 0.75])
    image = np.broadcast_to(color, (20, 20, 3)).copy()
    logits = color @ HEAD + BIAS
    odds = np.exp(logits) / np.exp(logits).sum()
    for text, value in ((f"logit({index})", logits[index]), (f"prob({index})", odds[index])):
        came = scores(make(classes), text, image)
        assert came[0] == pytest.approx(value, rel=1e-5)
        assert came == sorted(came)
        assert came[-1] > came[0]


def test_a_model_that_gives_nan_is_named(make: Make) -> None:
    with pytest.raises(ModelError, match=r"broken-None gave nan for broken in octave 1, step 1: take"):
        moved(picture(), make(broken), "broken")


def test_a_gradient_that_is_not_finite_is_named(make: Make) -> None:
    black = np.zeros((20, 20, 3), np.float32)
    with pytest.raises(ModelError, match=r"is not finite|gave nan"):
        moved(black, make(root), "2*sqrt[0]", steps=1)
