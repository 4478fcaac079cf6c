"""A recipe: everything that decides how a picture is dreamed, checked, printable and with a hash."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreampipe.ascent import Ascent, Octaves
from dreampipe.errors import RecipeError, nearest
from dreampipe.models import card
from dreampipe.models.model_card import Card, Scaling
from dreampipe.objectives import Objective
from dreampipe.stages import Blend, Dream, Pipeline
from dreampipe.stages.dream import OnNote, OnStep


class Recipe(BaseModel):
    """Settings of a dream, with their defaults and ranges; every face takes them from here.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    model: str = Field("motifnet", description="Model: a name of `dreampipe models`, or a .keras file.")
    scaling: Scaling | None = Field(None, description="How a .keras file without a card wants its pixels.")
    objective: str | None = Field(None, description="What to climb, e.g. each(mixed5), mixed4[12]@center, logit(eye).")
    octaves: int = Field(Octaves.count, ge=1, le=32, description="How many sizes to dream at, the full size counted.")
    octave_scale: float = Field(Octaves.scale, gt=1, le=4, description="Each size is this many times the one before.")
    steps: int = Field(Ascent.steps, ge=0, le=100_000, description="Steps at each size.")
    step_size: float = Field(Ascent.step_size, gt=0, le=10, description="Of a step, in [0, 1] pixel units.")
    jitter: int = Field(Ascent.jitter, ge=0, le=4096, description="Largest random shift of a step, in pixels.")
    normalization: Literal["mean", "deviation"] = Field(
        Ascent.normalization, description="What the gradient is divided by."
    )
    blend: float = Field(1.0, ge=0, le=1, description="How much dream lies over the source.")
    max_size: int | None = Field(None, ge=1, description="Longest side to dream at; larger pictures keep their size.")
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
        return card(self.model, self.scaling)

    def ascent(self) -> Ascent:
        """How to climb; raises ModelError and ObjectiveError for what is not there, before anything is loaded."""
        chosen = self.card()
        return Ascent(
            card=chosen,
            objective=Objective.parse(chosen.objective if self.objective is None else self.objective),
            octaves=Octaves(self.octaves, self.octave_scale),
            steps=self.steps,
            step_size=self.step_size,
            jitter=self.jitter,
            normalization=self.normalization,
        )

    def pipeline(self, on_step: OnStep | None = None, on_note: OnNote | None = None) -> Pipeline:
        """The stages of this recipe."""
        dream = Dream(self.ascent(), self.seed, self.max_size, on_step, on_note)
        return Pipeline([dream, Blend(self.blend)] if self.blend < 1 else [dream])

    def sha256(self) -> str:
        """The hash of all that decides a dreamed picture beside its source: settings, objective and model bytes."""
        ascent = self.ascent()
        whole = {
            **self.model_dump(mode="json"),
            "objective": str(ascent.objective),
            "model": ascent.card.sha256,
            "scaling": ascent.card.scaling,
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _sentence(cls: type[Recipe], error: ValidationError) -> str:
    """The first fault as one sentence for the user."""
    fault = error.errors()[0]
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return f"{name} is no setting of a recipe: {nearest(name, cls.model_fields)}."
    expected = fault["msg"].removeprefix("Input should be ")
    return f"{name.replace('_', '-')} came as {fault['input']!r}, but it must be {expected}."
