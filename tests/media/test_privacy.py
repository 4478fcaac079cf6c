"""Where a picture or a film was taken does not go along, nor, where none is wanted, any of its words about itself."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import render
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from suffixes import TAGGED

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.media import without_metadata, without_position
from dreampipe.media.directories import without_gps

PLACE = (48.0, 12.0, 30.125)
PLAIN = Frame(np.full((8, 8, 3), 0.5, np.float32))


def located(endian: str = ">") -> bytes:
    """An EXIF block with a place among much else."""
    made = Image.Exif()
    made.endian = endian
    made[271], made[305], made[315] = "Kamera", "Programm", "Jemand"
    made.get_ifd(34665).update({36867: "2020:01:02 03:04:05", 37500: b"maker's own notes"})
    made.get_ifd(34853).update({1: "N", 2: PLACE, 3: "E", 4: PLACE, 7: PLACE, 29: "2020:01:02"})
    return made.tobytes().removeprefix(b"Exif\0\0")


def coordinates(endian: str) -> bytes:
    """A coordinate as EXIF writes it."""
    return struct.pack(f"{endian}6I", 48, 1, 12, 1, 241, 8)


@pytest.mark.parametrize("endian", ["<", ">"])
def test_the_place_goes_and_nothing_else_moves(endian: str) -> None:
    block = located(endian)
    assert block.count(coordinates(endian)) == 3
    stripped = without_position(MediaInfo(8, 8, exif=block)).exif
    assert stripped is not None and len(stripped) == len(block)
    assert coordinates(endian) not in stripped and b"2020:01:02\0" not in stripped
    found = Image.Exif()
    found.load(stripped)
    assert dict(found.get_ifd(34853)) == {} and 34853 not in found
    assert (found[271], found[305], found[315]) == ("Kamera", "Programm", "Jemand")
    assert found.get_ifd(34665)[36867] == "2020:01:02 03:04:05"
    assert stripped.index(b"maker's own notes") == block.index(b"maker's own notes")
    assert without_gps(stripped) == stripped


@pytest.mark.parametrize("suffix", TAGGED)
def test_no_format_writes_it(tmp_path: Path, suffix: str) -> None:
    write(PLAIN, tmp_path / f"in.{suffix}", MediaInfo(8, 8, exif=located()))
    info = read(tmp_path / f"in.{suffix}").info
    for name, kept in (("all", info), ("placeless", without_position(info)), ("none", without_metadata(info))):
        write(PLAIN, tmp_path / f"{name}.{suffix}", kept)
        with Image.open(tmp_path / f"{name}.{suffix}") as image:
            found = image.getexif()
            assert (found.get_ifd(34853).get(2) == PLACE) == (name == "all")
            assert (found.get(271) == "Kamera") == (name != "none")
        assert (coordinates(">") in (tmp_path / f"{name}.{suffix}").read_bytes()) == (name == "all")


def test_pictures_without_a_place_stay_as_they_are(profile: bytes) -> None:
    made = Image.Exif()
    made[271] = "Kamera"
    info = MediaInfo(8, 8, exif=made.tobytes().removeprefix(b"Exif\0\0"), icc=profile)
    assert without_position(info) == info
    assert without_position(MediaInfo(8, 8)) == MediaInfo(8, 8)
    assert without_metadata(info) == MediaInfo(8, 8, icc=profile)  # without it the numbers are other colours


def entry(code: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack(">HHII", code, kind, count, value)


def directory(*entries: bytes) -> bytes:
    return struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)


HEAD = b"MM\0*\0\0\0\x08"
HOSTILE = {
    "its directory is the first one": HEAD + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 8)),
    "its values are the first directory": HEAD
    + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 38))
    + directory(entry(2, 5, 9, 0)),
    "it lies outside": HEAD + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 2**32 - 1)),
    "it comes twice": HEAD
    + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 50), entry(34853, 4, 1, 50))
    + directory(entry(1, 2, 2, 0x4E000000)),
    "it is within itself": HEAD
    + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 38))
    + directory(entry(34853, 4, 1, 38)),
    "its values have no end": HEAD
    + directory(entry(271, 2, 4, 0x61626300), entry(34853, 4, 1, 38))
    + directory(entry(2, 5, 2**32 - 1, 60)),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_place_that_is_laid_oddly_goes_too(how: str) -> None:
    stripped = without_gps(HOSTILE[how])
    assert stripped is not None and b"abc" in stripped
    found = Image.Exif()
    found.load(stripped)
    assert dict(found) == {271: "abc"}


@given(st.binary(max_size=80))
def test_nonsense_is_no_crash(data: bytes) -> None:
    for block in (data, b"MM\0*" + data, b"II*\0\x08\0\0\0" + data):
        stripped = without_gps(block)
        assert stripped is None or stripped[:4] in (b"MM\0*", b"II*\0")


TAGS = {"title": "Titel", "artist": "Jemand", "comment": "Wort", "location": "+48.2000+012.5000/"}


@pytest.mark.parametrize("target", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("source", ["mp4", "mov", "mkv"])
def test_a_film_s_tags(tmp_path: Path, source: str, target: str) -> None:
    tags = TAGS | ({"com.apple.quicktime.location.ISO6709": "+48.2+012.5/"} if source == "mkv" else {})
    path = render(tmp_path / f"in.{source}", metadata=tags, sound="aac", chapters=2)
    media = read(path)
    written = {"all": media.info, "placeless": without_position(media.info), "none": without_metadata(media.info)}
    for name, info in written.items():
        write(media, tmp_path / f"{name}.{target}", like=info)
        told = tags_of(tmp_path / f"{name}.{target}")
        assert ("+48.2" in told) == (name == "all")
        assert ("Titel" in told and "Jemand" in told) == (name != "none")
        assert b"+48.2" not in (tmp_path / f"{name}.{target}").read_bytes() or name == "all"
    with av.open(str(tmp_path / f"none.{target}")) as film:
        assert len(film.chapters()) == 2
        assert len(film.streams.audio) == 1


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_chapter_keeps_its_name_but_not_its_place(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(render(tmp_path / "plain.mkv"))) as plain, av.open(str(source), "w") as film:
        stream = film.add_stream_from_template(plain.streams.video[0], opaque=True)
        words = {"title": "Hafen", "location": "+48.2", "comment": "Wort"}
        film.set_chapters([{"id": 1, "start": 0, "end": 100, "time_base": Fraction(1, 1000), "metadata": words}])
        for packet in plain.demux(plain.streams.video[0]):
            if packet.size:
                packet.stream = stream
                film.mux(packet)
    media = read(source)
    for info, kept in (
        (media.info, {b"+48.2", b"Wort"}),
        (without_position(media.info), {b"Wort"}),
        (without_metadata(media.info), set()),
    ):
        write(media, tmp_path / f"out.{suffix}", like=info)
        with av.open(str(tmp_path / f"out.{suffix}")) as film:
            (chapter,) = film.chapters()
        assert chapter["metadata"]["title"] == "Hafen"
        data = (tmp_path / f"out.{suffix}").read_bytes()
        # MP4 has a place for names alone.
        assert {said for said in (b"+48.2", b"Wort") if said in data} == (kept if suffix == "mkv" else set())


def tags_of(path: Path) -> str:
    with av.open(str(path)) as film:
        everything: list[Any] = [film.metadata, *(stream.metadata for stream in film.streams)]
        return " ".join(text for tags in everything for text in tags.values())
