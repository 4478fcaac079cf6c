"""A recipe of a film: what of it pictures share, what changes over time, and a hash of all that decides it."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe import Blend, Frame, Recipe
from dreampipe.errors import ModelError, ObjectiveError, RecipeError
from dreampipe.recipes import FilmRecipe
from dreampipe.recipes.film import film_settings, moving_settings
from dreampipe.stages import Caption, Carry, Flow, Moment, Pipeline

OTHERS: dict[str, Any] = {
    "motion": "blend",
    "carry": 0.5,
    "refresh_steps": 1,
    "occlusion": 4.0,
    "every": 2,
    "at": ("1s:blend=0.5",),
    "easing": "smooth",
}
"""Another value than the default of every setting that films alone have."""


@pytest.fixture
def base(tiny_model: Path) -> dict[str, Any]:
    return {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 2, "objective": "second", "jitter": 4}


def frames(count: int = 3) -> list[Frame]:
    rng = np.random.default_rng(0)
    return [
        Frame(rng.uniform(0.2, 0.8, (32, 48, 3)).astype(np.float32), index, Fraction(index), Fraction(1))
        for index in range(count)
    ]


def moment(recipe: FilmRecipe, time: int) -> Moment:
    """How a frame at this second is dreamed."""
    (carry,) = (stage for stage in recipe.dreaming().stages if isinstance(stage, Carry))
    if isinstance(carry.moment, Moment):
        return carry.moment
    return carry.moment(Frame(np.zeros((8, 8, 3), np.float32), 0, Fraction(time)))


def refused(**settings: Any) -> str:
    """The sentence that a recipe is refused with."""
    with pytest.raises(RecipeError) as caught:
        FilmRecipe.of(**settings)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


# Settings


def test_a_film_has_the_settings_of_a_picture_and_its_own() -> None:
    assert FilmRecipe.model_fields.keys() == Recipe.model_fields.keys() | film_settings()
    assert OTHERS.keys() == film_settings()
    assert set(moving_settings()) == {
        *("octaves", "steps", "refresh_steps", "step_size", "octave_scale", "blend", "carry"),
        *("jitter", "scale", "rotate", "pad", "crop", "flip", "blur", "colour_noise"),
    }
    assert all(FilmRecipe.model_fields[name].description for name in film_settings())


@pytest.mark.parametrize(
    "setting, value, expected",
    [
        ("motion", "drift", "one of flow, blend, none"),
        ("carry", 1.1, "a number from 0 to 1"),
        ("carry", -0.1, "a number from 0 to 1"),
        ("refresh_steps", -1, "a whole number from 0 to 100000"),
        ("occlusion", 0, "a number more than 0 and at most 1000"),
        ("every", 0, "a whole number from 1 to 100000"),
        ("every", 1.5, "a whole number from 1 to 100000"),
        ("easing", "bouncy", "one of linear, smooth"),
        ("at", "5s:steps=3", "a valid tuple"),
    ],
)
def test_a_setting_out_of_range_is_answered_in_one_sentence(setting: str, value: Any, expected: str) -> None:
    sentence = refused(**{setting: value})
    assert sentence.startswith(f"{setting.replace('_', '-')} came as {value!r}, but it must be ")
    assert expected in sentence


@pytest.mark.parametrize(
    "keyframe, expected",
    [
        ("5s:step-size=0", "step-size came as 0.0, but it must be a number more than 0"),
        ("5s:blend=1.5", "blend came as 1.5, but it must be a number from 0 to 1"),
        ("5s:carry=-1", "carry came as -1.0, but it must be a number from 0 to 1"),
        ("5s:octaves=40", "octaves came as 40, but it must be a whole number from 1 to 32"),
        ("5s:refresh-steps=-1", "refresh-steps came as -1, but it must be a whole number from 0"),
        ("5s:jitter=5000", "jitter came as 5000.0, but it must be a number from 0 to 4096"),
        ("5s:step-sice=0.02", "did you mean step-size"),
        ("5s:steps=many", "but a number is expected"),
        ("5s:steps=nan", "but a number is expected"),
        ("5s:steps=1e400", "but a number is expected"),
        ("1:75:steps=3", "A time came as '1:75'"),
        ("5s:objective=''", "came empty"),
        ("", "TIME:SETTING=VALUE is expected"),
    ],
)
def test_a_bad_keyframe_is_answered_when_the_recipe_is_made(keyframe: str, expected: str) -> None:
    assert expected in refused(at=("1s:steps=3", keyframe))


@pytest.mark.parametrize("setting", ["jitter", "step_size", "blur"])
def test_what_changes_over_the_ascent_cannot_change_over_the_film(setting: str) -> None:
    name = setting.replace("_", "-")
    sentence = refused(**{setting: "2 -> 1"}, at=(f"5s:{name}=1",))
    assert sentence.startswith(f"{name} came as 2 -> 1 and with keyframes") and "leave one out" in sentence
    FilmRecipe.of(**{setting: "2 -> 1"}, at=("5s:blend=1",))


def test_none_is_the_default_and_json_keeps_all() -> None:
    assert FilmRecipe.of(**dict.fromkeys(OTHERS)) == FilmRecipe()
    recipe = FilmRecipe.of(**OTHERS, octaves=3)
    assert FilmRecipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe


# Pictures


def test_a_picture_is_dreamed_with_what_it_shares(base: dict[str, Any]) -> None:
    assert FilmRecipe.of(**base, **OTHERS).still == Recipe.of(**base)
    assert type(FilmRecipe.of(**base).still) is Recipe


@pytest.mark.parametrize("setting", OTHERS)
def test_a_picture_s_hash_depends_on_no_setting_of_films(base: dict[str, Any], setting: str) -> None:
    film = FilmRecipe.of(**base, **{setting: OTHERS[setting]})
    assert film.still.sha256() == Recipe.of(**base).sha256()


def test_a_still_for_each_objective(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, at=("1s:objective=first", "2s:steps=3", "3s:objective=third[1]"))
    assert [still.objective for still in recipe.stills] == ["second", "first", "third[1]"]
    assert {still.steps for still in recipe.stills} == {2}


# What changes over time


def test_without_keyframes_a_recipe_never_changes(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base)
    assert recipe.at_time(Fraction(5)) is recipe


def test_numbers_go_from_the_recipe_s_own_to_each_keyframe(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, step_size=0.01, at=("4s:step-size=0.03", "2s:blend=0"))
    moments = [recipe.at_time(Fraction(second)) for second in (0, 1, 2, 4, 9)]
    assert [each.step_size for each in moments] == pytest.approx([0.01, 0.015, 0.02, 0.03, 0.03])
    assert [each.blend for each in moments] == [1, 0.5, 0, 0, 0]
    assert not any(each.at for each in moments)
    assert {each.seed for each in moments} == {recipe.seed}


def test_octaves_that_change_begin_with_the_fewest() -> None:
    recipe = FilmRecipe(at=("4s:octaves=7",))
    assert [recipe.at_time(time).octaves for time in (0, 1, 2, 4, 9)] == [3, 4, 5, 7, 7]


@pytest.mark.parametrize(
    "settings, name, value",
    [
        ({}, "step_size", 0.022),
        ({"param": "fourier"}, "step_size", 0.03),
        ({}, "carry", 0.9),
        ({"motion": "blend"}, "carry", 0.15),
        ({"motion": "none"}, "carry", 0.0),
        ({"carry": 0.4}, "carry", 0.4),
        ({}, "blend", 1.0),
    ],
)
def test_what_a_recipe_leaves_open_begins_with_what_is_usual(settings: dict[str, Any], name: str, value: float) -> None:
    recipe = FilmRecipe(**settings, at=(f"4s:{name}=0.5",))
    assert getattr(recipe.at_time(0), name) == pytest.approx(value)
    assert getattr(recipe.at_time(2), name) == pytest.approx((value + 0.5) / 2)


def test_counts_are_rounded(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, at=("10s:steps=12", "10s:octaves=3", "0:refresh-steps=0", "10s:refresh-steps=4"))
    moments = [recipe.at_time(Fraction(second)) for second in (0, 1, 2, 4, 9, 10)]
    assert [each.steps for each in moments] == [2, 3, 4, 6, 11, 12]
    assert [each.octaves for each in moments] == [1, 1, 1, 2, 3, 3]
    assert [each.refresh_steps for each in moments] == [0, 0, 1, 2, 4, 4]
    assert all(type(each.steps) is int for each in moments)


def test_eased_numbers_set_out_slowly(base: dict[str, Any]) -> None:
    even, eased = (FilmRecipe.of(**base, at=("4s:blend=0",), easing=easing) for easing in ("linear", "smooth"))
    assert [recipe.at_time(1).blend for recipe in (even, eased)] == [0.75, 0.84375]


def test_objectives_are_switched(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, at=("2s:objective='first'", "3s:objective=third[1]"))
    found = [str(moment(recipe, second).dream.ascent.objective) for second in (0, 1, 2, 3, 4)]
    assert found == ["second", "second", "first", "third[1]", "third[1]"]


def test_an_objective_that_was_left_open_begins_as_the_model_s_own(base: dict[str, Any]) -> None:
    base.pop("objective")
    recipe = FilmRecipe.of(**base, at=("2s:objective=first",))
    assert recipe.at_time(1).objective is None
    assert recipe.at_time(2).objective == "first"
    assert str(moment(recipe, 0).dream.ascent.objective) == str(Recipe.of(**base).ascent().objective)


def test_the_moments_of_a_film(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, seed=5, at=("4s:carry=0.1", "4s:steps=10", "4s:refresh-steps=1", "4s:jitter=0"))
    first, middle, last = (moment(recipe, second) for second in (0, 2, 4))
    assert [each.carry for each in (first, middle, last)] == pytest.approx([0.9, 0.5, 0.1])
    assert [each.dream.ascent.steps for each in (first, middle, last)] == [2, 6, 10]
    assert [each.refreshing.ascent.steps for each in (first, middle, last)] == [3, 2, 1]
    assert [len(each.dream.ascent.transforms) for each in (first, middle, last)] == [1, 1, 0]
    assert {each.dream.seed for each in (first, middle, last)} == {5}


# Its pipeline


def test_each_motion_has_its_stages(base: dict[str, Any]) -> None:
    flow = FilmRecipe.of(**base, occlusion=3.0, every=2, carry=0.5, refresh_steps=1)
    assert flow.ahead((4,)).stages == (Flow(frozenset({4}), 3.0),)
    (carry,) = flow.dreaming((4,)).stages
    assert isinstance(carry, Carry) and isinstance(carry.moment, Moment)
    assert (carry.motion, carry.every, carry.cuts) == ("flow", 2, (4,))
    assert (carry.moment.carry, carry.moment.refresh) == (0.5, 1)
    for motion in ("blend", "none"):
        assert FilmRecipe.of(**base, motion=motion).ahead().stages == ()


def test_what_comes_after_the_dream(base: dict[str, Any]) -> None:
    _, half, words = FilmRecipe.of(**base, blend=0.5, caption=True).dreaming().stages
    assert half == Blend(0.5)
    assert words == Caption("second on tiny")
    _, changing = FilmRecipe.of(**base, at=("2s:blend=0",)).dreaming().stages
    assert isinstance(changing, Blend) and callable(changing.amount)
    assert [changing.amount(frame) for frame in frames(4)] == [1, 0.5, 0, 0]


def test_a_caption_names_what_is_climbed_at_the_time(base: dict[str, Any]) -> None:
    words = FilmRecipe.of(**base, caption=True, at=("2s:objective=first",)).dreaming().stages[-1]
    assert isinstance(words, Caption) and callable(words.text)
    assert [words.text(frame) for frame in frames(4)] == [*["second on tiny"] * 2, *["first on tiny"] * 2]
    assert words.among == ("second on tiny", "first on tiny")


def test_frames_of_your_own_go_through_the_whole_of_it(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, refresh_steps=1, at=("2s:blend=0",))
    out = list(recipe.film_pipeline((1,))(frames()))
    assert [frame.index for frame in out] == [0, 1, 2]
    assert np.abs(out[0].pixels - frames()[0].pixels).mean() > 0.003
    assert np.array_equal(out[2].pixels, frames()[2].pixels)
    assert np.abs(out[2].extras["dream"] - frames()[2].pixels).mean() > 0.003


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"motion": "blend"},
        {"blend": 0.5, "caption": True},
        {"at": ("2s:blend=0", "1s:steps=1", "1s:objective=first")},
    ],
    ids=str,
)
def test_its_pipeline_goes_through_pickle(base: dict[str, Any], settings: dict[str, Any]) -> None:
    pipeline = FilmRecipe.of(**base, refresh_steps=1, **settings).film_pipeline((2,))
    again: Pipeline = pickle.loads(pickle.dumps(pipeline))
    assert again == pipeline
    for one, other in zip(again(frames()), pipeline(frames()), strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_a_mask_is_read_once_and_travels(base: dict[str, Any], tmp_path: Path) -> None:
    grey = np.zeros((32, 48, 3), np.float32)
    grey[:, 24:] = 1
    dreampipe.write(Frame(grey), tmp_path / "mask.png")
    recipe = FilmRecipe.of(**base, mask=tmp_path / "mask.png", at=("1s:steps=1",))
    pipeline = pickle.loads(pickle.dumps(recipe.film_pipeline()))
    for before, after in zip(frames(), pipeline(frames()), strict=True):
        assert np.array_equal(after.pixels[:, :24], before.pixels[:, :24])
        assert not np.array_equal(after.pixels, before.pixels)


# Its hash


@pytest.mark.parametrize("setting", OTHERS)
def test_every_setting_of_films_changes_the_hash(base: dict[str, Any], setting: str) -> None:
    assert OTHERS[setting] != getattr(FilmRecipe.of(**base), setting)
    other = FilmRecipe.of(**base, **{setting: OTHERS[setting]})
    assert other.film_sha256() != FilmRecipe.of(**base).film_sha256()


@pytest.mark.parametrize("setting, value", [("steps", 3), ("seed", 1), ("blend", 0.5), ("caption", True)])
def test_every_setting_of_pictures_changes_it_too(base: dict[str, Any], setting: str, value: Any) -> None:
    assert FilmRecipe.of(**{**base, setting: value}).film_sha256() != FilmRecipe.of(**base).film_sha256()


def test_the_hash_follows_the_files_that_keyframes_name(base: dict[str, Any], tmp_path: Path) -> None:
    def hashed(value: float) -> str:
        np.save(tmp_path / "v.npy", np.full(8, value, np.float32))
        return FilmRecipe.of(**base, at=(f'1s:objective=direction("{tmp_path}/v.npy", first)',)).film_sha256()

    assert hashed(0.25) == hashed(0.25)
    assert hashed(0.25) != hashed(0.75)


def test_names_that_are_not_there_are_refused(base: dict[str, Any]) -> None:
    recipe = FilmRecipe.of(**base, at=("1s:objective=frist",))
    with pytest.raises(ObjectiveError, match=r"'frist': .*\bfirst\b"):
        recipe.film_sha256()
    with pytest.raises(ModelError, match="no such"):
        FilmRecipe.of(model="no such").film_sha256()


def test_without_steps_every_frame_is_its_source(tiny_model: Path) -> None:
    """Also after a cut, and where the film moves."""
    draws = np.random.default_rng(3)
    frames = [Frame(draws.random((48, 64, 3), np.float32), index, Fraction(index, 25)) for index in range(4)]
    recipe = FilmRecipe(model=str(tiny_model), scaling="unit", steps=0)
    for before, after in zip(frames, recipe.film_pipeline((2,))(iter(frames)), strict=True):
        np.testing.assert_allclose(after.pixels, before.pixels, atol=1e-6)
