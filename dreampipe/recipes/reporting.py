"""The recipe of a report: one page on a picture and what a model makes of it. `engines.reports` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from dreampipe.recipes.attacking import MOTIFS
from dreampipe.recipes.fields import CLIMB, DREAM, EXPERT_CLIMB, EXPERT_MODEL, EXPLAIN, METHOD, Shown
from dreampipe.recipes.settings import ModelSettings, Seed, Usual

_OWN = "motifnet"


class Reporting(ModelSettings):
    """Settings of a report, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    open: ClassVar[tuple[str, ...]] = ("labelled",)
    headings: ClassVar[Mapping[str, str]] = {DREAM: EXPLAIN, CLIMB: METHOD, EXPERT_CLIMB: EXPERT_MODEL}

    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model to report on: a name from `dreampipe models`, or a .keras file."
    )
    labelled: Annotated[str | None, Shown(DREAM, unset="motifs for motifnet, else none")] = Field(
        None,
        description="Training pictures, for concepts and influence: a folder with a folder for each class, named like "
        "it; a .csv table with the columns file and label; or motifs, the pictures that motifnet was trained with.",
    )
    count: Annotated[int, Shown(CLIMB)] = Field(
        300, ge=2, le=1_000_000, description="The most training pictures, evenly spread."
    )
    max_size: Annotated[int, Shown(CLIMB)] = Field(
        512, ge=16, le=16_384, description="Longest side in which the model sees a picture, if it takes all sizes."
    )
    size: Annotated[int, Shown(DREAM)] = Field(
        512, ge=32, le=4096, description="Longest side of each large picture on the page, in pixels."
    )
    seed: Seed = 0

    def usual_values(self) -> Mapping[str, Usual]:
        return {"labelled": Usual(MOTIFS, (self.model,))} if self.model == _OWN else {}

    @property
    def chosen_labelled(self) -> str | None:
        """The labelled pictures; None for none."""
        return MOTIFS if self.labelled is None and self.model == _OWN else self.labelled
