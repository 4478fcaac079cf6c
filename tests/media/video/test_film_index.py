"""A film's index lies in front of its packets, in room that is measured before anything is written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from films import render
from written import frames_of, info_of, survey_of, write_film

from dreampipe.media.video import Encoding, open_source, target_of
from dreampipe.media.video.sinks import Gauge, room_for

Boxes = list[tuple[str, int]]


def boxes(path: Path) -> Boxes:
    """The kind and the length of each box at a film's top level."""
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        found.append((kind.decode(), length))
        place += length
    assert place == len(data)
    return found


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(suffix, codec) for suffix in ("mp4", "m4v") for codec in ("h264", "h265", "av1", "vp9")] + [("mov", "prores")],
)
@pytest.mark.parametrize("beside", [False, True])
def test_the_index_comes_first_and_leaves_no_gap(suffix: str, codec: str, beside: bool, tmp_path: Path) -> None:
    info, survey = info_of(), survey_of()
    if beside:
        source = open_source(render(tmp_path / "source.mp4", sound="aac", chapters=2, metadata={"title": "a film"}))
        info, survey = source.info, source.survey()
    target = target_of(tmp_path / f"film.{suffix}", info, Encoding(codec))
    write_film(target, frames_of(), survey, tmp_path / "work")
    found = boxes(target.path)
    kinds = [kind for kind, _ in found]
    assert kinds.index("moov") < kinds.index("mdat")
    assert set(kinds) <= {"ftyp", "moov", "free", "wide", "mdat"}
    assert sum(length for kind, length in found if kind in {"free", "wide"}) <= 16


def gauge_of(mdat: int, index: int) -> Gauge:
    """As of a film with so many bytes of packets and of index."""
    gauge = Gauge()
    small = mdat + 8 < 2**32
    for kind in (b"ftyp", b"free") if small else (b"ftyp",):
        gauge.write((8).to_bytes(4, "big") + kind)
    sizes = (bytes(4), b"") if small else ((1).to_bytes(4, "big"), bytes(8))
    place = gauge.tell()
    gauge.write(sizes[0] + b"mdat" + sizes[1])
    gauge.seek(mdat - 1, 1)
    gauge.write(b"x")
    length = gauge.length - place
    gauge.seek(place)
    gauge.write(length.to_bytes(4, "big") if small else (1).to_bytes(4, "big") + b"mdat" + length.to_bytes(8, "big"))
    assert gauge.seek(0, 2) == gauge.length
    gauge.write(bytes(index))
    return gauge


@pytest.mark.parametrize("mdat", [1, 1000, 2**32 - 9, 2**32 - 8, 2**32, 2**40])
@pytest.mark.parametrize("index", [1, 777, 10**6])
def test_a_gauge_knows_what_lies_behind_the_packets(mdat: int, index: int) -> None:
    assert gauge_of(mdat, index).index == index


def test_near_four_gigabytes_there_is_room_for_longer_places() -> None:
    assert room_for(gauge_of(2**32 - 3000, 500), 10) == 508
    assert room_for(gauge_of(2**32 - 700, 500), 10) == 508 + 40
    assert room_for(gauge_of(2**33, 500), 10) == 508 + 40


def test_a_clock_of_many_ticks_needs_no_other_room(tmp_path: Path) -> None:
    survey = survey_of([2**33 + 3001 * n for n in range(12)], 1, Fraction(1001, 30_000))
    target = target_of(tmp_path / "film.mp4", info_of(time_base=survey.time_base))
    write_film(target, frames_of(), survey, tmp_path / "work")
    assert [kind for kind, _ in boxes(target.path)] == ["ftyp", "moov", "free", "free", "mdat"]
