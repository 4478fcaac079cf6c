"""The one loop of the house: climb an objective from octave to octave, carrying the detail up.

Each octave starts from the source at its size plus the detail that the smaller ones found, as in the notebook of
"Inceptionism" (Mordvintsev, Olah and Tyka 2015); each step rolls the picture by a random jitter, follows the normalized
gradient, and rolls it back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from dreampipe.ascent.octaves import Octaves, Size, enlarge, fit, pad_to, shrink
from dreampipe.errors import ModelError
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import BoundObjective, Neuron, Objective

if TYPE_CHECKING:
    from dreampipe.ascent.climber import Climber

MARGIN = 16
"""Mirrored pixels around the picture while it is rolled; see `climber.mirrored`."""


@dataclass(frozen=True)
class Step:
    """What one step of an ascent did.

    Attributes:
        octave, octaves: from 1, and how many there are.
        step, steps: from 1, within this octave.
        size: height and width climbed at.
        score: the objective's value before the step.
    """

    octave: int
    octaves: int
    step: int
    steps: int
    size: Size
    score: float


OnStep = Callable[[Step], None]


@dataclass(frozen=True, eq=False)
class Result:
    """A dreamed picture (height, width, 3) float32 in [0, 1], and sentences on what the ascent had to decide."""

    image: Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ascent:
    """How to climb: small, frozen and picklable; the process opens the model once, at the first run.

    Attributes:
        card: the model.
        objective: what to climb on it; its names are checked when the ascent is built.
        octaves: the sizes to climb at.
        steps: steps in each octave.
        step_size: in [0, 1] pixel units times the normalized gradient, whatever the model's own scaling.
        jitter: the largest shift of a step, in pixels, either way; none for a neuron at a cell of its own.
        normalization: of the gradient, by its mean absolute value or by its deviation.

    Raises:
        ObjectiveError: the model has no such layer, channel or class.
    """

    card: Card
    objective: Objective
    octaves: Octaves = field(default_factory=Octaves)
    steps: int = 15
    step_size: float = 0.015
    jitter: int = 32
    normalization: Literal["mean", "deviation"] = "mean"

    def __post_init__(self) -> None:
        self._bound()

    def _bound(self) -> BoundObjective:
        return self.objective.bind(self.card)

    def run(self, image: Array, *, seed: int, on_step: OnStep | None = None) -> Result:
        """Dream one picture.

        Args:
            image: (height, width, 3) float32 in [0, 1], of any size; under the model's least side it is mirrored out.
            seed: of the jitter; the result depends on the picture, this ascent and the seed alone.
            on_step: called after each step; an exception that it raises ends the ascent.

        Raises:
            ModelError: the model cannot be opened or gives values that are not finite.
        """
        if self.card.fixed:
            return self._run_fixed(image, self.card.fixed, seed, on_step)
        least = max(self.card.least, MARGIN + 1)  # a mirror reaches one pixel less than the picture
        full, inner = pad_to(image, least)
        sizes = self.octaves.sizes((full.shape[0], full.shape[1]), least)
        dreamed = self._dreamed(full, sizes, seed, on_step)
        return Result(np.ascontiguousarray(dreamed[inner]), self._left_out(len(sizes), least))

    def _run_fixed(self, image: Array, size: Size, seed: int, on_step: OnStep | None) -> Result:
        """On a model of one size: dreamed at that size, the dream's difference laid onto the picture at its own."""
        source = fit(image, size)
        detail = self._dreamed(source, (size,), seed, on_step) - source
        dreamed = np.clip(image + fit(detail, (image.shape[0], image.shape[1])), 0, 1)
        note = f"{self.card.name} takes {size[1]}x{size[0]} pixels only: dreamed at that size in one octave."
        return Result(dreamed, (note,))

    def _dreamed(self, full: Array, sizes: tuple[Size, ...], seed: int, on_step: OnStep | None) -> Array:
        """The picture climbed at these sizes, the last of which is its own."""
        climb = self._climber()
        bases = [full]
        for size in sizes[-2::-1]:
            bases.insert(0, shrink(bases[0], size))
        detail = np.zeros_like(bases[0])
        for octave, base in enumerate(bases, 1):
            start = base + enlarge(detail, sizes[octave - 1])
            detail = self._octave(climb, start, seed, octave, len(bases), on_step) - base
        return bases[-1] + detail

    def fitting(self, size: Size) -> Size:
        """The largest size (height, width) of this shape, at most `size`, whose ascent fits into the free memory.

        Where the full size does not fit, each side is the full one over a power of the fourth root of 2, so that a
        little more or less of free memory makes no other picture.
        """
        from dreampipe import backend  # noqa: F401
        from dreampipe.ascent.climber import pixels_that_fit

        pixels = pixels_that_fit(self.card, self._bound())
        least = max(self.card.least, MARGIN + 1)
        smaller = size
        rung = 0
        while max(smaller[0], least) * max(smaller[1], least) > max(pixels, least * least):
            rung += 1
            smaller = (max(1, round(size[0] * 2 ** (-rung / 4))), max(1, round(size[1] * 2 ** (-rung / 4))))
        return smaller

    def _climber(self) -> Climber:
        from dreampipe import backend  # noqa: F401  chooses the backend before keras is first imported
        from dreampipe.ascent.climber import climber

        margin = 0 if self.card.fixed or self._placed() else MARGIN
        return climber(self.card, self._bound(), self.normalization, margin)

    def _placed(self) -> bool:
        """Whether a neuron at a cell of its own is climbed: then that cell must stay where it is in the picture."""
        return any(isinstance(term.measure, Neuron) and term.measure.place for term in self.objective.terms)

    def _left_out(self, climbed: int, least: int) -> tuple[str, ...]:
        left_out = self.octaves.count - climbed
        if not left_out:
            return ()
        return (
            f"{left_out} of {self.octaves.count} octaves left out: smaller than {least} pixels, the least "
            f"that {self.card.name} can see.",
        )

    def _octave(
        self, climb: Climber, image: Array, seed: int, octave: int, octaves: int, on_step: OnStep | None
    ) -> Array:
        size = (image.shape[0], image.shape[1])
        rng = np.random.default_rng([seed, octave])
        tensor = np.clip(image, 0, 1)[None]
        jitter = 0 if self._placed() else self.jitter
        for step in range(1, self.steps + 1):
            shift = rng.integers(-jitter, jitter + 1, 2, dtype=np.int32)
            tensor, value = climb(tensor, shift, np.float32(self.step_size))
            score = float(value)
            if not math.isfinite(score):
                raise ModelError(
                    f"{self.card.name} gave {score} for {self.objective} in octave {octave}, step {step}: "
                    "take a smaller step size or another layer."
                )
            if on_step:
                on_step(Step(octave, octaves, step, self.steps, size, score))
        result: Array = np.asarray(tensor)[0]
        if not np.isfinite(result).all():
            raise ModelError(f"The gradient of {self.objective} on {self.card.name} is not finite: take another layer.")
        return result
