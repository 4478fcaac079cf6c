"""The reports of an ascent while it runs, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dreampipe.ascent.octaves import Size
from dreampipe.frames import Array


@dataclass(frozen=True)
class Step:
    """A report of one step.

    Attributes:
        octave, octaves: counted from 1, and the number of octaves in all rounds.
        step, steps: from 1, within this octave.
        size: height and width climbed at.
        score: the objective's value before the step, the mean over the batch.
        terms: the share of each of the objective's terms in that, weight included.
        row: the number of octaves in each round; 0 if unknown.
    """

    octave: int
    octaves: int
    step: int
    steps: int
    size: Size
    score: float
    terms: tuple[float, ...] = ()
    row: int = 0


OnStep = Callable[[Step], None]
OnPictures = Callable[[Step, Callable[[], Array]], None]
"""`(step, pictures)`: pictures() returns (batch, height, width, 3) in [0, 1] as they are after the step."""


@dataclass(frozen=True, eq=False)
class Result:
    """The result of an ascent.

    Attributes:
        image: float32 in [0, 1], of the shape of the start: (height, width, 3), or (batch, height, width, 3).
        notes: sentences on what the ascent had to decide.
        scores: (batch,) float32, of the last step; empty without steps.
        silent: the places in the batch of the pictures that never got a gradient.
    """

    image: Array
    notes: tuple[str, ...] = ()
    scores: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    silent: tuple[int, ...] = ()
