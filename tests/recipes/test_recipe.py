"""A recipe: checked settings, and a hash of all that decides a picture."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import dreampipe
from dreampipe import Blend, Dream, Frame, Recipe, Visualization
from dreampipe.ascent import Octaves, Ramp
from dreampipe.ascent.optimizers import Momentum
from dreampipe.ascent.parameterizations import Fourier, MaCo, Pixels
from dreampipe.ascent.shaping import Deviation
from dreampipe.ascent.transforms import ColourNoise, Crop, Flip, Jitter, Pad
from dreampipe.ascent.warps import Blur, Rotate, Scale
from dreampipe.errors import ModelError, ObjectiveError, RecipeError
from dreampipe.models.scaling import spread

OTHERS: dict[str, Any] = {
    "scaling": "bytes",
    "objective": "first[2]",
    "octaves": 3,
    "octave_scale": 1.5,
    "steps": 3,
    "step_size": 0.03,
    "param": "fourier",
    "optimizer": "momentum",
    "jitter": "8 -> 2",
    "scale": 0.1,
    "rotate": 5,
    "pad": 4,
    "crop": 4,
    "flip": 0.5,
    "blur": "2 -> 0",
    "colour_noise": 0.05,
    "normalization": "deviation",
    "caption": True,
    "blend": 0.5,
    "max_size": 512,
    "tile": 256,
    "seed": 1,
    "octaves_above": 1,
    "octave_rounding": "floor",
    "octave_carry": "picture",
    "octave_bits": 8,
    "resizing": "corners",
    "rounds": 2,
    "stop": 15,
    "ramps": "octave",
    "fresh": True,
    "margin": 0,
    "smallest": 100,
}
"""Another value than the default of every setting, beside the model, and what cannot stand beside `param`."""
ALONE: dict[str, Any] = {"keep_colour": True, "units": "bytes", "bounded": False}
FILES = ("mask", "prior", "weights", "trust", "imports")


@pytest.fixture
def base(tiny_model: Path) -> dict[str, Any]:
    return {"model": str(tiny_model), "scaling": "unit"}


@pytest.mark.parametrize("wrong, right", [("ocatves", "octaves"), ("step-size", "step_size"), ("sead", "seed")])
def test_an_unknown_setting_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.of(**{wrong: 4})
    text = str(caught.value)
    assert text.startswith(f"{wrong} is no setting of a recipe: ")
    assert re.search(rf"\b{right}\b", text)


@pytest.mark.parametrize(
    "setting, value, expected",
    [
        ("octaves", 0, "a whole number from 1 to 32"),
        ("octaves", 33, "a whole number from 1 to 32"),
        ("octaves", 2.5, "a whole number from 1 to 32"),
        ("octave_scale", 1, "a number more than 1 and at most 4"),
        ("octave_scale", 4.1, "a number more than 1 and at most 4"),
        ("steps", -1, "a whole number from 0 to 100000"),
        ("steps", "many", "a whole number from 0 to 100000"),
        ("step_size", 0, "a number more than 0 and at most 10, or a ramp between two such as 8 -> 2"),
        ("step_size", float("nan"), "a number more than 0 and at most 10"),
        ("step_size", float("inf"), "a number more than 0 and at most 10"),
        ("jitter", -1, "a number from 0 to 4096"),
        ("normalization", "median", "one of mean, deviation"),
        ("jitter", "8 -> 5000", "a number from 0 to 4096"),
        ("jitter", "8 ->", "a number from 0 to 4096, or a ramp between two such as 8 -> 2"),
        ("rotate", "-1 -> 2", "a number from 0 to 180"),
        ("param", "spectrum", "one of pixels, fourier, maco, prior"),
        ("blend", -0.1, "a number from 0 to 1"),
        ("blend", 1.1, "a number from 0 to 1"),
        ("max_size", 0, "a whole number of at least 1"),
        ("seed", -1, "a whole number from 0 to 9223372036854775807"),
        ("seed", 2**63, "a whole number from 0 to 9223372036854775807"),
        ("scaling", "imagenet", "one of unit, tf, torch, caffe, bytes"),
        ("objective", 3, "a text"),
        ("version", 2, "1"),
    ],
)
def test_a_setting_out_of_range_is_answered_in_one_sentence(setting: str, value: Any, expected: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.of(**{setting: value})
    text = str(caught.value)
    assert text.startswith(f"{setting.replace('_', '-')} came as {value!r}, but it must be ")
    assert expected in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "setting, value",
    [
        ("octaves", 1),
        ("octaves", 32),
        ("octave_scale", 4),
        ("steps", 0),
        ("step_size", 10),
        ("jitter", 0),
        ("blend", 0),
        ("blend", 1),
        ("max_size", 1),
        ("seed", 0),
        ("seed", 2**63 - 1),
    ],
)
def test_the_ends_of_a_range_belong_to_it(setting: str, value: Any) -> None:
    assert getattr(Recipe.of(**{setting: value}), setting) == value


@pytest.mark.smoke
def test_none_is_the_default() -> None:
    assert Recipe.of(**dict.fromkeys(OTHERS), model=None) == Recipe()


def test_a_model_may_come_as_a_path(tiny_model: Path) -> None:
    assert Recipe.of(model=tiny_model) == Recipe.of(model=str(tiny_model))


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Recipe().steps = 5  # type: ignore[misc]


def test_a_recipe_survives_json() -> None:
    recipe = Recipe.of(**OTHERS)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Recipe.model_fields.items() if not field.description] == ["version"]
    # That of precision depends on the processor: see tests/records/test_recorded_precision.py.
    known = OTHERS.keys() | ALONE.keys() | {"version", "model", "memory", "precision", *FILES}
    assert known == Recipe.model_fields.keys()


@pytest.mark.parametrize("setting", [*OTHERS, *ALONE])
def test_every_setting_changes_the_hash(base: dict[str, Any], setting: str) -> None:
    other = (OTHERS | ALONE)[setting]
    assert other != getattr(Recipe.of(**base), setting)
    assert Recipe.of(**{**base, setting: other}).sha256() != Recipe.of(**base).sha256()


def test_the_hash_follows_the_bytes_of_the_files_that_it_names(base: dict[str, Any], tmp_path: Path) -> None:
    def written(value: float) -> dict[str, Recipe]:
        picture = np.full((64, 64, 3), 0.5, np.float32)
        picture[:32] = value
        dreampipe.write(Frame(picture), tmp_path / "guide.png")
        dreampipe.write(Frame(picture), tmp_path / "mask.png")
        np.save(tmp_path / "v.npy", np.full(8, value, np.float32))
        return {
            "guide": Recipe.of(**base, objective=f'guide("{tmp_path}/guide.png", first)'),
            "direction": Recipe.of(**base, objective=f'direction("{tmp_path}/v.npy", first)'),
            "mask": Recipe.of(**base, mask=tmp_path / "mask.png"),
        }

    before = {name: recipe.sha256() for name, recipe in written(0.25).items()}
    assert {name: recipe.sha256() for name, recipe in written(0.25).items()} == before
    after = {name: recipe.sha256() for name, recipe in written(0.75).items()}
    assert all(before[name] != after[name] for name in before)


def test_an_amount_has_one_spelling(base: dict[str, Any]) -> None:
    assert Recipe.of(jitter="8->2") == Recipe.of(jitter=" 8.0 -> 2 ")
    assert Recipe.of(**base, jitter="8").sha256() == Recipe.of(**base, jitter=8.0).sha256()


def test_maco_keeps_the_magnitudes_of_a_picture_that_is_dreamed(base: dict[str, Any]) -> None:
    assert Recipe.of(**base, param="maco").ascent().parameterization == MaCo("start")
    drawn = Visualization.of(**base, objective="first", param="maco")
    assert drawn.ascent().parameterization == MaCo("natural")
    assert drawn.model_copy(update={"init": "photo.png"}).ascent().parameterization == MaCo("start")


def test_a_prior_or_a_kept_colour_beside_another_parameterization_is_refused(base: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="only param prior takes one"):
        Recipe.of(**base, param="fourier", prior="decoder.keras").ascent()
    with pytest.raises(RecipeError, match="keep-colour came with param maco, but it needs pixels"):
        Recipe.of(**base, param="maco", keep_colour=True).ascent()


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"param": "fourier", "units": "bytes"}, "units bytes came with param fourier, but only"),
        ({"param": "maco", "bounded": False}, "no-bounded came with param maco, but only"),
        ({"param": "prior", "units": "tf"}, "units tf came with param prior, but only"),
        ({"keep_colour": True, "units": "torch"}, "units torch came with keep-colour, but only"),
        ({"keep_colour": True, "bounded": False}, "no-bounded came with keep-colour, but only"),
        ({"keep_colour": True, "octave_carry": "picture"}, "keep-colour came with octave-carry or octave-bits, but"),
        ({"keep_colour": True, "octave_bits": 8}, "keep-colour came with octave-carry or octave-bits, but"),
        ({"param": "prior", "octave_carry": "lost"}, "octave-carry lost or octave-bits came with param prior, but"),
        ({"param": "prior", "octave_bits": 8}, "octave-carry lost or octave-bits came with param prior, but"),
    ],
    ids=str,
)
def test_ways_that_do_not_go_together_are_refused(base: dict[str, Any], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.of(**base, **settings).ascent()
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_a_step_is_usually_as_large_in_all_units(base: dict[str, Any]) -> None:
    steps = {units: Recipe.of(**base, units=units).ascent().step_size for units in ("unit", "tf", "bytes", "torch")}
    assert steps == {units: pytest.approx(0.022 * spread(units)) for units in steps}  # type: ignore[arg-type]
    assert Recipe.of(**base, units="bytes", step_size=1.5).ascent().step_size == 1.5


def test_fewer_octaves_than_are_above_leave_the_full_size(base: dict[str, Any]) -> None:
    assert Recipe.of(**base, octaves=1, octaves_above=3).ascent().octaves.sizes((64, 80), 1) == ((64, 80),)
    whole = Recipe.of(**base, octaves=3, octaves_above=3, octave_scale=2).ascent().octaves
    assert whole.sizes((64, 80), 1) == ((64, 80), (128, 160), (256, 320))


def test_a_published_way_is_made_of_values(base: dict[str, Any]) -> None:
    settings = {name: value for name, value in OTHERS.items() if name not in ("param", "step_size")}
    ascent = Recipe.of(**{**base, **settings}, units="bytes", bounded=False).ascent()
    assert ascent.octaves == Octaves(3, 1.5, 1, "floor", "picture", 8, "corners", 2, 100)
    assert (ascent.stop, ascent.ramps, ascent.fresh, ascent.margin) == (15, "octave", True, 0)
    assert ascent.parameterization == Pixels("bytes", bounded=False)


def test_what_says_the_same_has_the_same_hash(base: dict[str, Any], tiny_model: Path, tmp_path: Path) -> None:
    recipe = Recipe.of(**base, objective="2*first - second[1]")
    moved = shutil.copy(tiny_model, tmp_path / "other.keras")
    for same in (
        Recipe.of(**base, objective="2*first - second[1]"),
        Recipe.of(**base, objective=" 2.0 * (first) - 1*second[1]"),
        Recipe.of(**{**base, "model": str(moved)}, objective="2*first - second[1]"),
    ):
        assert same.sha256() == recipe.sha256()
    default = Recipe.of(**base)
    assert Recipe.of(**base, objective=default.card().objective).sha256() == default.sha256()
    assert Recipe.of(model=base["model"], scaling="tf").sha256() == Recipe.of(model=base["model"]).sha256()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # keras' own, when it saves
def test_the_hash_follows_the_bytes_of_the_model(base: dict[str, Any], tiny_model: Path, tmp_path: Path) -> None:
    import keras

    other = tmp_path / tiny_model.name
    model = keras.saving.load_model(tiny_model)
    model.get_layer("first").bias.assign_add([1e-3] * 8)
    model.save(other)
    assert Recipe.of(**{**base, "model": str(other)}).sha256() != Recipe.of(**base).sha256()


def test_a_recipe_makes_an_ascent(base: dict[str, Any]) -> None:
    ascent = Recipe.of(**{**base, **OTHERS, "scaling": "bytes"}).ascent()
    assert str(ascent.objective) == "first[2]"
    assert (ascent.octaves.count, ascent.octaves.scale) == (3, 1.5)
    assert (ascent.steps, ascent.step_size, ascent.shaping) == (3, 0.03, (Deviation(),))
    assert (ascent.parameterization, ascent.optimizer) == (Fourier(), Momentum())
    assert ascent.transforms == (
        Pad(4, "grey"),
        Jitter(Ramp(8, 2)),
        Scale(0.1),
        Rotate(5),
        Crop(4),
        Flip(0.5),
        Blur(Ramp(2, 0)),
        ColourNoise(0.05),
    )
    assert ascent.card.scaling == "bytes"


def test_a_recipe_makes_a_pipeline(base: dict[str, Any]) -> None:
    (dream,) = Recipe.of(**base, seed=5, max_size=300).pipeline().stages
    assert isinstance(dream, Dream)
    assert (dream.seed, dream.max_size) == (5, 300)
    assert Recipe.of(**base, blend=0.25).pipeline().stages[1] == Blend(0.25)


def test_names_that_are_not_there_are_refused(base: dict[str, Any]) -> None:
    for make in (Recipe.ascent, Recipe.pipeline, Recipe.sha256):
        with pytest.raises(ObjectiveError, match=r"'frist': .*\bfirst\b"):
            make(Recipe.of(**base, objective="frist"))
        with pytest.raises(ModelError, match="no such"):
            make(Recipe.of(model="no such"))
