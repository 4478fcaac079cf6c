"""What an ascent tells while it runs, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dreampipe.ascent.octaves import Size
from dreampipe.frames import Array


@dataclass(frozen=True)
class Step:
    """What one step of an ascent did.

    Attributes:
        octave, octaves: from 1, and how many there are, those of all rounds.
        step, steps: from 1, within this octave.
        size: height and width climbed at.
        score: the objective's value before the step, the mean over the batch.
        terms: what each of the objective's terms adds to that, weight included.
        row: how many octaves there are in each round; 0 where they are not told.
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
"""`(step, pictures)`: pictures() gives (batch, height, width, 3) in [0, 1] as they are after the step."""


@dataclass(frozen=True, eq=False)
class Result:
    """What came of an ascent.

    Attributes:
        image: float32 in [0, 1], of the shape that was given: (height, width, 3), or (batch, height, width, 3).
        notes: sentences on what the ascent had to decide.
        scores: (batch,) float32, of the last step; empty where there was none.
        silent: the numbers in the batch of those pictures that got no gradient to the very end.
    """

    image: Array
    notes: tuple[str, ...] = ()
    scores: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    silent: tuple[int, ...] = ()
