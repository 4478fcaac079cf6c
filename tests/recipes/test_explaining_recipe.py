"""The recipe of an explanation: its methods, its files, its hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import dreampipe
from dreampipe.errors import ModelError, ObjectiveError, RecipeError
from dreampipe.explanations.attribution import METHODS, Attributed, Method
from dreampipe.explanations.attribution.baselines import BASELINES
from dreampipe.explanations.attribution.method import Family
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array
from dreampipe.recipes import Explaining
from dreampipe.recipes.named import files, rename_files


@dataclass(frozen=True)
class AtLayer(Method):
    """A method of the user's own that has a layer."""

    layer: str = ""

    name: ClassVar[str] = "at-layer"
    family: ClassVar[Family] = "class activation"
    source: ClassVar[str] = "none"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        return Attributed(np.zeros(picture.shape[:2], np.float32), 0.0)


def test_all_is_every_method_and_the_default_is_one() -> None:
    assert [method.name for method in Explaining(method="all").methods()] == list(METHODS)
    assert list(map(str, Explaining().methods())) == ["integrated-gradients(steps=16)"]


def test_a_baseline_reaches_the_methods_that_have_one() -> None:
    recipe = Explaining(method="gradient, gradient-x-input, integrated-gradients(baseline=white)", baseline="blur")
    assert list(map(str, recipe.methods())) == [
        "gradient",
        "gradient-x-input(baseline=blur)",
        "integrated-gradients(baseline=white)",
    ]


def test_a_layer_reaches_a_method_of_your_own() -> None:
    assert Explaining(layer="mixed4").with_settings((AtLayer(),)) == (AtLayer("mixed4"),)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "gradient", "baseline": "blur"}, "baseline came as 'blur', but gradient has none: leave it out"),
        ({"method": "gradient", "layer": "mixed4"}, "layer came as 'mixed4', but gradient has none: leave it out"),
        ({"method": "gradiant"}, "did you mean gradient"),
    ],
)
def test_a_setting_that_no_method_has_is_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        Explaining(**settings).methods()


def test_a_model_without_classes_needs_an_objective(headless: Path) -> None:
    recipe = Explaining(model=headless, scaling="unit")
    with pytest.raises(
        ModelError, match=r"has no head that names classes: say what to explain by --objective, .*second"
    ):
        recipe.check_objective()
    recipe.model_copy(update={"objective": "second[3]"}).check_objective()
    with pytest.raises(ObjectiveError):
        Explaining(objective="logit(unicorn)").check_objective()


def test_the_hash_is_of_what_decides_the_explanation(tmp_path: Path) -> None:
    for number, name in enumerate("ab"):
        dreampipe.write(dreampipe.Frame(np.full((4, 4, 3), number / 2, np.float32)), tmp_path / f"{name}.png")
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())

    def hashed(**settings: object) -> str:
        return Explaining(**settings).sha256()

    assert len({hashed(), hashed(seed=1), hashed(method="gradient"), hashed(size=64), hashed(show="map")}) == 5
    one, same, other = (tmp_path / name for name in ("a.png", "c.png", "b.png"))
    assert hashed(baseline=str(one)) == hashed(baseline=str(same)) != hashed(baseline=str(other))
    text = "integrated-gradients(baseline=grey+{})"
    assert hashed(method=text.format(one)) == hashed(method=text.format(same)) != hashed(method=text.format(other))


def test_what_is_in_a_folder_of_baselines_counts(tmp_path: Path) -> None:
    (tmp_path / "blank").mkdir()
    recipe = Explaining(baseline=str(tmp_path / "blank"))
    before = recipe.sha256()
    (tmp_path / "blank" / "notes.txt").write_text("no picture")
    assert recipe.sha256() == before
    dreampipe.write(dreampipe.Frame(np.zeros((4, 4, 3), np.float32)), tmp_path / "blank" / "a.png")
    assert recipe.sha256() != before


def test_the_words_of_baselines_are_no_files() -> None:
    assert files(Explaining(baseline="+".join(BASELINES)).model_dump()) == ()
    assert files(Explaining(baseline="grey+blank").model_dump()) == ("blank",)


def test_the_pictures_of_baselines_are_files_of_the_recipe() -> None:
    settings = Explaining(
        baseline="grey + in/a.png+b.png", method="gradient, integrated-gradients(steps=3, baseline=c.png)"
    ).model_dump()
    assert set(files(settings)) == {"in/a.png", "b.png", "c.png"}
    moved = rename_files(settings, lambda name: f"x/{name}")
    assert moved["baseline"] == "grey +x/in/a.png+x/b.png"
    assert moved["method"] == "gradient, integrated-gradients(steps=3, baseline=x/c.png)"
