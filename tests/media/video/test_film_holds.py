"""How long the last frame of a film stays on show: a hold is no damage, and damage is no hold."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from films import render, scene
from written import packets

import dreampipe
from dreampipe.media.video import Encoding, Survey, open_source

COUNT, TICK = 6, Fraction(1, 600)
STAMPS = tuple(range(0, 25 * COUNT, 25))
HOLD = 2
ROUNDED = Fraction(1, 1000)
CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9", ".avi": "mpeg4"}


def holding(path: Path, between: int = 0, hold: Fraction = Fraction(HOLD), **how: Any) -> Path:
    """Render a film of a quarter of a second, whose last frame stays on show for two seconds."""
    codec = how.pop("codec", CODECS.get(path.suffix, "libx264"))
    options = {"bf": str(between), **({"b-adapt": "0"} if codec == "libx264" else {})}
    plain = render(path.with_name("plain.mkv"), scene(COUNT), codec=codec, options=options)
    return timed(plain, path, STAMPS, round(hold / TICK), **how)


def timed(source: Path, path: Path, stamps: Sequence[int], last: int, **container: str) -> Path:
    """Copy a film's packets with new times: when each frame comes on show, and how long the last one stays."""
    with av.open(str(source)) as plain, av.open(str(path), "w", options=container) as film:
        stream = film.add_stream_from_template(plain.streams.video[0])
        stream.time_base = TICK
        coded = [packet for packet in plain.demux(video=0) if packet.size]
        places = {time: place for place, time in enumerate(sorted(packet.pts or 0 for packet in coded))}
        delay = max(order - places[packet.pts or 0] for order, packet in enumerate(coded))
        ends = [*stamps[1:], stamps[-1] + last]
        for order, packet in enumerate(coded):
            place = places[packet.pts or 0]
            packet.time_base, packet.stream = TICK, stream
            packet.pts, packet.duration = stamps[place], ends[place] - stamps[place]
            packet.dts = stamps[order - delay] if order >= delay else stamps[0] + order - delay
            film.mux(packet)
    return path


def surveyed(path: Path, **how: Fraction) -> Survey:
    survey = open_source(path, **how).survey()
    assert survey.problem is None
    return survey


@pytest.mark.parametrize(("name", "between"), [
    ("film.mp4", 0), ("film.mp4", 2), ("film.mov", 2), ("film.mkv", 0), ("film.mkv", 2), ("film.webm", 0),
    ("film.avi", 0),
])  # fmt: skip
def test_a_last_frame_that_stays_is_no_damage(name: str, between: int, tmp_path: Path) -> None:
    survey = surveyed(holding(tmp_path / name, between))
    assert len(survey) == COUNT
    assert abs(survey.duration(-1) - HOLD) <= ROUNDED


@pytest.mark.parametrize(("target", "codec"), [
    ("copy.mp4", "h264"), ("copy.mov", "h265"), ("copy.mkv", "h264"), ("copy.webm", "vp9"),
])  # fmt: skip
def test_it_stays_in_what_is_written(target: str, codec: str, tmp_path: Path) -> None:
    media = dreampipe.read(holding(tmp_path / "film.mkv", 2))
    dreampipe.write(media, tmp_path / target, like=media.info, encoding=Encoding(codec))
    survey = surveyed(tmp_path / target)
    assert len(survey) == COUNT
    assert abs(survey.duration(-1) - HOLD) <= ROUNDED
    assert abs(surveyed(tmp_path / target, start=Fraction(1, 6)).duration(-1) - HOLD) <= ROUNDED
    again = dreampipe.read(tmp_path / target)
    dreampipe.write(again, tmp_path / "again.mp4", like=again.info)
    assert abs(surveyed(tmp_path / "again.mp4").duration(-1) - HOLD) <= ROUNDED


@pytest.mark.parametrize("fragments", ["frag_keyframe+empty_moov", "frag_keyframe+delay_moov"])
def test_fragments_are_no_damage(fragments: str, tmp_path: Path) -> None:
    for between in (0, 2):
        assert len(surveyed(holding(tmp_path / "film.mp4", between, movflags=fragments))) == COUNT


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
@pytest.mark.parametrize("seconds", [Fraction(1, 10), Fraction(3)])
def test_sound_that_is_longer_or_shorter_decides_nothing(name: str, seconds: Fraction, tmp_path: Path) -> None:
    silent, sounding = holding(tmp_path / f"silent{name[4:]}", 2), tmp_path / name
    sound = render(tmp_path / "sound.mkv", scene(round(24 * seconds)), sound="aac")
    with av.open(str(silent)) as picture, av.open(str(sound)) as tone, av.open(str(sounding), "w") as film:
        streams = {one: film.add_stream_from_template(one) for one in (picture.streams.video[0], tone.streams.audio[0])}
        for source, copy in streams.items():
            for packet in source.container.demux(source):
                if packet.size:
                    if packet.pts == round(STAMPS[-1] * TICK / (packet.time_base or 1)) and source.type == "video":
                        packet.duration = round(HOLD / (packet.time_base or 1))
                    packet.stream = copy
                    film.mux(packet)
    assert abs(surveyed(sounding).duration(-1) - HOLD) <= ROUNDED
    assert packets(sounding, "audio")


@pytest.mark.parametrize("between", [0, 2])
def test_a_constant_rate_has_no_hold(between: int, tmp_path: Path) -> None:
    for suffix in (".mp4", ".mov", ".mkv"):
        path = render(tmp_path / f"film{suffix}", scene(COUNT), options={"bf": str(between)}, sound="aac")
        assert abs(surveyed(path).duration(-1) - Fraction(1, 24)) <= ROUNDED


@pytest.mark.parametrize("name", ["film.mkv", "film.webm"])
def test_a_film_whose_end_is_empty_is_damaged(name: str, tmp_path: Path) -> None:
    """As what was downloaded in part has it: all bytes of a file, and zeros where none came."""
    path = render(tmp_path / name, scene(72), codec=CODECS[Path(name).suffix], options={"g": "12"})
    assert open_source(path).survey().problem is None
    data = path.read_bytes()
    kept = len(data) // 2
    path.write_bytes(data[:kept] + bytes(len(data) - kept))
    survey = open_source(path).survey()
    assert survey.problem is not None and len(survey) < 60
    assert survey.duration(-1) < Fraction(1, 5)


def test_where_no_container_says_how_long_the_last_frame_stays_it_is_as_the_one_before(tmp_path: Path) -> None:
    rate = Fraction(600)  # as a codec says it whose frames come irregularly
    survey = surveyed(render(tmp_path / "film.ts", scene(COUNT), stamps=STAMPS, time_base=TICK, rate=rate))
    assert survey.duration(-1) == Fraction(1, 24)
