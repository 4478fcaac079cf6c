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
    ["a--2.png", "a--1.png", "a-0.png", "a-1.png"],
    ["p (1)-1.png", "p (1)-2.png", "p (1)-10.png"],
    ["p (2)-1.png", "p (2)0.png", "p (2)1.png"],
    ["\N{MINUS SIGN}2.png", "\N{MINUS SIGN}1.png", "0.png", "1.png"],
    ["f\N{MINUS SIGN}10.png", "f\N{FULLWIDTH HYPHEN-MINUS}2.png", "f-1.png", "f1.png"],
    ["-1.png", "+0.png", "+1.png", "+10.png"],
    [f"f{number:+d}.png" for number in range(-3, 12)],
    ["c+1.png", "c+2.png", "c+10.png"],
    ["t0.png", "t0.25.png", "t0.5.png", "t0.75.png", "t1.0.png", "t10.5.png"],
    ["t0.5.png", "t1.png", "t1.5.png", "t2.png"],
    ["t-0.5.png", "t-0.25.png", "t0.png", "t0.25.png"],
    ["v1.9.png", "v1.10.png", "v1.11.png", "v2.0.png"],
    ["v1.9.png", "v1.9.1.png", "v1.9.12.png", "v1.10.png"],
    ["frame.1", "frame.2", "frame.10"],
    ["a1.png", "a02.png", "a003.png", "a10.png"],
    ["\u0661.png", "\u0662.png", "\u0661\u0660.png"],
    ["\uff12\u4e0a.png", "10\u4e0a.png"],
    [f"x{10**150 + number}.png" for number in range(8, 13)],
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
    ("+1.png", "-1.png", "+3.png"): "-1 to 3, but 2 numbers are missing (0, 2)",
    ("a--2.png", "a-0.png", "a-1.png"): "-2 to 1, but 1 number is missing (-1)",
    ("p (1)-1.png", "p (1)-3.png"): "1 to 3, but 1 number is missing (2)",
    ("a1.png", "a02.png", "a004.png"): "1 to 4, but 1 number is missing (3)",
    ("\u0661.png", "\u0663.png"): "1 to 3, but 1 number is missing (2)",
    ("t0.25.png", "t0.5.png", "t0.75.png", "t1.png"): None,
    ("t0.5.png", "t1.png", "t2.png", "t2.5.png"): "0.5 to 2.5, but 1 number is missing (1.5)",
    ("t0.1.png", "t0.25.png", "t7.png"): None,
    ("2020.11.png", "2020.12.png", "2021.01.png"): None,
    (f"{10**60}.png", f"{10**60 + 2}.png"): f"but 1 number is missing ({10**60 + 1})",
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
