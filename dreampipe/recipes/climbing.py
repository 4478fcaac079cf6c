"""What every recipe of an ascent says: the model, the objective and how it is climbed; checked, printable, hashed.

`Climbing` holds the settings that a dream (`recipe.Recipe`) and a visualization (`visualization.Visualization`) share.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.amounts import Amount, Ramps
from dreampipe.ascent.octaves import OctaveCarry, Resizing, Rounding
from dreampipe.ascent.parameterizations import Parameterization
from dreampipe.ascent.transforms import ColourNoise, Crop, Flip, Jitter, Pad, Transform
from dreampipe.ascent.warps import Blur, Rotate, Scale
from dreampipe.errors import RecipeError, brief, nearest, shown
from dreampipe.models import card
from dreampipe.models.model_card import Card, Scaling
from dreampipe.models.scaling import spread
from dreampipe.objectives import Objective
from dreampipe.recipes.fields import (
    CLIMB,
    DREAM,
    EXPERT_CLIMB,
    Degrees,
    Pixels,
    Setting,
    Share,
    Shown,
    Sigma,
    StepSize,
    amount_of,
)
from dreampipe.recipes.ways import OPTIMIZERS, SHAPINGS, WAYS, Normalization, OptimizerName, Param, parameterization


class Climbing(BaseModel):
    """Settings of an ascent, with their defaults and ranges; every face takes them from here.

    Settings that may change over an ascent take a number, or text such as `8 -> 2`.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    usual: ClassVar[Param] = "pixels"

    version: Literal[1] = 1
    model: Annotated[str, Shown(DREAM)] = Field(
        "motifnet", description="Model to dream with: a name from `dreampipe models`, or a .keras file."
    )
    scaling: Annotated[Scaling | None, Shown(EXPERT_CLIMB, unset="the model's own")] = Field(
        None, description="Input scaling of a .keras file that has no card."
    )
    weights: Annotated[str | None, Shown(EXPERT_CLIMB, unset="the published ones")] = Field(
        None, description="Weights file (.weights.h5 or .h5) for a named architecture."
    )
    trust: Annotated[bool, Shown(EXPERT_CLIMB, kept=False)] = Field(
        False, description="Open the model file without checking what code it may run."
    )
    octaves: Annotated[int, Shown(CLIMB, moves=True)] = Field(
        Octaves.count, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    octave_scale: Annotated[float, Shown(CLIMB, moves=True)] = Field(
        Octaves.scale, gt=1, le=4, description="Ratio of each size to the next smaller one."
    )
    octaves_above: Annotated[int, Shown(EXPERT_CLIMB)] = Field(
        0, ge=0, le=8, description="Number of sizes that are larger than the full size."
    )
    octave_rounding: Annotated[Rounding, Shown(EXPERT_CLIMB)] = Field(
        "round", description="How to round a size to whole pixels."
    )
    octave_carry: Annotated[OctaveCarry, Shown(EXPERT_CLIMB)] = Field(
        "detail", description="What to carry from each size to the next."
    )
    octave_bits: Annotated[int | None, Shown(EXPERT_CLIMB, unset="all")] = Field(
        None, ge=1, le=16, description="Round the picture to this many bits after each size."
    )
    resizing: Annotated[Resizing, Shown(EXPERT_CLIMB)] = Field(
        "area", description="How to resize a picture between sizes."
    )
    rounds: Annotated[int, Shown(EXPERT_CLIMB)] = Field(
        1, ge=1, le=1000, description="Number of times to climb through all sizes."
    )
    steps: Annotated[int, Shown(CLIMB, moves=True)] = Field(
        Ascent.steps, ge=0, le=100_000, description="Steps at each size."
    )
    stop: Annotated[float | None, Shown(EXPERT_CLIMB, unset="never")] = Field(
        None, allow_inf_nan=False, description="End each size after the first step that scores above this."
    )
    ramps: Annotated[Ramps, Shown(EXPERT_CLIMB)] = Field(
        "ascent", description="Change amounts such as 8 -> 2 over the whole ascent, or over each size."
    )
    step_size: Annotated[StepSize | None, Shown(CLIMB, unset="what suits the parameterization", moves=True)] = Field(
        None, description="Size of a step, for pixels in their units."
    )
    param: Annotated[Param | None, Shown(EXPERT_CLIMB, unset="pixels of a dream, fourier from nothing")] = Field(
        None, description="Parameterization: what to climb in place of the picture."
    )
    prior: Annotated[str | None, Shown(EXPERT_CLIMB, unset="that of motifnet's motifs")] = Field(
        None, description="Decoder for param prior: a .keras file whose latents are climbed."
    )
    units: Annotated[Scaling, Shown(EXPERT_CLIMB)] = Field(
        "unit", description="Units of pixels and step size: unit is 0 to 1, bytes is 0 to 255."
    )
    bounded: Annotated[bool, Shown(EXPERT_CLIMB)] = Field(
        True, description="Clip pixels to their range after each step, not only at the end."
    )
    optimizer: Annotated[OptimizerName | None, Shown(EXPERT_CLIMB, unset="what suits the parameterization")] = Field(
        None, description="How a step follows the gradient."
    )
    fresh: Annotated[bool, Shown(EXPERT_CLIMB)] = Field(False, description="Reset the optimizer at each size.")
    normalization: Annotated[Normalization | None, Shown(EXPERT_CLIMB, unset="what suits the parameterization")] = (
        Field(None, description="How to normalize the gradient of the picture.")
    )
    margin: Annotated[int, Shown(EXPERT_CLIMB)] = Field(
        16, ge=0, le=256, description="Mirrored border around the picture while it is shifted, in pixels."
    )
    jitter: Annotated[Pixels, Shown(CLIMB, moves=True)] = Field(
        32, description="Largest random shift in each step, in pixels."
    )
    scale: Annotated[Share, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Largest random change of scale in each step; 0.1 is a tenth."
    )
    rotate: Annotated[Degrees, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Largest random rotation in each step, in degrees."
    )
    pad: Annotated[Pixels, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Grey border around what the model sees, in pixels."
    )
    crop: Annotated[Pixels, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Pixels that a random crop removes from what the model sees."
    )
    flip: Annotated[Share, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Probability that a step mirrors what the model sees."
    )
    blur: Annotated[Sigma, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Standard deviation of a blur of what the model sees, in pixels."
    )
    colour_noise: Annotated[Share, Shown(EXPERT_CLIMB, moves=True)] = Field(
        0, description="Standard deviation of noise added to what the model sees."
    )
    seed: Annotated[int, Shown(CLIMB)] = Field(0, ge=0, le=2**63 - 1, description="Seed of all random draws.")

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**{name: _plain(value) for name, value in settings.items()})
        except ValidationError as error:
            raise RecipeError(_sentence(type(self), error)) from None

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """A recipe from settings of which those that are None keep their default, as a command line has them."""
        return cls(
            **{name: value for name, value in settings.items() if value is not None or name not in cls.model_fields}
        )

    def card(self) -> Card:
        """The card of this recipe's model; raises ModelError."""
        return card(self.model, self.scaling, weights=self.weights, trust=self.trust)

    @property
    def chosen_param(self) -> Param:
        """What is climbed: `param`, or a prior where one is given, or what is usual for this kind of recipe."""
        return self.param or ("prior" if self.prior else self.usual)

    def transforms(self) -> tuple[Transform, ...]:
        """What stands between picture and model, in this order: those whose amount is not 0."""
        made: tuple[tuple[Setting, Callable[[Amount], Transform]], ...] = (
            (self.pad, lambda amount: Pad(amount, "grey")),
            (self.jitter, Jitter),
            (self.scale, Scale),
            (self.rotate, Rotate),
            (self.crop, Crop),
            (self.flip, Flip),
            (self.blur, Blur),
            (self.colour_noise, ColourNoise),
        )
        return tuple(make(amount_of(value)) for value, make in made if value)

    def ascent_of(self, objective: str, starred: bool = False) -> Ascent:
        """How to climb this objective; raises DreampipeError for what is not there, before anything is loaded.

        Args:
            objective: its text.
            starred: whether each picture climbs a unit of its own, written `*`.
        """
        way = WAYS[self.chosen_param]
        return Ascent(
            card=self.card(),
            objective=Objective.parse(objective),
            octaves=self.octave_row(),
            steps=self.steps,
            stop=self.stop,
            ramps=self.ramps,
            step_size=amount_of(self.step_size or self.usual_step_size),
            parameterization=self.parameterization(),
            margin=self.margin,
            transforms=self.transforms(),
            shaping=SHAPINGS[self.normalization or way.normalization],
            optimizer=OPTIMIZERS[self.optimizer or way.optimizer],
            fresh=self.fresh,
            starred=starred,
        )

    def octave_row(self, octaves: int | None = None, rounds: int | None = None) -> Octaves:
        """The sizes to climb at, and how the picture goes through them.

        Args:
            octaves, rounds: how many, where it is not the recipe's own number.
        """
        count = octaves or self.octaves
        return Octaves(
            count=count,
            scale=self.octave_scale,
            above=min(self.octaves_above, count - 1),
            rounding=self.octave_rounding,
            carry=self.octave_carry,
            bits=self.octave_bits,
            resizing=self.resizing,
            rounds=rounds or self.rounds,
        )

    def parameterization(self) -> Parameterization:
        """What is climbed in place of the picture; raises RecipeError and ModelError."""
        param = self.chosen_param
        if self.prior and param != "prior":
            raise RecipeError(f"A prior came with param {self.param!r}, but only param prior takes one: leave one out.")
        if param == "prior" and (self.octave_carry == "lost" or self.octave_bits):
            raise RecipeError(
                "octave-carry lost or octave-bits came with param prior, but a decoder cannot draw a given picture: "
                "leave them out."
            )
        if param != "pixels":
            self._check_plain(f"param {param}")
        return parameterization(param, self.prior, self.of_picture, self.units, self.bounded)

    def _check_plain(self, what: str) -> None:
        """Raise RecipeError for settings of pixels that this does not have."""
        came = f"units {self.units}" if self.units != "unit" else "no-bounded"
        if self.units != "unit" or not self.bounded:
            raise RecipeError(f"{came} came with {what}, but only the three channels of pixels take it: leave one out.")

    @property
    def usual_step_size(self) -> float:
        """The step size where none is given: what suits the parameterization, in its units."""
        return WAYS[self.chosen_param].step_size * spread(self.units)

    @property
    def of_picture(self) -> bool:
        """Whether the ascent starts from a picture, and not from nothing."""
        return False

    def hashed(self, ascent: Ascent, **files: str) -> str:
        """The hash of all that decides a picture beside its source.

        Args:
            ascent: of this recipe; its objective, model and files are hashed by what they say and hold.
            files: for each setting that names a file, the SHA-256 of its bytes.
        """
        model, prior = ascent.card, getattr(ascent.parameterization, "card", None)
        held = {
            "objective": str(ascent.objective),
            "files": [sha256 for _, sha256 in ascent.bound.files],
            "model": model.sha256,
            "scaling": model.scaling,
            "prior": prior and prior.sha256,
            # As resolved: what suits a parameterization may change from version to version.
            "param": type(ascent.parameterization).__name__,
            "optimizer": repr(ascent.optimizer),
            "step_size": str(ascent.step_size),
            "normalization": repr(ascent.shaping),
        }
        if set(ascent.bound.layers) & {name for name, _ in model.earlier}:
            held["names"] = "file"  # an output of an earlier version has the same text and another layer
        # A model is known by its bytes, wherever they lie and whoever trusts them.
        whole = {**self.model_dump(mode="json", exclude={"weights", "trust"}), **held, **files}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _sentence(cls: type[Climbing], error: ValidationError) -> str:
    """The first fault as one sentence for the user."""
    fault = error.errors()[0]
    name = str(fault["loc"][0]) if fault["loc"] else "the name of a setting"  # which is no text in any alphabet
    if fault["type"] == "extra_forbidden":
        return f"{brief(name)} is no setting of a recipe: {nearest(name, cls.model_fields)}."
    expected = fault["msg"].removeprefix("Input should be ")
    return f"{name.replace('_', '-')} came as {shown(fault['input'])}, but it must be {expected}."
