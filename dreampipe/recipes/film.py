"""The recipe of a film: how its frames are dreamed, how the dream moves, and which settings change over time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.octaves import FEWEST
from dreampipe.errors import RecipeError
from dreampipe.events import Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.media import read_mask
from dreampipe.recipes.fields import EXPERT_FILMS, FILMS, Shown, amount_of, find_shown
from dreampipe.recipes.keyframes import Easing, Keyframe, Value, parse_keyframe, values_at
from dreampipe.recipes.named import name_lastingly
from dreampipe.recipes.recipe import Recipe, caption_of
from dreampipe.recipes.settings import Usual
from dreampipe.stages import Blend, Caption, Carry, Dream, Flow, Moment, Pipeline, Stage
from dreampipe.stages.motion import CARRY, Motion


class FilmRecipe(Recipe):
    """Settings of a dreamed film, with their defaults and ranges; `Recipe` has those that pictures share.

    Raises:
        RecipeError: a setting is unknown or out of range, or a keyframe is wrong.
    """

    open: ClassVar[tuple[str, ...]] = (*Recipe.open, "octaves", "carry")

    motion: Annotated[Motion, Shown(FILMS)] = Field(
        "flow", description="Carry the dream along the motion (flow), blend it into the next frame, or neither."
    )
    carry: Annotated[float | None, Shown(FILMS, unset="0.95, and 0.9 with --recipe; 0.15 with blend", moves=True)] = (
        Field(None, ge=0, le=1, description="Share of a dream that the next frame starts from.")
    )
    refresh_steps: Annotated[int, Shown(FILMS, moves=True, usual="1, and 3 with --recipe")] = Field(
        3, ge=0, le=100_000, description="Steps in each octave that refresh a carried dream."
    )
    occlusion: Annotated[float, Shown(EXPERT_FILMS)] = Field(
        1.0,
        gt=0,
        le=1000,
        description="Treat a pixel as occluded if forward and backward flow disagree by more than this many pixels.",
    )
    every: Annotated[int, Shown(EXPERT_FILMS, usual="3, and 1 with --recipe")] = Field(
        1, ge=1, le=100_000, description="Dream one frame in this many, and carry its dream over the others."
    )
    at: Annotated[tuple[str, ...], Shown(EXPERT_FILMS, unset="none")] = Field(
        (), description="Change a setting at a time, for example 5s:step-size=0.02; may come several times."
    )
    easing: Annotated[Easing, Shown(EXPERT_FILMS)] = Field(
        "linear", description="How numbers change between those times."
    )

    def model_post_init(self, context: Any) -> None:
        self._first_values(self.keyframes)  # raises for one that is a ramp, too
        for keyframe in self.keyframes:
            self._change({keyframe.name: keyframe.value})  # raises for a value out of range

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """The keyframes in `at`; raises RecipeError."""
        return tuple(parse_keyframe(text, moving_settings(), type(self).model_fields.keys()) for text in self.at)

    @property
    def still(self) -> Recipe:
        """The part of the recipe that dreams a single picture."""
        return Recipe(**self.model_dump(exclude=film_settings()))

    @property
    def stills(self) -> tuple[Recipe, ...]:
        """The recipe of a still, and the same with each objective that comes later."""
        objectives = [keyframe.value for keyframe in self.keyframes if keyframe.name == "objective"]
        return (self.still, *(self.still.model_copy(update={"objective": text}) for text in objectives))

    def at_time(self, time: Any) -> Self:
        """Compute the recipe at a moment of the film, without keyframes."""
        keyframes = self.keyframes
        if not keyframes:
            return self
        return self._change(values_at(time, keyframes, self._first_values(keyframes), self.easing))

    def _first_values(self, keyframes: tuple[Keyframe, ...]) -> Mapping[str, Value]:
        """List the first values of the settings that change."""
        own: Mapping[str, Value] = {
            "step_size": self.usual_step_size,
            "carry": CARRY[self.motion],
            "objective": "",
            "octaves": FEWEST,
        }
        begun: dict[str, Value] = {}
        for name in dict.fromkeys(keyframe.name for keyframe in keyframes):
            value = getattr(self, name)
            amount = own[name] if value is None else value if name == "objective" else amount_of(value)
            if isinstance(amount, Ramp):
                raise RecipeError(
                    f"{name.replace('_', '-')} came as {amount} and with keyframes, but it can change over the ascent "
                    "or over the film: leave one out."
                )
            begun[name] = amount
        return begun

    def usual_values(self) -> Mapping[str, Usual]:
        usual = dict(super().usual_values())
        if self.octaves is None and any(keyframe.name == "octaves" for keyframe in self.keyframes):
            usual.pop("smallest", None)  # the keyframes say how many sizes there are
            usual["octaves"] = Usual(FEWEST)
        if self.carry is None:
            usual["carry"] = Usual(CARRY[self.motion], (self.motion,))
        return usual

    def _change(self, values: Mapping[str, Value]) -> Self:
        """Replace values, check the result, and drop the keyframes."""
        fields = type(self).model_fields
        whole = {name for name in values if fields[name].annotation in (int, int | None)}
        changed: dict[str, Any] = {
            name: round(float(value)) if name in whole else value for name, value in values.items()
        }
        if changed.get("objective") == "":
            changed["objective"] = None
        return type(self)(**{**self.model_dump(exclude={"at"}), **changed})

    @property
    def steps_of_refresh(self) -> int:
        """The steps that refresh a carried dream: none if nothing is dreamed at all."""
        return self.refresh_steps if self.steps else 0

    def flow(self, cuts: tuple[int, ...] = ()) -> Flow | None:
        """Build the stage that finds the flow, which another thread may run ahead; None if nothing follows it."""
        return Flow(frozenset(cuts), self.occlusion) if self.motion == "flow" else None

    def ahead(self, cuts: tuple[int, ...] = ()) -> Pipeline:
        """Build the stages before the dream."""
        flow = self.flow(cuts)
        return Pipeline([flow] if flow else [])

    def dreaming(
        self,
        cuts: tuple[int, ...] = (),
        begun: Frame | None = None,
        max_size: int | None = None,
        tell: Tell = ignore,
    ) -> Pipeline:
        """Build the stages from the dream to the end.

        Args:
            cuts: indices of the frames that begin a shot.
            begun: the last finished frame; the next one continues from it.
            max_size: longest side to climb at if the recipe has none.
            tell: hears each step and what had to be decided, as `Dream` tells them.
        """
        moments = Moments(self, max_size, tell)
        once = not self.at
        stages: list[Stage] = [Carry(moments.of(self) if once else moments, self.motion, self.every, cuts, begun)]
        if "blend" in {keyframe.name for keyframe in self.keyframes}:
            stages.append(Blend(Blends(self)))
        elif self.blend < 1:
            stages.append(Blend(self.blend))
        if self.caption:
            climbed = tuple(dict.fromkeys(caption_of(still.ascent()) for still in self.stills))
            stages.append(Caption(Captions(self), climbed) if len(climbed) > 1 else Caption(climbed[0]))
        return Pipeline(stages)

    def film_pipeline(self, cuts: tuple[int, ...] = ()) -> Pipeline:
        """Build all stages in one pipeline, for your own frames.

        Without a `max_size` in the recipe, each frame is climbed at the largest size that fits into the free memory of
        that moment. Give one if all frames must be climbed alike, whatever else runs.

        Args:
            cuts: indices of the frames that begin a shot.
        """
        return Pipeline([self.ahead(cuts), self.dreaming(cuts)])

    def film_sha256(self) -> str:
        """Hash everything that decides a film apart from its source: settings, the model's bytes, and named files."""
        film = name_lastingly({name: getattr(self, name) for name in film_settings()})
        usual = {name: usual.value for name, usual in self.usual_values().items() if name in ("octaves", "carry")}
        whole = {"stills": [still.sha256() for still in self.stills], **film, **usual}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def film_settings() -> set[str]:
    """Name the settings that only films have."""
    return FilmRecipe.model_fields.keys() - Recipe.model_fields.keys()


def moving_settings() -> tuple[str, ...]:
    """Name the settings that are numbers and that keyframes can change."""
    return tuple(name for name, field in FilmRecipe.model_fields.items() if find_shown(field).moves)


@dataclass(frozen=True)
class Captions:
    """The caption of each frame of a film, by a recipe that changes over time."""

    recipe: FilmRecipe

    def __call__(self, frame: Frame) -> str:
        return caption_of(self.recipe.at_time(frame.time or 0).ascent())


@dataclass(frozen=True)
class Blends:
    """The share of the dream in each frame of a film, by a recipe that changes over time."""

    recipe: FilmRecipe

    def __call__(self, frame: Frame) -> float:
        return self.recipe.at_time(frame.time or 0).blend


@dataclass(frozen=True)
class Moments:
    """The way to dream each frame of a film, by a recipe that changes over time."""

    recipe: FilmRecipe
    max_size: int | None = None
    tell: Tell = ignore

    def __call__(self, frame: Frame) -> Moment:
        return self.of(self.recipe.at_time(frame.time or 0))

    def of(self, recipe: FilmRecipe) -> Moment:
        """Build the moment of a recipe that does not change."""
        size = recipe.max_size or self.max_size
        dream = Dream(
            recipe.ascent(), recipe.seed, size, self._mask, recipe.mask or "", self.tell, memory=recipe.memory_bytes
        )
        carry = CARRY[recipe.motion] if recipe.carry is None else recipe.carry
        return Moment(dream, carry, recipe.steps_of_refresh)

    @cached_property
    def _mask(self) -> Array | None:
        return None if self.recipe.mask is None else read_mask(self.recipe.mask)
