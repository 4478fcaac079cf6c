"""What every recipe of an ascent says: the model, the objective and how it is climbed; checked, printable, hashed.

`Climbing` holds the settings that a dream (`recipe.Recipe`) and a visualization (`visualization.Visualization`) share.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

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
from dreampipe.recipes.fields import Degrees, Pixels, Setting, Share, Sigma, StepSize, amount_of
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
    model: str = Field("motifnet", description="Model: a name of `dreampipe models`, or a .keras file.")
    scaling: Scaling | None = Field(None, description="How a .keras file without a card wants its pixels.")
    weights: str | None = Field(None, description="File of weights for a named architecture: .weights.h5 or .h5.")
    trust: bool = Field(False, description="Open a model's file without checking what it may run.")
    octaves: int = Field(Octaves.count, ge=1, le=32, description="How many sizes to climb at, the full size counted.")
    octave_scale: float = Field(Octaves.scale, gt=1, le=4, description="Each size is this many times the one before.")
    octaves_above: int = Field(0, ge=0, le=8, description="Of the sizes, how many are larger than the full size.")
    octave_rounding: Rounding = Field("round", description="How a size becomes whole pixels.")
    octave_carry: OctaveCarry = Field("detail", description="What goes on from each size to the next.")
    octave_bits: int | None = Field(None, ge=1, le=16, description="Bits that a picture is cut to behind each size.")
    resizing: Resizing = Field("area", description="How a picture is brought from size to size.")
    rounds: int = Field(1, ge=1, le=1000, description="How often the sizes are climbed, one after the other.")
    steps: int = Field(Ascent.steps, ge=0, le=100_000, description="Steps at each size.")
    stop: float | None = Field(
        None, allow_inf_nan=False, description="A size ends behind the step whose score was above this."
    )
    ramps: Ramps = Field("ascent", description="Over what amounts change: the whole ascent, or each size anew.")
    step_size: StepSize | None = Field(None, description="Of a step; for pixels in [0, 1] pixel units.")
    param: Param | None = Field(None, description="What is climbed in place of the picture.")
    prior: str | None = Field(None, description="Decoder of param prior, a .keras file: its latents are climbed.")
    units: Scaling = Field("unit", description="Units of pixels and step size: unit is 0 to 1, bytes 0 to 255.")
    bounded: bool = Field(True, description="Keep pixels in their range at each step, and not only at the end.")
    optimizer: OptimizerName | None = Field(None, description="How a step follows the gradient.")
    fresh: bool = Field(False, description="The optimizer forgets at each size what it remembers.")
    normalization: Normalization | None = Field(None, description="What is done to the gradient of the picture.")
    margin: int = Field(16, ge=0, le=256, description="Mirrored pixels around a picture while it is shifted.")
    jitter: Pixels = Field(32, description="Largest random shift of a step, in pixels.")
    scale: Share = Field(0, description="Largest random change of scale of a step, 0.1 for a tenth.")
    rotate: Degrees = Field(0, description="Largest random rotation of a step, in degrees.")
    pad: Pixels = Field(0, description="Grey margin around what the model sees, in pixels.")
    crop: Pixels = Field(0, description="Pixels that a random crop takes off what the model sees.")
    flip: Share = Field(0, description="Probability that the model sees a step mirrored.")
    blur: Sigma = Field(0, description="Deviation of a blur of what the model sees, in pixels.")
    colour_noise: Share = Field(0, description="Deviation of the noise on what the model sees.")
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Of every random draw.")

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
