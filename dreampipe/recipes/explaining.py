"""The recipe of an explanation: what to explain, and by which methods. `engines.explanations` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from dreampipe.errors import RecipeError
from dreampipe.media import fingerprint
from dreampipe.recipes.fields import CLIMB, DREAM, EXPERT_CLIMB, EXPERT_MODEL, EXPLAIN, METHOD, Shown
from dreampipe.recipes.named import rename_files
from dreampipe.recipes.settings import ModelSettings, Seed

if TYPE_CHECKING:
    from dreampipe.explanations.attribution import Method

Show = Literal["sheet", "overlay", "map"]
"""A picture of an explanation: source, maps and overlays on one sheet; the heat over the grey picture; the heat."""


class Explaining(ModelSettings):
    """Settings of an explanation, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    headings: ClassVar[Mapping[str, str]] = {DREAM: EXPLAIN, CLIMB: METHOD, EXPERT_CLIMB: EXPERT_MODEL}

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model to explain: a name from `dreampipe models`, or a .keras file."
    )
    objective: Annotated[str, Shown(DREAM, unset="the top class")] = Field(
        "", description="Answer to explain, for example logit(eye), mixed4[12] or logit(eye) - logit(owl)."
    )
    method: Annotated[str, Shown(CLIMB)] = Field(
        "integrated-gradients(steps=16)",
        description="Methods of `dreampipe methods`, with commas between them, and settings in brackets; or all.",
    )
    layer: Annotated[str | None, Shown(CLIMB, unset="the method's own choice")] = Field(
        None, description="Layer of the class activation methods."
    )
    baseline: Annotated[str | None, Shown(CLIMB, unset="the method's own")] = Field(
        None,
        description="What absence looks like, in methods that compare with it: black, grey, white, mean, blur, noise "
        "or a picture or folder without + in its path; several with + are averaged.",
    )
    max_size: Annotated[int, Shown(CLIMB)] = Field(
        512, ge=16, le=16_384, description="Longest side in which the model sees a picture, if it takes all sizes."
    )
    show: Annotated[Show | None, Shown(DREAM, unset="sheet for a picture, overlay for a film")] = Field(
        None, description="What to draw: a sheet of all methods, an overlay on the picture, or the map alone."
    )
    size: Annotated[int, Shown(DREAM)] = Field(
        384, ge=32, le=4096, description="Longest side of each picture of a sheet, in pixels."
    )
    seed: Seed = 0

    def methods(self) -> tuple[Method, ...]:
        """Build the methods; raises RecipeError for a wrong one, or for a setting that none of them has."""
        from dreampipe.explanations.attribution import parse_methods

        return self.with_settings(parse_methods(self.method))

    def with_settings(self, methods: tuple[Method, ...]) -> tuple[Method, ...]:
        """Give `layer` and `baseline` to the methods that have them; raises RecipeError if none has."""
        for name in ("layer", "baseline"):
            if (value := getattr(self, name)) is not None:
                methods = _with_setting(methods, name, value)
        return methods

    def check_objective(self) -> None:
        """Check the objective against the model; raises ObjectiveError, and ModelError if there is nothing to ask."""
        from dreampipe.explanations.explaining import ask, no_head

        card = self.card()
        if self.objective:
            ask(card, self.objective)
        elif card.outputs == 0:
            raise no_head(card)

    def sha256(self) -> str:
        """Hash everything that decides an explanation: settings, the model's bytes, and named files and folders."""
        card = self.card()
        kept = self.model_dump(mode="json", exclude={"model", "scaling", "weights", "trust", "imports"})
        return self.hash_settings(card, **rename_files(kept, lambda name: fingerprint(Path(name))))

    film_sha256 = sha256


def _with_setting(methods: tuple[Method, ...], name: str, value: Any) -> tuple[Method, ...]:
    """Give a setting to each method that has it, unless its text gave another value; raises RecipeError if none has."""
    changed, having = [], False
    for method in methods:
        own = next((field for field in fields(method) if field.name == name), None)  # type: ignore[arg-type]
        having = having or own is not None
        usual = own is not None and getattr(method, name) == own.default
        changed.append(replace(method, **{name: value}) if usual else method)  # type: ignore[type-var]
    if not having:
        asked = ", ".join(method.name for method in methods)
        raise RecipeError(f"{name} came as {value!r}, but {asked} has none: leave it out, or choose another method.")
    return tuple(changed)
