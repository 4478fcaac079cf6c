"""What goes on from octave to octave and from step to step, in closed form: on models whose gradient is one everywhere.

On `linear` every step of a grey picture adds the same to each pixel, so what comes out is counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from small import SLOPE, Make, how, linear, net

from dreampipe.ascent import Ascent, Octaves, Ramp, Step
from dreampipe.ascent.octaves import OctaveCarry
from dreampipe.ascent.optimizers import Adam, Momentum
from dreampipe.ascent.parameterizations import Fourier, Luminance, Pixels
from dreampipe.ascent.shaping import MeanAbsolute, Standard
from dreampipe.ascent.transforms import Jitter, Mirror
from dreampipe.errors import RecipeError
from dreampipe.models import Card, Scaling
from dreampipe.objectives import Objective

Array = np.ndarray[Any, Any]
CARRIES: tuple[OctaveCarry, ...] = get_args(OctaveCarry)
STD = np.float32([0.229, 0.224, 0.225])
SIZE = 0.01
ALONG = SIZE * SLOPE / np.abs(SLOPE).mean()
"""What a step adds to red, green and blue."""


def ascent(card: Card, octaves: Octaves, objective: str = "linear[0]", **settings: Any) -> Ascent:
    settings = {"steps": 2, "step_size": SIZE, "jitter": 3, **settings}
    return Ascent(card, Objective.parse(objective), octaves, **how(**settings))


def grey(height: int = 40, width: int = 56, level: float = 0.5) -> Array:
    return np.full((height, width, 3), level, np.float32)


def noise(height: int = 40, width: int = 56) -> Array:
    return np.random.default_rng(4).random((height, width, 3), np.float32)


def heard(spec: Ascent, image: Array) -> tuple[Array, list[Step]]:
    steps: list[Step] = []
    return spec.run(image, seed=0, on_step=steps.append).image, steps


def moves(steps: list[Step]) -> Array:
    """How far each step but the last went, in step sizes: each raises the score of `linear` by as much."""
    raised = np.diff([step.score for step in steps])
    return np.asarray(raised / float(SLOPE @ ALONG))


@pytest.mark.parametrize("carry", CARRIES)
@pytest.mark.parametrize(
    "octaves, steps",
    [(Octaves(3), 6), (Octaves(3, 1.3, above=1), 6), (Octaves(2, rounds=3), 12), (Octaves(3, resizing="corners"), 6)],
)
def test_every_step_of_every_octave_and_round_is_in_the_picture(
    make: Make, octaves: Octaves, steps: int, carry: OctaveCarry
) -> None:
    dreamed, told = heard(ascent(make(linear), replace(octaves, carry=carry)), grey())
    assert len(told) == steps
    np.testing.assert_allclose(dreamed, grey() + steps * ALONG, atol=5e-6)


@pytest.mark.parametrize("octaves", [Octaves(4), Octaves(3, above=2), Octaves(3, carry="lost", resizing="bilinear")])
@pytest.mark.parametrize("rounds", [1, 3])
def test_where_the_source_comes_back_no_step_changes_nothing(make: Make, octaves: Octaves, rounds: int) -> None:
    dreamed, told = heard(ascent(make(linear), replace(octaves, rounds=rounds), steps=0, margin=0), noise())
    assert not told
    np.testing.assert_allclose(dreamed, noise(), atol=1e-6)


def test_a_picture_that_is_carried_is_as_sharp_as_its_smallest_size(make: Make) -> None:
    octaves = Octaves(3, 1.5, above=1, carry="picture", resizing="bilinear")
    dreamed, _ = heard(ascent(make(linear), octaves, steps=0), noise(30, 42))
    expected = noise(30, 42)
    for size in ((28, 20), (42, 30), (63, 45), (42, 30)):
        expected = cv2.resize(expected, size, interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(dreamed, expected, atol=1e-6)


@pytest.mark.parametrize("carry", CARRIES)
def test_where_a_mask_is_black_the_source_stays(make: Make, carry: OctaveCarry) -> None:
    mask = np.zeros((40, 56), np.float32)
    mask[:, 20:] = 1
    octaves = Octaves(3, 1.4, above=1, carry=carry, resizing="bilinear", rounds=2)
    dreamed = ascent(make(linear), octaves, optimizer=Adam()).run(noise(), seed=0, mask=mask).image
    assert np.array_equal(dreamed[:, :20], noise()[:, :20])
    assert np.abs(dreamed - noise())[:, 20:].mean() > 0.01


@pytest.mark.parametrize("bits, levels", [(1, 1), (2, 3), (8, 255)])
def test_bits_cut_down_to_the_level_below(make: Make, bits: int, levels: int) -> None:
    dreamed, _ = heard(ascent(make(linear), Octaves(1, bits=bits), steps=0), noise())
    np.testing.assert_allclose(dreamed, np.floor(noise() * levels) / levels, atol=1e-6)
    again, _ = heard(ascent(make(linear), Octaves(1, bits=bits), steps=0), dreamed)
    np.testing.assert_allclose(again, dreamed, atol=1e-6)


def test_rounds_are_told_as_octaves_each_with_draws_of_its_own(make: Make) -> None:
    _, told = heard(ascent(make(net), Octaves(2, 1.5, rounds=2), "far", steps=1), noise(30, 30))
    assert [(s.octave, s.octaves, s.row, s.size) for s in told] == [
        (1, 4, 2, (20, 20)),
        (2, 4, 2, (30, 30)),
        (3, 4, 2, (20, 20)),
        (4, 4, 2, (30, 30)),
    ]
    twice, _ = heard(ascent(make(net), Octaves(2, 1.5, rounds=2), "far", steps=1), noise(30, 30))
    once, _ = heard(ascent(make(net), Octaves(2, 1.5), "far", steps=1), noise(30, 30))
    again, _ = heard(ascent(make(net), Octaves(2, 1.5), "far", steps=1), once)
    assert not np.array_equal(twice, again)


@pytest.mark.parametrize("steps, above, made", [(5, 2.5, 3), (5, -10, 1), (5, 1000, 5)])
def test_an_octave_ends_behind_the_step_whose_score_was_too_high(
    make: Make, steps: int, above: float, made: int
) -> None:
    """The scores of an octave that starts at grey are `first`, `first + once`, `first + 2 * once`, ..."""
    first, once = float(grey()[0, 0] @ SLOPE), float(ALONG @ SLOPE)
    spec = ascent(make(linear), Octaves(1), steps=steps, stop=first + (above - 1) * once)
    dreamed, told = heard(spec, grey())
    assert [step.step for step in told] == list(range(1, made + 1))
    np.testing.assert_allclose(dreamed, grey() + made * ALONG, atol=5e-6)


def test_behind_an_octave_that_ended_early_the_next_one_begins(make: Make) -> None:
    """An amount stands where it would have stood had the octave taken all of its steps."""
    settings = {"steps": 3, "step_size": Ramp(SIZE, 6 * SIZE)}
    dreamed, told = heard(ascent(make(linear), Octaves(2), stop=-1e9, **settings), grey())
    assert [(step.octave, step.step) for step in told] == [(1, 1), (2, 1)]
    np.testing.assert_allclose(dreamed, grey() + (1 + 4) * ALONG, atol=5e-6)


def test_amounts_go_over_the_ascent_or_over_each_octave(make: Make) -> None:
    settings = {"steps": 3, "step_size": Ramp(SIZE, 3 * SIZE)}
    for ramps, expected in (("ascent", [1, 1.4, 1.8, 2.2, 2.6]), ("octave", [1, 2, 3, 1, 2])):
        _, told = heard(ascent(make(linear), Octaves(2), ramps=ramps, **settings), grey())
        np.testing.assert_allclose(moves(told), expected, rtol=1e-3)


def test_an_optimizer_may_forget_at_each_octave(make: Make) -> None:
    for fresh, expected in ((False, [1, 1.5, 1.75, 1.875, 1.9375]), (True, [1, 1.5, 1.75, 1, 1.5])):
        _, told = heard(ascent(make(linear), Octaves(2), steps=3, optimizer=Momentum(0.5), fresh=fresh), grey())
        np.testing.assert_allclose(moves(told), expected, rtol=1e-3)


@pytest.mark.parametrize("fresh", [False, True])
def test_adam_counts_the_steps_that_it_remembers(make: Make, fresh: bool) -> None:
    """Along a gradient that never changes each of its steps is a step size, if its moments and count go together."""
    spec = ascent(make(linear), Octaves(3), steps=4, optimizer=Adam(), fresh=fresh)
    dreamed, _ = heard(spec, grey())
    np.testing.assert_allclose(dreamed, grey() + 12 * SIZE * np.sign(SLOPE), atol=2e-5)


@pytest.mark.parametrize("carry", CARRIES)
@pytest.mark.parametrize("parameterization", [Pixels("torch"), Luminance(), Fourier()], ids=str)
def test_every_parameterization_goes_every_way(make: Make, parameterization: Any, carry: OctaveCarry) -> None:
    octaves = Octaves(3, 1.3, above=1, rounding="floor", carry=carry, resizing="bilinear", rounds=2)
    image = 0.2 + 0.6 * noise(40, 52)
    spec = ascent(make(net), octaves, "far", parameterization=parameterization, optimizer=Adam(), steps=2)
    dreamed, told = heard(spec, image)
    assert [step.size for step in told[::2]] == 2 * [(30, 40), (40, 52), (52, 67)]
    assert dreamed.shape == image.shape and dreamed.min() >= 0 and dreamed.max() <= 1
    assert 0.001 < np.abs(dreamed - image).mean() < 0.3
    assert told[-1].score > told[0].score


# Units


@pytest.mark.parametrize(
    "units, one",
    [("unit", 1), ("tf", 0.5), ("bytes", 1 / 255), ("caffe", 1 / 255), ("torch", STD)],
)
@pytest.mark.parametrize("scaling", ["unit", "caffe"])
def test_a_step_is_in_the_units_of_the_pixels(make: Make, units: Scaling, one: Any, scaling: Scaling) -> None:
    """`one` is what one such unit is in [0, 1]: the gradient gets larger by it, is shaped, and the step smaller."""
    slope = (SLOPE if scaling == "unit" else SLOPE[::-1]) * one
    size = SIZE / np.mean(one)
    settings = {"parameterization": Pixels(units), "steps": 1, "step_size": size}
    dreamed, _ = heard(ascent(make(linear, scaling), Octaves(1), **settings), grey())
    np.testing.assert_allclose(dreamed - grey(), grey() * 0 + one * size * slope / np.abs(slope).mean(), atol=1e-6)
    dreamed, _ = heard(ascent(make(linear, scaling), Octaves(1), shaping=(Standard(),), **settings), grey())
    values = 40 * 56 * 3
    standard = (slope - slope.mean()) / (slope.std() * np.sqrt(values / (values - 1)))
    np.testing.assert_allclose(dreamed - grey(), grey() * 0 + one * size * standard, atol=2e-6)


def test_units_change_neither_penalties_nor_shapings_of_one_scale(make: Make) -> None:
    for shaping in ((), (MeanAbsolute(),)):
        spec = {"objective": "linear[0] - 0.1*l2()", "shaping": shaping, "steps": 3, "optimizer": Adam(epsilon=1e-30)}
        plain, told = heard(ascent(make(linear), Octaves(2), **spec, step_size=0.02), noise())
        bytes_, again = heard(
            ascent(make(linear), Octaves(2), **spec, step_size=5.1, parameterization=Pixels("bytes")), noise()
        )
        np.testing.assert_allclose(bytes_, plain, atol=2e-5)
        np.testing.assert_allclose([s.score for s in again], [s.score for s in told], atol=1e-5)


@pytest.mark.parametrize("units", ["unit", "tf", "torch"])
def test_pixels_are_bounded_at_each_step_or_at_the_end(make: Make, units: Scaling) -> None:
    """Up and out of range in every channel: unbounded, the score goes on to rise."""
    for bounded in (True, False):
        spec = ascent(
            make(linear, "tf"),
            Octaves(2, carry="picture"),
            "-1*linear[0]",
            parameterization=Pixels(units, bounded),
            step_size=4.0,
            steps=2,
        )
        dreamed, told = heard(spec, noise())
        corner = np.where(SLOPE < 0, 1, 0)
        np.testing.assert_allclose(dreamed, np.broadcast_to(corner, dreamed.shape), atol=1e-6)
        assert (told[-1].score > -float((2 * corner - 1) @ SLOPE) + 1) == (not bounded)


def test_pictures_on_the_way_are_in_range(make: Make) -> None:
    spec = ascent(make(linear), Octaves(2), parameterization=Pixels("tf", False), step_size=2.0)
    seen: list[Array] = []
    spec.run(noise(), seed=0, on_pictures=lambda _, pictures: seen.append(pictures()))
    assert len(seen) == 4
    assert all(pictures.min() == 0 and pictures.max() == 1 for pictures in seen)


def test_units_that_are_none_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"The units came as 'percent', but one of unit, tf, torch, caffe, bytes is"):
        Pixels("percent")  # type: ignore[arg-type]


# The margin


def test_a_margin_mirrors_the_picture_and_without_one_it_is_rolled_as_it_is(make: Make) -> None:
    assert ascent(make(linear), Octaves(1), margin=5).seen_through() == (Mirror(5), Jitter(3))
    assert ascent(make(linear), Octaves(1), margin=0).seen_through() == (Jitter(3),)
    fourier = ascent(make(linear), Octaves(1), margin=5, parameterization=Fourier())
    assert fourier.seen_through() == (Jitter(3),)


@pytest.mark.parametrize("margin, least", [(0, (4, 6)), (7, (8, 12))])
def test_a_picture_smaller_than_its_margin_is_not_climbed(make: Make, margin: int, least: tuple[int, int]) -> None:
    """A mirror reaches one pixel less than the picture."""
    _, told = heard(ascent(make(linear), Octaves(4, 2), margin=margin, steps=1), grey(32, 48))
    assert told[0].size == least


def test_octaves_above_count_for_memory(make: Make) -> None:
    plain, above = (ascent(make(net), Octaves(3, 2, above=many), "far") for many in (0, 2))
    assert above.together((512, 512)) < plain.together((512, 512)) / 10
