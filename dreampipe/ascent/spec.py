"""`Ascent`: everything that decides what a picture becomes, as a frozen value. `loop.climb` climbs by it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import Amount, Ramps
from dreampipe.ascent.fitting import TILE, plain_bytes
from dreampipe.ascent.octaves import Octaves, Size, fit, pad_to, resized
from dreampipe.ascent.optimizers import Optimizer, Plain
from dreampipe.ascent.parameterizations import Parameterization, Pixels
from dreampipe.ascent.results import OnPictures, OnStep, Result, Step
from dreampipe.ascent.saving import Saving
from dreampipe.ascent.shaping import MeanAbsolute, Shaping
from dreampipe.ascent.tiles import Grid, seamless
from dreampipe.ascent.transforms import Jitter, Mirror, Transform, draw
from dreampipe.errors import RecipeError
from dreampipe.forking import check_process
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.models.precision import Precision, check_device
from dreampipe.objectives import BoundObjective, Neuron, Objective

if TYPE_CHECKING:
    from dreampipe.ascent.loop import Plan


@dataclass(frozen=True)
class Ascent:
    """A way to climb: small, frozen and picklable; the process opens the model once, at the first run.

    Attributes:
        card: the model.
        objective: what to climb on it; its names and files are read when the ascent is built, and travel with it.
        octaves: the sizes to climb at.
        steps: steps in each octave.
        stop: end each octave after the first step that scores above this; None: never.
        ramps: "ascent" if amounts change from their first to their last number once, "octave" if in each octave.
        step_size: of the optimizer; with `Plain` and `Pixels` in the units of the pixels times the shaped gradient,
            and independent of the model's own scaling.
        parameterization: what is climbed in place of the picture.
        margin: mirrored pixels around a picture that is not periodic, while it is transformed; 0 for none.
        transforms: applied to the picture before the model sees it, in order. Those that move places are left out if
            the objective climbs a neuron at a given cell, because that cell must not move in the picture.
        shaping: applied to the gradient of the picture, in order.
        optimizer: how a step follows the gradient.
        fresh: reset the optimizer at each octave; else its moments are carried along.
        starred: each picture climbs a unit of its own, which the objective writes as `*`.
        warmup: steps for which the gradient leaks through activations, if a picture gets no gradient or the units
            that it climbs are not above zero; 0: never. See `dreampipe.models.operations`.
        precision: of the model's convolutions; pictures, gradients and moments are float32 in any.
        tile: the longest side, in pixels, of the tiles in which the model sees a larger picture; None: it sees every
            picture whole. See `dreampipe.ascent.tiles`.

    Raises:
        ObjectiveError: the model has no such layer, channel or class, a unit is left open, or a file cannot be read.
    """

    card: Card
    objective: Objective
    octaves: Octaves = field(default_factory=Octaves)
    steps: int = 15
    stop: float | None = None
    ramps: Ramps = "ascent"
    step_size: Amount = 0.015
    parameterization: Parameterization = field(default_factory=Pixels)
    margin: int = 16
    transforms: tuple[Transform, ...] = field(default_factory=lambda: (Jitter(),))
    shaping: tuple[Shaping, ...] = field(default_factory=lambda: (MeanAbsolute(),))
    optimizer: Optimizer = field(default_factory=Plain)
    fresh: bool = False
    starred: bool = False
    warmup: int = 16
    precision: Precision = "float32"
    tile: int | None = None
    bound: BoundObjective = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bound = self.objective.bind(self.card, self.starred)
        card = self.card.held(bound.layers, bound.head)
        if card != self.card:  # files of the objective are read at the size that the model is held to
            object.__setattr__(self, "card", card)
            bound = self.objective.bind(card, self.starred)
        object.__setattr__(self, "bound", bound)

    def open(self) -> None:
        """Open the model, which the process keeps, before there is a picture to climb.

        Raises:
            OpeningError: it cannot be opened.
            RecipeError: the precision takes a GPU, and none computes.
        """
        from dreampipe.models.opening import open_model

        check_device(self.precision)
        open_model(self.card)

    def run(
        self,
        image: Array,
        *,
        seed: int,
        units: Sequence[int] | None = None,
        mask: Array | None = None,
        source: Array | None = None,
        on_step: OnStep | None = None,
        on_pictures: OnPictures | None = None,
        saving: Saving | None = None,
    ) -> Result:
        """Dream one picture, or several that climb together.

        Args:
            image: (height, width, 3) or (batch, height, width, 3) float32 in [0, 1], of any size; one smaller than the
                model's least side is mirrored beyond its borders.
            seed: of every draw. The result depends only on the picture, this ascent and the seed; except for rounding,
                it does not depend on the other pictures of the batch, unless the objective compares them.
            units: for an objective with units written `[*]`, each picture's own channel or class.
            mask: (height, width) float32 in [0, 1]: the weight of each pixel's gradient, at every octave.
            source: of the image's shape, the undreamed picture that `distance` and `caricature` compare with; None: the
                image.
            on_step: called after each step; an exception that it raises ends the ascent.
            on_pictures: called after each step with a function that returns the pictures as they are then.
            saving: where a climb in tiles saves its state after each octave, and continues from.

        Raises:
            ModelError: the model cannot be opened or gives values that are not finite.
            RecipeError: the precision takes a GPU, and none computes.
            DreampipeError: this process was forked after tensorflow had computed.
            ValueError: units or mask do not fit the picture, or units are missing.
        """
        check_process()  # before keras is imported
        from dreampipe import backend
        from dreampipe.ascent.loop import climb, steps_to_come

        if source is not None and source.shape != image.shape:
            raise ValueError(f"The source came as {source.shape} for {image.shape}: give one of the same shape.")
        batch = image if image.ndim == 4 else image[None]
        own = self._units(len(batch), units)
        weights = None if mask is None else mask[None, ..., None]
        full, inner = self._fit(batch)
        fitted_mask = None if weights is None else self._fit(weights)[0]
        origin = full if source is None else self._fit(source.reshape(batch.shape))[0]

        def report(step: Step, show: Callable[[], Array]) -> None:
            if on_step:
                on_step(step)
            if on_pictures:
                on_pictures(step, lambda: np.clip(show()[:, *inner], 0, 1))

        sizes = self.sizes((full.shape[1], full.shape[2]))
        plan = self._plan(sizes, mask is not None)
        coming = steps_to_come(plan, full, fitted_mask, own, seed) if self.steps else ()
        with backend.compile_ahead(coming):
            climbed = climb(plan, full, fitted_mask, origin, own, seed, report, saving)
        if self.card.fixed:
            detail = resized(climbed.pictures - full, (batch.shape[1], batch.shape[2]), fit)
            dreamed = self.parameterization.lay(batch, detail, weights)
        else:
            dreamed = np.ascontiguousarray(climbed.pictures[:, *inner])
        silent = tuple(map(int, np.flatnonzero(~climbed.waking.fired))) if self.steps else ()
        notes = self._notes(sizes, (full.shape[1], full.shape[2]), [own[number] for number in silent])
        return Result(dreamed if image.ndim == 4 else dreamed[0], notes, climbed.scores.sum(axis=1), silent)

    def _units(self, batch: int, units: Sequence[int] | None) -> npt.NDArray[np.int32]:
        if (self.bound.reads_unit and units is None) or (units is not None and len(units) != batch):
            came = "no" if units is None else str(len(units))
            raise ValueError(f"{came} units came for {batch} pictures, but {self.objective} needs one for each.")
        if units is not None and min(units, default=0) < 0:
            raise ValueError(f"Unit {min(units)} was asked for, but they are counted from 0.")
        return np.zeros(batch, np.int32) if units is None else np.asarray(units, np.int32)

    def _fit(self, batch: Array) -> tuple[Array, tuple[slice, slice]]:
        """Bring (batch, height, width, channels) to a size that the model takes, and find the pictures in it."""
        if self.card.fixed:
            return resized(batch, self.card.fixed, fit), (slice(None), slice(None))
        return pad_to(batch, self._least)

    def _plan(self, sizes: tuple[Size, ...], masked: bool) -> Plan:
        """Everything that the loop needs to know for octaves of these sizes."""
        from dreampipe.ascent.loop import Plan
        from dreampipe.ascent.step import StepSpec

        check_device(self.precision)
        transforms = self.seen_through()
        traced = tuple(transform.without_amounts() for transform in transforms)
        step = StepSpec(
            self.card,
            self.bound,
            self.parameterization,
            traced,
            self.shaping,
            self.optimizer,
            masked,
            precision=self.precision,
        )
        return Plan(
            step,
            transforms,
            self.octaves,
            sizes,
            steps=self.steps,
            stop=self.stop,
            ramps=self.ramps,
            step_size=self.step_size,
            fresh=self.fresh,
            warmup=self.warmup,
            objective=str(self.objective),
            grid=self.grid,
        )

    @property
    def grid(self) -> Grid | None:
        """The tiles in which the model sees large pictures; None if it sees all of them whole."""
        if self.tile is None or seamless(self.card, self.seen_layers, self.bound.head):
            return None
        return Grid.of(self.card, self.seen_layers, self.tile)

    @property
    def seen_layers(self) -> tuple[str, ...]:
        """The layers that are read of the picture or of its start."""
        return tuple(dict.fromkeys((*self.bound.layers, *self.bound.start_layers)))

    def sizes(self, size: Size) -> tuple[Size, ...]:
        """Compute the sizes of a round's octaves, (height, width) each, for pictures of this size."""
        size = (max(size[0], self._least), max(size[1], self._least))
        return (self.card.fixed,) if self.card.fixed else self.octaves.sizes(size, self._least)

    def _notes(self, sizes: tuple[Size, ...], full: Size, silent: Sequence[int]) -> tuple[str, ...]:
        """Sentences on what the ascent had to decide; `silent` are the units that never fired."""
        card, notes, count = self.card, [], len(self.octaves.sizes(full, 1))
        left_out = count - len(sizes)
        if card.fixed:
            size = f"{card.fixed[1]}x{card.fixed[0]}"
            notes.append(f"{card.name} takes {size} pixels only: dreamed at that size in one octave.")
        elif left_out:
            notes.append(
                f"{left_out} of {count} octaves left out: smaller than {self._least} pixels, the least "
                f"that {card.name} can see."
            )
        if not card.fixed:
            notes += self._beyond(full)
        notes += self._tiled(sizes)
        if silent:
            text = str(self.objective)
            named = dict.fromkeys(text.replace("[*]", f"[{unit}]").replace("(*)", f"({unit})") for unit in silent)
            notes.append(
                f"{', '.join(named)} never fired: zero from the start to the end, so there is nothing of it to see."
            )
        return tuple(notes)

    def _tiled(self, sizes: tuple[Size, ...]) -> tuple[str, ...]:
        """Notes on tiles: why there are none, or what they lose."""
        grid, reason = self.grid, seamless(self.card, self.seen_layers, self.bound.head)
        if self.tile and reason:
            return (f"The tile of {self.tile} pixels was left out, because {reason}.",)
        if grid is None or grid.is_exact or not any(grid.count(size) > 1 for size in sizes):
            return ()
        moving = ", which move at each step" if grid.moves else ""
        return (
            f"The gradient is approximate near the borders of tiles{moving}: each place sees {grid.reach} pixels "
            f"around it, and tiles of {grid.side} leave {grid.halo}; tiles of {grid.exact_side} are exact.",
        )

    def _beyond(self, size: Size) -> tuple[str, ...]:
        """Notes on neurons whose cell is not on the grid of their layer, even at the full size."""
        strides = {layer.name: layer.stride for layer in self.card.layers}
        return tuple(
            f"{term.unit()} is beyond the grid of {size[1]}x{size[0]} pixels: the nearest cell was climbed."
            for term in self.bound.terms
            if isinstance(term.measure, Neuron) and term.measure.place and (stride := strides.get(term.layer))
            if any(cell * stride >= side for cell, side in zip(term.measure.place, size, strict=True))
        )

    def fits(self, size: Size, room: int) -> bool:
        """Say whether the ascent of this (height, width) fits whole where the model may see so many pixels at once."""
        return self._most_seen(size) <= max(room, (self._least + 2 * self.margin) ** 2)

    def fitting(self, size: Size, room: int | None = None) -> Size:
        """The largest size (height, width) of this shape, at most `size`, whose ascent fits into the free memory.

        If the full size does not fit, each side is divided by a power of the fourth root of 2, so that a little more or
        less free memory does not change the picture.

        Args:
            room: the pixels that the model may see at once; None for those that fit into the free memory.

        Raises:
            RecipeError: the transforms make more of the smallest picture than fits.
        """
        room = self._room() if room is None else max(room, (self._least + 2 * self.margin) ** 2)
        smaller = size
        rung = 0
        while self._most_seen(smaller) > room:
            if max(smaller) == 1:
                raise RecipeError(
                    f"The transforms make {self._most_seen(smaller)} pixels of the smallest picture, but the ascent of "
                    f"{room} fits into the free memory: pad less."
                )
            rung += 1
            smaller = (max(1, round(size[0] * 2 ** (-rung / 4))), max(1, round(size[1] * 2 ** (-rung / 4))))
        return smaller

    def side_that_fits(self, size: Size, max_size: int | None = None) -> int | None:
        """The longest side at which to climb a picture of this size because memory is short; raises as `fitting`.

        None if the whole size fits, or if the caller has chosen a `max_size`.
        """
        fitting = size if max_size else self.fitting(size)
        return None if fitting == size else max(fitting)

    def together(self, size: Size) -> int:
        """The number of pictures of this size (height, width) that fit into the free memory together; may be 0."""
        return self._room() // self._most_seen(size)

    def _room(self) -> int:
        """The pixels that the model may see at once; at least those of the smallest picture, which is always tried."""
        from dreampipe.scoring import pixels_that_fit

        return max(pixels_that_fit(self.card, self.bound), (self._least + 2 * self.margin) ** 2)

    def _most_seen(self, size: Size) -> int:
        """The most pixels that the model sees of a picture of this size, in any octave."""
        climbed = (max(size[0], self._least), max(size[1], self._least))
        if self.card.fixed:  # then transforms must keep the size
            return climbed[0] * climbed[1]
        return self._pixels_at(self.octaves.sizes(climbed, self._least)[-1])

    def pixels_seen(self, size: Size) -> tuple[int, ...]:
        """The most pixels that the model sees in a step of each octave of all rounds, for a picture of this size."""
        if self.card.fixed:
            return (self.card.fixed[0] * self.card.fixed[1],) * self.octaves.rounds
        grid, seen = self.grid, self.seen_sizes(size)
        return tuple(grid.pixels(size) if grid else math.prod(size) for size in seen) * self.octaves.rounds

    def seen_sizes(self, size: Size) -> tuple[Size, ...]:
        """The largest (height, width) that the model sees in each octave of a round, for a picture of this size."""
        climbed = (max(size[0], self._least), max(size[1], self._least))
        return tuple(map(self._seen_at, self.octaves.sizes(climbed, self._least)))

    def memory(self, size: Size, shelved: bool = False) -> int:
        """The most bytes that the ascent of a picture of this size adds to the memory of the process.

        Args:
            shelved: in tiles, its whole arrays lie in a file; see `fitting.is_shelved`.
        """
        from dreampipe.scoring import bytes_of_pixel

        each, grid, seen = bytes_of_pixel(self.card, self.bound), self.grid, self.seen_sizes(size)
        if grid is None or all(grid.count(one) == 1 for one in seen):
            return round(self._most_seen(size) * each)
        return round(max(map(grid.largest, seen)) * (each + TILE) + plain_bytes(self, size, shelved))

    def tiles(self, size: Size) -> int:
        """Count the tiles in which the model sees a picture of this size at the largest of its octaves."""
        return self.grid.count(self._seen_at(self.sizes(size)[-1])) if self.grid else 1

    def _pixels_at(self, size: Size) -> int:
        """The most pixels that the model sees at this size."""
        return math.prod(self._seen_at(size))

    def _seen_at(self, size: Size) -> Size:
        """The largest height and width that the model sees at this size, after transforms enlarged and cropped it."""
        rng, most = np.random.default_rng(0), (0, 0)
        for progress in (0.0, 1.0):  # between its ends an amount is between its ends' values
            _, seen = draw(self.seen_through(), rng, progress, size)
            most = max(most, seen, key=math.prod)
        return most

    @property
    def _least(self) -> int:
        """The smallest side to climb at; a mirrored margin must be smaller than the picture."""
        return max(self.card.least, self.margin + 1)

    def seen_through(self) -> tuple[Transform, ...]:
        """The transforms of a run: a mirrored margin if the picture is not periodic, then the others."""
        if any(isinstance(term.measure, Neuron) and term.measure.place for term in self.objective.terms):
            return tuple(transform for transform in self.transforms if not transform.moves)
        unpadded = self.parameterization.periodic or self.card.fixed or not self.margin
        return self.transforms if unpadded else (Mirror(self.margin), *self.transforms)
