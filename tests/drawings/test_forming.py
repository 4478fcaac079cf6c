"""The frames of a picture as it forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dreampipe.ascent import Step
from dreampipe.drawings.forming import FRAMES, Forming
from dreampipe.frames import Frame

Array = np.ndarray[Any, Any]


def flat(value: float, size: int = 8) -> Array:
    return np.full((1, size, size, 3), value, np.float32)


def formed(octaves: int, steps: int) -> tuple[Forming, list[int]]:
    """Of an ascent whose picture is as bright as it has gone far, and in each octave twice as large."""
    forming, taken = Forming(lambda batch: Frame(batch[0])), []
    for at in range(octaves * steps):
        octave, step = divmod(at, steps)

        def pictures(at: int = at, octave: int = octave) -> Array:
            taken.append(at + 1)
            return flat((at + 1) / (octaves * steps), 8 * 2**octave)

        forming(Step(octave + 1, octaves, step + 1, steps, (8, 8), 0.0), pictures)
    return forming, taken


@pytest.mark.parametrize("steps, count", [(0, 0), (1, 1), (7, 7), (80, 80), (120, 61), (256, 86), (1000, 84)])
def test_about_as_many_however_many_steps(steps: int, count: int) -> None:
    forming, taken = formed(1, steps)
    assert len(taken) == count <= 1.6 * FRAMES
    assert taken[:1] == ([1] if steps else [])
    assert len(list(forming.frames(flat(1.0)))) == count + 1


def test_they_come_in_order_and_end_with_the_picture() -> None:
    forming, _ = formed(1, 8)
    last = flat(0.123456)
    frames = list(forming.frames(last))
    assert [round(float(frame.pixels.mean()) * 255) for frame in frames[:-1]] == [
        round(at / 8 * 255) for at in range(1, 9)
    ]
    assert np.array_equal(frames[-1].pixels, last[0])


def test_smaller_octaves_are_enlarged() -> None:
    forming, taken = formed(3, 2)
    assert taken == [1, 2, 3, 4, 5, 6]
    assert {(frame.height, frame.width) for frame in forming.frames(flat(1.0, 32))} == {(32, 32)}
