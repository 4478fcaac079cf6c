"""The recipe of a visualization and `dreampipe.visualize`: starts, several pictures, parameters, seeds."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from known import known

import dreampipe
from dreampipe import Frame, Visualization
from dreampipe.ascent.starts import Grey, Noise, Picture
from dreampipe.drawings.visualization import lay_out, prepare
from dreampipe.errors import MediaError, ModelError, ObjectiveError, RecipeError

Array = np.ndarray[Any, Any]
STILL: dict[str, Any] = {"scale": 0, "rotate": 0}
"""Settings for tests in which nothing but the jitter moves the picture."""


@pytest.fixture
def base(tiny_model: Path) -> dict[str, Any]:
    return {"model": tiny_model, "scaling": "unit", "size": 32, "steps": 4, "jitter": 2}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder of 5 numbers to 16x16 pixels."""
    from dreampipe.backend import keras

    keras.utils.set_random_seed(6)
    drawing = [keras.layers.Dense(16 * 16 * 3, activation="sigmoid"), keras.layers.Reshape((16, 16, 3))]
    path = tmp_path_factory.mktemp("decoders") / "small.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Sequential([keras.Input((5,)), *drawing]).save(path)
    known(path)
    return path


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that gives the picture itself, in a layer `same`."""
    from dreampipe.backend import keras

    image = keras.Input((None, None, 3))
    kernel = keras.initializers.Constant(np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3))
    path = tmp_path_factory.mktemp("same") / "same.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, keras.layers.Conv2D(3, 1, kernel_initializer=kernel, name="same")(image)).save(path)
    known(path)
    return path


@pytest.mark.parametrize(
    "objective", ["third", "third[3]", "third[3]@center", "logit(2)", "prob(2)", "probabilities[1]"]
)
def test_every_kind_of_unit_is_drawn(base: dict[str, Any], objective: str) -> None:
    drawn = dreampipe.visualize(objective, **base)
    assert (drawn.shape, drawn.dtype) == ((32, 32, 3), np.uint8)
    assert not np.array_equal(drawn, dreampipe.visualize(objective, **{**base, "steps": 0}))


@pytest.mark.smoke
def test_the_seed_decides_every_byte(base: dict[str, Any]) -> None:
    once = dreampipe.visualize("third[3]", **base)
    assert np.array_equal(dreampipe.visualize("third[3]", **base), once)
    assert np.abs(dreampipe.visualize("third[3]", **base, seed=1) - once.astype(int)).mean() > 3


def test_a_whole_recipe_can_be_drawn(base: dict[str, Any]) -> None:
    recipe = Visualization.of(objective="third[3]", **base, count=2, seed=2)
    drawn = dreampipe.visualize("third[3]", **base, count=2, seed=2)
    assert np.array_equal(dreampipe.visualize(**recipe.model_dump()), drawn)


@pytest.mark.parametrize("param", ["pixels", "fourier", "maco", "prior"])
def test_whatever_is_climbed_the_score_rises(base: dict[str, Any], decoder: Path, param: str) -> None:
    prior = {"prior": decoder} if param == "prior" else {}
    recipe = Visualization.of(objective="third[3]", **{**base, "steps": 24, "param": param, **prior})
    scores: list[float] = []
    result = prepare(recipe).climb(lambda event: scores.append(event.step.score))
    assert result.image.shape == (1, 32, 32, 3)
    assert np.mean(scores[-8:]) > np.mean(scores[:8])


def test_a_prior_alone_says_what_is_climbed(base: dict[str, Any], decoder: Path) -> None:
    alone = dreampipe.visualize("third[3]", **base, prior=decoder)
    assert np.array_equal(alone, dreampipe.visualize("third[3]", **base, prior=decoder, param="prior"))
    with pytest.raises(RecipeError, match="only param prior takes one"):
        dreampipe.visualize("third[3]", **base, prior=decoder, param="fourier")
    with pytest.raises(ModelError, match="There is no decoder 'gone'"):
        dreampipe.visualize("third[3]", **base, prior="gone")


def test_a_prior_that_draws_no_picture_is_refused(base: dict[str, Any], tiny_model: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny\.keras.*picture"):
        dreampipe.visualize("third[3]", **base, prior=tiny_model)


def distance(pictures: Array) -> float:
    """The mean difference of pictures of a batch, taken in pairs."""
    pairs = [(a, b) for a in range(len(pictures)) for b in range(a)]
    return float(np.mean([np.abs(pictures[a] - pictures[b].astype(int)).mean() for a, b in pairs]))


def test_as_many_pictures_as_counted_each_another(base: dict[str, Any]) -> None:
    drawn = dreampipe.visualize("third[3]", **base, count=3)
    assert (drawn.shape, drawn.dtype) == ((3, 32, 32, 3), np.uint8)
    assert min(distance(drawn[[a, b]]) for a, b in ((0, 1), (0, 2), (1, 2))) > 3


@pytest.mark.parametrize("param", ["pixels", "fourier", "maco"])
def test_pictures_that_start_alike_become_others(base: dict[str, Any], param: str) -> None:
    one, other = dreampipe.visualize("third[3]", count=2, init="grey", param=param, **{**base, "steps": 20, **STILL})
    assert np.abs(one.astype(int) - other).mean() > 5


def test_diversity_keeps_them_apart(base: dict[str, Any]) -> None:
    settings = {**base, "init": "noise", "init_deviation": 0.02, "steps": 24, "count": 3}
    alike, apart = (dreampipe.visualize("third[3]", **settings, diversity=weight) for weight in (0, 1000))
    assert distance(apart) > 1.2 * distance(alike)


def test_what_is_climbed_with_several_pictures(tiny_model: Path) -> None:
    def whole(objective: str, **settings: Any) -> str:
        return Visualization.of(objective=objective, model=tiny_model, **settings).whole_objective()

    assert whole("third[3]") == whole("third[3]", count=4, diversity=0) == "third[3]"
    assert whole("second[3] - third", count=4, diversity=0.5) == "second[3] - third + 0.5*diversity(second)"
    assert whole("logit(1)", count=2) == "logit(1) + 1.0*diversity(third_relu)"
    assert whole("third[3]", count=2, diversity=1e6) == "third[3] + 1000000.0*diversity(third)"


def test_without_steps_the_start_is_what_comes(base: dict[str, Any]) -> None:
    still = {**base, "steps": 0}
    grey = dreampipe.visualize("third", **still, init="grey", init_colour="#FF8000")
    assert np.array_equal(grey, np.broadcast_to(np.uint8([255, 128, 0]), (32, 32, 3)))
    noise = dreampipe.visualize("third", **still, init_colour="#336699", init_deviation=0.03, init_falloff=0.5, seed=4)
    expected = Noise((0.2, 0.4, 0.6), 0.03, 0.5).pictures((32, 32), 1, 4)[0]
    assert np.array_equal(noise, np.rint(expected * 255))


def test_a_start_is_a_word_or_a_picture(tmp_path: Path, base: dict[str, Any]) -> None:
    photo = np.random.default_rng(2).random((24, 48, 3), np.float32)
    dreampipe.write(Frame(photo), tmp_path / "photo.png")

    def began(**settings: Any) -> Any:
        return Visualization.of(objective="third", **settings).read_start()

    assert isinstance(began(), Noise) and isinstance(began(init="grey"), Grey)
    assert isinstance(began(init=tmp_path / "photo.png"), Picture)
    drawn = dreampipe.visualize("third", **base, init=tmp_path / "photo.png")
    assert drawn.shape == (16, 32, 3)
    with pytest.raises(MediaError, match=r"nowhere\.png does not exist"):
        began(init="nowhere.png")
    with pytest.raises(RecipeError, match=r"^init came as 'gray', but noise, grey or .*: did you mean grey\.$"):
        began(init="gray")
    for wrong in ("red", "#12345", "123456", "#12345g", ""):
        with pytest.raises(RecipeError, match=r"init-colour came as .*, but red, green and blue as #rrggbb"):
            began(init_colour=wrong)


def test_a_caption_stands_under_each_picture(base: dict[str, Any]) -> None:
    plain, words = (dreampipe.visualize("third[3]", **base, caption=caption) for caption in (False, True))
    assert np.array_equal(words[:32], plain) and words[32:].max() > 200 and words.shape[1:] == (32, 3)
    recipe = Visualization.of(objective="third[3]", **base, caption=True)
    assert np.array_equal(words, np.rint(lay_out(recipe, prepare(recipe).climb().image).pixels * 255))
    several = dreampipe.visualize("third[3]", **base, count=2, caption=True)
    assert several.shape == (2, *words.shape)
    assert np.array_equal(several[0, 32:], words[32:]) and np.array_equal(several[1, 32:], words[32:])


def test_the_words_stand_alike_under_a_smaller_octave(base: dict[str, Any]) -> None:
    recipe = Visualization.of(objective="third[3]", **{**base, "size": 96}, caption=True)
    small, whole = (lay_out(recipe, np.full((1, side, side, 3), 0.5, np.float32)).pixels for side in (40, 96))
    assert np.array_equal(small, whole)


def test_what_is_read_is_read_once(base: dict[str, Any], tmp_path: Path) -> None:
    """Guide and start may be gone when it climbs: all of them were read before."""
    guide, start = tmp_path / "guide.png", tmp_path / "start.png"
    for path in (guide, start):
        dreampipe.write(Frame(np.random.default_rng(2).random((32, 32, 3), np.float32)), path)
    prepared = prepare(Visualization.of(objective=f'guide("{guide}", third)', **base, count=2, init=start))
    guide.unlink()
    start.unlink()
    assert prepared.climb().image.shape == (2, 32, 32, 3)


def test_what_does_not_fit_into_the_memory_is_refused(base: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000_000))
    assert dreampipe.visualize("third[3]", **base, count=2).shape == (2, 32, 32, 3)
    for more in ({"pad": 1000}, {"size": 1024, "steps": 1}, {"count": 64}):
        with pytest.raises(RecipeError, match="does not fit into the free memory: give a smaller size, count or pad"):
            dreampipe.visualize("third[3]", **{**base, **more})


def test_jitter_is_not_baked_into_the_picture(tmp_path: Path, same: Path) -> None:
    """A lone bright spot draws its own gradient: it grows where it is, and nothing grows anywhere else."""
    spot = np.zeros((32, 32, 3), np.float32)
    spot[9, 21] = 0.25
    dreampipe.write(Frame(spot), tmp_path / "spot.png")
    own = {"model": same, "scaling": "unit", "size": 32, "steps": 16, "jitter": 8, "param": "pixels"}
    settings: dict[str, Any] = {**own, **STILL, "normalization": "mean"}
    drawn = dreampipe.visualize("same", **settings, init=tmp_path / "spot.png")
    assert np.argwhere(drawn.any(axis=2)).tolist() == [[9, 21]]
    assert drawn[9, 21].min() == 255


def test_the_hash_follows_the_settings_and_the_start_s_pixels(base: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "start.png"

    def sha256(**settings: Any) -> str:
        return Visualization.of(**{"objective": "third", **base, **settings}).sha256()

    def begun(value: float) -> str:
        dreampipe.write(Frame(np.full((32, 32, 3), value, np.float32)), path)
        return sha256(init=path)

    assert sha256() == sha256(objective=" third ")
    different = {"count": 2, "size": 48, "init": "grey", "init_colour": "#000000", "init_falloff": 2, "seed": 3}
    hashes = [sha256(), *(sha256(**{name: value}) for name, value in different.items()), begun(0.25), begun(0.5)]
    assert len(set(hashes)) == len(hashes)
    assert begun(0.5) == begun(0.5)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"size": 8}, "size came as 8, but it must be a whole number from 16"),
        ({"count": 0}, "count came as 0"),
        ({"count": 65}, "count came as 65"),
        ({"diversity": -1}, "diversity came as -1"),
        ({"init_deviation": 2}, "init-deviation came as 2"),
        ({"keep_colour": True}, "keep_colour is no setting of a recipe"),
        ({"parm": "maco"}, "parm is no setting of a recipe: .*param"),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        Visualization.of(objective="third", **wrong)


@pytest.mark.parametrize("objective", ["", "thrid", "third[16]", "logit(5)", "third[3] +", "0.1*nothing()"])
def test_objectives_that_are_none_are_refused(base: dict[str, Any], objective: str) -> None:
    with pytest.raises(ObjectiveError):
        dreampipe.visualize(objective, **base)


def test_a_star_is_for_atlases(base: dict[str, Any]) -> None:
    with pytest.raises(ObjectiveError, match=r"third\[\*\] leaves a unit open"):
        dreampipe.visualize("third[*]", **base)
