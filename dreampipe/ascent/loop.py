"""The one loop of the house: climb an objective from octave to octave, carrying the detail up.

Each octave starts from the source at its size plus the detail that the smaller ones found, as in the notebook of
"Inceptionism" (Mordvintsev, Olah and Tyka 2015). At each step the picture is made of its parameters, transformed (by
jitter at least), and seen by the model; the gradient goes the same way back, is shaped, and moves the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import at
from dreampipe.ascent.octaves import Size, enlarge, fit, resized, shrink, within
from dreampipe.ascent.results import OnPictures, OnStep, Result, Step
from dreampipe.errors import ModelError
from dreampipe.frames import Array
from dreampipe.objectives import Channel, Neuron

if TYPE_CHECKING:
    from dreampipe.ascent.climber import Climb, Given, State, Stepped
    from dreampipe.ascent.engine import Ascent


class Run:
    """One run of an ascent: what changes from step to step, and the loop itself."""

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
        self.inner = (slice(None), slice(None))  # where the pictures lie in what is climbed, which may be mirrored out

    def result(self, image: Array, notes: tuple[str, ...]) -> Result:
        silent = tuple(map(int, np.flatnonzero(~self.fired))) if self.total else ()
        if silent:
            names = ", ".join(dict.fromkeys(self._unit_text(number) for number in silent))
            notes += (f"{names} never fired: zero from the start to the end, so there is nothing of it to see.",)
        return Result(image, notes, self.scores, silent)

    def _unit_text(self, number: int) -> str:
        unit = self.units[number]
        return str(self.ascent.objective).replace("[*]", f"[{unit}]").replace("(*)", f"({unit})")

    def dreamed(self, full: Array, sizes: tuple[Size, ...], mask: Array | None, source: Array | None = None) -> Array:
        """The pictures (batch, height, width, 3) climbed at these sizes, the last of which is their own."""
        bases = _pyramid(full, sizes)
        sources = bases if source is None else _pyramid(source, sizes)
        self.total = self.ascent.steps * len(sizes)
        detail = np.zeros_like(bases[0])
        state: State | None = None
        for octave, base in enumerate(bases, 1):
            size = sizes[octave - 1]
            weights = None if mask is None else resized(mask, size, fit)
            start = base + within(resized(detail, size, enlarge), weights)
            state = self._carried(state, start, sizes[octave - 2], size)
            state = self._octave(state, sources[octave - 1], weights, octave, len(sizes))
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

    def _octave(self, state: State, source: Array, mask: Array | None, octave: int, octaves: int) -> State:
        ascent, size = self.ascent, (source.shape[1], source.shape[2])
        rng = np.random.default_rng([self.seed, octave])
        given = self._given(source, mask)
        for step in range(1, ascent.steps + 1):
            stepped = self._climb(mask is not None)(state, self._now(given, rng, size))
            state = stepped.state
            scores = self._heard(stepped, f"octave {octave}, step {step}")
            told = Step(octave, octaves, step, ascent.steps, size, float(scores.sum()), tuple(map(float, scores)))
            if self.on_step:
                self.on_step(told)
            if self.on_pictures:
                # Bound now: the state goes on.
                self.on_pictures(told, lambda state=state: self._pictures(state, size)[:, *self.inner])  # type: ignore[misc]
        if not np.isfinite(self._pictures(state, size)).all():
            name = ascent.card.name
            raise ModelError(f"The gradient of {ascent.objective} on {name} is not finite: take another layer.")
        return state

    def _given(self, source: Array, mask: Array | None) -> Given:
        """What all steps of an octave are given."""
        from dreampipe.ascent.climber import Given

        none = np.float32(0)
        weights = np.ones((1, 1, 1), np.float32) if mask is None else np.asarray(mask[0], np.float32)
        leak = np.zeros(len(source), np.float32)
        return Given(np.clip(source, 0, 1), (), weights, self.units, leak, none, none, none)

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
            tuple(transform.traced() for transform in self.transforms),
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
        highest = self._highest(scores)
        # A unit at zero has not fired, even where there is a gradient of what stands beside it, such as diversity.
        self.fired |= alive & (self.leaking == 0) & (highest != 0)
        self._wake(~alive | (highest <= 0))
        return np.asarray(scores.mean(axis=0))

    def _highest(self, scores: Array) -> Array:
        """Of each picture the highest of the units that it climbs; infinity where it climbs none."""
        units = [isinstance(t.measure, Channel | Neuron) and t.weight > 0 for t in self.ascent.bound.terms]
        return np.asarray(scores[:, units].max(axis=1, initial=-np.inf if any(units) else np.inf))

    def _wake(self, asleep: npt.NDArray[np.bool_]) -> None:
        """Let the gradient leak into pictures that are asleep, for some of the steps that are left."""
        asleep &= self.leaking == 0
        self.leaking = np.maximum(self.leaking - 1, 0)
        self.leaking[asleep] = min(self.ascent.warmup, (self.total - self.count) // 2)

    def _pictures(self, state: State, size: Size) -> Array:
        from dreampipe.ascent.climber import picture

        pictures: Array = picture(self.ascent.parameterization, state.parameters, size)
        return pictures


def _pyramid(full: Array, sizes: tuple[Size, ...]) -> list[Array]:
    """The pictures at each of these sizes, each shrunk from the one after it; the last is their own."""
    shrunk = [full]
    for size in sizes[-2::-1]:
        shrunk.insert(0, resized(shrunk[0], size, shrink))
    return shrunk
