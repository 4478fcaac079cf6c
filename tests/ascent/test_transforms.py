"""Transforms whose right answer is known: where pixels go, and that gradients come back to where they were."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from graphs import Array, pictures, transformation, transposed
from graphs_only import graphs_only
from hypothesis import given, settings
from hypothesis import strategies as some

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.transforms import ColourNoise, Crop, Flip, Jitter, Lines, Mirror, Pad, Transform
from dreampipe.ascent.warps import Blur, Box, Rotate, Scale
from dreampipe.errors import RecipeError


def through(transform: Transform, image: Array, *numbers: float) -> Array:
    found: Array = transformation(transform)(image, numbers)
    return found


def back(transform: Transform, image: Array, weights: Array, *numbers: float) -> Array:
    """The gradient of the sum of the weighted pixels behind the transform."""
    found: Array = transposed(transform)(image, numbers, weights)
    return found


def point(row: int, column: int, size: tuple[int, int] = (12, 15)) -> Array:
    image = np.zeros((1, *size, 3), np.float32)
    image[0, row, column] = 1
    return image


def places(image: Array) -> list[list[int]]:
    found: list[list[int]] = np.argwhere(np.abs(image).sum(axis=(0, 3)) > 1e-5).tolist()
    return found


def test_jitter_draws_whole_pixels_as_it_always_did() -> None:
    drawn = Jitter(32).draw(np.random.default_rng([7, 2]), 0.3, (9, 9))
    assert drawn.tolist() == np.random.default_rng([7, 2]).integers(-32, 33, 2, dtype=np.int32).tolist()
    rng = np.random.default_rng(0)
    assert {tuple(Jitter(1).draw(rng, 0, (9, 9))) for _ in range(200)} == {
        (r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)
    }
    assert not Jitter(0).draw(rng, 0, (9, 9)).any()
    assert not Jitter(Ramp(8, 0)).draw(rng, 1, (9, 9)).any()
    assert max(np.abs(Jitter(Ramp(8, 2)).draw(rng, 0, (9, 9))).max() for _ in range(99)) == 8
    assert max(np.abs(Jitter(Ramp(8, 2)).draw(rng, 1, (9, 9))).max() for _ in range(99)) == 2


def test_jitter_moves_rows_by_its_first_number_and_columns_by_its_second() -> None:
    """neural-dream rolls another axis than it means to."""
    assert places(through(Jitter(), point(3, 4), 2, -1)) == [[5, 3]]
    assert places(through(Jitter(), point(3, 4), 0, 5)) == [[3, 9]]
    assert places(through(Jitter(), point(11, 0), 1, -1)) == [[0, 14]]


def test_jitter_back_again_changes_no_bit() -> None:
    image = pictures((12, 15))
    for shift in ((2, -1), (-30, 47), (0, 0)):
        again = through(Jitter(), through(Jitter(), image, *shift), -shift[0], -shift[1])
        assert np.array_equal(again, image)


@pytest.mark.parametrize("shift", [(2, -1), (-5, 7)])
def test_the_gradient_of_a_jittered_pixel_lands_where_the_pixel_was(shift: tuple[int, int]) -> None:
    """tf-keras-vis and neural-dream leave the shift in the picture."""
    weights = through(Jitter(), point(3, 4), *shift)
    assert np.array_equal(back(Jitter(), pictures((12, 15), 1), weights, *shift), point(3, 4))


def test_a_mirror_shows_the_border_and_takes_its_gradient_from_the_picture_alone() -> None:
    image = pictures((12, 15))
    seen = through(Mirror(4), image)
    assert np.array_equal(seen, np.pad(image, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="reflect"))
    weights = pictures((20, 23), low=-1, high=1)
    assert np.array_equal(back(Mirror(4), image, weights), weights[:, 4:-4, 4:-4])


@graphs_only
@pytest.mark.parametrize("transform", [Mirror(3), Jitter(3), Pad(3), Blur(1.0)], ids=repr)
def test_its_graph_is_freed_once_nobody_holds_it(transform: Transform) -> None:
    """A process that climbs many objectives, one after the other, must not keep the graphs of all."""
    compiled = transposed.__wrapped__(transform)
    numbers = transform.draw(np.random.default_rng(0), 0.0, (12, 15))
    compiled(pictures((12, 15)), numbers, pictures(transform.output((12, 15), numbers)))
    held = graphs_alive()
    del compiled
    assert graphs_alive() == held - 1


def graphs_alive() -> int:
    from tensorflow.python.framework.func_graph import FuncGraph

    gc.collect()
    return sum(type(each) is FuncGraph for each in gc.get_objects())


def test_padding_mirrors_as_often_as_it_takes() -> None:
    for size in ((12, 15), (2, 3), (1, 4), (1, 1)):
        image = pictures(size)
        expected = np.pad(image, ((0, 0), (7, 7), (7, 7), (0, 0)), mode="reflect")
        assert np.array_equal(through(Pad(7), image, 7), expected)


def test_padding_can_be_grey() -> None:
    seen = through(Pad(2, "grey"), point(0, 0), 2)
    assert seen.shape == (1, 16, 19, 3)
    assert np.array_equal(seen[:, 2:-2, 2:-2], point(0, 0))
    assert (seen[:, :2] == 0.5).all() and (seen[:, :, -2:] == 0.5).all()


def test_every_crop_of_its_size_is_drawn_and_none_beyond() -> None:
    rng = np.random.default_rng(0)
    corners = {tuple(Crop(2).draw(rng, 0, (12, 15)).astype(int)[:2]) for _ in range(300)}
    assert corners == {(row, column) for row in range(3) for column in range(3)}
    image = pictures((12, 15))
    for row, column in corners:
        assert np.array_equal(
            through(Crop(2), image, row, column, 10, 13), image[:, row : row + 10, column : column + 13]
        )
    assert Crop(40).output((12, 50), Crop(40).draw(rng, 0, (12, 50))) == (1, 10)


def test_flipping_exchanges_left_and_right() -> None:
    image = pictures((12, 15))
    assert np.array_equal(through(Flip(), image, 1), image[:, :, ::-1])
    assert np.array_equal(through(Flip(), image, 0), image)
    rng = np.random.default_rng(0)
    for probability in (0.0, 0.25, 1.0):
        drawn = [Flip(probability).draw(rng, 0, (12, 15))[0] for _ in range(400)]
        assert np.mean(drawn) == pytest.approx(probability, abs=0.06)


def test_colour_noise_has_its_deviation_and_is_added() -> None:
    image = pictures((60, 50))
    drawn = ColourNoise(Ramp(0.2, 0.1)).draw(np.random.default_rng(0), 0.5, (60, 50))
    added = through(ColourNoise(), image, *drawn) - image
    assert added.std() == pytest.approx(0.15, rel=0.03)
    assert added.mean() == pytest.approx(0, abs=0.01)
    assert np.corrcoef(added[0].reshape(-1, 3).T)[0, 1] == pytest.approx(0, abs=0.05)
    weights = pictures((60, 50), low=-1, high=1)
    assert np.array_equal(back(ColourNoise(), image, weights, *drawn), weights)


@pytest.mark.parametrize("turns", [-1, 1, 2])
def test_a_square_turned_by_right_angles_is_the_square_turned(turns: int) -> None:
    image = pictures((9, 9))
    expected = np.rot90(image, -turns, axes=(1, 2))
    np.testing.assert_allclose(through(Rotate(), image, 90 * turns), expected, atol=1e-5)
    image = pictures((8, 8))
    np.testing.assert_allclose(through(Rotate(), image, 90 * turns), np.rot90(image, -turns, axes=(1, 2)), atol=1e-5)


def test_a_rotation_turns_a_slope() -> None:
    rows, columns = np.mgrid[:41, :41] - 20.0
    slope = np.repeat((rows * 0.01)[None, ..., None], 3, axis=3).astype(np.float32)
    seen = through(Rotate(), slope, 30)[0, 10:-10, 10:-10, 0]
    angle = np.pi / 6
    expected = 0.01 * (np.cos(angle) * rows - np.sin(angle) * columns)[10:-10, 10:-10]
    np.testing.assert_allclose(seen, expected, atol=1e-5)


@pytest.mark.parametrize("transform", [Rotate(), Scale(), Blur()])
def test_what_changes_nothing_changes_nothing(transform: Transform) -> None:
    image = pictures((12, 15))
    nothing = 1.0 if isinstance(transform, Scale) else 0.0
    np.testing.assert_allclose(through(transform, image, nothing), image, atol=1e-5)
    np.testing.assert_allclose(through(Box(), image, 1.0, 0.0, 0.0), image, atol=1e-5)


def test_scaling_stretches_a_slope_around_the_middle() -> None:
    slope = np.zeros((1, 21, 31, 3), np.float32)
    slope += (0.1 * (np.arange(21) - 10))[:, None, None] + (0.01 * (np.arange(31) - 15))[None, :, None]
    for factor in (0.9, 1.25):
        seen = through(Scale(), slope, factor)[0, 4:-4, 4:-4]
        np.testing.assert_allclose(seen, slope[0, 4:-4, 4:-4] / factor, atol=1e-5)


def test_a_box_is_enlarged_to_the_whole() -> None:
    image = np.zeros((1, 16, 24, 3), np.float32)
    image[:, 4:12, 12:] = 1
    inside = through(Box(), image, 0.5, 0.25, 0.5)[0]
    assert (inside[1:-1, 1:] > 0.99).all()
    rng = np.random.default_rng(0)
    for _ in range(100):
        share, top, left = Box(0.3).draw(rng, 0, (16, 24))
        assert share == np.float32(0.3) and 0 <= top <= 0.7 and 0 <= left <= 0.7
    assert Box(Ramp(0.5, 0.1)).draw(rng, 1, (16, 24))[0] == pytest.approx(0.1)


def test_a_blurred_point_is_a_gaussian() -> None:
    seen = through(Blur(), point(16, 20, (33, 41)), 2.0)[0, :, :, 0]
    rows, columns = np.mgrid[:33, :41]
    gaussian = np.exp(-((rows - 16) ** 2 + (columns - 20) ** 2) / 8)
    np.testing.assert_allclose(seen, gaussian / gaussian.sum(), atol=1e-6)


def test_a_blur_sees_the_picture_mirrored_at_its_border() -> None:
    image = pictures((10, 12), 1)
    padded = np.pad(image, ((0, 0), (9, 9), (11, 11), (0, 0)), mode="reflect")
    np.testing.assert_allclose(through(Blur(), image, 1.5), through(Blur(), padded, 1.5)[:, 9:-9, 11:-11], atol=1e-6)


WRONG = [
    (lambda: Jitter(-1), "The jitter's pixels came as -1, but at least 0 is expected."),
    (lambda: Jitter(Ramp(3, -1)), "The jitter's pixels came as 3 -> -1, but at least 0 is expected."),
    (lambda: Flip(1.5), "The flip's probability came as 1.5, but 0 to 1 is expected."),
    (lambda: Pad(2, "blue"), "The padding's mode came as 'blue', but mirror or grey is expected."),  # type: ignore[arg-type]
    (lambda: Scale(1), "The scale's share came as 1, but 0 to 0.9 is expected."),
    (lambda: Box(0), "The box's share came as 0, but 0.01 to 1 is expected."),
    (lambda: Rotate(360), "The rotation's degrees came as 360, but 0 to 180 is expected."),
    (lambda: Blur(float("nan")), "The blur's sigma came as nan, but 0 to 100 is expected."),
]


@pytest.mark.parametrize("make, sentence", WRONG)
def test_an_amount_that_makes_no_sense_is_refused(make: object, sentence: str) -> None:
    with pytest.raises(RecipeError) as refused:
        make()  # type: ignore[operator]
    assert str(refused.value) == sentence


@given(
    chain=some.lists(some.sampled_from([Jitter(9), Mirror(5), Crop(7), Flip(0.5), Flip(1.0)]), max_size=5),
    height=some.integers(8, 60),
    width=some.integers(8, 60),
    seed=some.integers(0, 99),
    part=some.tuples(some.integers(0, 40), some.integers(1, 70)),
)
@settings(max_examples=80, deadline=None)
def test_runs_copy_what_their_lines_copy(
    chain: list[Transform], height: int, width: int, seed: int, part: tuple[int, int]
) -> None:
    rng, size = np.random.default_rng(seed), (height, width)
    lines = [Lines.of(np.arange(side)) for side in size]
    for transform in chain:
        drawn = transform.draw(rng, 0.5, size)
        found = transform.copied(size, drawn)
        assert found
        lines, size = [one.then(after) for one, after in zip(lines, found, strict=True)], transform.output(size, drawn)
    cut = slice(part[0], part[0] + part[1])
    for one, side in zip(lines, (height, width), strict=True):
        runs, numbers = list(one.runs(cut)), np.arange(side)
        copied = [numbers[run.source] for run in runs]
        assert [len(numbers[run.source]) for run in runs] == [run.here.stop - run.here.start for run in runs]
        assert [run.here.start for run in runs[1:]] == [run.here.stop for run in runs[:-1]]
        np.testing.assert_array_equal(np.concatenate([*copied, numbers[:0]]), one.source[cut])
        live = [run.live for run in runs for _ in range(run.here.start, run.here.stop)]
        np.testing.assert_array_equal(live, one.live[cut])
        assert len(runs) <= 4 * 3 ** len(chain)
