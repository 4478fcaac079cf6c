"""One contract for every part that an ascent is put together of: parameterizations, transforms, shapings, optimizers.

Each is a small frozen value, traced once for pictures of all sizes, the same for the same seed, and keeps the pictures
of a batch apart; what has a gradient has the one that differences measure.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from functools import lru_cache
from inspect import isabstract
from typing import Any

import numpy as np
import pytest
from graphs import SIZES, Array, graph, measured_slope, pictures, pulled

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.optimizers import Adam, Momentum, Nadam, Optimizer, Plain
from dreampipe.ascent.parameterizations import Fourier, Luminance, MaCo, Parameterization, Pixels
from dreampipe.ascent.prior import Prior
from dreampipe.ascent.shaping import Deviation, Laplacian, Local, MeanAbsolute, Shaping, Sign, Smooth, Standard
from dreampipe.ascent.transforms import ColourNoise, Crop, Flip, Jitter, Mirror, Pad, Transform
from dreampipe.ascent.warps import Blur, Box, Rotate, Scale
from dreampipe.models.scaling import unscale

LOOSE = Pixels("tf", bounded=False)
PARAMETERIZATIONS = [Pixels(), Pixels("torch"), LOOSE, Luminance(), Fourier(), MaCo("start"), MaCo(), Prior()]
EXACT = PARAMETERIZATIONS[:6]
"""Those that can make any picture; the natural magnitude makes natural ones only, a decoder what it was taught."""
TRANSFORMS = [
    Jitter(3),
    Jitter(Ramp(8, 2)),
    Mirror(0),  # a margin that hands no gradient back is tested by itself
    Pad(5),
    Pad(2, "grey"),
    Pad(Ramp(6, 1)),
    Crop(4),
    Crop(Ramp(6, 1)),
    Flip(),
    ColourNoise(0.1),
    Rotate(20.0),
    Scale(0.2),
    Box(),
    Box(0.6),
    Blur(Ramp(2, 0)),
]
SHAPINGS = [
    MeanAbsolute(),
    Deviation(),
    Standard(),
    Sign(),
    Smooth(),
    Smooth(1.0),
    Laplacian(),
    Laplacian(1),
    Local(),
    Local(1),
]
OPTIMIZERS = [Plain(), Momentum(), Momentum(0.5), Adam(), Adam(0.8, 0.9, 1e-3), Nadam()]
Part = Parameterization | Transform | Shaping | Optimizer
PARTS: list[Part] = [*PARAMETERIZATIONS, *TRANSFORMS, *SHAPINGS, *OPTIMIZERS]
PICTURE = (None, None, None, 3)


def kinds(base: type) -> Iterator[type]:
    for kind in base.__subclasses__():
        yield from (kind, *kinds(kind))


def random() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("base", [Parameterization, Transform, Shaping, Optimizer])
def test_every_part_is_under_contract(base: type) -> None:
    own = {kind for kind in kinds(base) if kind.__module__.startswith("dreampipe.") and not isabstract(kind)}
    assert own <= {type(part) for part in PARTS}


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_a_part_is_a_frozen_value(part: Part) -> None:
    again = pickle.loads(pickle.dumps(part))
    assert again == part
    assert hash(again) == hash(part)
    with pytest.raises(FrozenInstanceError):
        part.anything = 1  # type: ignore[union-attr]


# Parameterizations


@lru_cache
def synthesis(how: Parameterization) -> Any:
    """From the parameters, in their order, and the size to the picture; with the gradients of those climbed."""

    def made(parameters: dict[str, Any], size: Any) -> Any:
        return unscale(how.image(parameters, size), how.units)

    def picture(*given: Any) -> Any:
        *values, size, weights = given
        parameters = dict(zip(how.shapes, values, strict=True))
        slopes = [
            pulled(lambda moved, name=name: made({**parameters, name: moved}, size), parameters[name], weights)
            for name in how.climbed
        ]
        return made(parameters, size), *slopes

    dtypes = ["float32"] * len(how.shapes) + ["int32", "float32"]
    return graph(picture, *how.shapes.values(), (2,), PICTURE, dtypes=dtypes)


def image(how: Parameterization, parameters: dict[str, Array], size: tuple[int, int]) -> Array:
    found: Array = synthesis(how)(*(parameters[name] for name in how.shapes), size, np.zeros((1, 1, 1, 3)))[0]
    return found


@lru_cache
def projection(how: Parameterization) -> Any:
    def project(*values: Any) -> Any:
        return tuple(how.project(dict(zip(how.shapes, values, strict=True))).values())

    return graph(project, *how.shapes.values())


def moved(how: Parameterization, parameters: dict[str, Array], far: float) -> dict[str, Array]:
    """The parameters after a random step."""
    rng = random()
    steps = {name: far * rng.standard_normal(parameters[name].shape).astype(np.float32) for name in how.climbed}
    after = {**parameters, **{name: parameters[name] + step for name, step in steps.items()}}
    return dict(zip(how.shapes, projection(how)(*(after[name] for name in how.shapes)), strict=True))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_parameters_have_the_shapes_that_are_said(how: Parameterization, size: tuple[int, int]) -> None:
    parameters = how.init(pictures(size), random())
    assert list(parameters) == list(how.shapes)
    assert set(how.climbed) <= set(how.shapes)
    for name, shape in how.shapes.items():
        assert parameters[name].dtype == np.float32
        assert len(parameters[name].shape) == len(shape)
        assert all(said in (None, came) for said, came in zip(shape, parameters[name].shape, strict=True))
    made = image(how, parameters, size)
    assert made.shape == (2, *size, 3)
    assert made.dtype == np.float32


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", EXACT, ids=str)
def test_a_picture_comes_back_from_its_parameters(how: Parameterization, size: tuple[int, int]) -> None:
    given = pictures(size)
    np.testing.assert_allclose(image(how, how.init(given, random()), size), given, atol=2e-6)


@pytest.mark.parametrize("how", EXACT, ids=str)
def test_black_and_white_come_back_too(how: Parameterization) -> None:
    given = pictures((6, 5), low=-0.5, high=1.5).clip(0, 1)
    np.testing.assert_allclose(image(how, how.init(given, random()), (6, 5)), given, atol=1.1e-3)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", [how for how in PARAMETERIZATIONS if how.bounded], ids=str)
def test_a_step_of_any_length_stays_in_range(how: Parameterization, size: tuple[int, int]) -> None:
    for far in (0.1, 100.0):
        after = moved(how, how.init(pictures(size), random()), far)
        made = image(how, after, size)
        assert made.min() >= -1e-6
        assert made.max() <= 1 + 1e-6
        again = projection(how)(*(after[name] for name in how.shapes))
        for once, twice in zip(after.values(), again, strict=True):
            assert np.array_equal(once, twice)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_the_slope_of_a_parameter_is_the_one_measured(how: Parameterization, size: tuple[int, int]) -> None:
    parameters = moved(how, how.init(pictures(size, low=0.3, high=0.7), random()), 0.02)
    weights = random().standard_normal((2, *size, 3)).astype(np.float32)
    slopes = synthesis(how)(*(parameters[name] for name in how.shapes), size, weights)[1:]
    for name, slope in zip(how.climbed, slopes, strict=True):
        along = 0.01 * random().standard_normal(slope.shape).astype(np.float32)
        function = lambda values, name=name: image(how, {**parameters, name: values}, size)  # noqa: E731
        expected = measured_slope(function, parameters[name], along, weights)
        assert float((slope * along).sum()) == pytest.approx(expected, rel=2e-3, abs=2e-5)


@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_the_seed_decides_the_parameters(how: Parameterization) -> None:
    grey = np.full((1, 8, 8, 3), 0.5, np.float32)
    once, again, other = (how.init(grey, np.random.default_rng(seed)) for seed in (3, 3, 4))
    for name in how.shapes:
        assert once[name].tobytes() == again[name].tobytes()
    alike = all(np.array_equal(once[name], other[name]) for name in how.shapes)
    assert alike != isinstance(how, MaCo | Prior)  # those that a grey picture does not tell


@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_pictures_of_a_batch_do_not_touch(how: Parameterization) -> None:
    given = pictures((7, 6))
    together = how.init(given, random())
    for each in (0, 1):
        alone = {name: value[each : each + 1] for name, value in together.items()}
        np.testing.assert_allclose(image(how, alone, (7, 6))[0], image(how, together, (7, 6))[each], atol=1e-6)


@pytest.mark.parametrize("size", [(8, 6), (7, 9)], ids=str)
@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_carrying_their_own_picture_changes_nothing(how: Parameterization, size: tuple[int, int]) -> None:
    parameters = moved(how, how.init(pictures(size, low=0.3, high=0.7), random()), 0.02)
    made = image(how, parameters, size)
    np.testing.assert_allclose(image(how, how.carry(parameters, made), size), made, atol=5e-6)


@pytest.mark.parametrize("before, after", [((4, 4), (9, 7)), ((12, 9), (5, 6))], ids=str)
@pytest.mark.parametrize("how", EXACT, ids=str)
def test_a_picture_is_carried_to_another_size(
    how: Parameterization, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """As the engine does: what is handed on is the picture at the next size."""
    parameters = how.init(pictures(before), random())
    given = pictures(after)
    np.testing.assert_allclose(image(how, how.carry(parameters, given), after), given, atol=2e-6)
    flat = np.full((2, *after, 3), 0.3, np.float32)
    np.testing.assert_allclose(image(how, how.carry(parameters, flat), after), flat, atol=2e-6)


@pytest.mark.parametrize("before, after", [((4, 4), (9, 7)), ((12, 9), (5, 6)), ((6, 8), (6, 11)), ((1, 1), (3, 2))])
@pytest.mark.parametrize("how", PARAMETERIZATIONS, ids=str)
def test_moments_are_resized_linearly(how: Parameterization, before: tuple[int, int], after: tuple[int, int]) -> None:
    one, two = (how.init(pictures(before, seed=seed), random()) for seed in (1, 2))
    both = how.resize({name: 2 * one[name] - 3 * two[name] for name in how.climbed}, before, after)
    shapes = {name: value.shape for name, value in how.init(pictures(after), random()).items()}
    for name in how.climbed:
        apart = [how.resize({name: values[name]}, before, after)[name] for values in (one, two)]
        np.testing.assert_allclose(both[name], 2 * apart[0] - 3 * apart[1], atol=1e-5)
        assert both[name].shape == shapes[name]
        assert both[name].dtype == np.float32
        assert not how.resize({name: np.zeros_like(one[name])}, before, after)[name].any()
    assert all(np.array_equal(how.resize(one, before, before)[name], one[name]) for name in how.shapes)


def test_one_trace_makes_pictures_of_all_sizes() -> None:
    for how in PARAMETERIZATIONS:
        for size in SIZES:
            image(how, how.init(pictures(size, batch=1), random()), size)
        assert len(synthesis(how).traces) == 1


# Transforms


@lru_cache
def transformation(transform: Transform) -> Any:
    return graph(transform, PICTURE, (transform.width,))


@lru_cache
def transposed(transform: Transform) -> Any:
    def back(image: Any, drawn: Any, weights: Any) -> Any:
        return pulled(lambda image: transform(image, drawn), image, weights)

    return graph(back, PICTURE, (transform.width,), PICTURE)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_what_is_traced_serves_every_amount(transform: Transform) -> None:
    rng = random()
    for progress in (0.0, 0.5, 1.0):
        drawn = transform.draw(rng, progress, (17, 14))
        image = pictures((17, 14))
        traced = transform.without_amounts()
        assert traced == transform.without_amounts().without_amounts()
        assert np.array_equal(transformation(traced)(image, drawn), transformation(transform)(image, drawn))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_a_transform_gives_the_size_that_it_says(transform: Transform, size: tuple[int, int]) -> None:
    for progress in (0.0, 0.4, 1.0):
        drawn = transform.draw(random(), progress, size)
        assert drawn.shape == (transform.width,)
        assert drawn.dtype == np.float32
        seen = transformation(transform)(pictures(size), drawn)
        assert seen.shape == (2, *transform.output(size, drawn), 3)
        assert seen.dtype == np.float32
        assert np.isfinite(seen).all()
    assert len(transformation(transform).traces) == 1


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_the_gradient_comes_back_through_a_transform(transform: Transform, size: tuple[int, int]) -> None:
    drawn = transform.draw(random(), 0.5, size)
    at, along = pictures(size), 0.1 * pictures(size, seed=2, low=-1, high=1)
    weights = random().standard_normal((2, *transform.output(size, drawn), 3)).astype(np.float32)
    slope = float((transposed(transform)(at, drawn, weights) * along).sum())
    function = lambda image: transformation(transform)(image, drawn)  # noqa: E731
    assert slope == pytest.approx(measured_slope(function, at, along, weights), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_the_seed_decides_what_a_transform_draws(transform: Transform) -> None:
    def drawn(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        return b"".join(transform.draw(rng, step / 19, (17, 16)).tobytes() for step in range(20))

    assert drawn(1) == drawn(1)
    assert (drawn(1) != drawn(2)) == (not isinstance(transform, Mirror | Pad | Blur))
    numbers, at = transform.draw(random(), 0.5, (17, 16)), pictures((17, 16))
    assert np.array_equal(transformation(transform)(at, numbers), transformation(transform)(at, numbers))


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_pictures_of_a_batch_are_transformed_alike(transform: Transform) -> None:
    at = pictures((17, 16))
    drawn = transform.draw(random(), 0.5, (17, 16))
    together = transformation(transform)(at, drawn)
    for each in (0, 1):
        alone = transformation(transform)(at[each : each + 1], drawn)
        np.testing.assert_allclose(alone[0], together[each], atol=1e-6)


@pytest.mark.parametrize("transform", [t for t in TRANSFORMS if t not in (Pad(2, "grey"), ColourNoise(0.1))], ids=str)
def test_a_flat_picture_stays_flat(transform: Transform) -> None:
    for size in SIZES:
        drawn = transform.draw(random(), 0.5, size)
        seen = transformation(transform)(np.full((1, *size, 3), 0.3, np.float32), drawn)
        np.testing.assert_allclose(seen, 0.3, rtol=1e-6)


@pytest.mark.parametrize("transform", [t for t in TRANSFORMS if not t.moves], ids=str)
def test_what_does_not_move_stays_in_its_place(transform: Transform) -> None:
    at = np.full((1, 9, 11, 3), 0.2, np.float32)
    at[0, 3, 7] = 9
    seen = transformation(transform)(at, transform.draw(random(), 0.5, (9, 11)))[0, :, :, 0]
    assert np.unravel_index(seen.argmax(), seen.shape) == (3, 7)


# Shapings


@lru_cache
def shaped(shaping: Shaping) -> Any:
    return graph(shaping, PICTURE, ())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("shaping", SHAPINGS, ids=str)
def test_a_shaped_gradient_is_one_of_the_same_size(shaping: Shaping, size: tuple[int, int]) -> None:
    gradient = pictures(size, low=-1, high=1)
    for progress in (0.0, 0.5, 1.0):
        for weight in (1.0, 1e30, 1e-30):
            found = shaped(shaping)(weight * gradient, progress)
            assert found.shape == gradient.shape
            assert found.dtype == np.float32
            assert np.isfinite(found).all()
    assert len(shaped(shaping).traces) == 1


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("shaping", SHAPINGS, ids=str)
def test_no_gradient_stays_none(shaping: Shaping, size: tuple[int, int]) -> None:
    assert not shaped(shaping)(np.zeros((2, *size, 3)), 0.5).any()


@pytest.mark.parametrize("shaping", SHAPINGS, ids=str)
def test_a_gradient_turned_around_is_shaped_alike(shaping: Shaping) -> None:
    gradient = pictures((17, 16), low=-1, high=1)
    np.testing.assert_allclose(shaped(shaping)(-gradient, 0.5), -shaped(shaping)(gradient, 0.5), atol=1e-6)


@pytest.mark.parametrize("shaping", SHAPINGS, ids=str)
def test_each_gradient_of_a_batch_is_shaped_by_itself(shaping: Shaping) -> None:
    gradient = pictures((17, 16), low=-1, high=1)
    expected = [shaped(shaping)(gradient[each : each + 1], 0.5)[0] for each in (0, 1)]
    gradient[1] *= 1000
    found = shaped(shaping)(gradient, 0.5)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)
    scale = 1000 if isinstance(shaping, Smooth) else 1
    np.testing.assert_allclose(found[1] / scale, expected[1], atol=1e-5)


# Optimizers


@lru_cache
def stepping(optimizer: Optimizer) -> Any:
    def step(gradient: Any, moments: Any, count: Any, size: Any) -> Any:
        move, after = optimizer.step(gradient, tuple(moments[at] for at in range(len(optimizer.moments))), count, size)
        return move, *after

    return graph(step, (None, None), (None, None, None), (), ())


def steps(optimizer: Optimizer, gradients: Array, step_size: float = 0.1) -> Array:
    """All moves along these gradients (steps, rows, columns)."""
    moments = np.zeros((len(optimizer.moments), *gradients.shape[1:]), np.float32)
    moves = []
    for count, gradient in enumerate(gradients, 1):
        move, *after = stepping(optimizer)(gradient, moments, count, step_size)
        moments = np.reshape(after, moments.shape)
        moves.append(move)
    return np.array(moves)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_an_optimizer_works_element_by_element_on_any_shape(optimizer: Optimizer) -> None:
    gradients = random().standard_normal((6, 4, 5)).astype(np.float32)
    moves = steps(optimizer, gradients)
    assert moves.shape == gradients.shape
    assert moves.dtype == np.float32
    np.testing.assert_allclose(steps(optimizer, gradients[:, ::-1, 2:]), moves[:, ::-1, 2:], rtol=1e-6)
    assert len(stepping(optimizer).traces) == 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_the_first_step_is_upwards_and_none_is_taken_without_a_gradient(optimizer: Optimizer) -> None:
    gradients = np.array([[[3.0, -2.0, 0.0]]] * 3, np.float32)
    moves = steps(optimizer, gradients)
    assert np.array_equal(np.sign(moves), np.sign(gradients))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_move_is_as_long_as_the_step_size_says(optimizer: Optimizer) -> None:
    gradients = random().standard_normal((6, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(steps(optimizer, gradients, 0.4), 4 * steps(optimizer, gradients, 0.1), rtol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_hill_is_climbed(optimizer: Optimizer) -> None:
    top, at = np.array([[1.0, -2.0, 0.5]], np.float32), np.zeros((1, 3), np.float32)
    moments = np.zeros((len(optimizer.moments), 1, 3), np.float32)
    for count in range(1, 301):
        move, *after = stepping(optimizer)(top - at, moments, count, 0.05)
        at, moments = at + move, np.reshape(after, moments.shape)
    np.testing.assert_allclose(at, top, atol=0.02)
