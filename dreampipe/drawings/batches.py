"""The channels of an atlas in batches: which climb together, and a folder that keeps their pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dreampipe.ascent import Ascent
from dreampipe.errors import MediaError, RecipeError
from dreampipe.media import write_whole
from dreampipe.media.own import NotPlain, OwnFolder
from dreampipe.media.writing import sweep, unwritable
from dreampipe.models import open_model
from dreampipe.objectives import HEAD, PROBABILITIES, UNIT, Objective
from dreampipe.recipes.atlas import layer_of

TOGETHER = 16
"""Channels that climb together: more were no faster on two cores, and a killed run would lose more."""
_STORED = re.compile(r"[0-9a-f]{16}-[0-9]+-[0-9]+\.npz")
_PIXELS = TOGETHER * 256 * 256  # larger pictures climb in smaller batches, to save memory


@dataclass(frozen=True, eq=False)
class Channel:
    """The picture of a channel.

    Attributes:
        pixels: (height, width, 3) uint8.
        silent: whether the channel never fired.
    """

    pixels: npt.NDArray[np.uint8]
    silent: bool


@dataclass(frozen=True, eq=False)
class Batch:
    """Channels that climb together.

    Attributes:
        ascent: how to climb.
        units: their numbers in the layer of the atlas.
        numbers: their numbers in the layer that computes them.
    """

    ascent: Ascent
    units: tuple[int, ...]
    numbers: tuple[int, ...]


def make_batches(ascent: Ascent, units: Sequence[int], size: int) -> Iterator[Batch]:
    """Put the units, drawn at this size, into batches.

    If the layer only concatenates branches, each batch holds units of one branch, and climbs that branch alone.

    Raises:
        RecipeError: the ascent of a single unit does not fit into the free memory.
    """
    if not units:
        return
    most = count_together(ascent, size)
    made: dict[str, list[tuple[int, int]]] = {}
    for unit, (layer, number) in zip(units, _find_branches(ascent, units), strict=True):
        made.setdefault(layer, []).append((unit, number))
    for layer, members in made.items():
        own = replace(ascent, objective=_move(ascent.objective, layer))
        for first in range(0, len(members), most):
            chosen = members[first : first + most]
            yield Batch(own, tuple(unit for unit, _ in chosen), tuple(number for _, number in chosen))


def count_together(ascent: Ascent, size: int) -> int:
    """Count the units that climb together, for speed and for memory; raises RecipeError if not one fits."""
    fitting = ascent.together((size, size))
    if not fitting:
        raise RecipeError(
            f"Pictures of {size}x{size} pixels came, but the ascent of one does not fit into the free memory: give a "
            "smaller size or pad."
        )
    return min(TOGETHER, max(1, _PIXELS // (size * size)), fitting)


def _find_branches(ascent: Ascent, units: Sequence[int]) -> Sequence[tuple[str, int]]:
    """Find the layer that computes each unit, and the number of the unit there."""
    layer = layer_of(ascent)
    if layer in (HEAD, PROBABILITIES) or sum(UNIT in term.reads for term in ascent.bound.terms) > 1:
        return [(layer, unit) for unit in units]
    from dreampipe.models import tap

    return tap.branches(open_model(ascent.card), layer, units)


def _move(objective: Objective, layer: str) -> Objective:
    """Move the starred terms of an objective to this layer."""
    if layer in (HEAD, PROBABILITIES):
        return objective
    return Objective(tuple(replace(t, layer=layer) if UNIT in t.reads else t for t in objective.terms))


class Store:
    """Finished batches in a folder, in files that are named by their recipe. It reads no other file.

    Args:
        folder: None to store nothing.
        sha256: of the recipe.
        clean: remove the batches of other recipes, and what killed runs have left; False beside other writers.

    Raises:
        MediaError: the folder cannot be made, or it or one of the files is a link.
    """

    def __init__(self, folder: Path | None, sha256: str, clean: bool = True) -> None:
        self.folder, self.mark = folder, sha256[:16]
        self._own = None if folder is None else OwnFolder(folder, _STORED)
        if folder is None or self._own is None:
            return
        try:
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
            self._own.check()
            for old in self._own.files():
                if clean and not old.startswith(f"{self.mark}-"):
                    self._own.remove(old)
        except NotPlain as problem:
            raise MediaError(
                f"{problem.filename} is {problem.strerror}, but finished channels are stored there: move it, or choose "
                "another output."
            ) from None
        except OSError as problem:
            raise unwritable(folder, problem) from None
        if clean:
            sweep(folder)

    def load(self, units: Sequence[int]) -> dict[int, Channel]:
        """Load these units as far as they are stored; a damaged file is skipped, so its units are drawn again."""
        found: dict[int, Channel] = {}
        for name in sorted(self._own.files()) if self._own else ():
            if name.startswith(f"{self.mark}-"):
                with suppress(Exception):  # on broken bytes numpy and zipfile raise many kinds of errors
                    found |= self._read(name)
        return {unit: found[unit] for unit in units if unit in found}

    def _read(self, name: str) -> dict[int, Channel]:
        """Read the units in a file; raises whatever numpy raises on damaged files, and ValueError."""
        if self._own is None:
            return {}
        with self._own.open(name) as file, np.load(file, allow_pickle=False) as saved:
            units, pixels, silent = saved["units"], saved["pixels"], saved["silent"]
        if units.dtype.kind != "i" or silent.dtype != np.bool_ or pixels.dtype != np.uint8:
            raise ValueError(f"{name} holds other numbers than a batch.")
        if units.ndim != 1 or pixels.ndim != 4 or pixels.shape[3] != 3:
            raise ValueError(f"{name} holds arrays of other shapes than a batch.")
        parts = zip(units, pixels, silent, strict=True)
        return {int(unit): Channel(picture, bool(never)) for unit, picture, never in parts}

    def keep(self, drawn: dict[int, Channel]) -> dict[int, Channel]:
        """Store a batch, and return it."""
        if self.folder:
            data = BytesIO()
            pixels = np.stack([one.pixels for one in drawn.values()])
            silent = np.array([one.silent for one in drawn.values()])
            np.savez(data, units=np.array(list(drawn)), pixels=pixels, silent=silent)
            write_whole(self.folder / f"{self.mark}-{min(drawn)}-{max(drawn)}.npz", data.getvalue())
        return drawn


def remove_store(folder: Path) -> None:
    """Remove the finished batches in a folder, and the folder itself if nothing else is in it."""
    sweep(folder)
    OwnFolder(folder, _STORED).dismiss()
