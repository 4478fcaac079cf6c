"""What holds for whatever a film is read from: files of packets, animated pictures, numbered pictures."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import BT601, COUNT, HEIGHT, WIDTH, render, scene
from PIL import Image

from dreampipe import read, write
from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.video import Source, Survey, open_source

Maker = Callable[[Path], Path]
PART = {"start": Fraction(1, 5), "end": Fraction(2, 5)}


def animate(path: Path) -> Path:
    first, *rest = [Image.fromarray(picture) for picture in scene()]
    first.save(path, save_all=True, append_images=rest, duration=[40, 50] * 6, lossless=True)
    return path


def number(folder: Path, bits: int = 8) -> Path:
    folder.mkdir()
    for index, picture in enumerate(scene(bits=bits)):
        write(
            Frame((picture / np.float32(np.iinfo(picture.dtype).max)).astype(np.float32)), folder / f"{index + 1}.png"
        )
    return folder


MAKERS: dict[str, Maker] = {
    "mp4": lambda folder: render(folder / "film.mp4", options={"g": "4"}, colour=BT601),
    "variable.mov": lambda folder: render(
        folder / "film.mov",
        time_base=Fraction(1, 600),
        rate=Fraction(24),
        stamps=[0, 10, 30, 33, 50, 70, 120, 150, 180, 200, 240, 290],
    ),
    "mkv": lambda folder: render(folder / "film.mkv", options={"g": "4"}, sound="flac"),
    "webm": lambda folder: render(folder / "film.webm", codec="libvpx-vp9", options={"cpu-used": "8"}),
    "avi": lambda folder: render(folder / "film.avi", codec="mpeg4", options={"b": "4000000"}),
    "ts": lambda folder: render(folder / "film.ts"),
    "open.mp4": lambda folder: render(folder / "film.mp4", options={"g": "4", "flags": "-cgop", "sc_threshold": "0"}),
    "refreshed.mp4": lambda folder: render(folder / "film.mp4", options={"g": "4", "intra-refresh": "1"}),
    "h265.mkv": lambda folder: render(
        folder / "film.mkv", codec="libx265", options={"x265-params": "keyint=4:open-gop=1"}
    ),
    "turned.mp4": lambda folder: render(folder / "film.mp4", rotation=90, options={"g": "3"}),
    "gif": lambda folder: animate(folder / "film.gif"),
    "webp": lambda folder: animate(folder / "film.webp"),
    "apng": lambda folder: animate(folder / "film.png"),
    "pictures": lambda folder: number(folder / "pictures"),
}


@pytest.fixture(scope="module", params=MAKERS)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MAKERS[request.param](tmp_path_factory.mktemp("films"))


def same(one: Frame, other: Frame) -> bool:
    times = (one.index, one.time, one.duration) == (other.index, other.time, other.duration)
    return times and np.array_equal(one.pixels, other.pixels)


def test_frames_are_as_surveyed_and_the_same_from_wherever_on(path: Path) -> None:
    source = open_source(path)
    survey = source.survey()
    frames = list(source.frames(survey))
    assert len(frames) == len(survey) == COUNT
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert [frame.time for frame in frames] == [survey.time(index) for index in range(COUNT)]
    assert all((frame.height, frame.width) == (source.info.height, source.info.width) for frame in frames)
    assert all(frame.pixels.min() >= 0 and frame.pixels.max() <= 1 and frame.alpha is None for frame in frames)
    for first in (1, 5, COUNT - 1, COUNT):
        later = list(source.frames(survey, first))
        assert len(later) == COUNT - first
        assert all(map(same, frames[first:], later))


def test_the_picture_is_the_one_that_was_stored(path: Path) -> None:
    source = open_source(path)
    pictures = [np.rot90(picture, source.info.rotation // 90) for picture in scene()]
    for frame, picture in zip(source.frames(source.survey()), pictures, strict=True):
        assert np.abs(frame.pixels - picture / np.float32(255)).mean() < 0.05


def test_a_part_holds_the_frames_within_it_and_begins_at_0(path: Path) -> None:
    whole, part = open_source(path), open_source(path, **PART)
    everything, survey = whole.survey(), part.survey()
    within = [
        frame
        for frame in whole.frames(everything)
        if frame.time is not None and PART["start"] <= frame.time < PART["end"]
    ]
    came = list(part.frames(survey))
    assert 2 < len(came) == len(within) < COUNT - 2
    assert survey.time(0) == 0
    assert survey.origin * survey.time_base == within[0].time + part.info.begun
    for mine, other in zip(came, within, strict=True):
        assert np.array_equal(mine.pixels, other.pixels)
        assert mine.duration == other.duration
    assert part.sha256() != whole.sha256()


def test_a_source_is_a_value(path: Path) -> None:
    source = open_source(path)
    again: Source = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again.sha256() == source.sha256() == open_source(path).sha256()
    assert len(source.sha256()) == 64


def test_a_survey_survives_json(path: Path) -> None:
    survey = open_source(path, **PART).survey()
    again = Survey.from_dict(json.loads(json.dumps(survey.as_dict())))
    assert again.as_dict() == survey.as_dict()
    assert again.stamps.dtype == np.int64 and again.time_base == survey.time_base


def test_who_surveys_hears_of_every_frame(path: Path) -> None:
    heard: list[int] = []
    survey = open_source(path).survey(heard.append)
    assert heard == list(range(1, COUNT + 1))
    assert (survey.cuts, survey.problem) == ((), None)


def test_a_part_without_a_frame_or_upside_down_is_refused(path: Path) -> None:
    for part in ({"start": Fraction(100)}, {"start": Fraction(1), "end": Fraction(1)}, {"start": Fraction(-1)}):
        with pytest.raises(MediaError, match=r"seconds.*expected"):
            open_source(path, **part).survey()


def test_too_many_pixels_are_refused_before_decoding(path: Path) -> None:
    with pytest.raises(MediaError, match=f"pixels, but at most {WIDTH * HEIGHT - 1:,}"):
        open_source(path, max_pixels=WIDTH * HEIGHT - 1)


def test_what_is_changed_under_way_is_noticed(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4")
    source = open_source(path)
    survey = source.survey()
    for count in (COUNT - 1, COUNT + 1):
        render(path, scene(count))
        with pytest.raises(MediaError, match="no longer holds what it held"):
            list(source.frames(survey))


def test_read_gives_the_frames_of_a_film_one_by_one(tmp_path: Path) -> None:
    film = read(render(tmp_path / "film.mp4"))
    assert film.info == open_source(tmp_path / "film.mp4").info
    assert [frame.index for frame in film] == list(range(COUNT)) == [frame.index for frame in film]
    assert len(film.frames) == COUNT
    assert same(film.frames[-2], list(film)[-2])
    assert [frame.index for frame in film.frames[8:2:-3]] == [8, 5]
    assert film.frames[5:5] == ()
