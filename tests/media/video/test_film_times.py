"""Times of frames are exact and rise, whatever the file says of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from films import COUNT, render, scene
from hypothesis import given
from hypothesis import strategies as st

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media.video import Survey, open_source
from dreampipe.media.video.stamps import Clock
from dreampipe.recipes.keyframes import parse_time

TICK = Fraction(1, 24)


def survey_of(path: Path) -> Survey:
    return open_source(path).survey()


def times_of(path: Path) -> list[Fraction]:
    survey = survey_of(path)
    return [survey.time(index) for index in range(len(survey))]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(60)])
def test_a_constant_rate_is_exact(tmp_path: Path, suffix: str, rate: Fraction) -> None:
    path = render(tmp_path / f"film{suffix}", time_base=1 / rate)
    survey = survey_of(path)
    assert times_of(path) == [index / rate for index in range(COUNT)]
    assert [survey.duration(index) for index in range(-1, COUNT)] == [1 / rate] * (COUNT + 1)
    assert open_source(path).info.rate == rate
    assert survey.notes == ()


def test_a_variable_rate_is_exact(tmp_path: Path) -> None:
    stamps = [0, 1, 40, 41, 77, 150, 151, 200, 260, 261, 300, 1001]
    path = render(tmp_path / "film.mp4", stamps=stamps, time_base=Fraction(1, 600), rate=Fraction(25))
    survey = survey_of(path)
    assert times_of(path) == [Fraction(stamp, 600) for stamp in stamps]
    assert [survey.duration(index) for index in range(COUNT - 1)] == [
        Fraction(end - start, 600) for start, end in pairwise(stamps)
    ]
    assert survey.duration(COUNT - 1) == Fraction(1, 25)


def test_matroska_is_exact_to_its_millisecond(tmp_path: Path) -> None:
    times = times_of(render(tmp_path / "film.mkv", sound="aac"))
    assert times == [Fraction(round(index * 1000 * TICK), 1000) for index in range(COUNT)]


def test_frames_that_refer_to_later_ones_begin_before_zero_and_come_in_order(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4", options={"bf": "3", "b-adapt": "0"})
    with av.open(str(path)) as film:
        packets = [packet for packet in film.demux(video=0) if packet.dts is not None]
    assert packets[0].dts is not None and packets[0].dts < 0
    assert [packet.pts for packet in packets] != sorted(packet.pts or 0 for packet in packets)
    assert times_of(path) == [index * TICK for index in range(COUNT)]


def test_an_edit_list_cuts_what_lies_before_it(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4", stamps=range(-3, COUNT - 3), container={"avoid_negative_ts": "disabled"})
    survey = survey_of(path)
    assert times_of(path) == [index * TICK for index in range(COUNT - 3)]
    assert survey.problem is None


def test_a_film_that_begins_late_keeps_its_times(tmp_path: Path) -> None:
    times = times_of(render(tmp_path / "film.mkv", stamps=range(24, 24 + COUNT)))
    assert times == [1 + Fraction(round(index * 1000 * TICK), 1000) for index in range(COUNT)]


def test_repeated_times_are_moved_apart_by_a_tick_and_told(tmp_path: Path) -> None:
    fast = Fraction(4000)
    survey = survey_of(render(tmp_path / "film.mkv", time_base=1 / fast, rate=fast))
    assert survey.stamps.tolist() == list(range(COUNT))
    assert survey.time_base == Fraction(1, 1000)
    assert any("does not rise" in note for note in survey.notes)


@pytest.mark.parametrize("suffix", [".h264", ".avi"])
def test_frames_without_times_follow_the_rate(tmp_path: Path, suffix: str) -> None:
    path = render(tmp_path / f"film{suffix}", options={"bf": "2", "b-adapt": "0"})
    rate = open_source(path).info.rate
    assert rate == (24 if suffix == ".avi" else 25)  # a bare stream says none, and FFmpeg takes it for 25
    assert times_of(path) == [index / rate for index in range(COUNT)]
    assert any("no time of their own" in note for note in survey_of(path).notes)


def test_where_times_start_anew_they_go_on(tmp_path: Path) -> None:
    part = render(tmp_path / "part.ts", scene(36)).read_bytes()
    (tmp_path / "film.ts").write_bytes(part + part)
    survey = survey_of(tmp_path / "film.ts")
    assert len(survey) == 72
    assert set(np.diff(survey.stamps).tolist()) == {3750}
    assert any("starts anew" in note for note in survey.notes)


@given(st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1, max_size=40))
def test_stamps_rise_whatever_comes(stamps: list[int | None]) -> None:
    clock = Clock(Fraction(1, 1000), Fraction(24))
    came = [clock.stamp(stamp) for stamp in stamps]
    assert all(later > earlier for earlier, later in pairwise(came))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40, unique=True).map(sorted))
def test_stamps_that_rise_are_kept(stamps: list[int]) -> None:
    clock = Clock(Fraction(1, 90_000), None)
    assert [clock.stamp(stamp) for stamp in stamps] == stamps
    assert clock.notes() == ()


def test_stamps_are_moved_no_further_than_needed() -> None:
    clock = Clock(Fraction(1, 1000), Fraction(24))
    assert [clock.stamp(stamp) for stamp in (5, 5, 4, 6, 9, 9, 20)] == [5, 6, 7, 8, 9, 10, 20]


def test_a_survey_that_does_not_rise_is_refused() -> None:
    for stamps in ([0, 1, 1], [3, 2], []):
        with pytest.raises(ValueError, match=r"expected|apart"):
            Survey(np.array(stamps, np.int64), 1, TICK)
    with pytest.raises(ValueError, match="no tick"):
        Survey(np.array([0, 1], np.int64), 0, TICK)


@pytest.mark.parametrize(("start", "end", "said"), [
    (9, None, "from 9 to its end"), (Fraction(51, 100), Fraction(13, 25), "from 0.51 to 0.52"),
    (99, 100, "from 99 to 100"),
])  # fmt: skip
def test_a_part_without_a_frame_is_refused_in_plain_seconds(
    start: Fraction, end: Fraction | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(MediaError, match=said):
        open_source(render(tmp_path / "film.mp4"), start=start, end=end).survey()


def test_a_part_of_a_stream_that_has_run_for_hours_counts_from_its_beginning(tmp_path: Path) -> None:
    path = render(tmp_path / "film.ts", container={"output_ts_offset": "36000"})
    part = open_source(path, start=3 * TICK, end=8 * TICK).survey()
    assert [part.time(index) for index in range(len(part))] == [index * TICK for index in range(5)]


@pytest.mark.parametrize(("suffix", "index"), [(".mp4", 1), (".mp4", 10), (".mkv", 5), (".gif", 5), (".png", 10)])
def test_the_time_of_a_frame_as_a_float_is_that_frame(suffix: str, index: int, tmp_path: Path) -> None:
    """Rounded up or down, and whatever the film itself rounds."""
    whole = render(tmp_path / "whole.mp4")
    path = tmp_path / f"film{suffix}"
    if suffix == ".mp4":
        path = whole
    else:
        media = dreampipe.read(whole)
        dreampipe.write(media, path, like=media.info)
    times = times_of(path)
    for time in (times[index], index * TICK if suffix != ".gif" else times[index]):
        for written in (f"{float(time)}", f"{float(time):.6f}", f"{float(time):.17g}"):
            part = open_source(path, start=parse_time(written)).survey()
            assert len(part) == len(times) - index, written
            part = open_source(path, end=parse_time(written)).survey()
            assert len(part) == index, written
