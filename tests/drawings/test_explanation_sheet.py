"""The sheet of an explanation: what it shows, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest

from dreampipe.drawings.explanations import draw_explanations, say_sum
from dreampipe.explanations import Completeness, Explanation
from dreampipe.explanations.attribution import Attributed, Method
from dreampipe.explanations.attribution.method import Family
from dreampipe.explanations.colours import colour
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array, Frame


@dataclass(frozen=True)
class Signed(Method):
    """A method that only gives its name."""

    name: ClassVar[str] = "signed"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "none"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        raise AssertionError


@dataclass(frozen=True)
class Positive(Signed):
    signs: ClassVar[Literal["signed", "positive"]] = "positive"


def explanation(height: int, width: int, method: Method | None = None, expected: float | None = None) -> Explanation:
    """Red in the left half, blue in the right one."""
    half = np.full((height, width, 3), 1e-3, np.float32)
    half[:, width // 2 :] = -1e-3
    complete = None if expected is None else Completeness(expected, float(half.sum()))
    pixels = np.full((height, width, 3), 0.5, np.float32)
    return Explanation(half, pixels, "logit(eye)", "motifnet", method or Signed(), 2.5, 0, (height, width), complete)


def where(drawn: Frame, rgb: Array) -> list[tuple[int, int]]:
    """The places of one colour, as (row, column)."""
    return list(map(tuple, np.argwhere(np.abs(drawn.pixels - rgb).max(2) < 1.5 / 255).tolist()))


FOR, AGAINST = colour(np.array([[1.0, -1.0]]), 1.0)[0]


@pytest.mark.smoke
def test_the_map_is_upright_and_for_is_red() -> None:
    drawn = draw_explanations([explanation(40, 60)], 60)
    left, right = (sorted(where(drawn, rgb)) for rgb in (FOR, AGAINST))
    rows = [row for row in range(drawn.height) if len([1 for r, _ in left if r == row]) == 30]
    assert len(rows) == 40
    assert max(c for r, c in left if r in rows) + 1 == min(c for r, c in right if r in rows)
    tall = draw_explanations([explanation(60, 40)], 60)
    rows = {row for row, _ in where(tall, FOR)}
    assert len(rows) >= 60  # not transposed


@pytest.mark.parametrize("size", [(40, 60), (60, 40), (200, 20), (20, 200), (48, 48), (1, 1), (3, 400)])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_shape_and_number_fits(size: tuple[int, int], count: int) -> None:
    drawn = draw_explanations([explanation(*size)] * count, 100)
    assert drawn.pixels.min() >= 0 and drawn.pixels.max() <= 1
    assert len(where(drawn, FOR)) + len(where(drawn, AGAINST)) > 0


def test_each_method_has_a_tile_and_there_is_no_empty_row() -> None:
    one, many = (draw_explanations([explanation(40, 60)] * count, 100) for count in (1, 9))
    assert len(where(many, FOR)) == pytest.approx(9 * len(where(one, FOR)), rel=0.05)
    assert 0.5 < many.width / many.height < 4
    assert many.pixels[-60:].max() > 0


def test_the_legend_shows_the_whole_scale_and_a_positive_one_starts_at_zero() -> None:
    signed = draw_explanations([explanation(60, 60)], 240)
    positive = draw_explanations([explanation(60, 60, Positive())], 240)
    zero = colour(np.zeros((1, 1)))[0, 0]
    assert where(signed, zero) and where(positive, zero)
    assert where(signed, AGAINST) and not where(positive, AGAINST)


def test_the_sum_is_told_where_it_means_something() -> None:
    assert say_sum(explanation(2, 4)) == "sum 0"
    assert say_sum(explanation(2, 4, expected=0.25)) == "sum 0, promised 0.25"
    assert say_sum(explanation(2, 4, Positive())) == ""


def test_a_picture_without_heat_is_drawn() -> None:
    flat = explanation(20, 30)
    flat.map[:] = 0
    assert draw_explanations([flat], 64).pixels.max() > 0.9
