"""Dream one film: one thread decodes and finds the flow, the caller's climbs, and one encodes."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from dreampipe.ascent.fitting import SPARE, choose, halve, held, least_bytes, refuse
from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Estimating, Planned, plan_climbing
from dreampipe.engines.explaining_films import ExplainedFilm
from dreampipe.engines.filming import Chosen, Filming
from dreampipe.engines.forecasting import Forecast, foresee_planned
from dreampipe.engines.keeping import likeness
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.pacing import WAITING, Item, ahead
from dreampipe.errors import DreampipeError, OpeningError, StorageError
from dreampipe.events import Done, Event, Failed, Noted, Skipped, Stepped, Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.media import Job, Manifest
from dreampipe.media.video import FilmInfo, Survey, Target, target_of
from dreampipe.models.weights.missing import missing
from dreampipe.recipes.explaining import Explaining
from dreampipe.recipes.film import FilmRecipe
from dreampipe.stages import Dream, Pipeline, Resize
from dreampipe.stages.dream import SOURCE, everywhere
from dreampipe.stages.motion import DREAM

PREVIEW = 256
"""Longest side of a preview, in pixels."""
_LARGE = 3_000_000
"""Pixels of a frame from which on one waits for its dream in place of two."""
_FRAMES = 250
"""Bytes for each pixel of a film's frame, besides the climb: frames and flow on their way, and those that x264 keeps.

Measured at 3840x2160; smaller frames, of which more wait, take some 300.
"""
_SHORT = "it does not fit into memory: give a smaller --max-size."
"""numpy's own sentence on memory names neither the film nor a remedy."""


def make_film(job: Job, manifest: Manifest, order: FilmOrder, tell: Tell) -> Done | Skipped | Failed:
    """Dream or explain one film, or continue what an earlier run has left of it.

    Raises:
        StorageError: the disk takes no more.
        OpeningError: the model cannot be opened.
    """
    try:
        return filming_of(job, order, Estimating(tell)).run(manifest)
    except (OpeningError, StorageError):  # no other film can be made
        raise
    except (DreampipeError, MemoryError) as error:
        return Failed(job.name, reason(error))


def reason(error: DreampipeError | MemoryError) -> str:
    """Say why a film failed."""
    return _SHORT if isinstance(error, MemoryError) else str(error)


def foresee_film(job: Job, manifest: Manifest, order: FilmOrder) -> Forecast:
    """Tell what `make_film` would make, and change nothing on the disk."""
    try:
        return filming_of(job, order, Estimating(ignore)).foresee(manifest)
    except (DreampipeError, MemoryError) as error:
        return Forecast(job.name, failure=reason(error))


def filming_of(job: Job, order: FilmOrder, tell: Estimating) -> Filming:
    """Choose the making of one film by its recipe."""
    kind: type[Filming] = ExplainedFilm if isinstance(order.recipe, Explaining) else DreamedFilm
    return kind(job, order.of(job), tell)


@dataclass(frozen=True, eq=False)
class DreamedFilm(Filming):
    """The making of a dreamed film."""

    @property
    def recipe(self) -> FilmRecipe:
        assert isinstance(self.order.recipe, FilmRecipe)
        return self.order.recipe

    @cached_property
    def preparing(self) -> Pipeline:
        return Pipeline([Resize(PREVIEW)] if self.order.preview else [])

    def target(self, path: os.PathLike[str], record: str | None = None) -> Target:
        shown = Pipeline([self.preparing, self.recipe.dreaming()]).output(self.source.info)
        assert isinstance(shown, FilmInfo)  # stages change its size only
        info = likeness(shown, self.order.carrying)
        # A preview may have an odd size, which not every layout of colours fits.
        encoding = replace(self.order.encoding, chroma=None) if self.order.preview else self.order.encoding
        return target_of(path, info, encoding, record)

    def open(self) -> None:
        self.recipe.ascent().open()

    def choose(self, survey: Survey) -> Chosen:
        return self._choose(self.carried_size)

    def is_choice(self, chosen: Chosen) -> bool:
        side, tile = chosen["max_size"], chosen["tile"]
        is_tile = tile is None or (type(tile) is int and tile > 0)
        return is_tile and (side is None or (type(side) is int and 1 <= side <= max(self.carried_size)))

    def announce(self, survey: Survey, chosen: Chosen) -> None:
        if self.order.preview:
            self.note(self._estimate(survey))

    def settings(self, chosen: Chosen) -> Mapping[str, Any]:
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def carried_size(self) -> Size:
        """Height and width of the dreamed frames, without a caption."""
        shown = self.preparing.output(self.source.info)
        return shown.height, shown.width

    @property
    def independent(self) -> bool:
        return self.recipe.motion == "none" and self.recipe.every == 1

    def _climbed_size(self, size: Size) -> Size:
        """Height and width to climb frames of this size at, if memory is not short."""
        return Resize(self.recipe.max_size).size(*size) if self.recipe.max_size else size

    def _choose(self, size: Size) -> Chosen:
        """Choose a tile or a longest side to climb at, once: the free memory changes, and the film must not."""
        recipe, climbed, memory = self.recipe, self._climbed_size(size), self.recipe.memory_bytes
        if recipe.tile and memory is None:
            return {"max_size": None, "tile": None}
        frames = 0 if memory is None else _check_frames(recipe, memory, size, climbed)
        fit = choose(recipe.ascent(), climbed, memory, not recipe.max_size, whole=self.order.whole, beside=frames)
        return {"max_size": fit.get("max_size"), "tile": fit.get("tile")}

    def choose_less(self, chosen: Chosen) -> Chosen | None:
        tile = halve(self.recipe.ascent(), self._climbed_size(self.carried_size), chosen["tile"] or self.recipe.tile)
        if tile is None:
            return None
        self.note(f"memory ran out, so it is begun again in tiles of {tile} pixels")
        return {**chosen, "tile": tile}

    def _with_tile(self, chosen: Chosen) -> FilmRecipe:
        """Return the recipe with the tile that was chosen, and no memory to choose another by."""
        return self.recipe.model_copy(update={"tile": chosen["tile"] or self.recipe.tile, "memory": None})

    def frames(self, survey: Survey, chosen: Chosen, indices: range, carried: Array | None) -> Iterator[Frame]:
        max_size = chosen["max_size"]
        before = 0 if carried is None else 1
        raw = self.preparing(self.source_frames(survey, range(indices.start - before, indices.stop)))
        waiting = WAITING if math.prod(self.carried_size) <= _LARGE else 1
        flow = self.recipe.flow(survey.cuts)
        with ExitStack() as stack:

            def decode(items: Iterator[Item]) -> Iterator[Item]:
                return stack.enter_context(closing(ahead(items, "decode", waiting)))

            coming = flow.add(decode(flow.find(raw))) if flow else decode(raw)
            begun = None
            if carried is not None:
                last = next(coming)
                begun = replace(last, extras={SOURCE: last.pixels, DREAM: carried})
            size = max_size or max(self.source.info.width, self.source.info.height)
            for frame in self._with_tile(chosen).dreaming(survey.cuts, begun, size, self._hear)(coming):
                # Drop source and flow, or frames that wait for the encoder would keep them.
                yield replace(frame, extras=MappingProxyType({DREAM: frame.extras[DREAM]}))
                del frame

    def plan(self, survey: Survey, chosen: Chosen, parts: Sequence[range]) -> Planned:
        """Plan the climbing of some frames, by the recipe without its keyframes."""
        recipe, shown = self._with_tile(chosen), self.preparing.output(self.source.info)
        ascent, size = recipe.ascent(), (shown.height, shown.width)

        def dreams(frames: int) -> int:
            """Count the dreamed frames among the first `frames` of a shot."""
            return -(-frames // recipe.every)

        dreamed = whole = 0
        for at, stop in survey.shots:
            for part in parts:
                begin, end = (min(max(index, at), stop) for index in (part.start, part.stop))
                dreamed += dreams(end - at) - dreams(begin - at)
                whole += at in part
        whole = whole if recipe.motion == "flow" else dreamed
        ascents = [(ascent, whole), (replace(ascent, steps=recipe.steps_of_refresh), dreamed - whole)]
        planned = plan_climbing(
            self.job.name, size, ascents, max_size=recipe.max_size or chosen["max_size"], frames=len(survey)
        )
        return replace(planned, memory=planned.memory + _FRAMES * math.prod(size))

    def foresee_frames(self, survey: Survey) -> Forecast:
        recipe = self.recipe
        none = {"max_size": None, "tile": None}
        chosen = none if missing(recipe.card()) else self._choose(self.carried_size)
        planned = replace(self.plan(survey, chosen, [range(len(survey))]), name=str(self.job.source))
        side = recipe.max_size or chosen["max_size"]
        return foresee_planned([self.job.target], self._with_tile(chosen).ascent(), planned, {"max_size": side})

    def carry(self, frame: Frame) -> Array:
        height, width = self.carried_size
        return np.asarray(frame.extras[DREAM][:height, :width], np.float32)

    def _hear(self, event: Event) -> None:
        match event:
            case Stepped() | Noted(frame=0):  # the other frames would repeat the notes
                self.tell(replace(event, name=self.job.name))

    def _estimate(self, survey: Survey) -> str:
        """Estimate how long the whole film takes at its full size, by the time of one step."""
        info, recipe = self.source.info, self.recipe
        chosen = self._choose((info.height, info.width))
        ascent = replace(self._with_tile(chosen).ascent(), steps=1)
        dream = Dream(ascent, max_size=chosen["max_size"] or recipe.max_size)
        frame = next(self.source.frames(survey))
        # As `Carry` dreams, so that the film takes the step that is traced here.
        where = everywhere(frame) if recipe.motion == "flow" else None
        dream.dreamed(frame, where=where)
        started = time.perf_counter()
        dream.dreamed(frame, where=where)
        step = time.perf_counter() - started
        dreamed = sum(-(-(stop - first) // recipe.every) for first, stop in survey.shots)
        whole = len(survey.shots) if recipe.motion == "flow" else dreamed
        seconds = step * (whole * recipe.steps + (dreamed - whole) * recipe.steps_of_refresh)
        return f"the whole film, {len(survey)} frames of {info.width}x{info.height}, takes about {_duration(seconds)}"


def _check_frames(recipe: FilmRecipe, memory: int, size: Size, climbed: Size) -> int:
    """Return the bytes that frames of this size take besides the climb; raises RecipeError if memory is too short."""
    ascent, frames = recipe.ascent(), _FRAMES * math.prod(size)
    ascent.open()  # its weights are held
    needed = (held() + frames + least_bytes(ascent, climbed)) / SPARE
    if needed > memory:
        raise refuse(memory, needed, f"{size[1]}x{size[0]} pixels in a film", "make the film smaller first")
    return frames


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
