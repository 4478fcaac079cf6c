"""The loop of every ascent: climb an objective from octave to octave, and carry what was dreamed on to the next.

Importing this module loads keras: import it where computing begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.amounts import Amount, Ramps, at
from dreampipe.ascent.octaves import Octaves, Size
from dreampipe.ascent.own_state import begin_own, carry_own, show_own
from dreampipe.ascent.pyramid import Pyramid
from dreampipe.ascent.results import OnPictures, Step
from dreampipe.ascent.saving import Saved, Saving
from dreampipe.ascent.step import Inputs, State, StepSpec, begin, carry, compile_step, show
from dreampipe.ascent.tiled_step import climb_tiles
from dreampipe.ascent.tiles import Grid
from dreampipe.ascent.transforms import Transform, draw
from dreampipe.ascent.waking import Waking, highest
from dreampipe.errors import ModelError
from dreampipe.frames import Array
from dreampipe.media.shelves import by_rows, release, strips


@dataclass(frozen=True)
class Plan:
    """Everything that decides a climb except the pictures: the fields of an `Ascent`, once the sizes are known.

    Attributes:
        step: what each step computes.
        transforms: the transforms of `step`, with their amounts.
        sizes: those of the octaves of one round, in order; the full size is one of them, except on a model of one size.
        objective: its text, for errors.
        grid: the tiles in which the model sees larger pictures than one tile; None if it sees all of them whole.
    """

    step: StepSpec
    transforms: tuple[Transform, ...]
    octaves: Octaves
    sizes: tuple[Size, ...]
    steps: int
    stop: float | None
    ramps: Ramps
    step_size: Amount
    fresh: bool
    warmup: int
    objective: str
    grid: Grid | None = None


class Climbed(NamedTuple):
    """The pictures that a climb ends with, (batch, height, width, 3), their last scores, and which of them fired."""

    pictures: Array
    scores: Array
    waking: Waking


def climb(
    plan: Plan,
    full: Array,
    mask: Array | None,
    source: Array,
    units: npt.NDArray[np.int32],
    seed: int,
    on_step: OnPictures,
    saving: Saving | None = None,
) -> Climbed:
    """Climb pictures.

    At each step the pictures are made of their parameters, transformed, and seen by the model; their gradient returns
    the same way, is shaped, and moves the parameters. A pyramid carries the dream from size to size.

    Args:
        full: (batch, height, width, 3) in [0, 1], where the climb starts.
        mask: (1, height, width, 1), the weight of each pixel's gradient; None for 1.
        source: of the shape of `full`, the pictures that `distance` and `caricature` compare with.
        units: (batch,), the channel or class of each picture.
        on_step: called after each step.
        saving: where a climb in tiles saves its state after each octave, and continues from; None: nowhere.

    Raises:
        ModelError: the model cannot be opened, cannot take a size, or gives values that are not finite.
    """
    how, sizes = plan.step.parameterization, plan.sizes
    octaves = len(sizes) * plan.octaves.rounds
    saved = saving.load() if saving and plan.grid else None
    pyramid = Pyramid.of(plan.octaves, sizes, full, mask)
    sources = pyramid.levels if source is full else Pyramid.of(plan.octaves, sizes, source).levels
    waking, scores, state, octave, dreamed = Waking.begin(len(full)), np.zeros((0, 1), np.float32), None, 0, full
    begun = (saved.octave - 1) // len(sizes) if saved else 0
    if saved and begun:
        dreamed, octave = saved.dreamed, begun * len(sizes)
    for turn in range(begun, plan.octaves.rounds):
        pyramid = Pyramid.of(plan.octaves, sizes, dreamed, mask) if turn else pyramid
        found = pyramid.levels[0]
        for level, size in enumerate(sizes):
            octave += 1
            if saved and octave <= saved.octave:
                if octave == saved.octave:
                    state, found, scores = _state(saved), saved.found, saved.scores
                    waking, saved = Waking(saved.leaking, saved.fired), None
                continue
            found = pyramid.begin(level, found)
            state = _begin(plan, state, found, sizes[level - 1], seed)
            if plan.steps:
                found = full[:, :0]  # nothing, so that its memory is free
            inputs = Inputs.of(sources[level], pyramid.mask_at(level), units)
            rng = np.random.default_rng([seed, octave])
            for step in range(1, plan.steps + 1):
                done, left = _progress(plan, octave, step)
                drawn, seen = draw(plan.transforms, rng, done, size)
                _check_seen(plan, seen)
                inputs = inputs.at(plan.step.transforms, drawn, waking.leaking > 0, at(plan.step_size, done), done)
                spec = replace(plan.step, leaks=bool(waking.leaking.any()))
                if plan.grid and plan.grid.count(seen) > 1:
                    outcome = climb_tiles(spec, plan.grid, state, inputs, np.random.default_rng([seed, octave, step]))
                else:
                    outcome = compile_step(spec)(state, inputs.aided(spec.shaping))
                state, tensor, alive = outcome
                scores = _check_scores(plan, backend.as_array(tensor), octave, step)
                waking = waking.after(
                    backend.as_array(alive), highest(plan.step.objective, scores), min(plan.warmup, left // 2)
                )
                terms = scores.mean(axis=0)
                score = float(terms.sum())
                report = Step(octave, octaves, step, plan.steps, size, score, tuple(map(float, terms)), len(sizes))
                on_step(report, partial(_show, plan, state, size))
                if plan.stop is not None and score > plan.stop:
                    break
            if plan.steps:
                found = _check_pictures(plan, _show(plan, state, size))
            found = pyramid.end(level, found)
            if saving and plan.grid and octave < octaves:
                saving.save(_saved(octave, state, found, dreamed if turn else dreamed[:0], scores, waking))
        dreamed = pyramid.whole(found)
    if sizes[-1] != full.shape[1:3]:
        return Climbed(how.lay(full, dreamed - full), scores, waking)
    return Climbed(by_rows(lambda rows: np.clip(rows, 0, 1), dreamed, out=dreamed), scores, waking)


def _begin(plan: Plan, state: State | None, start: Array, before: Size, seed: int) -> State:
    """Make the state of an octave that begins with these pictures, after an octave of the size `before`."""
    spec, rng = plan.step, np.random.default_rng([seed, 0])
    if state is None:
        return begin_own(spec, start, rng) if plan.grid else begin(spec, spec.parameterization.init(start, rng))
    return (carry_own if plan.grid else carry)(spec, state, start, before, plan.fresh)


def _show(plan: Plan, state: State, size: Size) -> Array:
    return (show_own if plan.grid else show)(plan.step, state, size)


def steps_to_come(
    plan: Plan, full: Array, mask: Array | None, units: npt.NDArray[np.int32], seed: int
) -> Iterator[tuple[Callable[..., Any], tuple[State, Inputs]]]:
    """For each octave after the first its step, with arguments of the shapes that it will get.

    There are none where the shapes of the parameters are not those of the picture, or where the model sees tiles.
    """
    how = plan.step.parameterization
    for octave, size in enumerate(plan.sizes[1:] if how.by_pixel else (), 2):
        done, _ = _progress(plan, octave, 1)
        drawn, seen = draw(plan.transforms, np.random.default_rng([seed, octave]), done, size)
        if plan.grid and plan.grid.count(seen) > 1:
            continue
        none = np.zeros((), np.float32)
        start = np.broadcast_to(none, (len(full), *size, 3))  # which takes no memory
        parameters = {
            name: np.broadcast_to(none, (*start.shape[:3], shape[-1] or 1)) for name, shape in how.shapes.items()
        }
        moments = {
            name: {climbed: parameters[climbed] for climbed in how.climbed} for name in plan.step.optimizer.moments
        }
        inputs = Inputs.of(start, None if mask is None else start[:1, ..., :1], units)
        inputs = inputs.at(plan.step.transforms, drawn, np.zeros(len(full), np.bool_), 0, done)
        yield compile_step(plan.step), (State(parameters, moments, none), inputs.aided(plan.step.shaping))


def _saved(octave: int, state: State, found: Array, dreamed: Array, scores: Array, waking: Waking) -> Saved:
    parameters = {name: np.asarray(value) for name, value in state.parameters.items()}
    moments = {moment: {name: np.asarray(v) for name, v in of.items()} for moment, of in state.moments.items()}
    return Saved(
        octave, parameters, moments, np.asarray(state.count), found, dreamed, scores, waking.leaking, waking.fired
    )


def _state(saved: Saved) -> State:
    return State(saved.parameters, saved.moments, saved.count)


def _progress(plan: Plan, octave: int, step: int) -> tuple[float, int]:
    """Compute the progress of amounts at a step, 0 to 1, and the number of steps left after it."""
    total = plan.steps * len(plan.sizes) * plan.octaves.rounds
    past = (octave - 1) * plan.steps + step
    if plan.ramps == "octave":
        return (step - 1) / max(1, plan.steps - 1), total - past
    return (past - 1) / max(1, total - 1), total - past


def _check_seen(plan: Plan, size: Size) -> None:
    """Refuse transforms that leave the model a size that it cannot take."""
    card = plan.step.card
    if card.fixed not in (None, size) or min(size) < card.least:
        expected = f"{card.fixed[1]}x{card.fixed[0]}" if card.fixed else f"sides of at least {card.least}"
        raise ModelError(
            f"The transforms leave {size[1]}x{size[0]} pixels, but {card.name} needs {expected}: pad and crop less."
        )


def _check_scores(plan: Plan, scores: Array, octave: int, step: int) -> Array:
    total = float(scores.sum())
    if not math.isfinite(total):
        raise ModelError(
            f"{plan.step.card.name} gave {total} for {plan.objective} in octave {octave}, step {step}: "
            "take a smaller step size or another layer."
        )
    return scores


def _check_pictures(plan: Plan, pictures: Array) -> Array:
    finite = all(np.isfinite(pictures[:, rows]).all() for rows in strips(pictures))
    release(pictures)
    if not finite:
        name = plan.step.card.name
        raise ModelError(f"The gradient of {plan.objective} on {name} is not finite: take another layer.")
    return pictures
