"""`dreampipe.dream`: one picture in, as a path or an array of any kind, the dreamed one out, of the same kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import dreampipe
from dreampipe import Recipe
from dreampipe.errors import DreampipeError, MediaError, ModelError, ObjectiveError, RecipeError
from dreampipe.frames import Frame

Array = np.ndarray[Any, Any]
DTYPES = [np.uint8, np.uint16, np.float16, np.float32, np.float64]


@pytest.fixture
def recipe(tiny_model: Path) -> Recipe:
    return Recipe.of(model=str(tiny_model), scaling="unit", objective="second", octaves=2, steps=2, jitter=4)


def picture(dtype: Any, *channels: int) -> Array:
    values = np.random.default_rng(2).random((24, 30, *channels))
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    return np.asarray(np.rint(values * top) if top > 1 else values, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_what_is_not_dreamed_comes_back_as_it_was(recipe: Recipe, dtype: Any, channels: tuple[int, ...]) -> None:
    image = picture(dtype, *channels)
    out = dreampipe.dream(image, recipe, steps=0)
    wanted = image if channels in [(3,), (4,)] else np.repeat(image.reshape(24, 30, 1), 3, axis=2)
    assert out.dtype == dtype
    assert out.shape == wanted.shape
    np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-7 if dtype == np.float64 else 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dream_is_the_same_in_every_type(recipe: Recipe, dtype: Any) -> None:
    image = picture(np.uint8, 3)
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    out = dreampipe.dream((image * (top / 255)).astype(dtype), recipe)
    expected = dreampipe.dream(image / 255, recipe)
    assert out.dtype == dtype
    np.testing.assert_allclose(out / top, expected, atol=0.501 / min(top, 65535) if top > 1 else 2e-3)
    assert np.abs(expected - image / 255).mean() > 0.005


def test_alpha_is_carried_through(recipe: Recipe) -> None:
    image = picture(np.uint8, 4)
    out = dreampipe.dream(image, recipe)
    assert np.array_equal(out[..., 3], image[..., 3])
    assert np.array_equal(out[..., :3], dreampipe.dream(np.ascontiguousarray(image[..., :3]), recipe))


def test_views_are_pictures_too(recipe: Recipe) -> None:
    image = picture(np.uint8, 3)
    for view in (image[::-1, ::-1], image[::2, ::2], image.transpose(1, 0, 2), image[..., ::-1]):
        assert np.array_equal(dreampipe.dream(view, recipe), dreampipe.dream(view.copy(), recipe))


def test_the_given_array_is_not_changed(recipe: Recipe) -> None:
    for image in (picture(np.float32, 3), picture(np.uint8, 3)):
        before = image.copy()
        image.flags.writeable = False
        dreampipe.dream(image, recipe)
        assert np.array_equal(image, before)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8, 3), np.int32),
        np.zeros((8, 8, 3), np.int64),
        np.zeros((8, 8, 3), complex),
        np.full((8, 8, 3), None),
        np.zeros(8, np.uint8),
        np.zeros((8, 8, 2), np.uint8),
        np.zeros((8, 8, 5), np.uint8),
        np.zeros((1, 1, 8, 8, 3), np.uint8),
        np.zeros((2, 8, 8, 5), np.uint8),
        np.zeros((0, 8, 8, 3), np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros((8, 0), np.float32),
    ],
    ids=lambda image: f"{image.dtype} {image.shape}",
)
def test_other_arrays_are_refused(image: Array) -> None:
    with pytest.raises(ValueError) as caught:
        dreampipe.dream(image)
    assert str(caught.value).startswith(f"The picture came as {image.dtype} {str(image.shape)[:-1]}")
    assert "of uint8, uint16 or a float type is expected" in str(caught.value)


@pytest.mark.parametrize("value", [-0.01, 1.01, 255, float("nan"), float("inf")])
def test_values_out_of_range_are_refused(value: float) -> None:
    image = np.zeros((8, 8, 3), np.float32)
    image[2, 3, 1] = value
    with pytest.raises(ValueError, match=r"outside of \[0, 1\]"):
        dreampipe.dream(image)


@pytest.mark.parametrize("dtype, channels", [(np.uint8, 3), (np.uint16, 3), (np.uint8, 4), (np.uint16, 4)])
def test_a_file_is_dreamed_as_its_array(recipe: Recipe, tmp_path: Path, dtype: Any, channels: int) -> None:
    image = picture(dtype, channels)
    swapped = cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA
    path = tmp_path / "süß.png"
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(image, swapped))[1].tobytes())
    expected = dreampipe.dream(image, recipe)
    for given in (path, str(path)):
        out = dreampipe.dream(given, recipe)
        assert out.dtype == dtype
        assert np.array_equal(out, expected)
    assert not np.array_equal(expected, image)


def test_settings_lie_over_the_recipe(recipe: Recipe) -> None:
    image = picture(np.uint8, 3)
    settings = recipe.model_dump() | {"seed": 9, "blend": 0.5}
    assert np.array_equal(dreampipe.dream(image, recipe, seed=9, blend=0.5), dreampipe.dream(image, **settings))
    assert not np.array_equal(dreampipe.dream(image, recipe, blend=0.5), dreampipe.dream(image, recipe))
    assert np.array_equal(dreampipe.dream(image, recipe, blend=0), image)


def test_what_cannot_be_dreamed_is_named(recipe: Recipe, tmp_path: Path) -> None:
    image = picture(np.uint8, 3)
    with pytest.raises(MediaError, match=r"missing\.png"):
        dreampipe.dream(tmp_path / "missing.png", recipe)
    with pytest.raises(RecipeError, match="ocatves is no setting"):
        dreampipe.dream(image, recipe, ocatves=2)
    with pytest.raises(ModelError, match="no such"):
        dreampipe.dream(image, model="no such")
    with pytest.raises(ObjectiveError, match=r"has no layer 'secnod': .*\bsecond\b"):
        dreampipe.dream(image, recipe, objective="secnod")


def test_a_film_is_no_picture(recipe: Recipe, tmp_path: Path) -> None:
    frames = [dreampipe.Frame(np.full((16, 16, 3), grey, np.float32)) for grey in (0.2, 0.4)]
    dreampipe.write(frames, tmp_path / "film.mp4")
    with pytest.raises(MediaError, match=r"film\.mp4 is a film, but dream takes one picture: .* FilmRecipe"):
        dreampipe.dream(tmp_path / "film.mp4", recipe)
    with pytest.raises(MediaError, match=r"ndarray came for .*, but Frames are expected"):
        dreampipe.write([frames[0].pixels, frames[1].pixels], tmp_path / "other.mp4")  # type: ignore[list-item]


class TestExplain:
    def test_a_path_and_its_array_are_explained_alike(self, tmp_path: Path, tiny_model: Path) -> None:
        pixels = np.random.default_rng(4).integers(0, 256, (24, 32, 3), np.uint8)
        dreampipe.write(Frame((pixels / 255).astype(np.float32)), tmp_path / "a.png")
        how: dict[str, Any] = {"method": "gradient", "model": tiny_model, "scaling": "unit"}
        of_path, of_array = (dreampipe.explain(one, "logit(1)", **how) for one in (tmp_path / "a.png", pixels))
        assert np.array_equal(of_path.map, of_array.map) and of_path.map.shape == (24, 32, 3)
        assert str(of_path.method) == "gradient" and of_path.objective == "logit(1)"

    def test_a_method_comes_as_a_value_and_the_top_class_is_the_default(self, tiny_model: Path) -> None:
        from dreampipe.explanations.attribution import METHODS

        pixels = np.random.default_rng(4).random((24, 32, 3), np.float32)
        how: dict[str, Any] = {"model": tiny_model, "scaling": "unit"}
        text = dreampipe.explain(pixels, method="gradient-x-input(baseline=white)", **how)
        value = dreampipe.explain(pixels, method=METHODS["gradient-x-input"](baseline="white"), **how)
        setting = dreampipe.explain(pixels, method="gradient-x-input", baseline="white", **how)
        assert np.array_equal(text.map, value.map) and np.array_equal(text.map, setting.map)
        assert text.objective.startswith("logit(")

    def test_what_is_wrong_is_one_sentence(self, tmp_path: Path, tiny_model: Path) -> None:
        pixels, how = np.zeros((24, 32, 3), np.float32), dict[str, Any](model=tiny_model, scaling="unit")
        with pytest.raises(DreampipeError, match="one explanation is made by one"):
            dreampipe.explain(pixels, method="gradient, gradient", **how)
        with pytest.raises(DreampipeError, match="objectiv is no setting of a recipe: did you mean objective"):
            dreampipe.explain(pixels, objectiv="logit(1)", **how)
        with pytest.raises(ValueError, match="came as list"):
            dreampipe.explain([1, 2], **how)  # type: ignore[arg-type]

    def test_a_file_of_other_colours_is_seen_as_srgb(
        self, tmp_path: Path, tiny_model: Path, wide_profile: bytes
    ) -> None:
        from dreampipe.frames import MediaInfo
        from dreampipe.media.profiles import to_srgb

        pixels = np.random.default_rng(4).integers(60, 200, (24, 32, 3)).astype(np.float32) / 255
        info = MediaInfo(32, 24, icc=wide_profile)
        dreampipe.write(Frame(pixels), tmp_path / "wide.png", like=info)
        how: dict[str, Any] = {"method": "gradient", "model": tiny_model, "scaling": "unit"}
        found = dreampipe.explain(tmp_path / "wide.png", "logit(1)", **how)
        assert np.array_equal(found.pixels, to_srgb(pixels, wide_profile)) and not np.array_equal(found.pixels, pixels)
        how["method"] = f"gradient-x-input(baseline={tmp_path / 'wide.png'})"
        assert not dreampipe.explain(tmp_path / "wide.png", "logit(1)", **how).map.any()  # the picture less itself
