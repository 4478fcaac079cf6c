"""Edit lists say which part of a film is shown: what they hide is neither missing nor carried over."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from boxed import edited
from films import render, scene
from written import packets, seen

import dreampipe
from dreampipe.media.video import Encoding, open_source

COUNT, TICK = 24, 512
HALF = COUNT // 2


def plain(path: Path, key: int = 12, frames_between: int = 0) -> Path:
    """Render a second of film; its ticks are 1/12288 of a second."""
    return render(path, scene(COUNT), options={"g": str(key), "bf": str(frames_between)})


def start_of(path: Path) -> int:
    """Return the tick that the film's own edit list begins with."""
    data = path.read_bytes()
    place = data.index(b"elst") + 12
    return int.from_bytes(data[place + 4 : place + 8], "big")


@pytest.mark.parametrize(("key", "between"), [(12, 0), (250, 2)])
@pytest.mark.parametrize(("edits", "count", "first"), [
    (((750, 6, 1),), 18, Fraction(0)),  # skips a quarter of a second
    (((500, 0, 1),), 12, Fraction(0)),  # ends early
    (((500, 6, 1),), 12, Fraction(0)),
    (((200, -1, 1), (1000, 0, 1)), 24, Fraction(1, 5)),  # begins with a pause
    (((250, 0, 1), (250, 12, 1)), 12, Fraction(0)),  # a piece is cut out
])  # fmt: skip
def test_an_edit_list_is_no_damage(
    edits: tuple[tuple[int, int, int], ...], count: int, first: Fraction, key: int, between: int, tmp_path: Path
) -> None:
    source = plain(tmp_path / "source.mp4", key, between)
    start = start_of(source)
    edited(source, *((time, at if at < 0 else start + at * TICK, rate) for time, at, rate in edits))
    film = open_source(source)
    survey = film.survey()
    assert survey.problem is None
    assert len(survey) == len(list(film.frames(survey))) == count
    assert abs(survey.time(0) - first) < Fraction(1, 1000)


@pytest.mark.parametrize(("edits", "speeds"), [
    (((500, 0, 2),), "2"), (((500, 0, 0), (1000, 0, 1)), "0"), (((1000, 0, 1),), ""), (((9, -1, 1), (991, 0, 1)), ""),
])  # fmt: skip
def test_other_speeds_are_reported(edits: tuple[tuple[int, int, int], ...], speeds: str, tmp_path: Path) -> None:
    said = open_source(edited(plain(tmp_path / "source.mp4"), *edits)).info.notes
    expected = f"Its edit list asks for other speeds than 1 ({speeds}), but its frames keep their own times."
    assert said == ((expected,) if speeds else ())


def test_an_edited_film_shows_the_right_frames_from_everywhere(tmp_path: Path) -> None:
    whole = [frame.pixels for frame in dreampipe.read(plain(tmp_path / "whole.mp4"))]
    source = edited(plain(tmp_path / "source.mp4"), (500, 6 * TICK, 1))
    for begin in (0, 7):
        film = open_source(source, start=Fraction(begin, 24))
        survey = film.survey()
        assert (survey.problem, len(survey)) == (None, HALF - begin)
        for frame, expected in zip(film.frames(survey), whole[6 + begin : 18], strict=True):
            assert np.array_equal(frame.pixels, expected)


def test_an_edited_film_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    path = render(
        tmp_path / "source.mp4", scene(96), options={"g": "12", "bf": "0"}, container={"movflags": "faststart"}
    )
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    data[place : place + 8] = (2000).to_bytes(4, "big") + (12 * TICK).to_bytes(4, "big")
    path.write_bytes(data)
    assert open_source(path).survey().problem is None
    path.write_bytes(data[: len(data) // 2])
    survey = open_source(path).survey()
    assert survey.problem is not None and f"holds {len(survey)} of 48 frames" in survey.problem


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_sound_that_an_edit_list_hides_stays_behind(name: str, tmp_path: Path) -> None:
    source = render(tmp_path / "source.mp4", scene(COUNT), options={"bf": "0"}, sound="aac")
    data = bytearray(source.read_bytes())
    picture = data.index(b"elst") + 12
    sound = data.index(b"elst", picture) + 12
    for place, start in ((picture, HALF * TICK), (sound, 1024 + 24_000)):
        data[place : place + 8] = (500).to_bytes(4, "big") + start.to_bytes(4, "big")
    source.write_bytes(data)
    media = dreampipe.read(source)
    dreampipe.write(media, tmp_path / name, like=media.info, encoding=Encoding())
    kept = packets(tmp_path / name, "audio")
    before = packets(source, "audio")
    assert [bytes_ for _, bytes_ in kept] == [bytes_ for time, bytes_ in before if time > Fraction(-3, 20)][
        -len(kept) :
    ]
    assert Fraction(-3, 20) < kept[0][0] <= 0
    with av.open(str(tmp_path / name)) as film:
        times = [frame.pts * frame.time_base for frame in film.decode(audio=0)]
    assert abs(times[-1] - Fraction(1, 2)) < Fraction(1, 20)
    assert abs(seen(tmp_path / name).times[-1] - Fraction(11, 24)) < Fraction(1, 500)
