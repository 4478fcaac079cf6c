"""An ascent that goes on from a dream: what terms that look back compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small import Make, flat, how, linear, net

from dreampipe.ascent import Ascent, Octaves
from dreampipe.models import Card
from dreampipe.objectives import Objective

Array = np.ndarray[Any, Any]


def noise(*size: int, low: float = 0.3, high: float = 0.7, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(low, high, (*size, 3)).astype(np.float32)


def ascent(card: Card, objective: str, octaves: int = 2, **settings: Any) -> Ascent:
    return Ascent(card, Objective.parse(objective), Octaves(octaves), **how(**{"steps": 2, "jitter": 3, **settings}))


@pytest.mark.parametrize("size, octaves", [((40, 56), 1), ((40, 56), 3), ((3, 40), 1)], ids=str)
def test_a_dream_is_pulled_towards_its_source(make: Make, size: tuple[int, int], octaves: int) -> None:
    """Everywhere a tenth above it, so that each step of each octave brings it nearer by its step size."""
    source = noise(*size)
    spec = ascent(make(linear), "-1*distance()", octaves, step_size=0.01, jitter=0)
    found = spec.run(source + np.float32(0.1), seed=0, source=source).image
    np.testing.assert_allclose(found, source + 0.1 - octaves * 2 * 0.01, atol=3e-6)


def test_a_model_of_one_size_looks_at_the_source_at_that_size(make: Make) -> None:
    source = noise(24, 30)
    spec = ascent(make(flat, side=16), "-1*distance()", step_size=0.01)
    found = spec.run(source + np.float32(0.1), seed=0, source=source).image
    np.testing.assert_allclose(found, source + 0.08, atol=3e-6)


def test_each_picture_of_a_batch_has_its_source(make: Make) -> None:
    source = noise(2, 24, 30)
    image = source + np.float32([0.1, -0.1]).reshape(2, 1, 1, 1)
    spec = ascent(make(linear), "-1*distance()", 1, step_size=0.01)
    found = spec.run(image, seed=0, source=source).image
    np.testing.assert_allclose(found[0], source[0] + 0.08, atol=3e-6)
    np.testing.assert_allclose(found[1], source[1] - 0.08, atol=3e-6)


@pytest.mark.parametrize("objective", ["middle", "middle - 30*distance()", "caricature(middle)"])
@pytest.mark.parametrize("size", [(24, 30), (5, 40)], ids=str)
def test_a_picture_that_is_its_own_source_is_one_without(make: Make, objective: str, size: tuple[int, int]) -> None:
    image = noise(*size)
    spec = ascent(make(net), objective)
    expected = spec.run(image, seed=3).image
    assert np.array_equal(spec.run(image, seed=3, source=image).image, expected)
    assert np.array_equal(spec.run(image, seed=3, source=image.copy()).image, expected)


@pytest.mark.parametrize("objective", ["middle - 30*distance()", "caricature(middle)"])
def test_another_source_makes_another_dream(make: Make, objective: str) -> None:
    image, spec = noise(24, 30), ascent(make(net), objective)
    other = spec.run(image, seed=3, source=noise(24, 30, seed=1)).image
    assert not np.array_equal(other, spec.run(image, seed=3).image)
    assert np.array_equal(other, spec.run(image, seed=3, source=noise(24, 30, seed=1)).image)


def test_terms_that_do_not_look_back_see_no_source(make: Make) -> None:
    image, spec = noise(24, 30), ascent(make(net), "middle")
    assert np.array_equal(spec.run(image, seed=3, source=noise(24, 30, seed=1)).image, spec.run(image, seed=3).image)


def test_neither_picture_nor_source_is_changed(make: Make) -> None:
    image, source = noise(24, 30), noise(24, 30, seed=1)
    ascent(make(net), "middle - 30*distance()").run(image, seed=3, source=source)
    assert np.array_equal(image, noise(24, 30)) and np.array_equal(source, noise(24, 30, seed=1))


def test_without_steps_the_picture_stays(make: Make) -> None:
    image = noise(24, 30)
    spec = ascent(make(net), "middle", 3, steps=0)
    assert np.array_equal(spec.run(image, seed=3, source=noise(24, 30, seed=1)).image, image)


def test_the_mask_holds_with_a_source_too(make: Make) -> None:
    image, mask = noise(24, 30), np.zeros((24, 30), np.float32)
    mask[:, 15:] = 1
    spec = ascent(make(net), "middle - 30*distance()")
    found = spec.run(image, seed=3, mask=mask, source=noise(24, 30, seed=1)).image
    assert np.array_equal(found[:, :15], image[:, :15])
    assert not np.array_equal(found[:, 16:], image[:, 16:])


@pytest.mark.parametrize("shape", [(24, 31, 3), (1, 24, 30, 3), (24, 30)], ids=str)
def test_a_source_of_another_shape_is_refused(make: Make, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"The source came as .* for \(24, 30, 3\): give one of the same shape"):
        ascent(make(net), "middle").run(noise(24, 30), seed=0, source=np.zeros(shape, np.float32))
