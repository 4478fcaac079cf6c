"""A pass that begins at a later frame decodes from a key frame shortly before, and only where that gives the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from films import render, scene

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.video import Source, Survey, open_source

COUNT, GROUP = 24, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return render(tmp_path / "film.mp4", scene(COUNT), options={"g": str(GROUP), "sc_threshold": "0"})


def spoil(path: Path, frames: range) -> None:
    """Overwrite the packets of some frames in the order of decoding."""
    with av.open(str(path)) as film:
        places = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for index in frames:
        place, size = places[index]
        data[place : place + size] = bytes(size)
    path.write_bytes(data)


def pixels(frames: list[Frame]) -> list[bytes]:
    return [frame.pixels.tobytes() for frame in frames]


def test_what_comes_before_is_not_read(path: Path) -> None:
    source = open_source(path)
    survey = source.survey()
    frames = list(source.frames(survey))
    spoil(path, range(GROUP))
    for first in (GROUP, GROUP + 1, COUNT - 1):
        later = list(source.frames(survey, first))
        assert [frame.index for frame in later] == list(range(first, COUNT))
        assert pixels(later) == pixels(frames[first:])


@pytest.mark.parametrize("part", [{}, {"start": Fraction(1, 5)}, {"start": Fraction(1, 5), "end": Fraction(4, 5)}])
def test_a_frame_is_the_same_from_wherever_a_pass_begins(path: Path, part: dict[str, Fraction]) -> None:
    source = open_source(path, **part)
    survey = source.survey()
    frames = list(source.frames(survey))
    for first in range(len(survey)):
        assert pixels([next(iter(source.frames(survey, first)))]) == pixels(frames[first : first + 1])


def changed(survey: Survey, index: int) -> Survey:
    """A survey that found another picture at one frame."""
    checksums = survey.checksums.copy()
    checksums[index] ^= 1
    return replace(survey, checksums=checksums)


@pytest.mark.parametrize("index", [GROUP + 1, GROUP + 3, COUNT - 1])
def test_where_a_key_frame_gives_another_picture_the_film_is_read_from_its_beginning(path: Path, index: int) -> None:
    source = open_source(path)
    survey = source.survey()
    frames = list(source.frames(survey))
    assert pixels(list(source.frames(changed(survey, index), GROUP + 1))) == pixels(frames[GROUP + 1 :])
    spoil(path, range(GROUP))
    proven = islice(source.frames(changed(survey, index), GROUP + 1), index - GROUP - 1)
    assert pixels(list(proven)) == pixels(frames[GROUP + 1 : index])


@pytest.mark.parametrize("count", [COUNT - 3, COUNT + 3])
def test_a_film_that_is_no_longer_as_long_is_noticed(path: Path, count: int) -> None:
    source: Source = open_source(path)
    survey = source.survey()
    render(path, scene(count), options={"g": str(GROUP), "sc_threshold": "0"})
    with pytest.raises(MediaError, match="no longer holds what it held"):
        list(source.frames(survey, GROUP + 1))


def test_a_survey_of_an_earlier_version_has_no_checksums(path: Path) -> None:
    source = open_source(path)
    survey = source.survey()
    assert len(survey.checksums) == COUNT
    stored = survey.as_dict()
    assert np.array_equal(Survey.from_dict(stored).checksums, survey.checksums)
    del stored["checksums"]
    earlier = Survey.from_dict(stored)
    assert len(earlier.checksums) == 0
    assert pixels(list(source.frames(earlier, 9))) == pixels(list(source.frames(survey, 9)))
    with pytest.raises(ValueError, match="one for each"):
        replace(survey, checksums=survey.checksums[1:])
