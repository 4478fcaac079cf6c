"""A visualization, drawn: read what its recipe names, climb from nothing, and lay the pictures out."""

from __future__ import annotations

from dataclasses import dataclass

from dreampipe.ascent import Ascent, Result
from dreampipe.ascent.octaves import fit, resized
from dreampipe.ascent.results import OnPictures
from dreampipe.ascent.starts import Start, apart
from dreampipe.drawings.contact import Tile, contact_sheet
from dreampipe.errors import RecipeError
from dreampipe.events import Stepped, Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.objectives import Objective
from dreampipe.recipes.visualization import Visualization
from dreampipe.stages import Caption


@dataclass(frozen=True, eq=False)
class Prepared:
    """A visualization whose names and files are read: only the climb is left.

    Attributes:
        recipe: its settings.
        ascent: how to climb.
        start: where to start.
    """

    recipe: Visualization
    ascent: Ascent
    start: Start

    def climb(self, tell: Tell = ignore, on_pictures: OnPictures | None = None) -> Result:
        """Climb, and tell each step under the objective's name.

        Args:
            tell: hears the steps.
            on_pictures: called after each step with a function that returns the pictures as they are then.

        Returns:
            The result, whose pictures are (count, height, width, 3).

        Raises:
            RecipeError: the pictures do not fit into the free memory.
        """
        count, seed, size = self.recipe.count, self.recipe.seed, self.start.shape(self.recipe.side)
        if self.ascent.together(size) < count:
            raise RecipeError(
                f"{count} of {size[1]}x{size[0]} pixels came, but their ascent does not fit into the free memory: "
                "give a smaller size, count or pad."
            )
        pictures = apart(self.start.pictures(size, count, seed), seed)
        name = self.recipe.objective
        return self.ascent.run(
            pictures, seed=seed, on_step=lambda step: tell(Stepped(name, step)), on_pictures=on_pictures
        )


def prepare(recipe: Visualization) -> Prepared:
    """Read the model card, the objective and the start; raises DreampipeError. It loads no model."""
    return Prepared(recipe, recipe.ascent(), recipe.read_start())


def lay_out(recipe: Visualization, pictures: Array) -> Frame:
    """Lay the pictures (count, height, width, 3) out in one frame: the only one, or all of them side by side.

    Pictures of a smaller octave are enlarged first, so that the words look the same throughout an animation.
    """
    height, width = pictures.shape[1:3]
    factor = recipe.side / max(height, width)
    pictures = resized(pictures, (round(height * factor), round(width * factor)), fit)
    if recipe.count == 1:
        return add_caption(recipe, Frame(pictures[0]))
    tiles = [Tile(str(number), pixels) for number, pixels in enumerate(pictures, 1)]
    return add_caption(recipe, contact_sheet(tiles, recipe.side))


def add_caption(recipe: Visualization, picture: Frame) -> Frame:
    """Write the objective under a picture, if the recipe asks for that."""
    if not recipe.caption:
        return picture
    (frame,) = Caption(f"{Objective.parse(recipe.objective)} on {recipe.card().name}")(iter([picture]))
    return frame
