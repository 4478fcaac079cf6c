"""Numbered pictures come in the order of their numbers, signs included, and missing numbers are told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dreampipe.media import plan
from dreampipe.media.order import in_order, numbering_note
from dreampipe.media.video import open_source


def ordered(names: list[str]) -> list[str]:
    shuffled = [Path(name) for name in names]
    random.Random(5).shuffle(shuffled)
    return [path.as_posix() for path in in_order(shuffled)]


ORDERS = [
    [f"{number}.png" for number in range(-3, 13)],
    [f"frame{number}.png" for number in range(-11, 3)],
    [f"frame_{number:04d}.png" for number in range(-3, 6)],
    [f"frame {number}.png" for number in range(-3, 6)],
    [f"a ({number}).png" for number in range(-3, 6)],
    [f"-{number}.png" for number in (10, 9, 2, 1)],
    [f"photo-{number}.png" for number in range(1, 13)],
    [f"photo -{number}.png" for number in range(1, 13)],
    ["2020-01-02.png", "2020-01-10.png", "2020-02-01.png"],
    [f"b/f{number}.png" for number in range(-2, 3)],
    ["a-1/f-1.png", "a-1/f0.png", "a-2/f-1.png", "a-2/f-2.png"],
    ["v1.5-2.png", "v1.5-10.png", "v1.10-1.png"],
]


@pytest.mark.parametrize("names", ORDERS, ids=lambda names: names[0])
def test_names_come_as_people_count(names: list[str]) -> None:
    assert ordered(names) == names


@given(st.lists(st.text("ab01-_. ", min_size=1, max_size=8), unique=True, max_size=9))
def test_any_names_have_one_order(names: list[str]) -> None:
    paths = [Path(name) for name in names if name.strip(".")]
    assert in_order(paths) == in_order(reversed(in_order(paths)))
    assert set(in_order(paths)) == set(paths)


GAPS = {
    ("1.png", "2.png", "3.png"): None,
    ("f-1.png", "f0.png", "f1.png"): None,
    ("a.png", "b.png"): None,
    ("a1.png", "b3.png"): None,
    ("2020-01-01.png", "2021-02-05.png"): None,
    ("7.png",): None,
    ("1.png", "2.jpg", "4.png"): "1 to 4, but 1 number is missing (3)",
    ("f_-2.png", "f_1.png"): "-2 to 1, but 2 numbers are missing (-1, 0)",
    ("00.png", "10.png", "20.png"): "0 to 20, but 18 numbers are missing (1, 2, 3, 4, 5, ...)",
    ("1.png", "999999999999.png"): "999,999,999,997 numbers are missing (2, 3, 4, 5, 6, ...)",
    ("1.png", "1.jpg", "2.png"): "1 to 2, but 1 comes more than once",
}


@pytest.mark.parametrize("names", GAPS, ids=" ".join)
def test_missing_numbers_are_told(names: tuple[str, ...]) -> None:
    told, words = numbering_note(names), GAPS[names]
    assert told is None if words is None else (told is not None and words in told and told.endswith("."))


def test_a_film_of_numbered_pictures_begins_below_zero_and_tells_its_gaps(tmp_path: Path) -> None:
    for number in (-3, -2, -1, 0, 1, 2, 4, 5):
        Image.new("RGB", (8, 6), (100 + 10 * number,) * 3).save(tmp_path / f"{number}.png")
    source = open_source(tmp_path)
    levels = [round(float(frame.pixels[0, 0, 0]) * 255) for frame in source.frames(source.survey())]
    assert levels == [70, 80, 90, 100, 110, 120, 140, 150]
    assert source.info.notes == (
        "Its pictures are numbered -3 to 5, but 1 number is missing (3): the frames follow each other without a gap.",
    )
    assert [job.name for job in plan(tmp_path, tmp_path / "out").jobs][:4] == ["-3.png", "-2.png", "-1.png", "0.png"]
