"""Every channel of a layer in one labelled sheet: the recipe of an atlas, and how it is drawn, a batch at a time.

Channels climb in batches, each picture its own channel, in one compiled graph. What a batch found is stored at once, so
that an atlas that was stopped goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dreampipe.ascent import Ascent, Step
from dreampipe.ascent.starts import Noise
from dreampipe.drawings.batches import Batch, Drawn, Store, batches, layer_of, width_of
from dreampipe.drawings.contact import Tile, rows_beside
from dreampipe.drawings.exemplars import Exemplar, exemplars
from dreampipe.drawings.pictures import Picture, folder_pictures, training_pictures
from dreampipe.errors import ObjectiveError, RecipeError
from dreampipe.models import motifnet
from dreampipe.objectives import HEAD, PROBABILITIES, UNIT, Objective
from dreampipe.objectives.names import path_of
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.fields import CLIMB, DREAM, Pixels, Shown
from dreampipe.recipes.ways import Param

MOST = 4096
"""Channels of one atlas."""

Heard = Callable[[str, Step], None]
Note = Callable[[str], None]


class Atlas(Climbing):
    """Settings of an atlas, with their defaults and ranges.

    Raises:
        RecipeError: a setting is unknown or out of range.
    """

    usual: ClassVar[Param] = "fourier"

    layer: Annotated[str, Shown(DREAM)] = Field(
        description="Layer, for example mixed4; or an objective with * for the unit, for example logit(*)."
    )
    channels: Annotated[str | None, Shown(DREAM, unset="all of them")] = Field(
        None, description="Channels to draw, for example 0-63 or 3,17,40-47."
    )
    size: Annotated[int, Shown(DREAM)] = Field(
        128, ge=16, le=1024, description="Height and width of each picture, in pixels."
    )
    octaves: Annotated[int, Shown(CLIMB)] = Field(
        3, ge=1, le=32, description="Number of sizes to climb at, the full size included."
    )
    octave_scale: Annotated[float, Shown(CLIMB)] = Field(
        1.6, gt=1, le=4, description="Ratio of each size to the next smaller one."
    )
    steps: Annotated[int, Shown(CLIMB)] = Field(86, ge=0, le=100_000, description="Steps at each size.")
    jitter: Annotated[Pixels, Shown(CLIMB)] = Field(8, description="Largest random shift in each step, in pixels.")
    pictures: Annotated[str | None, Shown(DREAM, unset="motifnet's training pictures, for motifnet")] = Field(
        None, description="Folder of pictures to search for those that excite each channel."
    )
    exemplars: Annotated[int, Shown(DREAM)] = Field(
        3, ge=0, le=16, description="Number of exciting pictures to show next to each channel; 0 for none."
    )

    def objective(self) -> Objective:
        """What is climbed, with `*` for each picture's own unit; raises ObjectiveError and ModelError."""
        if "[" in self.layer and "*" not in self.layer:
            raise ObjectiveError(f"{self.layer} is one unit, but an atlas shows all of a layer: give its name alone.")
        text = self.layer if "*" in self.layer else f"{path_of(self.layer.replace(chr(34), ''))}[*]"
        asked = Objective.parse(text)
        starred = {term.layer for term in asked.bind(self.card(), starred=True).terms if UNIT in term.reads}
        if len(starred) > 1:
            raise ObjectiveError(f"{self.layer} stars units of {len(starred)} layers, but an atlas shows one: star it.")
        if not starred:
            raise ObjectiveError(f"{self.layer} names no unit by *: write a layer, as mixed4, or logit(*).")
        return asked

    def ascent(self) -> Ascent:
        """How to climb; raises DreampipeError for what is not there, before anything is loaded."""
        return self.ascent_of(str(self.objective()), starred=True)

    def indices(self) -> tuple[int, ...]:
        """The channels or classes to draw; raises RecipeError for those that are not there."""
        ascent = self.ascent()
        there = width_of(ascent)
        if self.channels is None and there is None:
            raise RecipeError(f"How many channels {self.layer} has is not known before it runs: give --channels 0-63.")
        chosen = tuple(range(there or 0)) if self.channels is None else numbers(self.channels)
        if there is not None and max(chosen) >= there:
            raise RecipeError(
                f"Channel {max(chosen)} was asked for, but {self.layer} has {there}: give some from 0 to {there - 1}."
            )
        if len(chosen) > MOST:
            raise RecipeError(f"{len(chosen)} channels came, but {MOST} are the most of one atlas: give --channels.")
        return chosen

    def check(self) -> None:
        """Raise DreampipeError for what is not there: layer, channels, pictures; before anything is loaded."""
        self.indices()
        if self.exemplars:
            self._pictures(None)

    def sha256(self) -> str:
        """The hash of all that decides a channel's picture, whichever others are drawn."""
        alone = self.model_copy(update={"channels": None, "pictures": None, "exemplars": 0})
        return alone.hashed(self.ascent())

    def drawn(
        self,
        work: Path | None = None,
        on_start: Callable[[int], None] | None = None,
        on_step: Heard | None = None,
        on_done: Note | None = None,
        on_note: Note | None = None,
    ) -> list[Tile]:
        """Draw it.

        Args:
            work: a folder in which finished batches are stored, and found by a second run of the same recipe.
            on_start: called with the number of batches that are to be climbed.
            on_step: called with the channels of a batch, as text, and each of its steps.
            on_done: called with the channels of a batch, as text, when it is climbed and stored.
            on_note: called with a sentence on what had to be decided.

        Returns:
            a tile for each channel, in order, with the pictures that excite it most beside it.

        Raises:
            DreampipeError: the model, a setting or a folder is not what it must be.
        """
        units, ascent = self.indices(), self.ascent()
        pictures = self._pictures(on_note) if self.exemplars else None  # a wrong folder is answered here
        ascent.open()  # a bad model is answered before a folder is made
        store = Store(work, self.sha256())
        found = store.load(units)
        missing = list(batches(ascent, [unit for unit in units if unit not in found], self.size))
        if on_start:
            on_start(len(missing))
        for batch in missing:
            found |= store.keep(self._climbed(batch, on_step))
            if on_done:
                on_done(self._name(batch))
        silent = [str(unit) for unit in units if found[unit].silent]
        if silent and on_note:
            on_note(f"{', '.join(silent)} of {self.layer} never fired, so there is nothing of them to see.")
        beside = {} if pictures is None else self._exemplars(ascent, units, pictures)
        return [_tile(ascent, unit, found[unit], beside.get(unit, ())) for unit in units]

    def _name(self, batch: Batch) -> str:
        return f"{self.layer} {batch.units[0]} to {batch.units[-1]}"

    def _climbed(self, batch: Batch, on_step: Heard | None) -> dict[int, Drawn]:
        name = self._name(batch)
        start = np.repeat(Noise().pictures((self.size, self.size), 1, self.seed), len(batch.units), axis=0)
        hear = (lambda step: on_step(name, step)) if on_step else None
        result = batch.ascent.run(start, seed=self.seed, units=batch.numbers, on_step=hear)
        pixels = np.rint(np.clip(result.image, 0, 1) * 255).astype(np.uint8)
        return {unit: Drawn(pixels[i], i in result.silent) for i, unit in enumerate(batch.units)}

    def _exemplars(
        self, ascent: Ascent, units: Sequence[int], pictures: Iterable[Picture]
    ) -> Mapping[int, tuple[Exemplar, ...]]:
        layer = {HEAD: "logits", PROBABILITIES: "probabilities"}.get(layer_of(ascent), layer_of(ascent))
        side = max(16, self.size // rows_beside(self.exemplars))
        return exemplars(ascent.card, layer, units, pictures, self.exemplars, side)

    def _pictures(self, on_note: Note | None) -> Iterable[Picture] | None:
        if self.pictures:
            return folder_pictures(self.pictures, on_note=on_note)
        return training_pictures() if self.card() == motifnet.card() else None


def numbers(text: str) -> tuple[int, ...]:
    """The numbers of a text such as `0-63` or `3,17,40-47`, each once and in its order.

    Raises:
        RecipeError: the text is no such list.
    """
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise RecipeError(f"channels came as {text!r}, but numbers and ranges such as 0-63,80 are expected.")
        found.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(dict.fromkeys(found))


def _tile(ascent: Ascent, unit: int, drawn: Drawn, beside: Sequence[Exemplar]) -> Tile:
    of_class = layer_of(ascent) in (HEAD, PROBABILITIES) and ascent.card.classes
    label = f"{unit} {ascent.card.classes[unit]}" if of_class else str(unit)
    return Tile(
        label=f"{label} never fires" if drawn.silent else label,
        pixels=np.divide(drawn.pixels, 255, dtype=np.float32),
        beside=tuple(exemplar.pixels for exemplar in beside),
        names=tuple(exemplar.name for exemplar in beside),
        anchor=f"channel-{unit}",
    )
