"""The one loop of the house: climb an objective from octave to octave, and take what was found on to the next.

What goes on is said in `carrying`: by default the detail that the smaller octaves found, laid onto the source, as in
the notebook of "Inceptionism" (Mordvintsev, Olah and Tyka 2015). At each step the picture is made of its parameters,
transformed (by jitter at least), and seen by the model; the gradient goes the same way back, is shaped, and moves the
parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import at
from dreampipe.ascent.carrying import CARRYING, Round
from dreampipe.ascent.octaves import Size
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
        self.count = self.total = 0  # steps that the optimizer remembers, and steps of the whole run
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
        """The pictures (batch, height, width, 3) climbed at these sizes, at their own size again."""
        octaves, how = self.ascent.octaves, self.ascent.parameterization
        carrying = CARRYING[octaves.carry](octaves, sizes)
        bases = carrying.bases(full)
        sources = bases if source is None else carrying.bases(source)
        self.total = self.ascent.steps * len(sizes) * octaves.rounds
        whole, state = full, None
        for turn in range(octaves.rounds):
            around = Round(carrying, whole, mask, carrying.bases(whole) if turn else bases)
            whole, state = self._round(around, state, sources, turn * len(sizes))
        if sizes[-1] != full.shape[1:3]:
            return how.laid(full, whole - full)
        return np.clip(whole, 0, 1)

    def _round(
        self, around: Round, state: State | None, sources: list[Array], before: int
    ) -> tuple[Array, State | None]:
        """The pictures after one more round, behind so many octaves, and the state in which it ends."""
        sizes, dreamed = around.carrying.sizes, around.bases[0]
        for octave, size in enumerate(sizes):
            start = around.begun(octave, dreamed)
            state = self._carried(state, start, sizes[octave - 1], size)
            weights = around.weights(octave)
            state = self._octave(state, sources[octave], weights, before + octave + 1, len(sizes))
            found = self._pictures(state, size) if self.ascent.steps else start
            dreamed = around.ended(octave, found)
        return around.whole(dreamed), state

    def _carried(self, state: State | None, start: Array, before: Size, size: Size) -> State:
        """The state in which an octave begins: of the start, or what the octave before left, at this size."""
        from dreampipe.ascent.climber import State

        how = self.ascent.parameterization
        if state is None:
            return self._unmoved(how.init(start, np.random.default_rng([self.seed, 0])))
        arrays = {name: np.asarray(value) for name, value in state.parameters.items()}
        parameters = how.carry(arrays, start)
        if self.ascent.fresh:
            self.count = 0
            return self._unmoved(parameters)
        moments = {
            moment: how.resize({name: np.asarray(value) for name, value in of.items()}, before, size)
            for moment, of in state.moments.items()
        }
        return State(parameters, moments)

    def _unmoved(self, parameters: Mapping[str, Array]) -> State:
        """A state of these parameters before any step."""
        from dreampipe.ascent.climber import State

        still = {name: np.zeros_like(parameters[name]) for name in self.ascent.parameterization.climbed}
        return State(dict(parameters), {moment: dict(still) for moment in self.ascent.optimizer.moments})

    def _octave(self, state: State, source: Array, mask: Array | None, octave: int, row: int) -> State:
        """The state behind an octave, counted from 1 through all rounds, of `row` sizes each."""
        ascent, size = self.ascent, (source.shape[1], source.shape[2])
        rng = np.random.default_rng([self.seed, octave])
        given, octaves = self._given(source, mask), row * ascent.octaves.rounds
        for step in range(1, ascent.steps + 1):
            stepped = self._climb(mask is not None)(state, self._now(given, rng, size, self._progress(octave, step)))
            state = stepped.state
            scores = self._heard(stepped, f"octave {octave}, step {step}", (octave - 1) * ascent.steps + step)
            score = float(scores.sum())
            told = Step(octave, octaves, step, ascent.steps, size, score, tuple(map(float, scores)), row)
            self._tell(told, state)
            if ascent.stop is not None and score > ascent.stop:
                break
        if not np.isfinite(self._pictures(state, size)).all():
            name = ascent.card.name
            raise ModelError(f"The gradient of {ascent.objective} on {name} is not finite: take another layer.")
        return state

    def _tell(self, step: Step, state: State) -> None:
        if self.on_step:
            self.on_step(step)
        if self.on_pictures:
            self.on_pictures(step, lambda: np.clip(self._pictures(state, step.size)[:, *self.inner], 0, 1))

    def _progress(self, octave: int, step: int) -> float:
        """How far amounts have gone at a step: of the ascent, or of its octave."""
        steps = self.ascent.steps
        if self.ascent.ramps == "octave":
            return (step - 1) / max(1, steps - 1)
        return ((octave - 1) * steps + step - 1) / max(1, self.total - 1)

    def _given(self, source: Array, mask: Array | None) -> Given:
        """What all steps of an octave are given."""
        from dreampipe.ascent.climber import Given

        none = np.float32(0)
        weights = np.ones((1, 1, 1), np.float32) if mask is None else np.asarray(mask[0], np.float32)
        leak = np.zeros(len(source), np.float32)
        return Given(np.clip(source, 0, 1), (), weights, self.units, leak, none, none, none)

    def _now(self, given: Given, rng: np.random.Generator, size: Size, progress: float) -> Given:
        """That, with what this step draws; counts the step."""
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

    def _heard(self, stepped: Stepped, where: str, behind: int) -> Array:
        """The terms' scores, the mean over the batch; keeps each picture's, and wakes those that got no gradient.

        Steps behind are counted through all octaves, whether or not each took all of its own.
        """
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
        self._wake(~alive | (highest <= 0), self.total - behind)
        return np.asarray(scores.mean(axis=0))

    def _highest(self, scores: Array) -> Array:
        """Of each picture the highest of the units that it climbs; infinity where it climbs none."""
        units = [isinstance(t.measure, Channel | Neuron) and t.weight > 0 for t in self.ascent.bound.terms]
        return np.asarray(scores[:, units].max(axis=1, initial=-np.inf if any(units) else np.inf))

    def _wake(self, asleep: npt.NDArray[np.bool_], left: int) -> None:
        """Let the gradient leak into pictures that are asleep, for some of the steps that are left."""
        asleep &= self.leaking == 0
        self.leaking = np.maximum(self.leaking - 1, 0)
        self.leaking[asleep] = min(self.ascent.warmup, left // 2)

    def _pictures(self, state: State, size: Size) -> Array:
        from dreampipe.ascent.climber import picture

        pictures: Array = picture(self.ascent.parameterization, state.parameters, size)
        return pictures
