"""How to climb, as a value: `Ascent`, everything that decides what a picture becomes. `loop.Run` runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import Amount, Ramps
from dreampipe.ascent.loop import Run
from dreampipe.ascent.octaves import Octaves, Size, fit, pad_to, resized, within
from dreampipe.ascent.optimizers import Optimizer, Plain
from dreampipe.ascent.parameterizations import Parameterization, Pixels
from dreampipe.ascent.results import OnPictures, OnStep, Result
from dreampipe.ascent.shaping import MeanAbsolute, Shaping
from dreampipe.ascent.transforms import Jitter, Mirror, Transform
from dreampipe.errors import RecipeError
from dreampipe.forking import check_process
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives import BoundObjective, Neuron, Objective


@dataclass(frozen=True)
class Ascent:
    """How to climb: small, frozen and picklable; the process opens the model once, at the first run.

    Attributes:
        card: the model.
        objective: what to climb on it; its names and files are read when the ascent is built, and travel with it.
        octaves: the sizes to climb at.
        steps: steps in each octave.
        stop: an octave ends after the step whose score was above this; None never.
        ramps: whether amounts go from their first number to their last over the ascent, or over each octave anew.
        step_size: of the optimizer; with `Plain` and `Pixels` in the units of these times the shaped gradient, whatever
            the model's own scaling.
        parameterization: what is climbed in place of the picture.
        margin: mirrored pixels around a picture that is no periodic one, while it is transformed; 0 for none.
        transforms: what stands between picture and model, in order. Those that move places are left out where a
            neuron at a cell of its own is climbed, for that cell must stay where it is in the picture.
        shaping: what is done to the gradient of the picture, in order.
        optimizer: how a step follows the gradient.
        fresh: whether each octave begins with an optimizer that remembers nothing; else its moments are carried along.
        starred: whether each picture climbs a unit of its own, which the objective writes as `*`.
        warmup: steps for which the gradient leaks through activations where a picture gets none, or where the units
            that it climbs are not above zero; 0 never. See `dreampipe.models.leaky`.

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
    bound: BoundObjective = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bound = self.objective.bind(self.card, self.starred)
        card = self.card.held(bound.layers, bound.head)
        if card != self.card:  # files of the objective are read at the size that the model is held to
            object.__setattr__(self, "card", card)
            bound = self.objective.bind(card, self.starred)
        object.__setattr__(self, "bound", bound)

    def open(self) -> None:
        """Open the model, which the process keeps, before there is a picture to climb; raises OpeningError."""
        from dreampipe.models.opening import open_model

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
    ) -> Result:
        """Dream one picture, or several that climb together.

        Args:
            image: (height, width, 3) or (batch, height, width, 3) float32 in [0, 1], of any size; under the model's
                least side it is mirrored out.
            seed: of every draw; the result depends on the picture, this ascent and the seed alone, and but for
                rounding not on the others of its batch, unless the objective compares them.
            units: for an objective with units written `[*]`, each picture's own channel or class.
            mask: (height, width) float32 in [0, 1]: the weight of each pixel's gradient, at every octave.
            source: of the image's shape, what terms that look back (`distance`, `caricature`) compare with, where the
                image is dreamed already; None: the image.
            on_step: called after each step; an exception that it raises ends the ascent.
            on_pictures: called after each step with what gives the pictures as they are then.

        Raises:
            ModelError: the model cannot be opened or gives values that are not finite.
            DreampipeError: this process was forked after tensorflow had computed.
            ValueError: units or mask do not fit the picture, or units are missing.
        """
        check_process()
        batch = image if image.ndim == 4 else image[None]
        if source is not None and source.shape != image.shape:
            raise ValueError(f"The source came as {source.shape} for {image.shape}: hand over one of the same shape.")
        origin = None if source is None else source.reshape(batch.shape)
        run = Run(self, seed, self._units(len(batch), units), on_step, on_pictures)
        if self.card.fixed:
            result = self._run_fixed(run, batch, self.card.fixed, mask, origin)
        else:
            result = self._run_free(run, batch, mask, origin)
        return result if image.ndim == 4 else replace(result, image=result.image[0])

    def _units(self, batch: int, units: Sequence[int] | None) -> npt.NDArray[np.int32]:
        if (self.bound.reads_unit and units is None) or (units is not None and len(units) != batch):
            came = "none" if units is None else str(len(units))
            raise ValueError(f"{came} units came for {batch} pictures, but {self.objective} needs one for each.")
        if units is not None and min(units, default=0) < 0:
            raise ValueError(f"Unit {min(units)} was asked for, but they are counted from 0.")
        return np.zeros(batch, np.int32) if units is None else np.asarray(units, np.int32)

    def _run_free(self, run: Run, batch: Array, mask: Array | None, source: Array | None) -> Result:
        least = self._least
        full, run.inner = pad_to(batch, least)
        whole = None if mask is None else pad_to(mask[None, ..., None], least)[0]
        origin = None if source is None else pad_to(source, least)[0]
        sizes = self.octaves.sizes((full.shape[1], full.shape[2]), least)
        dreamed = run.dreamed(full, sizes, whole, origin)
        notes = self._left_out(len(sizes), least) + self._beyond((full.shape[1], full.shape[2]))
        return run.result(np.ascontiguousarray(dreamed[:, *run.inner]), notes)

    def _run_fixed(self, run: Run, batch: Array, size: Size, mask: Array | None, source: Array | None) -> Result:
        """On a model of one size: dreamed at that size, the dream's difference laid onto the picture at its own."""
        base = resized(batch, size, fit)
        weights = None if mask is None else resized(mask[None, ..., None], size, fit)
        origin = None if source is None else resized(source, size, fit)
        detail = run.dreamed(base, (size,), weights, origin) - base
        laid = within(resized(detail, (batch.shape[1], batch.shape[2]), fit), None if mask is None else mask[..., None])
        dreamed = self.parameterization.laid(batch, laid)
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

    def _beyond(self, size: Size) -> tuple[str, ...]:
        """A note on each neuron whose cell is not on the grid of its layer, even at the full size."""
        strides = {layer.name: layer.stride for layer in self.card.layers}
        return tuple(
            f"{term.unit()} lies beyond the grid of {size[1]}x{size[0]} pixels: the nearest cell was climbed."
            for term in self.bound.terms
            if isinstance(term.measure, Neuron) and term.measure.place and (stride := strides.get(term.layer))
            if any(cell * stride >= side for cell, side in zip(term.measure.place, size, strict=True))
        )

    def fitting(self, size: Size) -> Size:
        """The largest size (height, width) of this shape, at most `size`, whose ascent fits into the free memory.

        Where the full size does not fit, each side is the full one over a power of the fourth root of 2, so that a
        little more or less of free memory makes no other picture.

        Raises:
            RecipeError: the transforms make more of the smallest picture than fits.
        """
        room = self._room()
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

    def together(self, size: Size) -> int:
        """How many pictures of this size (height, width) can climb together in the free memory; 0 where not one can."""
        return self._room() // self._most_seen(size)

    def _room(self) -> int:
        """Pixels that the model may see at once; those of the least picture may always be tried."""
        from dreampipe.ascent.climber import pixels_that_fit

        return max(pixels_that_fit(self.card, self.bound), (self._least + 2 * self.margin) ** 2)

    def _most_seen(self, size: Size) -> int:
        """The most pixels that the model sees of such a picture, as octaves and transforms enlarge and crop it."""
        begun = (max(size[0], self._least), max(size[1], self._least))
        if self.card.fixed:  # whose transforms may not change the size
            return begun[0] * begun[1]
        return self._seen(self.octaves.sizes(begun, self._least)[-1])

    def pixels_seen(self, size: Size) -> tuple[int, ...]:
        """The pixels that the model sees at a step of each octave of such a picture, at most; those of all rounds."""
        if self.card.fixed:
            return (self.card.fixed[0] * self.card.fixed[1],) * self.octaves.rounds
        begun = (max(size[0], self._least), max(size[1], self._least))
        return tuple(map(self._seen, self.octaves.sizes(begun, self._least))) * self.octaves.rounds

    def memory(self, size: Size) -> int:
        """Bytes that the ascent of such a picture takes at most, beside what the process holds without it."""
        from dreampipe.ascent.climber import bytes_of_pixel

        return round(max(self.pixels_seen(size)) * bytes_of_pixel(self.card, self.bound))

    def _seen(self, size: Size) -> int:
        """The most pixels that the model sees of a picture of this size, as transforms enlarge and crop it."""
        rng, most = np.random.default_rng(0), 0
        for progress in (0.0, 1.0):  # between its ends an amount is between its ends' values
            seen = size
            for transform in self.seen_through():
                seen = transform.output(seen, transform.draw(rng, progress, seen))
            most = max(most, seen[0] * seen[1])
        return most

    @property
    def _least(self) -> int:
        """The least side that is climbed: a mirror reaches one pixel less than the picture."""
        return max(self.card.least, self.margin + 1)

    def seen_through(self) -> tuple[Transform, ...]:
        """The transforms of a run: a mirrored margin where the picture is not periodic, then all that may be."""
        if _placed(self.objective):
            return tuple(transform for transform in self.transforms if not transform.moves)
        unpadded = self.parameterization.periodic or self.card.fixed or not self.margin
        return self.transforms if unpadded else (Mirror(self.margin), *self.transforms)


def _placed(objective: Objective) -> bool:
    """Whether a neuron at a cell of its own is climbed."""
    return any(isinstance(term.measure, Neuron) and term.measure.place for term in objective.terms)
