"""Makers: what a run over pictures does with each of them, between reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from dreampipe.ascent.fitting import choose, halve, is_shelved
from dreampipe.ascent.octaves import Size
from dreampipe.engines.checkpoints import Checkpoint, key_of
from dreampipe.engines.estimating import Planned, plan_climbing
from dreampipe.engines.forecasting import Forecast, foresee_climbing
from dreampipe.engines.keeping import keep_picture
from dreampipe.engines.orders import Order
from dreampipe.events import Noted, Tell
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import Job, format_of, losses
from dreampipe.media.shelves import lies_in_file, shelve
from dreampipe.models.weights.missing import missing
from dreampipe.recipes import Recipe
from dreampipe.records.making import Making
from dreampipe.stages import Resize

Write = Callable[[bytes], None]
"""Writes the bytes of a file under its final name."""


@dataclass(eq=False)
class Loaded:
    """A picture that is read.

    Attributes:
        job: the picture, and where it goes.
        source_sha256: the hash of its file.
        frame: its pixels; a maker may put them elsewhere, unchanged.
        info: the facts of its file.
    """

    job: Job
    source_sha256: str
    frame: Frame
    info: MediaInfo


@dataclass(frozen=True, eq=False)
class Made:
    """A picture that is made, and not yet written.

    Attributes:
        keep: writes it, with its record, by the given function; another thread calls it.
        whole: whether it is all that was asked for; False if the user stopped it.
    """

    keep: Callable[[Write], object]
    whole: bool = True


class Maker(Protocol):
    """Makes the pictures of one run, one after the other, in the caller's thread.

    Attributes:
        making: the records of the pictures.
        stopped: whether the user has asked to stop, so that no other picture is begun.
    """

    @property
    def making(self) -> Making: ...

    @property
    def stopped(self) -> bool: ...

    def losses(self, loaded: Loaded) -> tuple[str, ...]:
        """List what the output cannot hold of the picture, a sentence each."""

    def foresee(self, loaded: Loaded) -> Forecast:
        """Tell what would be made of a picture; raises DreampipeError and MemoryError."""

    def make(self, loaded: Loaded) -> Made:
        """Make a picture; raises DreampipeError and MemoryError."""


@dataclass
class Dreamer:
    """Dreams pictures; a `Maker`.

    Attributes:
        order: how.
        tell: hears each step and note, without names.
        plan: hears what is climbed next.
    """

    order: Order
    tell: Tell
    plan: Callable[[Planned], None]
    making: Making = field(init=False)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.making = Making("dream", self.order.recipe, {"quality": self.order.quality})
        self._pipeline, self._ascent = self._recipe.pipeline(self.tell), self._recipe.ascent()

    @property
    def _recipe(self) -> Recipe:
        assert isinstance(self.order.recipe, Recipe)
        return self.order.recipe

    def losses(self, loaded: Loaded) -> tuple[str, ...]:
        return losses(format_of(loaded.job.target), loaded.info)

    def foresee(self, loaded: Loaded) -> Forecast:
        unopened = missing(self._recipe.card())
        settings = {} if unopened else self._choose(loaded.frame)
        return foresee_climbing(
            str(loaded.job.source),
            [loaded.job.target],
            (loaded.frame.height, loaded.frame.width),
            [(replace(self._ascent, tile=settings.get("tile", self._recipe.tile)), 1)],
            max_size=settings.get("max_size", self._recipe.max_size),
            shelved=not unopened and self._is_shelved(loaded.frame, settings),
        )

    def make(self, loaded: Loaded) -> Made:
        checkpoint = self._checkpoint(loaded)
        settings = self._choose(loaded.frame, checkpoint.saved_tile())
        if self._is_shelved(loaded.frame, settings) and not self._shelve(loaded):
            settings = self._choose(loaded.frame, checkpoint.saved_tile(), shelves=False)
        while True:
            here = replace(checkpoint, tile=settings.get("tile", self._recipe.tile))
            try:
                return Made(partial(self._keep, loaded, self._dream(loaded, settings, here), settings, here))
            except MemoryError:
                tile = halve(self._ascent, self._size(loaded.frame), settings.get("tile", self._recipe.tile))
                if tile is None:
                    raise
            settings = {**settings, "tile": tile}
            self.tell(Noted("", f"memory ran out, so it is begun again in tiles of {tile} pixels", loaded.frame.index))

    def _is_shelved(self, frame: Frame, settings: Mapping[str, int]) -> bool:
        """Say whether the whole arrays of a climb in tiles lie in a file, because they would take too much memory."""
        size = (frame.height, frame.width)
        in_tiles = settings.get("tile", self._recipe.tile) and self._size(frame) == size
        return bool(in_tiles) and is_shelved(self._ascent, size, self._recipe.memory_bytes)

    def _shelve(self, loaded: Loaded) -> bool:
        """Put the source, and so all that is computed from it, into a file next to the output, if that has room."""
        folder = loaded.job.target.parent
        try:
            pixels = shelve(loaded.frame.pixels[None], folder)[0]
        except OSError as error:
            text = f"{folder} has no room for large arrays ({error.strerror}), so they take memory"
            self.tell(Noted("", text, loaded.frame.index))
            return False
        loaded.frame = replace(loaded.frame, pixels=pixels)
        return True

    def _checkpoint(self, loaded: Loaded) -> Checkpoint:
        def note(text: str) -> None:
            self.tell(Noted("", text, loaded.frame.index))

        return Checkpoint(loaded.job.target, key_of(self._recipe.sha256(), loaded.source_sha256), note=note)

    def _dream(self, loaded: Loaded, settings: Mapping[str, int], checkpoint: Checkpoint) -> Frame:
        frame = loaded.frame
        longest = settings.get("max_size") or self._recipe.max_size or max(frame.height, frame.width)
        # With a size and no memory, so that nothing is chosen again.
        chosen = {"memory": None, "max_size": longest, "tile": checkpoint.tile}
        planned = [(replace(self._ascent, tile=checkpoint.tile), 1)]
        size, shelved = (frame.height, frame.width), lies_in_file(frame.pixels)
        self.plan(plan_climbing(loaded.job.name, size, planned, max_size=longest, shelved=shelved))
        if not settings and checkpoint.tile is None and self._recipe.memory is None:
            return self._pipeline.one(frame)
        return self._recipe.model_copy(update=chosen).pipeline(self.tell, checkpoint).one(frame)

    def _size(self, frame: Frame) -> Size:
        """Height and width to climb at if memory is not short."""
        side = self._recipe.max_size
        return Resize(side).size(frame.height, frame.width) if side else (frame.height, frame.width)

    def _choose(self, frame: Frame, saved: int | None = None, shelves: bool = True) -> Mapping[str, int]:
        """Choose a tile or a smaller size if the whole does not fit into memory; the record needs it.

        Args:
            saved: the tile of the run to continue, which is taken again if it fits.
            shelves: whether whole arrays may lie in a file.
        """
        recipe, size = self._recipe, self._size(frame)
        if recipe.tile and recipe.memory is None:
            return {}
        whole = self.order.film is not None and self.order.film.whole
        chosen = choose(self._ascent, size, recipe.memory_bytes, not recipe.max_size, shelves, whole)
        fits = saved is not None and "max_size" not in chosen and saved <= chosen.get("tile", saved)
        return {"tile": saved} if saved is not None and fits else chosen

    def _keep(
        self, loaded: Loaded, frame: Frame, settings: Mapping[str, int], checkpoint: Checkpoint, write: Write
    ) -> None:
        keep_picture(
            frame,
            loaded.job.target,
            self.making,
            self.order.carrying,
            loaded.info,
            self.order.quality,
            (loaded.job.source, loaded.source_sha256),
            settings,
            write,
        )
        checkpoint.remove()
