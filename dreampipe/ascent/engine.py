"""The one loop of the house: climb an objective from octave to octave, carrying the detail up.

Each octave starts from the source at its size plus the detail that the smaller ones found, as in the notebook of
"Inceptionism" (Mordvintsev, Olah and Tyka 2015). At each step the picture is made of its parameters, transformed (by
jitter at least), and seen by the model; the gradient goes the same way back, is shaped, and moves the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import Amount, at
from dreampipe.ascent.octaves import Octaves, Size, enlarge, fit, pad_to, shrink
from dreampipe.ascent.optimizers import Optimizer, Plain
from dreampipe.ascent.parameterizations import Parameterization, Pixels
from dreampipe.ascent.shaping import MeanAbsolute, Shaping
from dreampipe.ascent.transforms import Jitter, Mirror, Transform
from dreampipe.errors import ModelError
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import BoundObjective, Channel, Neuron, Objective

if TYPE_CHECKING:
    from dreampipe.ascent.climber import Climb, Given, State, Stepped

MARGIN = 16
"""Mirrored pixels around a picture that is no periodic one, while it is rolled; see `transforms.Mirror`."""


@dataclass(frozen=True)
class Step:
    """What one step of an ascent did.

    Attributes:
        octave, octaves: from 1, and how many there are.
        step, steps: from 1, within this octave.
        size: height and width climbed at.
        score: the objective's value before the step, the mean over the batch.
        terms: what each of the objective's terms adds to that, weight included.
    """

    octave: int
    octaves: int
    step: int
    steps: int
    size: Size
    score: float
    terms: tuple[float, ...] = ()


OnStep = Callable[[Step], None]
OnPictures = Callable[[Step, Callable[[], Array]], None]
"""`(step, pictures)`: pictures() gives (batch, height, width, 3) in [0, 1] as they are after the step."""


@dataclass(frozen=True, eq=False)
class Result:
    """What came of an ascent.

    Attributes:
        image: float32 in [0, 1], of the shape that was given: (height, width, 3), or (batch, height, width, 3).
        notes: sentences on what the ascent had to decide.
        scores: (batch,) float32, of the last step; empty where there was none.
        silent: the numbers in the batch of those pictures that got no gradient to the very end.
    """

    image: Array
    notes: tuple[str, ...] = ()
    scores: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    silent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ascent:
    """How to climb: small, frozen and picklable; the process opens the model once, at the first run.

    Attributes:
        card: the model.
        objective: what to climb on it; its names and files are read when the ascent is built, and travel with it.
        octaves: the sizes to climb at.
        steps: steps in each octave.
        step_size: of the optimizer; with `Plain` and pixels in [0, 1] pixel units times the shaped gradient, whatever
            the model's own scaling.
        parameterization: what is climbed in place of the picture.
        transforms: what stands between picture and model, in order. Those that move places are left out where a
            neuron at a cell of its own is climbed, for that cell must stay where it is in the picture.
        shaping: what is done to the gradient of the picture, in order.
        optimizer: how a step follows the gradient. Its moments are carried from octave to octave.
        warmup: steps for which the gradient leaks through activations where a picture gets none, or where the units
            that it climbs are not above zero; 0 never. See `dreampipe.models.leaky`.

    Raises:
        ObjectiveError: the model has no such layer, channel or class, or a file of the objective cannot be read.
    """

    card: Card
    objective: Objective
    octaves: Octaves = field(default_factory=Octaves)
    steps: int = 15
    step_size: Amount = 0.015
    parameterization: Parameterization = field(default_factory=Pixels)
    transforms: tuple[Transform, ...] = field(default_factory=lambda: (Jitter(),))
    shaping: tuple[Shaping, ...] = field(default_factory=lambda: (MeanAbsolute(),))
    optimizer: Optimizer = field(default_factory=Plain)
    warmup: int = 16
    bound: BoundObjective = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", self.objective.bind(self.card))

    def run(
        self,
        image: Array,
        *,
        seed: int,
        units: Sequence[int] | None = None,
        mask: Array | None = None,
        on_step: OnStep | None = None,
        on_pictures: OnPictures | None = None,
    ) -> Result:
        """Dream one picture, or several that climb together.

        Args:
            image: (height, width, 3) or (batch, height, width, 3) float32 in [0, 1], of any size; under the model's
                least side it is mirrored out.
            seed: of every draw; the result depends on the picture, this ascent and the seed alone, and but for
                rounding not on the others of its batch, unless the objective compares them.
            units: for an objective with units written `[*]`, each picture's own channel or class.
            mask: (height, width) float32 in [0, 1]: the weight of each pixel's gradient, at every octave.
            on_step: called after each step; an exception that it raises ends the ascent.
            on_pictures: called after each step with what gives the pictures as they are then.

        Raises:
            ModelError: the model cannot be opened or gives values that are not finite.
            ValueError: units or mask do not fit the picture, or units are missing.
        """
        batch = image if image.ndim == 4 else image[None]
        run = _Run(self, seed, self._units(len(batch), units), on_step, on_pictures)
        if self.card.fixed:
            result = self._run_fixed(run, batch, self.card.fixed, mask)
        else:
            result = self._run_free(run, batch, mask)
        return result if image.ndim == 4 else replace(result, image=result.image[0])

    def _units(self, batch: int, units: Sequence[int] | None) -> npt.NDArray[np.int32]:
        if (self.bound.reads_unit and units is None) or (units is not None and len(units) != batch):
            came = "none" if units is None else str(len(units))
            raise ValueError(f"{came} units came for {batch} pictures, but {self.objective} needs one for each.")
        if units is not None and min(units, default=0) < 0:
            raise ValueError(f"Unit {min(units)} was asked for, but they are counted from 0.")
        return np.zeros(batch, np.int32) if units is None else np.asarray(units, np.int32)

    def _run_free(self, run: _Run, batch: Array, mask: Array | None) -> Result:
        least = max(self.card.least, MARGIN + 1)  # a mirror reaches one pixel less than the picture
        full, inner = pad_to(batch, least)
        whole = None if mask is None else pad_to(mask[None, ..., None], least)[0]
        sizes = self.octaves.sizes((full.shape[1], full.shape[2]), least)
        dreamed = run.dreamed(full, sizes, whole)
        return run.result(np.ascontiguousarray(dreamed[:, *inner]), self._left_out(len(sizes), least))

    def _run_fixed(self, run: _Run, batch: Array, size: Size, mask: Array | None) -> Result:
        """On a model of one size: dreamed at that size, the dream's difference laid onto the picture at its own."""
        source = resized(batch, size, fit)
        weights = None if mask is None else resized(mask[None, ..., None], size, fit)
        detail = run.dreamed(source, (size,), weights) - source
        laid = within(resized(detail, (batch.shape[1], batch.shape[2]), fit), None if mask is None else mask[..., None])
        dreamed = np.clip(batch + laid, 0, 1)
        note = f"{self.card.name} takes {size[1]}x{size[0]} pixels only: dreamed at that size in one octave."
        return run.result(dreamed, (note,))

    def _left_out(self, climbed: int, least: int) -> tuple[str, ...]:
        left_out = self.octaves.count - climbed
        if not left_out:
            return ()
        return (
            f"{left_out} of {self.octaves.count} octaves left out: smaller than {least} pixels, the least "
            f"that {self.card.name} can see.",
        )

    def fitting(self, size: Size, batch: int = 1) -> Size:
        """The largest size (height, width) of this shape, at most `size`, whose ascent fits into the free memory.

        Where the full size does not fit, each side is the full one over a power of the fourth root of 2, so that a
        little more or less of free memory makes no other picture.
        """
        from dreampipe import backend  # noqa: F401
        from dreampipe.ascent.climber import pixels_that_fit

        pixels = pixels_that_fit(self.card, self.bound, batch)
        least = max(self.card.least, MARGIN + 1)
        smaller = size
        rung = 0
        while max(smaller[0], least) * max(smaller[1], least) > max(pixels, least * least):
            rung += 1
            smaller = (max(1, round(size[0] * 2 ** (-rung / 4))), max(1, round(size[1] * 2 ** (-rung / 4))))
        return smaller

    def seen_through(self) -> tuple[Transform, ...]:
        """The transforms of a run: a mirrored margin where the picture is not periodic, then all that may be."""
        if _placed(self.objective):
            return tuple(transform for transform in self.transforms if not transform.moves)
        margin = () if self.parameterization.periodic or self.card.fixed else (Mirror(MARGIN),)
        return (*margin, *self.transforms)


def _placed(objective: Objective) -> bool:
    """Whether a neuron at a cell of its own is climbed."""
    return any(isinstance(term.measure, Neuron) and term.measure.place for term in objective.terms)


class _Run:
    """One run of an ascent: what changes from step to step."""

    def __init__(
        self,
        ascent: Ascent,
        seed: int,
        units: npt.NDArray[np.int32],
        on_step: OnStep | None,
        on_pictures: OnPictures | None,
    ) -> None:
        self.ascent, self.seed, self.units = ascent, seed, units
        self.on_step, self.on_pictures = on_step, on_pictures
        self.transforms = ascent.seen_through()
        self.count = self.total = 0  # steps made, and steps of the whole run
        self.leaking = np.zeros(len(units), np.int32)  # for so many more steps, of each picture
        self.fired = np.zeros(len(units), bool)
        self.scores = np.zeros(0, np.float32)

    def result(self, image: Array, notes: tuple[str, ...]) -> Result:
        silent = tuple(map(int, np.flatnonzero(~self.fired))) if self.total else ()
        if silent:
            names = ", ".join(dict.fromkeys(self._unit_text(number) for number in silent))
            notes += (f"{names} never fired: no gradient from the start to the end, so there is nothing of it to see.",)
        return Result(image, notes, self.scores, silent)

    def _unit_text(self, number: int) -> str:
        unit = self.units[number]
        return str(self.ascent.objective).replace("[*]", f"[{unit}]").replace("(*)", f"({unit})")

    def dreamed(self, full: Array, sizes: tuple[Size, ...], mask: Array | None) -> Array:
        """The pictures (batch, height, width, 3) climbed at these sizes, the last of which is their own."""
        bases = [full]
        for size in sizes[-2::-1]:
            bases.insert(0, resized(bases[0], size, shrink))
        self.total = self.ascent.steps * len(sizes)
        detail = np.zeros_like(bases[0])
        state: State | None = None
        for octave, base in enumerate(bases, 1):
            size = sizes[octave - 1]
            weights = None if mask is None else resized(mask, size, fit)
            start = base + within(resized(detail, size, enlarge), weights)
            state = self._carried(state, start, sizes[octave - 2], size)
            state = self._octave(state, base, weights, octave, len(sizes))
            detail = self._pictures(state, size) - base if self.ascent.steps else start - base
        return np.asarray(bases[-1] + within(detail, mask), np.float32)

    def _carried(self, state: State | None, start: Array, before: Size, size: Size) -> State:
        """The state in which an octave begins: of the start, or what the octave before left, at this size."""
        from dreampipe.ascent.climber import State

        how = self.ascent.parameterization
        if state is None:
            parameters = how.init(start, np.random.default_rng([self.seed, 0]))
            still = {name: np.zeros_like(parameters[name]) for name in how.climbed}
            return State(parameters, {moment: dict(still) for moment in self.ascent.optimizer.moments})
        arrays = {name: np.asarray(value) for name, value in state.parameters.items()}
        moments = {
            moment: how.resize({name: np.asarray(value) for name, value in of.items()}, before, size)
            for moment, of in state.moments.items()
        }
        return State(how.carry(arrays, start), moments)

    def _octave(self, state: State, base: Array, mask: Array | None, octave: int, octaves: int) -> State:
        ascent, size = self.ascent, (base.shape[1], base.shape[2])
        rng = np.random.default_rng([self.seed, octave])
        given = self._given(base, mask)
        for step in range(1, ascent.steps + 1):
            stepped = self._climb(mask is not None)(state, self._now(given, rng, size))
            state = stepped.state
            scores = self._heard(stepped, f"octave {octave}, step {step}")
            told = Step(octave, octaves, step, ascent.steps, size, float(scores.sum()), tuple(map(float, scores)))
            if self.on_step:
                self.on_step(told)
            if self.on_pictures:
                # Bound now: the state goes on.
                self.on_pictures(told, lambda state=state: self._pictures(state, size))  # type: ignore[misc]
        if not np.isfinite(self._pictures(state, size)).all():
            name = ascent.card.name
            raise ModelError(f"The gradient of {ascent.objective} on {name} is not finite: take another layer.")
        return state

    def _given(self, base: Array, mask: Array | None) -> Given:
        """What all steps of an octave are given."""
        from dreampipe.ascent.climber import Given

        none = np.float32(0)
        weights = np.ones((1, 1, 1), np.float32) if mask is None else np.asarray(mask[0], np.float32)
        leak = np.zeros(len(base), np.float32)
        return Given(np.clip(base, 0, 1), (), weights, self.units, leak, none, none, none)

    def _now(self, given: Given, rng: np.random.Generator, size: Size) -> Given:
        """That, with what this step draws; counts the step."""
        progress = self.count / max(1, self.total - 1)
        drawn = []
        for transform in self.transforms:
            drawn.append(transform.draw(rng, progress, size))
            size = transform.output(size, drawn[-1])
        self._check_seen(size)
        self.count += 1
        return given._replace(
            drawn=tuple(drawn),
            leak=(self.leaking > 0).astype(np.float32),
            step_size=np.float32(at(self.ascent.step_size, progress)),
            progress=np.float32(progress),
            count=np.float32(self.count),
        )

    def _check_seen(self, size: Size) -> None:
        """Refuse transforms that leave the model a size that it cannot take."""
        card = self.ascent.card
        if card.fixed not in (None, size) or min(size) < card.least:
            expected = f"{card.fixed[1]}x{card.fixed[0]}" if card.fixed else f"sides of at least {card.least}"
            raise ModelError(
                f"The transforms leave {size[1]}x{size[0]} pixels, but {card.name} needs {expected}: pad and crop less."
            )

    def _climb(self, masked: bool) -> Callable[[State, Given], Stepped]:
        from dreampipe import backend  # noqa: F401  chooses the backend before keras is first imported
        from dreampipe.ascent.climber import Climb, climber

        ascent = self.ascent
        climb: Climb = Climb(
            ascent.card,
            ascent.bound,
            ascent.parameterization,
            self.transforms,
            ascent.shaping,
            ascent.optimizer,
            masked,
            leaks=bool(self.leaking.any()),
        )
        return climber(climb)

    def _heard(self, stepped: Stepped, where: str) -> Array:
        """The terms' scores, the mean over the batch; keeps each picture's, and wakes those that got no gradient."""
        scores = np.asarray(stepped.scores)
        self.scores = scores.sum(axis=1)
        if not math.isfinite(float(scores.sum())):
            raise ModelError(
                f"{self.ascent.card.name} gave {float(scores.sum())} for {self.ascent.objective} in {where}: "
                "take a smaller step size or another layer."
            )
        alive = np.asarray(stepped.alive)
        self.fired |= alive & (self.leaking == 0)
        self._wake(~alive | self._below_zero(scores))
        return np.asarray(scores.mean(axis=0))

    def _below_zero(self, scores: Array) -> npt.NDArray[np.bool_]:
        """Of each picture, whether none of the units that it climbs is above zero; never where it climbs no units."""
        units = [isinstance(t.measure, Channel | Neuron) and t.weight > 0 for t in self.ascent.bound.terms]
        return np.asarray((scores[:, units] <= 0).all(axis=1) & any(units))

    def _wake(self, asleep: npt.NDArray[np.bool_]) -> None:
        """Let the gradient leak into pictures that are asleep, for some of the steps that are left."""
        asleep &= self.leaking == 0
        self.leaking = np.maximum(self.leaking - 1, 0)
        self.leaking[asleep] = min(self.ascent.warmup, (self.total - self.count) // 2)

    def _pictures(self, state: State, size: Size) -> Array:
        from dreampipe.ascent.climber import picture

        pictures: Array = picture(self.ascent.parameterization, state.parameters, size)
        return pictures


def within(detail: Array, mask: Array | None) -> Array:
    """The detail (..., height, width, 3) where the mask (..., height, width, 1) is not black, else 0.

    What was enlarged reaches over the mask's edge, and so do momentum and spectra.
    """
    return detail if mask is None else np.where(mask > 0, detail, np.float32(0))


def resized(batch: Array, size: Size, how: Callable[[Array, Size], Array]) -> Array:
    """Each plane of (batch, height, width, channels) at another size, by `fit`, `shrink` or `enlarge`."""
    return np.stack([how(plane, size).reshape(*size, batch.shape[-1]) for plane in batch])
