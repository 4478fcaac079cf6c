"""Pictures that climb together, masks, moments that live on, and units that are asleep: in closed form where one is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small import SLOPE, Make, branches, flat, how, linear, net, same

from dreampipe.ascent import Ascent, Octaves, Step
from dreampipe.ascent.optimizers import Adam, Momentum, Optimizer, Plain
from dreampipe.ascent.parameterizations import Fourier, Luminance, MaCo, Parameterization, Pixels
from dreampipe.errors import ModelError
from dreampipe.models import Card
from dreampipe.objectives import Objective

Array = np.ndarray[Any, Any]
PULL = SLOPE / np.abs(SLOPE).mean()
"""What `linear` and the mean of the absolute gradient give to each pixel."""


def asleep(keras: Any, image: Any) -> Any:
    """Three channels of relu(mean - bias): one awake from 0 on, one from 0.5 on, one that nothing can wake."""
    mean = keras.initializers.Constant(1 / 3)
    bias = keras.initializers.Constant(np.float32([0, -0.5, -1000]))
    x = keras.layers.Conv2D(3, 1, kernel_initializer=mean, bias_initializer=bias, name="means")(image)
    return keras.layers.ReLU(name="lit")(x)


def pictures(count: int = 3, height: int = 24, width: int = 28, low: float = 0.35, high: float = 0.65) -> Array:
    return np.random.default_rng(8).uniform(low, high, (count, height, width, 3)).astype(np.float32)


def ascent(card: Card, objective: str, octaves: int = 1, **settings: Any) -> Ascent:
    settings = {"steps": 3, "step_size": 0.02, "jitter": 0, **settings}
    settings = how(**settings) | {"starred": "*]" in objective or "(*)" in objective}
    return Ascent(card, Objective.parse(objective), Octaves(octaves), **settings)


@pytest.mark.parametrize("parameterization", [Pixels(), Luminance(), Fourier(), MaCo()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("optimizer", [Plain(), Adam()], ids=lambda o: type(o).__name__)
def test_each_picture_of_a_batch_climbs_as_if_alone(
    make: Make, parameterization: Parameterization, optimizer: Optimizer
) -> None:
    batch = pictures()
    spec = ascent(make(net), "middle", 2, jitter=4, parameterization=parameterization, optimizer=optimizer)
    together = spec.run(batch, seed=3)
    assert together.image.shape == batch.shape and together.scores.shape == (3,)
    for number, picture in enumerate(batch):
        alone = spec.run(picture, seed=3)
        assert alone.image.shape == picture.shape
        np.testing.assert_allclose(together.image[number], alone.image, atol=1e-4)
        assert together.scores[number] == pytest.approx(alone.scores[0], rel=1e-3)


@pytest.mark.parametrize(
    "starred, own", [("middle[*]", "middle[{}]"), ("middle[*]@center", "middle[{}]@center"), ("logit(*)", "logit({})")]
)
def test_each_picture_climbs_its_own_unit(make: Make, starred: str, own: str) -> None:
    batch, units = pictures(2), (3, 4)
    together = ascent(make(net), starred, jitter=4).run(batch, seed=1, units=units).image
    for picture, unit, came in zip(batch, units, together, strict=True):
        np.testing.assert_allclose(
            came, ascent(make(net), own.format(unit), jitter=4).run(picture, seed=1).image, atol=1e-5
        )
    assert np.abs((together[0] - batch[0]) - (together[1] - batch[1])).max() > 0.01


@pytest.mark.parametrize("units, came", [(None, "no"), ((3,), "1"), ((3, 4, 5), "3"), ((), "0")])
def test_as_many_units_as_pictures(make: Make, units: Any, came: str) -> None:
    with pytest.raises(ValueError, match=rf"^{came} units came for 2 pictures, but middle\[\*\] needs one for each"):
        ascent(make(net), "middle[*]").run(pictures(2), seed=0, units=units)


@pytest.mark.parametrize("unit", [-1, 8])
def test_a_unit_that_is_not_there_is_refused(make: Make, unit: int) -> None:
    with pytest.raises((ModelError, ValueError)):
        ascent(make(net), "middle[*]").run(pictures(2), seed=0, units=(0, unit))


def test_a_step_tells_the_mean_over_the_batch_of_each_term(make: Make) -> None:
    heard: list[Step] = []
    batch = pictures()
    ascent(make(branches), "2*one[0] - two[0]", steps=1).run(batch, seed=0, on_step=heard.append)
    each = np.array(
        [ascent(make(branches), text, steps=1).run(batch, seed=0).scores for text in ("2*one[0]", "-two[0]")]
    )
    assert heard[0].terms == pytest.approx(each.mean(axis=1), abs=1e-6)
    assert heard[0].score == pytest.approx(each.mean(axis=1).sum(), abs=1e-6)


def test_pictures_are_handed_out_as_they_are_after_each_step(make: Make) -> None:
    taken: list[Any] = []
    batch = pictures(2)
    result = ascent(make(linear), "linear[0]").run(batch, seed=0, on_pictures=lambda step, now: taken.append(now))
    for step, now in enumerate(taken, 1):  # asked for when all is over
        np.testing.assert_allclose(now(), batch + step * 0.02 * PULL, atol=1e-6)
    assert np.array_equal(taken[-1](), result.image)


def levels(height: int = 24, width: int = 28) -> Array:
    """A mask of grey levels in columns, black ones among them."""
    return np.broadcast_to(np.float32([0, 0, 0.25, 0.5, 1, 0, 1])[np.arange(width) // 4 % 7], (height, width)).copy()


def test_grey_levels_weigh_the_step(make: Make) -> None:
    picture = pictures()[0]
    step = ascent(make(linear), "linear[0]", steps=1, jitter=5).run(picture, seed=0, mask=levels()).image - picture
    np.testing.assert_allclose(step, levels()[..., None] * 0.02 * PULL, atol=1e-6)


def test_the_mask_is_there_at_every_octave(make: Make) -> None:
    """White far from its edge: as without a mask; grey: by its level, however many octaves add their detail."""
    picture, mask = pictures(1, 48, 64)[0], np.ones((48, 64), np.float32)
    mask[:, 32:] = 0.5
    moved = (
        ascent(make(linear), "linear[0]", 3, steps=1, step_size=0.01).run(picture, seed=0, mask=mask).image - picture
    )
    np.testing.assert_allclose(moved[:, :28], np.broadcast_to(3 * 0.01 * PULL, (48, 28, 3)), atol=3e-6)
    np.testing.assert_allclose(moved[:, 36:], np.broadcast_to(1.5 * 0.01 * PULL, (48, 28, 3)), atol=3e-6)


@pytest.mark.parametrize("octaves", [1, 4])
@pytest.mark.parametrize("parameterization", [Pixels(), Luminance(), Fourier()], ids=lambda p: type(p).__name__)
def test_black_keeps_every_bit(make: Make, octaves: int, parameterization: Parameterization) -> None:
    picture, mask = pictures(1, 48, 64, 0, 1)[0], levels(48, 64)
    spec = ascent(make(net), "middle", octaves, jitter=4, parameterization=parameterization, optimizer=Momentum())
    dreamed = spec.run(picture, seed=0, mask=mask).image
    assert np.array_equal(dreamed[mask == 0], picture[mask == 0])
    assert np.abs(dreamed - picture)[mask == 1].max() > 0.01


def test_black_keeps_every_bit_on_a_model_of_one_size(make: Make) -> None:
    picture, mask = pictures(1, 48, 64)[0], levels(48, 64)
    dreamed = ascent(make(flat, side=16), "linear[0]").run(picture, seed=0, mask=mask).image
    assert np.array_equal(dreamed[mask == 0], picture[mask == 0])
    assert np.abs(dreamed - picture)[mask == 1].max() > 0.01


def test_a_mask_weighs_every_picture_of_a_batch_and_is_mirrored_with_a_small_one(make: Make) -> None:
    batch, mask = pictures(2, 9, 11), np.ones((9, 11), np.float32)
    mask[:, :5] = 0
    moved = ascent(make(linear), "linear[0]", steps=1).run(batch, seed=0, mask=mask).image - batch
    np.testing.assert_allclose(moved, np.broadcast_to(mask[..., None] * 0.02 * PULL, batch.shape), atol=1e-6)


def test_moments_live_on_in_the_next_octave(make: Make) -> None:
    """On a linear model the gradient g is the same at each of two steps: the first adds g, the second (1 + 0.9) g."""
    picture = pictures(1, 48, 64)[0]
    spec = ascent(make(linear), "linear[0]", 2, steps=1, optimizer=Momentum(0.9))
    moved = spec.run(picture, seed=0).image - picture
    np.testing.assert_allclose(moved, np.broadcast_to(2.9 * 0.02 * PULL, moved.shape), atol=3e-6)


def test_adam_counts_on_in_the_next_octave(make: Make) -> None:
    """Under one gradient for ever each step of Adam is as long as the step size, but only while its count goes on."""
    picture = pictures(1, 48, 64)[0]
    spec = ascent(make(linear), "linear[0]", 2, steps=2, optimizer=Adam())
    moved = spec.run(picture, seed=0).image - picture
    np.testing.assert_allclose(moved, np.broadcast_to(4 * 0.02 * np.sign(SLOPE), moved.shape), atol=1e-5)


def flat_picture(value: float, size: int = 20) -> Array:
    return np.full((size, size, 3), value, np.float32)


def test_a_unit_that_sleeps_is_woken(make: Make) -> None:
    card = make(asleep)
    for warmup, end in ((16, 0.2 + 39 * 0.02), (0, 0.2)):
        result = ascent(card, "lit[1]", steps=40, warmup=warmup).run(flat_picture(0.2), seed=0)
        # The first step finds no gradient; each of the others moves every pixel by the step size.
        np.testing.assert_allclose(result.image, flat_picture(end), atol=1e-5)
        assert result.silent == (() if warmup else (0,))
        assert [note.split(":")[0] for note in result.notes] == ([] if warmup else ["lit[1] never fired"])


def test_a_unit_that_nothing_wakes_is_named(make: Make) -> None:
    result = ascent(make(asleep), "lit[*]", steps=12).run(np.stack([flat_picture(0.4)] * 3), seed=0, units=(0, 2, 2))
    assert result.silent == (1, 2)
    (note,) = result.notes
    assert note.startswith("lit[2] never fired: zero from the start to the end")
    assert result.scores.tolist() == pytest.approx([result.scores[0], 0, 0])
    assert ascent(make(asleep), "lit[2]", steps=0).run(flat_picture(0.4), seed=0).silent == ()


def test_a_unit_that_nothing_wakes_is_named_beside_what_has_a_gradient(make: Make) -> None:
    batch = np.random.default_rng(2).uniform(0.3, 0.5, (2, 20, 20, 3)).astype(np.float32)
    result = ascent(make(asleep), "lit[2] + diversity(means)", steps=6).run(batch, seed=0)
    assert np.abs(result.image - batch).max() > 0.01
    assert result.silent == (0, 1)


@pytest.mark.parametrize("low, high", [(0.2, 0.8), (0.0, 1.0)])
def test_the_luminance_alone_is_dreamed_on_a_model_of_one_size(make: Make, low: float, high: float) -> None:
    picture = pictures(1, 24, 28, low, high)[0]
    spec = ascent(make(flat, side=16), "linear[0]", parameterization=Luminance(), step_size=0.1)
    dreamed = spec.run(picture, seed=0).image
    np.testing.assert_allclose(np.diff(dreamed, axis=2), np.diff(picture, axis=2), atol=1e-6)
    assert np.abs(dreamed - picture).mean() > 0.005


@pytest.mark.parametrize("octaves, height, width", [(1, 9, 14), (3, 40, 60)])
def test_pictures_told_of_are_framed_as_what_comes(make: Make, octaves: int, height: int, width: int) -> None:
    told: list[tuple[Step, Array]] = []
    result = ascent(make(linear), "linear[0]", octaves).run(
        pictures(2, height, width), seed=0, on_pictures=lambda step, drawn: told.append((step, drawn()))
    )
    np.testing.assert_allclose(told[-1][1], result.image, atol=1e-6)
    for step, drawn in told:
        assert drawn.shape[1:3] == (min(step.size[0], height), min(step.size[1], width))


def test_those_awake_climb_as_if_nobody_slept(make: Make) -> None:
    batch = np.stack([flat_picture(0.4), flat_picture(0.3)])
    spec = ascent(make(asleep), "lit[*]", steps=24)
    together = spec.run(batch, seed=0, units=(0, 1))
    assert together.silent == ()
    np.testing.assert_allclose(together.image[0], flat_picture(0.4 + 24 * 0.02), atol=1e-5)
    np.testing.assert_allclose(together.image[1], flat_picture(0.3 + 23 * 0.02), atol=1e-5)


def test_a_gradient_that_never_was_there_wakes_nothing(make: Make) -> None:
    """`same` has no activation to leak through: black under the mean of squares has no gradient, and stays black."""
    result = ascent(make(same), "same").run(flat_picture(0), seed=0)
    assert not result.image.any()
    assert result.silent == (0,)
