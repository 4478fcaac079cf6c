"""All eight ways in which a film's frames can stand, against the formula of the standard, in and out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import BT709, TICK, Pixels, render, scene
from PIL import Image

import dreampipe
from dreampipe.media.video import open_source

EIGHT = [
    (sign, 0, 0, other) if straight else (0, sign, other, 0)
    for straight in (True, False)
    for sign in (1, -1)
    for other in (1, -1)
]
"""a, b, c, d of the matrices that take the two axes of a picture to the two axes of a screen."""
PLAIN = (1, 0, 0, 1)


def matrix_of(turn: tuple[int, int, int, int]) -> list[int]:
    a, b, c, d = (entry << 16 for entry in turn)
    return [a, b, 0, c, d, 0, 0, 0, 1 << 30]


def shown(picture: npt.NDArray[Any], turn: tuple[int, int, int, int]) -> npt.NDArray[Any]:
    """ISO/IEC 14496-12, 8.3.2.3: a stored point (x, y) is shown at (ax + cy, bx + dy), moved until none is below 0."""
    a, b, c, d = turn
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    columns, rows = a * x + c * y, b * x + d * y
    columns, rows = columns - columns.min(), rows - rows.min()
    out = np.empty((rows.max() + 1, columns.max() + 1, *picture.shape[2:]), picture.dtype)
    out[rows, columns] = picture
    return out


def matrix_in(path: Path) -> list[int] | None:
    with av.open(str(path)) as film:
        held: Any = next(film.decode(video=0)).side_data
        matrices = [np.frombuffer(bytes(one), np.int32).tolist() for one in held if one.type.name == "DISPLAYMATRIX"]
    return matrices[0] if matrices else None


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("turn", EIGHT, ids=str)
def test_frames_stand_as_the_matrix_says_and_are_stored_as_they_were(
    suffix: str, turn: tuple[int, int, int, int], tmp_path: Path
) -> None:
    codec, lossless = ("libvpx-vp9", {"lossless": "1"}) if suffix == "webm" else ("libx264", {"qp": "0"})
    how = {"colour": BT709, "codec": codec, "options": lossless}
    path = render(tmp_path / f"film.{suffix}", scene(2), matrix=matrix_of(turn), **how)
    plain = open_source(render(tmp_path / "plain.mkv", scene(2), **how))
    film = dreampipe.read(path)
    for stored, frame in zip(plain.frames(plain.survey()), film, strict=True):
        assert np.array_equal(frame.pixels, shown(stored.pixels, turn))
    assert (film.info.width, film.info.height) == ((64, 48) if turn[0] else (48, 64))

    copy = tmp_path / f"copy.{suffix}"
    dreampipe.write(film, copy, like=film.info)
    assert matrix_in(copy) == (None if turn == PLAIN else matrix_of(turn))
    again = dreampipe.read(copy)
    for frame, other in zip(film, again, strict=True):
        assert np.abs(frame.pixels - other.pixels).mean() * 255 < 4
    with av.open(str(copy)) as stored_again:
        assert (stored_again.streams.video[0].width, stored_again.streams.video[0].height) == (64, 48)


@pytest.mark.parametrize("turn", EIGHT, ids=str)
def test_a_film_without_a_matrix_in_its_format_stands_upright(turn: tuple[int, int, int, int], tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4", scene(1), matrix=matrix_of(turn), colour=BT709)
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "film.png", like=film.info)
    with Image.open(tmp_path / "film.png") as animation:
        assert np.array_equal(np.asarray(animation.convert("RGB")), np.rint(next(iter(film)).pixels * 255))


@pytest.mark.parametrize("scale", [2, 0.5])
@pytest.mark.parametrize("turn", EIGHT, ids=str)
def test_a_matrix_that_also_enlarges_turns_alike(scale: float, turn: tuple[int, int, int, int], tmp_path: Path) -> None:
    matrix = [round(entry * scale) if place < 5 else entry for place, entry in enumerate(matrix_of(turn))]
    info = open_source(render(tmp_path / "film.mkv", scene(1), matrix=matrix_of(turn))).info
    large = open_source(render(tmp_path / "film.mp4", scene(1), matrix=matrix)).info
    assert (large.rotation, large.mirrored, large.width) == (info.rotation, info.mirrored, info.width)


def jpeg(picture: Pixels, orientation: int) -> bytes:
    exif, written = Image.Exif(), BytesIO()
    exif[274] = orientation
    Image.fromarray(picture).save(written, "JPEG", quality=100, subsampling=0, exif=exif)
    return written.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_jpegs_in_a_film_is_followed(orientation: int, tmp_path: Path) -> None:
    """A frame with EXIF holds side data of a kind that PyAV does not know."""
    (picture,) = scene(1)
    with av.open(str(tmp_path / "film.mov"), "w") as film:
        video: Any = film.add_stream("mjpeg", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj444p"
        packet = av.Packet(jpeg(picture, orientation))
        packet.pts = packet.dts = 0
        packet.time_base, packet.stream, packet.is_keyframe = TICK, video, True
        film.mux(packet)
    (frame,) = dreampipe.read(tmp_path / "film.mov")
    # TIFF 6.0, tag 274: where the first row and the first column are shown.
    turns = {1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1),
             5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0)}  # fmt: skip
    truth = shown(picture, turns[orientation]) / 255
    assert frame.pixels.shape == truth.shape
    assert np.abs(frame.pixels - truth).mean() * 255 < 3
