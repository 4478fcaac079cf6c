"""The typed keyword arguments of the library's calls are the fields of the recipes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import dreampipe
from dreampipe.recipes import keywords
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.attacking import Attacking
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.recipe import Recipe
from dreampipe.recipes.reporting import Reporting
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.visualization import Visualization

CALLS: list[tuple[Callable[..., Any], type[ModelSettings], type[Any]]] = [
    (dreampipe.dream, Recipe, keywords.RecipeSettings),
    (dreampipe.visualize, Visualization, keywords.VisualizationSettings),
    (dreampipe.atlas, Atlas, keywords.AtlasSettings),
    (dreampipe.explain, Explaining, keywords.ExplainingSettings),
    (dreampipe.attack, Attacking, keywords.AttackingSettings),
    (dreampipe.concepts, Finding, keywords.FindingSettings),
    (dreampipe.influence, Influencing, keywords.InfluencingSettings),
    (dreampipe.report, Reporting, keywords.ReportingSettings),
]
NO_CALL = {"mislabelled"}
"""Settings of commands alone."""
PATHS = {"model", "weights", "imports", "prior", "mask", "init", "pictures", "baseline", "others", "inside"}
"""Settings that also take a path."""
NUMBERS = {"eps"}
"""Settings of text that also take a number."""


def parts(annotation: Any) -> Iterator[Any]:
    """The types of a union, without `Annotated`; a literal counts by each of its values."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from parts(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from parts(part)
    elif origin is Literal:
        yield from (("literal", value) for value in get_args(annotation))
    else:
        yield annotation


@pytest.mark.parametrize("call, recipe, typed", CALLS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_call_takes_the_fields_of_its_recipe(call: Any, recipe: type[ModelSettings], typed: type[Any]) -> None:
    signature = inspect.signature(call)
    assert signature.parameters["settings"].annotation == f"Unpack[{typed.__name__}]"
    held = get_type_hints(typed)
    assert list(held) == [name for name in recipe.model_fields if name in held]  # in the same order
    assert held.keys() == recipe.model_fields.keys() - signature.parameters.keys() - NO_CALL
    for name, annotation in held.items():
        expected = {*parts(recipe.model_fields[name].annotation), NoneType}
        expected |= {PathLike[str]} if name in PATHS else set()
        expected |= {float} if name in NUMBERS else set()
        expected |= {Any} if name == "model" else set()
        assert set(parts(annotation)) == expected, name


SNIPPET = """
import dreampipe
from pathlib import Path

dreampipe.dream("a.png", objective="first", octaves=2, mask=Path("mask.png"), model=Path("my.keras"))
dreampipe.visualize("first[0]", size=64, param="fourier", jitter="8 -> 2", model=object())
dreampipe.attack("a.png", eps=8 / 255)
dreampipe.explain("a.png", "logit(1)", max_size=64, seed=None)
dreampipe.dream("a.png", ocatves=2)
dreampipe.visualize("first[0]", size="large")
dreampipe.visualize("first[0]", param="pixel")
dreampipe.atlas("first", work="folder", channels=3)
"""


@pytest.mark.slow
def test_a_type_checker_finds_wrong_settings(tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(SNIPPET)
    root = Path(dreampipe.__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", root / "pyproject.toml", tmp_path / "snippet.py"],
        capture_output=True,
        text=True,
        cwd=root,
    )
    wrong = [line for line in ran.stdout.splitlines() if "error:" in line]
    assert [int(line.split(":")[1]) for line in wrong] == [9, 10, 11, 12], ran.stdout
    assert all(name in line for name, line in zip(("ocatves", "size", "param", "channels"), wrong, strict=True))
