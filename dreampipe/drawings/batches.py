"""The channels of an atlas in batches: which climb together, and what they drew, kept in a folder."""

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

TOGETHER = 16
"""Channels that climb together: more were no faster on two cores, and would be lost when a run is killed."""
_STORED = re.compile(r"[0-9a-f]{16}-[0-9]+-[0-9]+\.npz")
_PIXELS = TOGETHER * 256 * 256  # of larger pictures fewer climb together, for memory


@dataclass(frozen=True, eq=False)
class Drawn:
    """A channel's picture (height, width, 3) uint8, and whether it never fired."""

    pixels: npt.NDArray[np.uint8]
    silent: bool


@dataclass(frozen=True, eq=False)
class Batch:
    """Channels that climb together: how, their numbers on the sheet, and in the layer that makes them."""

    ascent: Ascent
    units: tuple[int, ...]
    numbers: tuple[int, ...]


def layer_of(ascent: Ascent) -> str:
    """The layer, or the key of the head, whose units are drawn."""
    return next(term.layer for term in ascent.bound.terms if UNIT in term.reads)


def width_of(ascent: Ascent) -> int | None:
    """How many units there are; None where the card does not know."""
    layer, card = layer_of(ascent), ascent.card
    if layer in (HEAD, PROBABILITIES):
        return len(card.classes) or card.outputs
    return next(known.channels for known in card.layers if known.name == layer)


def batches(ascent: Ascent, units: Sequence[int], size: int) -> Iterator[Batch]:
    """The units, drawn at this size, in batches of one branch each of a layer that only lays branches side by side.

    Raises:
        RecipeError: the ascent of a single one does not fit into the free memory.
    """
    if not units:
        return
    most = together(ascent, size)
    made: dict[str, list[tuple[int, int]]] = {}
    for unit, (layer, number) in zip(units, _made_in(ascent, units), strict=True):
        made.setdefault(layer, []).append((unit, number))
    for layer, members in made.items():
        own = replace(ascent, objective=_moved(ascent.objective, layer))
        for first in range(0, len(members), most):
            chosen = members[first : first + most]
            yield Batch(own, tuple(unit for unit, _ in chosen), tuple(number for _, number in chosen))


def together(ascent: Ascent, size: int) -> int:
    """How many climb together, for speed and for memory."""
    fitting = ascent.together((size, size))
    if not fitting:
        raise RecipeError(
            f"Pictures of {size}x{size} pixels came, but the ascent of one does not fit into the free memory: give a "
            "smaller size or pad."
        )
    return min(TOGETHER, max(1, _PIXELS // (size * size)), fitting)


def _made_in(ascent: Ascent, units: Sequence[int]) -> Sequence[tuple[str, int]]:
    """Of each unit the layer that makes it, and its number there."""
    layer = layer_of(ascent)
    if layer in (HEAD, PROBABILITIES) or sum(UNIT in term.reads for term in ascent.bound.terms) > 1:
        return [(layer, unit) for unit in units]
    import dreampipe.backend  # noqa: F401  chooses the backend before keras is first imported

    # isort: split
    from dreampipe.models import tap

    return tap.branches(open_model(ascent.card), layer, units)


def _moved(objective: Objective, layer: str) -> Objective:
    """The objective with its starred terms in this layer."""
    if layer in (HEAD, PROBABILITIES):
        return objective
    return Objective(tuple(replace(t, layer=layer) if UNIT in t.reads else t for t in objective.terms))


class Store:
    """Finished batches in a folder, each file whole and named by its recipe; no other file is read or removed.

    Raises:
        MediaError: the folder cannot be made, or it or one of the files is a link.
    """

    def __init__(self, folder: Path | None, sha256: str) -> None:
        self.folder, self.mark = folder, sha256[:16]
        self._own = None if folder is None else OwnFolder(folder, _STORED)
        if folder is None or self._own is None:
            return
        try:
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
            self._own.check()
            for old in self._own.files():
                if not old.startswith(f"{self.mark}-"):
                    self._own.remove(old)
        except NotPlain as problem:
            raise MediaError(
                f"{problem.filename} is {problem.strerror}, but finished channels are stored there: move it, or choose "
                "another output."
            ) from None
        except OSError as problem:
            raise unwritable(folder, problem) from None
        sweep(folder)

    def load(self, units: Sequence[int]) -> dict[int, Drawn]:
        """Load what is stored of these units; the units of a damaged file are missing, so they are drawn again."""
        found: dict[int, Drawn] = {}
        for name in sorted(self._own.files()) if self._own else ():
            if name.startswith(f"{self.mark}-"):
                with suppress(Exception):  # on broken bytes numpy and its unpacking raise whatever they happen to meet
                    found |= self._stored(name)
        return {unit: found[unit] for unit in units if unit in found}

    def _stored(self, name: str) -> dict[int, Drawn]:
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
        return {int(unit): Drawn(picture, bool(never)) for unit, picture, never in parts}

    def keep(self, drawn: dict[int, Drawn]) -> dict[int, Drawn]:
        """Store a batch, and hand it on."""
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
