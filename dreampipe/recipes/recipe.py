"""The recipe of a dream: everything that decides how a picture is dreamed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from dreampipe.ascent import Ascent
from dreampipe.ascent.parameterizations import Luminance, Parameterization
from dreampipe.ascent.saving import Saving
from dreampipe.errors import RecipeError
from dreampipe.events import Tell, ignore
from dreampipe.media import read_mask
from dreampipe.media import sha256 as file_sha256
from dreampipe.media.storage.addresses import lasting_name
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import DREAM, EXPERT_CLIMB, Shown, bytes_of, check_memory
from dreampipe.stages import Blend, Caption, Dream, Pipeline, Stage


class Recipe(Climbing):
    """Settings of a dream, with their defaults and ranges; the command line and the library take them from here.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    objective: Annotated[str | None, Shown(DREAM, unset="the model's own")] = Field(
        None, description="What to climb, for example each(mixed5), mixed4[12]@center or logit(eye)."
    )
    mask: Annotated[str | None, Shown(DREAM, unset="everywhere")] = Field(
        None, description="Picture that says where to dream: white fully, black not at all."
    )
    keep_colour: Annotated[bool, Shown(DREAM)] = Field(
        False, description="Dream in luminance only; keep the colour of each pixel."
    )
    blend: Annotated[float, Shown(DREAM, moves=True)] = Field(
        1.0, ge=0, le=1, description="Share of the dream in the result; the rest is the source."
    )
    caption: Annotated[bool, Shown(DREAM)] = Field(False, description="Write the objective under the picture.")
    max_size: Annotated[int | None, Shown(DREAM, unset="the full size; films: 640")] = Field(
        None, ge=1, description="Longest side to dream at."
    )
    memory: Annotated[
        str | None, AfterValidator(check_memory), Shown(DREAM, unset="about 2.5GB, if tiles can do", kept=False)
    ] = Field(None, description="Most memory to take, for example 4GB.")
    tile: Annotated[int | None, Shown(EXPERT_CLIMB, unset="what fits into the memory")] = Field(
        None, ge=64, le=65536, description="Longest side of the tiles of a large picture, in pixels."
    )

    def ascent(self) -> Ascent:
        """Build the ascent; raises DreampipeError for a wrong objective, model or setting. It loads nothing."""
        ascent = self.ascent_of(self.card().objective if self.objective is None else self.objective)
        return replace(ascent, tile=self.tile)

    @property
    def memory_bytes(self) -> int | None:
        """The most memory to take, in bytes; None for what `ascent.fitting.choose` takes."""
        return None if self.memory is None else bytes_of(self.memory)

    @property
    def of_picture(self) -> bool:
        return True

    def parameterization(self) -> Parameterization:
        if not self.keep_colour:
            return super().parameterization()
        if self.chosen_param != "pixels":
            raise RecipeError(f"keep-colour came with param {self.chosen_param}, but it needs pixels: leave one out.")
        self._check_plain("keep-colour")
        if self.octave_carry != "detail" or self.octave_bits:
            raise RecipeError(
                "keep-colour came with octave-carry or octave-bits, but they change colours: leave one out."
            )
        return Luminance()

    def pipeline(self, tell: Tell = ignore, saving: Saving | None = None) -> Pipeline:
        """Build the stages of this recipe.

        Args:
            tell: hears each step and what had to be decided, as `Dream` tells them.
            saving: where the ascent of a single picture saves its state, as in `Dream`.
        """
        ascent, mask = self.ascent(), read_mask(self.mask) if self.mask is not None else None
        dream = Dream(ascent, self.seed, self.max_size, mask, self.mask or "", tell, self.memory_bytes, saving)
        stages: list[Stage] = [dream]
        if self.blend < 1:
            stages.append(Blend(self.blend))
        if self.caption:
            stages.append(Caption(caption_of(ascent)))
        return Pipeline(stages)

    def sha256(self) -> str:
        """Hash everything that decides a dream apart from its source: settings, the model's bytes, and named files."""
        return self.hash_ascent(
            self.ascent(), **({"mask": file_sha256(Path(self.mask))} if self.mask is not None else {})
        )


def caption_of(ascent: Ascent) -> str:
    """Write the caption of a dream: its objective and model."""
    return f"{ascent.objective.renamed(lasting_name)} on {ascent.card.name}"
