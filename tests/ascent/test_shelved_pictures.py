"""Arrays in a file: the values of arrays in memory, and none of the memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import Make, deep, how

from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.octaves import enlarge, enlarge_rows, resized
from dreampipe.ascent.optimizers import Momentum
from dreampipe.ascent.parameterizations import Fourier, Luminance, Pixels
from dreampipe.ascent.shaping import Smooth, Standard
from dreampipe.media.shelves import by_rows, lies_in_file, moved, release, shelve, zeros
from dreampipe.objectives import Objective

Array = np.ndarray[Any, Any]


def picture(*shape: int) -> Array:
    return np.random.default_rng(7).random(shape, np.float32)


def test_a_shelved_array_keeps_its_values_and_leaves_no_file(tmp_path: Path) -> None:
    given = picture(2, 70, 50, 3)
    held = shelve(given, tmp_path)
    np.testing.assert_array_equal(held, given)
    held[:, 3:9] += 1
    release(held[0, 5:])
    np.testing.assert_array_equal(held[:, 3:9], given[:, 3:9] + 1)
    assert not list(tmp_path.iterdir()) or sys.platform == "win32"


def test_what_is_made_near_a_shelved_array_lies_in_file_and_else_it_is_not(tmp_path: Path) -> None:
    given = picture(1, 20, 10, 3)
    held = shelve(given, tmp_path)
    assert not zeros((1, 9, 8, 3), near=held).any() and not zeros((2, 3), near=given).any()
    assert moved(given, near=given) is given and not lies_in_file(given)
    there = moved(given, near=held[:, 2:])
    np.testing.assert_array_equal(there, given)
    assert lies_in_file(there) and moved(there, near=held) is there


def test_rows_are_computed_in_strips_of_any_height() -> None:
    given, other = picture(2, 4001, 700, 3), picture(1, 4001, 1, 1)
    found = by_rows(np.add, given, other, out=np.zeros_like(given))
    np.testing.assert_array_equal(found, given + other)


@pytest.mark.parametrize("size", [(90, 123), (61, 50), (60, 121), (2100, 900)], ids=str)
def test_rows_are_enlarged_as_the_whole(size: tuple[int, int]) -> None:
    given = picture(2, 60, 50, 3)
    found = enlarge_rows(given, np.zeros((2, *size, 3), np.float32))
    np.testing.assert_allclose(found, resized(given, size, enlarge), atol=1e-6)


def test_a_folder_that_cannot_hold_it_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        shelve(picture(1, 4, 4, 3), tmp_path / "missing")


HOLDING = """
import sys
import numpy as np, psutil
from pathlib import Path
from dreampipe.media.shelves import by_rows, release, shelve, zeros
held = lambda: psutil.Process().memory_info().rss / 1e6
before = held()
one = shelve(np.ones((1, 5000, 2000, 3), np.float32), Path(sys.argv[1]))
two = zeros(one.shape, near=one)
by_rows(lambda rows: rows + 1, one, out=two)
between = held()
assert two.min() == two.max() == 2
release(two)
print(before, between, held(), psutil.Process().memory_info().rss / 1e6)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows frees the pages of a file by itself")
def test_shelved_arrays_take_no_memory(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", HOLDING, str(tmp_path)], check=True, capture_output=True, text=True)
    before, *after = map(float, ran.stdout.split())
    assert max(after) < before + 60  # of two arrays of 120 MB each


WAYS: dict[str, dict[str, Any]] = {
    "rounds": {"octaves": Octaves(2, rounds=2), "optimizer": Momentum()},
    "luminance": {"parameterization": Luminance(), "octaves": Octaves(3, above=1)},
    "bytes": {"parameterization": Pixels("bytes", bounded=False), "step_size": 1.0, "shaping": (Smooth(), Standard())},
    "lost": {"octaves": Octaves(2, carry="lost", bits=8)},
    "no steps": {"octaves": Octaves(2, carry="picture"), "steps": 0},
    "fourier": {"parameterization": Fourier()},
}


@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
def test_a_shelved_picture_dreams_as_one_in_memory(make: Make, tmp_path: Path, settings: dict[str, Any]) -> None:
    given = {"octaves": Octaves(2), "steps": 1, "shaping": (Standard(),), "tile": 120, **settings}
    ascent = Ascent(make(deep), Objective.parse("late - distance()"), **how(**given))
    image, mask = picture(203, 230, 3), np.zeros((203, 230), np.float32)
    mask[40:90] = 1
    there = shelve(image[None], tmp_path)[0]
    found = ascent.run(there, seed=4, mask=mask).image
    np.testing.assert_allclose(found, ascent.run(image, seed=4, mask=mask).image, atol=1e-5)
    np.testing.assert_array_equal(there, image)  # the source has not changed
