"""The elements of Matroska films: what FFmpeg passes over is reported, and ordinary ones are not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from elements import INFO, TRACK, TRACKS, VIDEO, element, put
from films import render, scene
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.media.video import ebml, open_source, target_of

ORDERED = element(
    "1043A770", element("45B9", element("45BC", 1), element("45DD", 1), element("B6", element("73C4", 1)))
)
UNKNOWN = "It holds {}, which is not known here: left out."
_CONFIGURATION = bytes([1, 0, 5 << 1, 1 << 3 | 0b101, 0]) + bytes(19)
DOLBY = element("41E4", element("41F0", 1), element("41E7", b"dvcC"), element("41ED", _CONFIGURATION))


def notes(path: Path, target: str = "out.mkv") -> tuple[str, ...]:
    info = open_source(path).info
    return (*info.notes, *target_of(path.parent / target, info).check())


def plain(path: Path) -> Path:
    return render(path, scene(2), options={"bf": "0"}, container={"write_crc32": "0"})


@pytest.mark.parametrize(("way", "extra", "said"), [
    ((TRACKS, TRACK, VIDEO), element("7FF1", 1), "an element that is called 7FF1"),
    ((TRACKS, TRACK), element("7FF2", 1), "an element that is called 7FF2"),
    ((INFO,), element("3EB923", bytes(16)), "a link to the film after it"),
    ((TRACKS, TRACK, VIDEO), element("2FB523", b"\x40\x0c\xcc\xcd"), "a gamma of its own"),
    ((), ORDERED, "an order of its own in which chapters are played"),
    ((), element("1FFFFFF1", b"?"), "an element that is called 1FFFFFF1"),
    ((TRACKS, TRACK), element("41E4", element("41F0", 9), element("41E7", 99)), "data of kind 99 next to its frames"),
])  # fmt: skip
@pytest.mark.parametrize("target", ["out.mkv", "out.mp4", "out.gif"])
def test_what_is_not_known_is_reported(
    way: tuple[str, ...], extra: bytes, said: str, target: str, tmp_path: Path
) -> None:
    path = put(plain(tmp_path / "film.mkv"), extra, *way)
    assert notes(path, target).count(UNKNOWN.format(said)) == 1
    assert open_source(path).survey().problem is None


def test_dolby_vision_in_matroska_is_never_passed_on_as_if_it_fitted(tmp_path: Path) -> None:
    said = notes(put(plain(tmp_path / "film.mkv"), DOLBY, TRACKS, TRACK))
    assert len([note for note in said if "Dolby Vision metadata is left out" in note]) == 1


@pytest.mark.parametrize("extra", [
    element("55EE", 4), element("22B59D", b"en"), element("55AF", 1), element("536E", b"a name"), element("EC", b"?"),
])  # fmt: skip
def test_what_is_read_or_says_how_a_film_is_stored_is_not_reported(extra: bytes, tmp_path: Path) -> None:
    assert notes(put(plain(tmp_path / "film.mkv"), extra, TRACKS, TRACK)) == ()


@given(st.binary(max_size=80))
def test_any_bytes_are_walked_to_an_end(data: bytes) -> None:
    whole = bytes.fromhex("1A45DFA380") + data
    assert sum(1 for _ in ebml.walk(BytesIO(whole))) <= len(whole)
    ebml.ends_whole(BytesIO(whole))
    ebml.crops(BytesIO(whole))


@pytest.mark.parametrize("cut", [20, 40, 400])
def test_a_film_that_is_cut_off_does_not_end_whole(cut: int, tmp_path: Path) -> None:
    data = plain(tmp_path / "film.mkv").read_bytes()
    assert ebml.ends_whole(BytesIO(data))
    assert not ebml.ends_whole(BytesIO(data[:-cut]))
    assert not ebml.ends_whole(BytesIO(data[:-cut] + bytes(cut)))
