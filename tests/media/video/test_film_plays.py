"""How often an animation plays is kept from every format to every other; each counts in its own way."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from suffixes import MOVING

import dreampipe
from dreampipe.media.video import open_source, target_of

PLAYS = (0, 1, 3)


def made(path: Path, plays: int) -> Path:
    """Write an animation of two frames with Pillow: GIF counts repeats, and none means that it plays once."""
    pictures = [Image.fromarray(np.full((8, 12, 3), value, np.uint8)) for value in (40, 200)]
    loop = {"loop": plays} if path.suffix != ".gif" else {} if plays == 1 else {"loop": max(0, plays - 1)}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, **loop)
    return path


def plays_in(path: Path) -> int:
    """Read the number of plays from a file's bytes: NETSCAPE's block, the chunk ANIM, the chunk acTL."""
    data = path.read_bytes()
    if data.startswith(b"GIF"):
        place = data.find(b"NETSCAPE2.0")
        repeats = None if place < 0 else struct.unpack_from("<H", data, place + 13)[0]
        return 1 if repeats is None else repeats and repeats + 1
    if data.startswith(b"RIFF"):
        return int(struct.unpack_from("<H", data, data.index(b"ANIM") + 12)[0])
    return int(struct.unpack_from(">I", data, data.index(b"acTL") + 8)[0])


@pytest.mark.parametrize("plays", PLAYS)
@pytest.mark.parametrize("target", MOVING)
@pytest.mark.parametrize("source", MOVING)
def test_the_number_of_plays_is_kept(source: str, target: str, plays: int, tmp_path: Path) -> None:
    path = made(tmp_path / f"in{source}", plays)
    assert plays_in(path) == plays
    film = open_source(path)
    assert target_of(tmp_path / f"out{target}", film.info).check() == ()
    dreampipe.write(film.frames(film.survey()), tmp_path / f"out{target}", like=film.info)
    assert plays_in(tmp_path / f"out{target}") == plays


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "frames/%d.png"])
@pytest.mark.parametrize(("plays", "part"), [(0, "plays for ever"), (3, "plays 3 times"), (1, "")])
def test_what_is_no_animation_reports_it_once(name: str, plays: int, part: str, tmp_path: Path) -> None:
    info = open_source(made(tmp_path / "in.gif", plays)).info
    said = [note for note in target_of(tmp_path / name, info).check() if "plays" in note]
    assert len(said) == bool(part) and all(part in note for note in said)


def test_more_plays_than_a_format_counts_are_reported(tmp_path: Path) -> None:
    path = made(tmp_path / "in.gif", 65_536)
    film = open_source(path)
    assert film.info.plays == 65_536
    assert target_of(tmp_path / "out.gif", film.info).check() == ()
    notes = target_of(tmp_path / "out.webp", film.info).check()
    assert notes == (".webp: Its 65,536 plays become 65,535.",)
    dreampipe.write(film.frames(film.survey()), tmp_path / "out.webp", like=film.info)
    assert plays_in(tmp_path / "out.webp") == 65_535


def test_a_film_becomes_an_animation_that_plays_for_ever(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mkv"), "w") as film:
        stream = film.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 12, 8, "bgr0"
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(np.full((8, 12, 3), 90 * index, np.uint8), "rgb24")
            film.mux(stream.encode(frame.reformat(format="bgr0")))
        film.mux(stream.encode(None))
    media = dreampipe.read(tmp_path / "film.mkv")
    for suffix in MOVING:
        dreampipe.write(media, tmp_path / f"out{suffix}", like=media.info)
        assert plays_in(tmp_path / f"out{suffix}") == 0
