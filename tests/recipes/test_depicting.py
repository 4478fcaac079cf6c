"""The size and the transforms of pictures from nothing, which depend on the model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import pytest

import dreampipe
from dreampipe.ascent.transforms import Jitter
from dreampipe.ascent.warps import Rotate, Scale
from dreampipe.errors import ModelError
from dreampipe.recipes import Atlas, Visualization
from dreampipe.recipes.depicting import Depicting, Depiction

KINDS = [
    (Visualization, {"objective": "mixed4[1]"}, "objective", "first[1]"),
    (Atlas, {"layer": "mixed4"}, "layer", "first"),
]


def of_size(side: int, folder: Path) -> str:
    """Save a model with a dense head, which takes pictures of one size alone."""
    image = keras.Input((side, side, 3))
    grid = keras.layers.Conv2D(4, 3, 8, name="first")(image)
    path = folder / f"{side}.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # keras' own, of numpy
        keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(grid))).save(path)
    return str(path)


@pytest.mark.parametrize("kind, own, name, there", KINDS)
def test_what_suits_depends_on_the_model(
    kind: type[Depicting], own: dict[str, Any], name: str, there: str, tiny_model: Path
) -> None:
    assert kind(**own).depiction == Depiction(128, 0, 0)
    assert kind(**own).ascent().transforms == (Jitter(8),)  # type: ignore[attr-defined]
    other = kind.of(**{name: there}, model=str(tiny_model), scaling="unit")
    assert (other.depiction, other.side) == (Depiction(256, 0.1, 5), 256)
    assert other.ascent().transforms == (Jitter(8), Scale(0.1), Rotate(5))  # type: ignore[attr-defined]
    chosen = other.model_copy(update={"size": 64, "scale": 0, "rotate": "4 -> 0"})
    assert (chosen.side, chosen.depiction.scale, chosen.depiction.rotate) == (64, 0, "4 -> 0")


@pytest.mark.parametrize("taken, side", [(32, 128), (128, 128), (160, 256)])
def test_a_model_of_small_pictures_draws_smaller(taken: int, side: int, tmp_path: Path) -> None:
    recipe = Visualization.of(objective="logit(1)", model=of_size(taken, tmp_path), scaling="unit")
    assert recipe.depiction == Depiction(side, 0.1, 5)


@pytest.mark.parametrize("kind, own, name, there", KINDS)
def test_what_is_left_open_makes_the_same_as_its_value(
    kind: type[Depicting], own: dict[str, Any], name: str, there: str, tiny_model: Path
) -> None:
    for model in ({}, {name: there, "model": str(tiny_model), "scaling": "unit"}):
        left: Any = kind(**{**own, **model})
        spelled: Any = left.model_copy(update=vars(left.depiction))
        assert left.sha256() == spelled.sha256()
        assert left.sha256() != spelled.model_copy(update={"rotate": 7}).sha256()


def test_a_picture_has_the_size_that_suits(tiny_model: Path) -> None:
    drawn = dreampipe.visualize("first[1]", model=str(tiny_model), scaling="unit", steps=1)
    assert drawn.shape == (256, 256, 3)


def test_a_model_that_is_gone_leaves_only_its_own_defaults_out(tmp_path: Path) -> None:
    recipe = Visualization.of(objective="first", model=str(tmp_path / "gone.keras"))
    assert not {"size", "scale", "rotate"} & recipe.usual_values().keys()
    assert recipe.usual_values()["optimizer"].value == "adam"
    with pytest.raises(ModelError):
        _ = recipe.side
