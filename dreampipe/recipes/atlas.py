"""The recipe of an atlas: every channel of a layer, or some, in one labelled sheet. `drawings.atlas` draws it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from dreampipe.ascent import Ascent
from dreampipe.errors import ObjectiveError, RecipeError
from dreampipe.objectives import HEAD, PROBABILITIES, UNIT, Objective
from dreampipe.objectives.names import path_of
from dreampipe.recipes.depicting import SIZES, Depicting
from dreampipe.recipes.fields import CLIMB, DREAM, Pixels, Shown

MOST = 4096
"""The most channels in one atlas."""


class Atlas(Depicting):
    """Settings of an atlas, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    layer: Annotated[str, Shown(DREAM)] = Field(
        description="Layer, for example mixed4; or an objective with * for the unit, for example logit(*)."
    )
    channels: Annotated[str | None, Shown(DREAM, unset="all of them")] = Field(
        None, description="Channels to draw, for example 0-63 or 3,17,40-47."
    )
    size: Annotated[int | None, Shown(DREAM, unset=SIZES)] = Field(
        None, ge=16, le=1024, description="Height and width of each picture, in pixels."
    )
    octaves: Annotated[int, Shown(CLIMB)] = Field(
        3, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    octave_scale: Annotated[float, Shown(CLIMB)] = Field(
        1.6, gt=1, le=4, description="Ratio of each size to the next smaller one."
    )
    steps: Annotated[int, Shown(CLIMB)] = Field(86, ge=0, le=100_000, description="Steps at each size.")
    jitter: Annotated[Pixels, Shown(CLIMB)] = Field(8, description="Largest random shift in each step, in pixels.")
    pictures: Annotated[str | None, Shown(DREAM, unset="motifnet's training pictures, for motifnet")] = Field(
        None, description="Folder of pictures to search for those that excite each channel."
    )
    exemplars: Annotated[int, Shown(DREAM)] = Field(
        3, ge=0, le=16, description="Number of exciting pictures to show next to each channel; 0 for none."
    )

    def objective(self) -> Objective:
        """Build the objective, with `*` for each picture's own unit; raises ObjectiveError and ModelError."""
        if "[" in self.layer and "*" not in self.layer:
            raise ObjectiveError(f"{self.layer} is one unit, but an atlas shows all of a layer: give its name alone.")
        text = self.layer if "*" in self.layer else f"{path_of(self.layer.replace(chr(34), ''))}[*]"
        asked = Objective.parse(text)
        starred = {term.layer for term in asked.bind(self.card(), starred=True).terms if UNIT in term.reads}
        if len(starred) > 1:
            raise ObjectiveError(f"{self.layer} stars units of {len(starred)} layers, but an atlas shows one: star it.")
        if not starred:
            raise ObjectiveError(f"{self.layer} names no unit by *: write a layer, as mixed4, or logit(*).")
        return asked

    def ascent(self) -> Ascent:
        """Build the ascent; raises DreampipeError for a wrong layer, model or setting. It loads nothing."""
        return self.ascent_of(str(self.objective()), starred=True)

    def indices(self) -> tuple[int, ...]:
        """List the channels or classes to draw; raises RecipeError for one that the layer does not have."""
        ascent = self.ascent()
        there = width_of(ascent)
        if self.channels is None and there is None:
            raise RecipeError(f"How many channels {self.layer} has is not known before it runs: give --channels 0-63.")
        chosen = tuple(range(there or 0)) if self.channels is None else numbers(self.channels)
        if there is not None and max(chosen) >= there:
            raise RecipeError(
                f"Channel {max(chosen)} was asked for, but {self.layer} has {there}: give some from 0 to {there - 1}."
            )
        if len(chosen) > MOST:
            raise RecipeError(f"{len(chosen)} channels came, but {MOST} are the most of one atlas: give --channels.")
        return chosen

    def sha256(self) -> str:
        """Hash everything that decides the picture of a channel; the other channels do not count."""
        alone = self.model_copy(update={"channels": None, "pictures": None, "exemplars": 0})
        return alone.hash_ascent(self.ascent())


def numbers(text: str) -> tuple[int, ...]:
    """Read the numbers in a text such as `0-63` or `3,17,40-47`, each once and in its order.

    Raises:
        RecipeError: the text is not such a list.
    """
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise RecipeError(f"channels came as {text!r}, but numbers and ranges such as 0-63,80 are expected.")
        found.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(dict.fromkeys(found))


def layer_of(ascent: Ascent) -> str:
    """Name the layer, or the key of the head, whose units are drawn."""
    return next(term.layer for term in ascent.bound.terms if UNIT in term.reads)


def width_of(ascent: Ascent) -> int | None:
    """Count the units of that layer; None if the card does not know."""
    layer, card = layer_of(ascent), ascent.card
    if layer in (HEAD, PROBABILITIES):
        return len(card.classes) or card.outputs
    return next(known.channels for known in card.layers if known.name == layer)
