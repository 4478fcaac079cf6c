"""What a unit of a model has learned, drawn from nothing: the recipe of a visualization, and its one run.

Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from dreampipe import media
from dreampipe.ascent import Ascent, Result
from dreampipe.ascent.octaves import fit, resized
from dreampipe.ascent.results import OnPictures, OnStep
from dreampipe.ascent.starts import Colour, Grey, Noise, Picture, Start, apart
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.errors import ModelError, RecipeError, nearest
from dreampipe.frames import Array, Frame
from dreampipe.models import Card
from dreampipe.objectives import Objective
from dreampipe.objectives.names import quoted
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import CLIMB, DREAM, EXPERT_CLIMB, Pixels, Shown
from dreampipe.recipes.ways import Param
from dreampipe.stages import Caption


class Visualization(Climbing):
    """Settings of a visualization, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    usual: ClassVar[Param] = "fourier"

    objective: Annotated[str, Shown(DREAM)] = Field(
        description="What to climb, for example mixed4[12], mixed4[12]@center or logit(eye)."
    )
    size: Annotated[int, Shown(DREAM)] = Field(128, ge=16, le=4096, description="Height and width, in pixels.")
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
    start: Annotated[str, Shown(DREAM)] = Field(
        "noise", description="Where to start: noise, grey, or the path of a picture."
    )
    start_colour: Annotated[str, Shown(EXPERT_CLIMB)] = Field(
        "#737373", description="Mean colour of noise or grey, as #rrggbb."
    )
    start_falloff: Annotated[float, Shown(EXPERT_CLIMB)] = Field(
        1.0, ge=0, le=4, description="Power of 1 / frequency by which noise falls; 0 is white noise."
    )
    start_deviation: Annotated[float, Shown(EXPERT_CLIMB)] = Field(
        0.1, ge=0, le=1, description="Contrast of noise: its standard deviation."
    )

    def began(self) -> Start:
        """Where it starts; raises RecipeError and MediaError."""
        colour = _colour(self.start_colour)
        if self.start == "noise":
            return Noise(colour, self.start_deviation, self.start_falloff)
        if self.start == "grey":
            return Grey(colour)
        path = Path(self.start)
        if not path.suffix and not path.exists():
            near = nearest(self.start, ("noise", "grey"))
            raise RecipeError(f"start came as {self.start!r}, but noise, grey or a picture's path is expected: {near}.")
        (frame,) = media.read(self.start)
        return Picture(frame.pixels)

    @property
    def of_picture(self) -> bool:
        return self.start not in ("noise", "grey")

    def whole_objective(self) -> str:
        """The objective's text, with diversity where several pictures climb; raises ObjectiveError and ModelError."""
        asked = Objective.parse(self.objective)
        if self.count == 1 or self.diversity == 0:
            return str(asked)
        layer = _compared(self.card(), asked)
        return f"{asked} + {self.diversity!r}*diversity({quoted(layer)})"

    def ascent(self) -> Ascent:
        """How to climb; raises DreampipeError for what is not there, before anything is loaded."""
        return self.ascent_of(self.whole_objective())

    def ready(self) -> Ready:
        """All that it reads, read: model card, objective and start; raises DreampipeError, loads nothing."""
        return Ready(self, self.ascent(), self.began())

    def run(self, on_step: OnStep | None = None, on_pictures: OnPictures | None = None) -> Result:
        """Climb: the pictures are (count, height, width, 3)."""
        return self.ready().run(on_step, on_pictures)

    def drawn(self, pictures: Array) -> Frame:
        """One frame of the pictures (count, height, width, 3): the one there is, or all side by side.

        Those of a smaller octave are enlarged first, so that the words stand alike in a whole animation.
        """
        height, width = pictures.shape[1:3]
        factor = self.size / max(height, width)
        pictures = resized(pictures, (round(height * factor), round(width * factor)), fit)
        return self.captioned(Frame(pictures[0]) if self.count == 1 else contact_sheet(_numbered(pictures), self.size))

    def captioned(self, picture: Frame) -> Frame:
        """A picture over what was climbed, where that is asked for."""
        if not self.caption:
            return picture
        (frame,) = Caption(f"{Objective.parse(self.objective)} on {self.card().name}")(iter([picture]))
        return frame

    def sha256(self) -> str:
        """The hash of all that decides the pictures: settings, model bytes, files that it names."""
        began = self.began()
        start = hashlib.sha256(began.pixels.tobytes()).hexdigest() if isinstance(began, Picture) else self.start
        return self.hashed(self.ascent(), start=start)


@dataclass(frozen=True, eq=False)
class Ready:
    """A visualization whose names and files are read, once: what is left is to climb.

    Attributes:
        ascent: how.
        start: where from.
    """

    recipe: Visualization
    ascent: Ascent
    start: Start

    def run(self, on_step: OnStep | None = None, on_pictures: OnPictures | None = None) -> Result:
        """Climb: the pictures are (count, height, width, 3); raises RecipeError where memory is too small for them."""
        count, seed, size = self.recipe.count, self.recipe.seed, self.start.shape(self.recipe.size)
        if self.ascent.together(size) < count:
            raise RecipeError(
                f"{count} of {size[1]}x{size[0]} pixels came, but their ascent does not fit into the free memory: "
                "give a smaller size, count or pad."
            )
        pictures = apart(self.start.pictures(size, count, seed), seed)
        return self.ascent.run(pictures, seed=seed, on_step=on_step, on_pictures=on_pictures)


def _numbered(pictures: Array) -> list[Tile]:
    return [Tile(str(number), pixels) for number, pixels in enumerate(pictures, 1)]


def _colour(text: str) -> Colour:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise RecipeError(f"start-colour came as {text!r}, but red, green and blue as #rrggbb are expected.")
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _compared(card: Card, objective: Objective) -> str:
    """The layer by which pictures are told apart: the first one climbed that is a grid, else a recommended deep one."""
    grids = {layer.name: layer for layer in card.layers if layer.stride}
    climbed = [layer for layer in objective.layers(card) if layer in grids]
    recommended = [name for name, layer in grids.items() if layer.recommended]
    found = [*climbed, *recommended[::-1], *list(grids)[::-1]]
    if not found:
        raise ModelError(f"{card.name} has no layer of rows and columns to tell pictures apart by: give --diversity 0.")
    return found[0]
