"""The recipe of a zoom: what is refused, one spelling for each setting, sizes, times, and the hash."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe import Frame, Octaves
from dreampipe.drawings.dive import draw_dive
from dreampipe.errors import ObjectiveError, RecipeError
from dreampipe.events import Noted
from dreampipe.recipes.zooming import Zooming


def still(height: int = 48, width: int = 64) -> Frame:
    alpha = np.full((height, width), 0.5, np.float32)
    return Frame(np.random.default_rng(2).random((height, width, 3), np.float32), alpha=alpha)


@pytest.fixture
def quick(tiny_model: Path) -> dict[str, Any]:
    return {"model": tiny_model, "scaling": "unit", "steps": 1, "octaves": 1, "refresh_octaves": 1, "fps": 10}


@pytest.mark.parametrize(
    "setting, said",
    [
        ({"seconds": 0}, "seconds came as 0, but it must be a number more than 0 and at most 86400"),
        ({"seconds": float("inf")}, "seconds came as inf, but it must be a number more than 0 and at most 86400"),
        ({"seconds": float("nan")}, "seconds came as nan"),
        ({"fps": 0}, "fps came as 0, but it must be frames a second such as 24 or 30000/1001"),
        ({"fps": "1/0"}, "fps came as '1/0'"),
        ({"fps": "fast"}, "fps came as 'fast'"),
        ({"fps": 1e9}, "fps came as 1000000000.0"),
        ({"zoom": 0}, "zoom came as 0, but it must be a number from 0.5 to 2"),
        ({"zoom": -1.03}, "zoom came as -1.03"),
        ({"zoom": 40}, "zoom came as 40, but it must be a number from 0.5 to 2"),
        ({"zoom": float("nan")}, "zoom came as nan, but it must be a number from 0.5 to 2"),
        ({"turn": 181}, "turn came as 181"),
        ({"shift": "1"}, "shift came as 1, but it must be pixels to the right and down, at most 4096 each, such as"),
        ({"shift": "1,2,3"}, "shift came as '1,2,3'"),
        ({"shift": "a,b"}, "shift came as 'a,b'"),
        ({"shift": "5000,0"}, "shift came as '5000,0'"),
        ({"shift": 3}, "shift came as 3"),
        ({"size": 8}, "size came as 8"),
        ({"refresh_steps": -1}, "refresh-steps came as -1"),
        ({"refresh_octaves": 0}, "refresh-octaves came as 0"),
        ({"zom": 1}, "zom is no setting of a recipe: did you mean zoom"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        Zooming(**setting)
    assert said in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_a_film_of_less_than_a_frame_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"0\.01 seconds at 30 frames a second came, but that is less than one frame"):
        Zooming(seconds=0.01).survey()


def test_a_unit_left_open_is_refused() -> None:
    with pytest.raises(ObjectiveError, match="leaves a unit open"):
        Zooming(objective="mixed4[*]").zoom_of()


@pytest.mark.parametrize(
    "seconds, fps, count",
    [(10, 30, 300), (10, "30000/1001", 300), (1, "29.97", 30), (0.1, 24, 2), (2, "25/2", 25), (3600, 60, 216_000)],
)
def test_frames_are_counted_exactly(seconds: float, fps: Any, count: int) -> None:
    recipe = Zooming(seconds=seconds, fps=fps)
    survey = recipe.survey()
    assert recipe.count == len(survey) == count
    assert survey.time(count - 1) == (count - 1) / Fraction(str(fps))
    assert survey.duration(0) == survey.duration(count - 1) == 1 / Fraction(str(fps))


def test_equal_recipes_are_spelled_alike() -> None:
    assert Zooming(fps=30, shift="1,-0.50") == Zooming(fps="30.0", shift=" 1.0 , -.5") == Zooming(shift=(1, -0.5))
    assert Zooming(fps="60/2").sha256() == Zooming().sha256()


@given(st.floats(-4096, 4096), st.floats(-4096, 4096))
def test_every_shift_is_read_as_it_is_written(right: float, down: float) -> None:
    recipe = Zooming(shift=(right, down))
    assert recipe.camera().shift == pytest.approx((right, down), rel=1e-5, abs=1e-30)
    assert Zooming(shift=recipe.shift) == recipe


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(16, 2000))
def test_sides_are_even_and_at_most_as_long_as_said(height: int, width: int, size: int) -> None:
    tall, wide = Zooming(size=size).film_size(height, width)
    assert tall % 2 == wide % 2 == 0
    assert 2 <= max(tall, wide) <= max(size, 2)
    if min(tall, wide) > 64:
        assert tall / wide == pytest.approx(height / width, rel=0.05)
    if max(height, width) <= size and height > 1 and width > 1:
        assert height - tall in (0, 1) and width - wide in (0, 1)


def test_the_film_has_what_its_recipe_says(quick: dict[str, Any]) -> None:
    recipe = Zooming.of(**quick, seconds=0.5, size=33)
    frames = list(draw_dive(recipe, still()))
    info = recipe.info(48, 64)
    assert {(frame.height, frame.width) for frame in frames} == {(info.height, info.width)} == {(24, 32)}
    assert [frame.time for frame in frames] == [recipe.survey().time(index) for index in range(5)]
    assert all(frame.alpha is None for frame in frames)
    assert (info.rate, info.time_base, info.bits) == (10, Fraction(1, 10), 8)


@pytest.mark.parametrize(
    "change",
    [
        *({"zoom": 1.1}, {"turn": 0}, {"shift": "2,1"}, {"seed": 3}, {"refresh_steps": 4}, {"jitter": 2}),
        *({"scale": 0.3}, {"objective": "third[2]"}),
    ],
    ids=str,
)
def test_every_setting_shows_and_is_hashed(quick: dict[str, Any], change: dict[str, Any]) -> None:
    plain, other = Zooming.of(**quick, seconds=0.3), Zooming.of(**{**quick, "seconds": 0.3, **change})
    last, changed = (list(draw_dive(recipe, still()))[-1].pixels for recipe in (plain, other))
    assert not np.array_equal(last, changed)
    assert plain.sha256() != other.sha256()


def test_what_decides_times_and_sizes_is_hashed(quick: dict[str, Any]) -> None:
    changes: list[dict[str, Any]] = [{}, {"seconds": 3}, {"fps": 12}, {"size": 100}, {"loop": True}, {"max_size": 20}]
    assert len({Zooming.of(**{**quick, **change}).sha256() for change in changes}) == len(changes)


def test_a_large_film_is_dreamed_smaller_and_keeps_its_size(quick: dict[str, Any]) -> None:
    notes: list[str] = []
    recipe = Zooming.of(**quick, seconds=0.2, max_size=32)
    frames = list(draw_dive(recipe, still(), tell=lambda e: notes.append(e.text) if isinstance(e, Noted) else None))
    assert frames[-1].pixels.shape == (48, 64, 3)
    assert notes[0] == "dreamed at 32x24 and enlarged onto the full 64x48"


def test_what_refreshes_goes_through_its_octaves_as_the_first_dream_does(quick: dict[str, Any]) -> None:
    way = {"octave_carry": "lost", "octave_rounding": "floor", "resizing": "bilinear", "octaves_above": 2, "rounds": 4}
    recipe = Zooming(**{**quick, "octaves": 4, "refresh_octaves": 2, "refresh_steps": 1, **way})
    zoom = recipe.zoom_of()
    assert zoom.dream.ascent.octaves == Octaves(4, 1.4, 2, "floor", "lost", None, "bilinear", 4)
    assert zoom.refresh.octaves == Octaves(2, 1.4, 1, "floor", "lost", None, "bilinear", 1)
    assert zoom.refresh == replace(zoom.dream.ascent, octaves=zoom.refresh.octaves, steps=1)


@pytest.mark.parametrize("units", ["unit", "torch"])
@pytest.mark.parametrize("carry", ["picture", "lost"])
def test_a_dive_goes_on_whatever_its_octaves_carry(quick: dict[str, Any], carry: str, units: str) -> None:
    way = {"octave_carry": carry, "resizing": "bilinear", "octaves_above": 1, "units": units, "margin": 0}
    recipe = Zooming(**{**quick, "octaves": 2, "refresh_octaves": 2, "seconds": 0.4, **way})
    frames = list(draw_dive(recipe, still()))
    assert len(frames) == 4
    for frame in frames:
        assert frame.pixels.shape == (48, 64, 3)
        assert frame.pixels.min() >= 0 and frame.pixels.max() <= 1 and frame.pixels.std() > 0.02
