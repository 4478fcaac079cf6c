"""The settings of an ascent: model, objective and how to climb. `Climbing` is under every recipe that climbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.amounts import Amount, Ramps
from dreampipe.ascent.octaves import SMALLEST, OctaveCarry, Resizing, Rounding
from dreampipe.ascent.parameterizations import Parameterization
from dreampipe.ascent.transforms import ColourNoise, Crop, Flip, Jitter, Pad, Transform
from dreampipe.ascent.warps import Blur, Rotate, Scale
from dreampipe.errors import RecipeError
from dreampipe.media.storage.addresses import lasting_name
from dreampipe.models.model_card import Scaling
from dreampipe.models.precision import Asked, choose_precision
from dreampipe.models.scaling import spread
from dreampipe.objectives import Objective
from dreampipe.recipes.fields import (
    CLIMB,
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
from dreampipe.recipes.settings import ModelSettings, Seed, Usual
from dreampipe.recipes.ways import (
    DREAM,
    OPTIMIZERS,
    SHAPINGS,
    WAYS,
    Normalization,
    OptimizerName,
    Param,
    Way,
    parameterization,
)


class Climbing(ModelSettings):
    """Settings of an ascent, with their defaults and ranges; the command line and the library take them from here.

    Settings that may change over an ascent take a number, or text such as `8 -> 2`.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    open: ClassVar[tuple[str, ...]] = ("param", "step_size", "normalization", "optimizer", "smallest")
    usual: ClassVar[Param] = "pixels"

    octaves: Annotated[int | None, Shown(CLIMB, unset=f"from {SMALLEST} pixels up", moves=True)] = Field(
        None, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    smallest: Annotated[int | None, Shown(EXPERT_CLIMB, unset=f"{SMALLEST} if octaves is not set")] = Field(
        None, ge=1, le=4096, description="Longer side of the smallest size to climb at, in pixels."
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
    steps: Annotated[int, Shown(CLIMB, moves=True)] = Field(8, ge=0, le=100_000, description="Steps at each size.")
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
    precision: Annotated[Asked, Shown(EXPERT_CLIMB)] = Field(
        "float32", description="Precision of convolutions; auto is bfloat16 where that is faster and loses nothing."
    )
    seed: Seed = 0

    @property
    def chosen_param(self) -> Param:
        """The parameterization: `param`, or a prior if one is given, or the usual one for this kind of recipe."""
        return self.param or ("prior" if self.prior else self.usual)

    def transforms(self) -> tuple[Transform, ...]:
        """List the transforms between picture and model, in order: those whose amount is not 0."""
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
        """Build the ascent of an objective; raises DreampipeError for whatever is wrong, before anything is loaded.

        Args:
            objective: the text of the objective.
            starred: whether each picture climbs its own unit, written `*`.
        """
        way = self.way
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
            precision=choose_precision(self.precision, self.model),
        )

    def octave_row(self, octaves: int | None = None, rounds: int | None = None) -> Octaves:
        """List the sizes to climb at, and how the picture goes through them.

        Args:
            octaves, rounds: their numbers; None for those of the recipe. A given number counts down from the full size.
        """
        count = octaves or self.octaves
        return Octaves(
            count=count,
            scale=self.octave_scale,
            smallest=None if octaves else self.smallest,
            above=self.octaves_above if count is None else min(self.octaves_above, count - 1),
            rounding=self.octave_rounding,
            carry=self.octave_carry,
            bits=self.octave_bits,
            resizing=self.resizing,
            rounds=rounds or self.rounds,
        )

    def parameterization(self) -> Parameterization:
        """Build what is climbed in place of the picture; raises RecipeError and ModelError."""
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
        """Raise RecipeError for settings of pixels, if what climbs has none."""
        came = f"units {self.units}" if self.units != "unit" else "no-bounded"
        if self.units != "unit" or not self.bounded:
            raise RecipeError(f"{came} came with {what}, but only the three channels of pixels take it: leave one out.")

    @property
    def way(self) -> Way:
        """The defaults that suit the parameterization, and whether it starts from a picture."""
        return DREAM if self.of_picture and self.chosen_param == "pixels" else WAYS[self.chosen_param]

    def usual_values(self) -> Mapping[str, Usual]:
        way, climbed = self.way, (self.chosen_param, self.of_picture)
        usual = {
            "step_size": Usual(self.usual_step_size, (*climbed, self.units)),
            "normalization": Usual(way.normalization, climbed),
            "optimizer": Usual(way.optimizer, climbed),
        }
        if self.prior is None:
            usual["param"] = Usual(self.usual)
        if self.octaves is None:
            usual["smallest"] = Usual(SMALLEST)
        return {name: usual[name] for name in self.open if name in usual and getattr(self, name) is None}

    def settled(self) -> Mapping[str, Any]:
        return {"precision": choose_precision(self.precision, self.model)} if self.precision == "auto" else {}

    @property
    def usual_step_size(self) -> float:
        """The default step size, in the units of the parameterization."""
        return self.way.step_size * spread(self.units)

    @property
    def of_picture(self) -> bool:
        """True if the ascent starts from a picture, and not from nothing."""
        return False

    def hash_ascent(self, ascent: Ascent, **held: Any) -> str:
        """Hash everything that decides a picture, apart from its source.

        Args:
            ascent: of this recipe; its objective, model and files are hashed by what they say and hold.
            held: what else is to be hashed, by name, such as the SHA-256 of the file that a setting names.
        """
        prior = getattr(ascent.parameterization, "card", None)
        return self.hash_settings(
            ascent.card,
            # As resolved: defaults may change from version to version.
            smallest=SMALLEST if self.smallest is None and self.octaves is None else self.smallest,
            objective=str(ascent.objective.renamed(lasting_name)),
            prior=prior and prior.sha256,
            param=type(ascent.parameterization).__name__,
            optimizer=repr(ascent.optimizer),
            step_size=str(ascent.step_size),
            normalization=repr(ascent.shaping),
            # Without float32, which was the only one in earlier versions, so that their outputs still count.
            **({"precision": ascent.precision} if ascent.precision != "float32" else {}),
            # An output of an earlier version can have the same text and another layer.
            **({"names": "file"} if set(ascent.bound.layers) & {name for name, _ in ascent.card.earlier} else {}),
            **{"files": [sha256 for _, sha256 in ascent.bound.files], **held},
        )
