"""Labelled tiles on one sheet: what stands where."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.drawings.contact import GAP, Tile, contact_sheet, squared

SIZE, STRIP = 64, 16


def flat(height: int = SIZE, width: int = SIZE, value: float = 0.5) -> np.ndarray:
    return np.full((height, width, 3), value, np.float32)


def drawn(tiles: list[Tile], columns: int | None = None) -> np.ndarray:
    pixels = contact_sheet(tiles, SIZE, columns).pixels
    assert pixels.dtype == np.float32
    return np.rint(pixels * 255)


def test_pictures_stand_in_rows_over_their_labels():
    rng = np.random.default_rng(1)
    pictures = [rng.random((SIZE, SIZE, 3), np.float32) for _ in range(5)]
    sheet = drawn([Tile(f"unit {n}", pixels) for n, pixels in enumerate(pictures)], columns=3)
    assert sheet.shape == (2 * (SIZE + STRIP + GAP) + GAP, 3 * (SIZE + GAP) + GAP, 3)
    for number, pixels in enumerate(pictures):
        row, column = divmod(number, 3)
        top, left = GAP + row * (SIZE + STRIP + GAP), GAP + column * (SIZE + GAP)
        assert np.array_equal(sheet[top : top + SIZE, left : left + SIZE], np.rint(pixels * 255))
        assert sheet[top + SIZE : top + SIZE + STRIP, left : left + SIZE].max() > 200
    assert sheet[:GAP].max() == sheet[:, -GAP:].max() == 0


@pytest.mark.parametrize("count, columns, side", [(1, 1, 64), (2, 1, 31), (3, 1, 20), (4, 2, 31), (7, 3, 20)])
def test_those_beside_a_picture_are_together_as_high_as_it(count, columns, side):
    sheet = drawn([Tile("x", flat(), tuple(flat(10, 10, 1.0) for _ in range(count)))])
    assert sheet.shape[1] == 2 * GAP + SIZE + columns * (side + 2)
    beside = sheet[GAP : GAP + SIZE, GAP + SIZE + 2 : -GAP]
    assert (beside == 255).all(-1).sum() == count * side**2
    assert (beside[:side, :side] == 255).all()


def test_pictures_stand_under_one_another_whatever_is_beside_them():
    sheet = drawn([Tile("one", flat(), (flat(), flat())), Tile("two", flat())], columns=1)
    assert sheet.shape == (2 * (SIZE + STRIP + GAP) + GAP, 2 * GAP + SIZE + 33, 3)
    lower = sheet[2 * GAP + SIZE + STRIP :, GAP:-GAP][:SIZE]
    lit = np.flatnonzero(lower.any((0, 2)))
    assert (lit[0], lit[-1]) == (0, SIZE - 1)


def test_a_picture_beside_one_is_shown_whole():
    wide = squared(flat(10, 40, 1.0), 20)
    assert wide.shape == (20, 20, 3)
    assert wide.any((1, 2)).sum() == 5
    assert wide[10].min() == 1
    exact = np.random.default_rng(0).random((20, 20, 3), np.float32)
    assert np.array_equal(squared(exact, 20), exact)
    assert squared(flat(1, 900), 4).shape == (4, 4, 3)


def test_a_large_sheet_comes_near_to_its_shape_and_long_labels_stay_in_their_tiles():
    label = "a layer of a very long name indeed, and its channel [12]"
    sheet = drawn([Tile(label, flat(32, 32)) for _ in range(512)])
    height, width = sheet.shape[:2]
    assert 1.1 < width / height < 1.6
    assert sheet[:, :GAP].max() == 0
    assert (sheet[GAP + 32 : GAP + 32 + STRIP, GAP : GAP + 32]).max() > 0


@pytest.mark.parametrize(
    "count, rows, columns",
    [
        *(
            (1, 1, 1),
            (2, 1, 2),
            (3, 1, 3),
            (4, 2, 2),
            (5, 2, 3),
            (6, 2, 3),
            (7, 2, 4),
            (8, 2, 4),
            (9, 3, 3),
            (12, 3, 4),
        ),
        *((12, 3, 4), (13, 2, 7), (16, 4, 4), (17, 3, 6), (25, 5, 5), (64, 8, 8), (256, 16, 16)),
    ],
)
def test_tiles_leave_no_hole_where_they_need_not(count, rows, columns):
    height, width, _ = drawn([Tile("x", flat()) for _ in range(count)]).shape
    assert (height - GAP, width - GAP) == (rows * (SIZE + STRIP + GAP), columns * (SIZE + GAP))


def test_one_column_and_no_tile():
    assert drawn([Tile("x", flat()), Tile("y", flat())], columns=9).shape[1] == 2 * (SIZE + GAP) + GAP
    for tiles, columns in (([], None), ([Tile("x", flat())], 0)):
        with pytest.raises(ValueError, match="at least 1 is expected"):
            contact_sheet(tiles, SIZE, columns)
