"""A picture is its number; the mask says where the motif is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.models.motifnet.motifs import MOTIFS
from dreampipe.models.motifnet.renderer import CLASSES, NOTHING, SIZE, render, render_many
from dreampipe.models.motifnet.scenery import scene

motifs = pytest.mark.parametrize("label", range(NOTHING), ids=list(MOTIFS))


def blurred(x: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Without the grain and the touch of blur that the camera adds."""
    return np.asarray(cv2.GaussianBlur(np.asarray(x, np.float32), (0, 0), 2), np.float32)


def test_there_are_24_motifs_at_least_and_nothing_is_the_last_class() -> None:
    assert len(MOTIFS) >= 24
    assert list(CLASSES) == [*MOTIFS, "nothing"]
    assert CLASSES[NOTHING] == "nothing"


@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, 10**9), seed=st.integers(0, 10**6))
def test_a_number_and_a_seed_are_one_picture(number: int, seed: int) -> None:
    first, again = render(number, seed), render(number, seed)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert first.label == again.label == number % len(CLASSES)
    assert first.name == CLASSES[first.label]
    assert not np.array_equal(first.pixels, render(number, seed + 1).pixels)
    assert not np.array_equal(first.pixels, render(number + len(CLASSES), seed).pixels)


def test_a_picture_does_not_depend_on_those_rendered_with_it() -> None:
    pixels, labels = render_many([7, 24, 3], seed=5)
    assert pixels.shape == (3, SIZE, SIZE, 3)
    assert pixels.dtype == np.uint8
    assert labels.dtype == np.int32
    assert labels.tolist() == [7, 24, 3]
    assert all(np.array_equal(x, render(n, seed=5).pixels) for x, n in zip(pixels, [7, 24, 3], strict=True))


@motifs
def test_every_motif_covers_a_part_of_its_picture(label: int) -> None:
    for example in (render(label + k * len(CLASSES), seed=9) for k in range(3)):
        assert example.pixels.shape == (SIZE, SIZE, 3)
        assert example.mask.shape == (SIZE, SIZE)
        assert example.mask.dtype == np.uint8
        assert example.mask.max() > 200
        assert 0.02 < np.mean(example.mask > 127) < 0.98


@motifs
def test_the_mask_is_where_the_picture_is_not_its_background(label: int) -> None:
    """The background is drawn first, so the same chance draws it alone; the camera only scales and lifts it."""
    compared = 0
    for number in range(label, 12 * len(CLASSES), len(CLASSES)):
        example = render(number, seed=2)
        background = scene(np.random.default_rng([2, number]), round(1.5 * SIZE), round(1.5 * SIZE))
        alone = blurred(cv2.resize(background, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
        picture = blurred(example.pixels) / 255
        outside = cv2.dilate(example.mask, np.ones((17, 17), np.uint8)) == 0
        inside = example.mask > 250
        seen = outside & (picture.max(-1) < 0.93) & (picture.min(-1) > 0.05)  # not clipped by the camera
        if seen.sum() < 100 or inside.sum() < 100:
            continue
        gain, lift = np.polyfit(alone[seen].ravel(), picture[seen].ravel(), 1)
        away = np.abs(picture - (gain * alone + lift)).mean(-1)
        assert away[seen].mean() < 0.008
        assert away[inside].mean() > 8 * away[seen].mean()
        compared += 1
    assert compared >= 2


def test_nothing_has_an_empty_mask() -> None:
    examples = [render(NOTHING + k * len(CLASSES)) for k in range(20)]
    assert all(e.name == "nothing" and not e.mask.any() for e in examples)
    assert len({e.pixels.tobytes() for e in examples}) == 20


@settings(max_examples=25, deadline=None)
@given(size=st.integers(24, 200), label=st.sampled_from([0, 12, NOTHING, NOTHING, NOTHING]), k=st.integers(0, 50))
def test_any_size_is_rendered(size: int, label: int, k: int) -> None:
    example = render(label + k * len(CLASSES), size=size)
    assert example.pixels.shape == (size, size, 3)
    assert example.mask.shape == (size, size)
    assert example.pixels.std() > 0


_MEANS = (
    (60.61, 79.24),
    (99.82, 73.12),
    (114.41, 94.09),
    (124.91, 21.37),
    (126.02, 139.79),
    (84.36, 122.27),
    (84.62, 167.05),
    (122.53, 137.03),
    (128.46, 66.81),
    (84.55, 84.79),
    (108.54, 81.25),
    (131.75, 107.39),
    (79.47, 53.46),
    (126.9, 86.74),
    (135.24, 59.45),
    (115.45, 93.74),
    (112.89, 193.67),
    (101.93, 105.75),
    (83.31, 102.8),
    (65.77, 89.84),
    (84.79, 48.65),
    (129.57, 129.36),
    (86.09, 46.27),
    (106.67, 66.79),
    (142.24, 0.0),
)


def test_the_training_pictures_stay_what_the_shipped_weights_were_trained_on() -> None:
    """Means of pixels and mask of the first picture of each class; another order of draws would change them all."""
    found = [(e.pixels.mean(), e.mask.mean()) for e in map(render, range(len(CLASSES)))]
    assert np.allclose(found, _MEANS, rtol=0, atol=0.05)
