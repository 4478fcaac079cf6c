"""The recipe of a visualization: what a unit of a model has learned, drawn from nothing.

`drawings.visualization` draws it. Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dreampipe import media
from dreampipe.ascent import Ascent
from dreampipe.ascent.starts import Colour, Grey, Noise, Picture, Start
from dreampipe.errors import ModelError, RecipeError, nearest
from dreampipe.models import Card
from dreampipe.objectives import Objective
from dreampipe.objectives.names import quoted
from dreampipe.recipes.depicting import Depicting
from dreampipe.recipes.fields import CLIMB, DREAM, EXPERT_CLIMB, Pixels, Shown


class Visualization(Depicting):
    """Settings of a visualization, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    objective: Annotated[str, Shown(DREAM)] = Field(
        description="What to climb, for example mixed4[12], mixed4[12]@center or logit(eye)."
    )
    count: Annotated[int, Shown(DREAM)] = Field(
        1, ge=1, le=64, description="Number of pictures to climb together; diversity keeps them apart."
    )
    diversity: Annotated[float, Shown(DREAM)] = Field(
        1.0, ge=0, le=1e6, description="Weight of the differences between several pictures."
    )
    octaves: Annotated[int, Shown(CLIMB)] = Field(
        1, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    steps: Annotated[int, Shown(CLIMB)] = Field(256, ge=0, le=100_000, description="Steps at each size.")
    jitter: Annotated[Pixels, Shown(CLIMB)] = Field(8, description="Largest random shift in each step, in pixels.")
    caption: Annotated[bool, Shown(DREAM)] = Field(False, description="Write the objective under the picture.")
    init: Annotated[str, Shown(DREAM)] = Field(
        "noise", description="Where to start: noise, grey, or the path of a picture."
    )
    init_colour: Annotated[str, Shown(EXPERT_CLIMB)] = Field(
        "#737373", description="Mean colour of noise or grey, as #rrggbb."
    )
    init_falloff: Annotated[float, Shown(EXPERT_CLIMB)] = Field(
        1.0, ge=0, le=4, description="Power of 1 / frequency by which noise falls; 0 is white noise."
    )
    init_deviation: Annotated[float, Shown(EXPERT_CLIMB)] = Field(
        0.1, ge=0, le=1, description="Contrast of noise: its standard deviation."
    )

    def read_start(self) -> Start:
        """Return where the ascent starts, and read its picture if it is one; raises RecipeError and MediaError."""
        colour = _parse_colour(self.init_colour)
        if self.init == "noise":
            return Noise(colour, self.init_deviation, self.init_falloff)
        if self.init == "grey":
            return Grey(colour)
        if not self.init:
            raise RecipeError("init came empty, but noise, grey or a picture's path is expected: name one.")
        path = Path(self.init)
        if not path.suffix and not path.exists():
            near = nearest(self.init, ("noise", "grey"))
            raise RecipeError(f"init came as {self.init!r}, but noise, grey or a picture's path is expected: {near}.")
        frame, _ = media.decode(self.init)
        return Picture(frame.pixels)

    @property
    def of_picture(self) -> bool:
        return self.init not in ("noise", "grey")

    def whole_objective(self) -> str:
        """Write the objective, with diversity if several pictures climb; raises ObjectiveError and ModelError."""
        asked = Objective.parse(self.objective)
        if self.count == 1 or self.diversity == 0:
            return str(asked)
        layer = _choose_layer(self.card(), asked)
        return f"{asked} + {self.diversity!r}*diversity({quoted(layer)})"

    def ascent(self) -> Ascent:
        """Build the ascent; raises DreampipeError for a wrong objective, model or setting. It loads nothing."""
        return self.ascent_of(self.whole_objective())

    def sha256(self) -> str:
        """Hash everything that decides the pictures: settings, the model's bytes, and the files that settings name."""
        begun = self.read_start()
        start = hashlib.sha256(begun.pixels.tobytes()).hexdigest() if isinstance(begun, Picture) else self.init
        return self.hash_ascent(self.ascent(), start=start)


def _parse_colour(text: str) -> Colour:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise RecipeError(f"init-colour came as {text!r}, but red, green and blue as #rrggbb are expected.")
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _choose_layer(card: Card, objective: Objective) -> str:
    """Choose the layer that diversity compares: the first grid that is climbed, else the deepest recommended one."""
    grids = {layer.name: layer for layer in card.layers if layer.stride}
    climbed = [layer for layer in objective.layers(card) if layer in grids]
    recommended = [name for name, layer in grids.items() if layer.recommended]
    found = [*climbed, *recommended[::-1], *list(grids)[::-1]]
    if not found:
        raise ModelError(f"{card.name} has no layer of rows and columns to tell pictures apart by: give --diversity 0.")
    return found[0]
