"""Tracks besides the picture: those that are known go along, and one that is not never spoils the rest."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from films import render, scene
from holding_films import with_tracks
from written import packets, write_segments

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media.video import Encoding, open_source, target_of
from dreampipe.media.video.timecodes import advance

NTSC = Fraction(30_000, 1001)
FILMS = ["film.mp4", "film.mov", "film.mkv"]


def notes(source: Path, name: str) -> tuple[str, ...]:
    film = open_source(source)
    return (*film.info.notes, *target_of(source.parent / name, film.info).check(), *film.survey().notes)


def copied(source: Path, name: str, **how: Any) -> Path:
    media = dreampipe.read(source)
    dreampipe.write(media, source.parent / name, like=media.info, **how)
    return source.parent / name


def two_tracks(path: Path) -> Path:
    """Render a film with two tracks of sound, the second in a codec that nobody knows."""
    plain = render(path.with_name("plain.mkv"), scene(4), sound="aac", options={"bf": "0"})
    with av.open(str(plain)) as source, av.open(str(path), "w") as film:
        picture, sound = source.streams.video[0], source.streams.audio[0]
        streams = [film.add_stream_from_template(one, opaque=True) for one in (picture, sound, sound)]
        for packet in source.demux():
            if packet.size:
                data = bytes(packet)
                packet.stream = streams[packet.stream_index]
                film.mux(packet)
                if packet.stream_index == 1:
                    again = av.Packet(data)
                    again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                    again.stream = streams[2]
                    film.mux(again)
    data = path.read_bytes()
    second = data.index(b"A_AAC", data.index(b"A_AAC") + 1)
    path.write_bytes(data[:second] + b"A_XXX" + data[second + 5 :])
    return path


@pytest.mark.parametrize("name", FILMS)
def test_a_known_track_goes_along_and_an_unknown_one_is_reported(name: str, tmp_path: Path) -> None:
    source = two_tracks(tmp_path / "source.mkv")
    said = notes(source, name)
    assert said == ("Its sound cannot be copied, because no codec is known for it: left out.",)
    assert [data for _, data in packets(copied(source, name), "audio")] == [
        data for _, data in packets(tmp_path / "plain.mkv", "audio")
    ]


@pytest.mark.parametrize(("codec", "unknown", "kind", "changes"), [
    (b"S_TEXT/UTF8", b"S_TEXT/XXXX", "subtitles", {"subtitles": ("one",)}),
    (b"A_AAC", b"A_XXX", "sound", {"sound": "aac"}),
])  # fmt: skip
def test_a_film_whose_only_track_is_unknown_is_made(
    codec: bytes, unknown: bytes, kind: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    source = render(tmp_path / "source.mkv", scene(4), **changes)
    source.write_bytes(source.read_bytes().replace(codec, unknown))
    for name in (*FILMS, "film.webm", "film.gif", "frames/%d.png"):
        assert len([note for note in notes(source, name) if f"Its {kind} cannot be copied" in note]) == 1
    with av.open(str(copied(source, "film.mp4"))) as film:
        assert [stream.type for stream in film.streams] == ["video"]


def test_a_track_that_another_container_holds_is_still_refused(tmp_path: Path) -> None:
    source = two_tracks(tmp_path / "source.mkv")
    with pytest.raises(MediaError, match=r"cannot hold sound \(aac\).*write to \.mp4"):
        target_of(tmp_path / "film.webm", open_source(source).info).check()
    said = target_of(tmp_path / "film.webm", open_source(source).info, Encoding(drop=True)).check()
    assert len(said) == 2


def test_a_second_film_is_reported_once_and_a_font_goes_along(tmp_path: Path) -> None:
    source = with_tracks(tmp_path / "source.mkv", 2, attachment=b"font")
    assert notes(source, "film.mkv") == ("Of its 2 streams of pictures one is dreamed; the others are left out.",)
    with av.open(str(copied(source, "film.mkv"))) as film:
        font = next(stream for stream in film.streams if stream.type == "attachment")
        assert font.data == b"font"
    with pytest.raises(MediaError, match=r"cannot hold attachments.*write to \.mkv"):
        target_of(tmp_path / "film.mp4", open_source(source).info).check()
    assert any("Its attachments are left out" in note for note in notes(source, "film.gif"))


def test_a_film_beside_one_that_is_not_known_is_dreamed(tmp_path: Path) -> None:
    source = with_tracks(tmp_path / "source.mkv", 2)
    data = source.read_bytes()
    first = data.index(b"V_MPEG4/ISO/AVC")
    source.write_bytes(data[:first] + b"V_XXXX4/ISO/AVC" + data[first + 15 :])
    assert len(list(dreampipe.read(source))) == 4
    assert notes(source, "film.mkv") == ("Of its 2 streams of pictures one is dreamed; the others are left out.",)


def test_the_telemetry_of_a_camera_is_reported_and_chapters_are_not(tmp_path: Path) -> None:
    path = render(tmp_path / "source.mp4", scene(4), subtitles=("one", "two"))
    path.write_bytes(path.read_bytes().replace(b"tx3g", b"gpmd").replace(b"sbtl", b"meta"))
    assert notes(path, "film.mp4") == ("Its data (SubtitleHandler) is left out.",)
    assert notes(render(tmp_path / "chapters.mp4", scene(4), chapters=2), "film.mp4") == ()


@pytest.mark.parametrize(("rate", "timecode"), [(Fraction(25), "10:20:30:24"), (NTSC, "00:00:59;28")])
@pytest.mark.parametrize("name", [*FILMS, "film.webm"])
def test_a_timecode_goes_along(rate: Fraction, timecode: str, name: str, tmp_path: Path) -> None:
    source = render(tmp_path / "source.mov", scene(6), time_base=1 / rate, metadata={"timecode": timecode})
    assert notes(source, name) == ()
    assert timecode_in(copied(source, name)) == timecode


def test_a_part_begins_at_its_own_timecode(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mov", scene(6), time_base=1 / NTSC, metadata={"timecode": "00:00:59;28"})
    film = open_source(source, start=4 / NTSC)
    survey = film.survey()
    target = target_of(tmp_path / "part.mp4", film.info)
    target.check()
    target.join(write_segments(target, list(film.frames(survey)), survey, tmp_path / "work", (0,)), survey)
    assert timecode_in(target.path) == "00:01:00;04"  # ;00 and ;01 are skipped


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "frames/%d.png"])
def test_pictures_report_a_timecode_once(name: str, tmp_path: Path) -> None:
    source = render(tmp_path / "source.mov", scene(2), metadata={"timecode": "01:00:00:00"})
    assert len([note for note in notes(source, name) if "timecode (01:00:00:00) is left out" in note]) == 1


def test_a_timecode_that_no_rate_counts_is_reported(tmp_path: Path) -> None:
    source = render(tmp_path / "source.mkv", scene(4), time_base=Fraction(1, 13), metadata={"timecode": "01:00:00:00"})
    assert any("timecode (01:00:00:00) is left out" in note for note in notes(source, "film.mp4"))
    assert timecode_in(copied(source, "film.mp4")) is None


def timecode_in(path: Path) -> str | None:
    with av.open(str(path)) as film:
        said = (dict(one.metadata) for one in (*film.streams, film))
        return next((text for tags in said for key, text in tags.items() if key.lower() == "timecode"), None)


@pytest.mark.parametrize(("timecode", "rate", "seconds", "expected"), [
    ("00:00:00:00", Fraction(24), Fraction(1), "00:00:01:00"),
    ("23:59:59:24", Fraction(25), Fraction(1, 25), "00:00:00:00"),
    ("00:00:59;29", NTSC, 1 / NTSC, "00:01:00;02"),
    ("00:09:59;29", NTSC, 1 / NTSC, "00:10:00;00"),
    ("00:00:00;00", NTSC, 17_982 / NTSC, "00:10:00;00"),
    ("00:00:00:00", NTSC, 1800 / NTSC, "00:01:00:00"),
    ("00:00:59;59", 2 * NTSC, 1 / (2 * NTSC), "00:01:00;04"),
    ("00:00:00:30", Fraction(25), Fraction(0), None),
    ("noon", Fraction(25), Fraction(0), None),
    ("00:00:00:00", None, Fraction(0), None),
])  # fmt: skip
def test_timecodes_count_frames(timecode: str, rate: Fraction | None, seconds: Fraction, expected: str | None) -> None:
    assert advance(timecode, rate, seconds) == expected


def test_drop_frame_timecodes_keep_up_with_the_clock() -> None:
    day = [advance("00:00:00;00", NTSC, count / NTSC) for count in range(0, 2_589_408, 1798)]
    assert len(set(day)) == len(day)
    assert not any(re.fullmatch(r"\d\d:\d[1-9]:00;0[01]", text or "") for text in day)
    assert advance("00:00:00;00", NTSC, 2_589_408 / NTSC) == "00:00:00;00"


TAGS = {"title": "Sea", "com.apple.quicktime.make": "Nobody", "my_own_key": "yes"}


@pytest.mark.parametrize("name", FILMS)
def test_tags_of_any_name_go_along(name: str, tmp_path: Path) -> None:
    source = render(tmp_path / "source.mov", scene(2), metadata=TAGS, container={"movflags": "use_metadata_tags"})
    with av.open(str(copied(source, name))) as film:
        told = {key.lower(): text for key, text in film.metadata.items()}
    assert {key: told.get(key) for key in TAGS} == TAGS
