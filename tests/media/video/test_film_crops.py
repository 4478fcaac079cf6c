"""What a container hides of its frames is left out: a clean aperture (ISO 14496-12, 12.1.4), PixelCrop (RFC 9559)."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from boxed import ENTRY, box
from boxed import put as put_box
from elements import TRACK, TRACKS, VIDEO, element
from elements import put as put_element
from films import HEIGHT, WIDTH, render, scene

import dreampipe
from dreampipe.media.video import open_source, target_of

Sides = tuple[int, int, int, int]
ASYMMETRIC: Sides = (3, 1, 9, 5)
NAMES = ["film.mp4", "film.mov", "film.mkv", "film.webm"]


def cropped(path: Path, sides: Sides, rotation: int = 0) -> Path:
    """Render a film that hides so many pixels at its left, top, right and bottom."""
    left, top, right, bottom = sides
    if path.suffix in (".mkv", ".webm"):
        codec, options = ("libvpx-vp9", {"lossless": "1"}) if path.suffix == ".webm" else ("libx264", {"qp": "0"})
        render(path, scene(2), codec=codec, rotation=rotation, options=options, container={"write_crc32": "0"})
        kept = zip(("54CC", "54BB", "54DD", "54AA"), sides, strict=True)
        return put_element(path, b"".join(element(side, hidden) for side, hidden in kept), TRACKS, TRACK, VIDEO)
    size = (WIDTH - left - right, 1, HEIGHT - top - bottom, 1)
    moved = (left - right, 2, top - bottom, 2)
    return put_box(
        render(path, scene(2), rotation=rotation, options={"qp": "0", "bf": "0"}),
        box(b"clap", struct.pack(">4I", *size) + struct.pack(">iIiI", *moved)),
        ENTRY,
    )


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_hidden_is_left_out(name: str, rotation: int, tmp_path: Path) -> None:
    film = dreampipe.read(cropped(tmp_path / name, ASYMMETRIC, rotation))
    plain = dreampipe.read(cropped(tmp_path / f"plain{name[4:]}", (0, 0, 0, 0)))
    left, top, right, bottom = ASYMMETRIC
    for frame, whole in zip(film, plain, strict=True):
        kept = whole.pixels[top : HEIGHT - bottom, left : WIDTH - right]
        assert np.array_equal(frame.pixels, np.rot90(kept, rotation // 90))
    size = (WIDTH - left - right, HEIGHT - top - bottom)
    assert (film.info.width, film.info.height) == (size if not rotation else size[::-1])
    said = f"Of its {WIDTH}x{HEIGHT} pixels it shows {size[0]}x{size[1]}: the others are left out."
    assert said in film.info.notes


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_what_is_written_hides_nothing(name: str, tmp_path: Path) -> None:
    film = dreampipe.read(cropped(tmp_path / name, (8, 4, 8, 4), 90))
    target = tmp_path / f"copy{name[4:]}"
    assert target_of(target, film.info).check() == ()
    dreampipe.write(film, target, like=film.info)
    info = open_source(target).info
    assert (info.width, info.height, info.rotation, info.crop) == (40, 48, 90, (0, 0, 0, 0))


@pytest.mark.parametrize("aperture", [(0, 1, 24, 1), (80, 1, 24, 1), (32, 0, 24, 1), (32, 1, 24, 1, 60, 1)])
def test_an_aperture_that_makes_no_sense_is_passed_over(aperture: tuple[int, ...], tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4", scene(2), options={"bf": "0"})
    put_box(path, box(b"clap", struct.pack(">8I", *aperture, *(0, 1, 0, 1)[len(aperture) - 4 :])), ENTRY)
    info = open_source(path).info
    assert (info.width, info.height, info.notes) == (WIDTH, HEIGHT, ())


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_the_crop_of_a_codec_is_its_own(codec: str, tmp_path: Path) -> None:
    """H.264 and H.265 store blocks of 16 pixels and say how many of the last ones are not shown."""
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    film = dreampipe.read(render(tmp_path / "film.mp4", scene(2, 50, 38), codec=codec, options=quiet))
    assert (film.info.width, film.info.height, film.info.notes) == (50, 38, ())
    assert next(iter(film)).pixels.shape == (38, 50, 3)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
def test_the_shape_of_a_pixel_goes_along_with_a_turn(name: str, rotation: int, tmp_path: Path) -> None:
    film = dreampipe.read(render(tmp_path / name, scene(2), aspect=Fraction(4, 3), rotation=rotation))
    dreampipe.write(film, tmp_path / f"copy{name[4:]}", like=film.info)
    info = open_source(tmp_path / f"copy{name[4:]}").info
    assert (info.aspect, info.rotation, info.width) == (Fraction(4, 3), rotation, HEIGHT if rotation else WIDTH)
