"""Numbered pictures and animated ones as films: their order, their times, what of them cannot be kept."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import tifffile
from films import COUNT, HEIGHT, WIDTH, scene
from PIL import Image

from dreampipe import write
from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.video import Source, Survey, open_source, target_of

Times = list[Fraction | None]


def flat(level: int, width: int = 8, height: int = 6) -> Image.Image:
    return Image.new("RGB", (width, height), (level, level, level))


def levels(source: Source, survey: Survey) -> list[int]:
    return [round(float(frame.pixels[0, 0, 0]) * 255) for frame in source.frames(survey)]


def test_pictures_come_in_the_order_people_count_in(tmp_path: Path) -> None:
    names = ["a1.png", "a2.jpg", "a10.png", "B2.bmp", "b10.tif"]
    for index, name in enumerate(names):
        flat(index * 20).save(tmp_path / name, quality=100)
    flat(250).save(tmp_path / ".hidden.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "below.png").mkdir()
    source = open_source(tmp_path)
    assert levels(source, source.survey()) == [0, 20, 40, 60, 80]
    assert (source.info.path, source.info.rate) == (None, 24)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30_000, 1001), Fraction(1, 2)])
def test_their_rate_is_exact(tmp_path: Path, fps: Fraction) -> None:
    for index in range(4):
        flat(index).save(tmp_path / f"{index}.png")
    source = open_source(tmp_path, fps=fps)
    survey = source.survey()
    assert [frame.time for frame in source.frames(survey)] == [index / fps for index in range(4)]
    assert survey.duration(3) == 1 / fps
    assert source.sha256() != open_source(tmp_path, fps=fps + 1).sha256()


def test_a_picture_that_is_replaced_makes_another_film(tmp_path: Path) -> None:
    for index in range(3):
        flat(index).save(tmp_path / f"{index}.png")
    before = open_source(tmp_path).sha256()
    flat(99).save(tmp_path / "1.png")
    assert open_source(tmp_path).sha256() != before


def test_16_bits_stay_16_bits(tmp_path: Path) -> None:
    pixels = (scene(1, bits=16)[0] / np.float32(65535)).astype(np.float32)
    write(Frame(pixels), tmp_path / "1.png", MediaInfo(WIDTH, HEIGHT, bits=16))
    source = open_source(tmp_path)
    (frame,) = source.frames(source.survey())
    assert source.info.bits == 16
    assert np.array_equal(frame.pixels, pixels)


def test_one_of_another_size_is_named(tmp_path: Path) -> None:
    for index, width in enumerate([8, 8, 9]):
        flat(index, width).save(tmp_path / f"{index}.png")
    with pytest.raises(MediaError, match=r"2\.png has 9x6 pixels, but 0\.png has 8x6"):
        open_source(tmp_path).survey()


def test_a_damaged_one_is_named(tmp_path: Path) -> None:
    flat(1).save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "1.png").read_bytes()[:40])
    with pytest.raises(MediaError, match=r"2\.png"):
        open_source(tmp_path).survey()


def test_their_transparency_is_kept(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 6), (200, 100, 50, 10)).save(tmp_path / "1.png")
    source = open_source(tmp_path)
    (frame,) = source.frames(source.survey())
    assert source.info.alpha
    assert frame.alpha is not None
    assert np.array_equal(np.rint(frame.alpha * 255), np.full((6, 8), 10))
    assert round(float(frame.pixels[0, 0, 0]) * 255) == 200


def test_cuts_between_them_are_found(tmp_path: Path) -> None:
    for index, picture in enumerate([*scene(12), *scene(12, seed=5)]):
        Image.fromarray(picture if index < 12 else 255 - picture // 2).save(tmp_path / f"{index}.png")
    assert open_source(tmp_path).survey().cuts == (12,)


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png"])
def test_animated_pictures_keep_their_times(tmp_path: Path, name: str) -> None:
    durations = [40, 50, 0, 10, 300, 20]
    first, *rest = [flat(20 * index) for index in range(6)]
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=durations, lossless=True)
    source = open_source(tmp_path / name)
    survey = source.survey()
    # What is on show for hardly any time browsers show for 100 ms.
    shown = [40, 50, 100, 100, 300, 20]
    assert [survey.duration(index) for index in range(6)] == [Fraction(time, 1000) for time in shown]
    assert survey.time(0) == 0
    assert levels(source, survey) == [0, 20, 40, 60, 80, 100]
    assert source.info.rate == Fraction(6000, sum(shown))


def test_what_is_see_through_is_kept(tmp_path: Path) -> None:
    clear, solid = Image.new("RGBA", (8, 6), (255, 255, 255, 0)), Image.new("RGBA", (8, 6), (200, 200, 200, 255))
    solid.save(tmp_path / "film.png", save_all=True, append_images=[clear, solid], duration=50, disposal=1, blend=0)
    source = open_source(tmp_path / "film.png")
    alphas = [frame.alpha for frame in source.frames(source.survey())]
    assert source.info.alpha
    assert [None if alpha is None else (alpha.min(), alpha.max()) for alpha in alphas] == [(1, 1), (0, 0), (1, 1)]


def test_frames_that_change_a_part_lie_on_those_before(tmp_path: Path) -> None:
    pictures = [flat(60, 40, 30) for _ in range(4)]
    for index, picture in enumerate(pictures):
        picture.paste((200, 60, 60), (index * 8, 4, index * 8 + 6, 20))
    pictures[0].save(tmp_path / "film.gif", save_all=True, append_images=pictures[1:], duration=50)
    source = open_source(tmp_path / "film.gif")
    for frame, picture in zip(source.frames(source.survey()), pictures, strict=True):
        assert np.abs(frame.pixels * 255 - np.asarray(picture)).max() < 0.01


def test_the_still_before_an_animated_png_is_not_in_the_film(tmp_path: Path) -> None:
    still, *film = [flat(20 * index) for index in range(4)]
    still.save(tmp_path / "film.png", save_all=True, append_images=film, duration=50, default_image=True)
    source = open_source(tmp_path / "film.png")
    assert levels(source, source.survey()) == [20, 40, 60]


def test_a_still_is_no_film(tmp_path: Path) -> None:
    flat(3).save(tmp_path / "still.png")
    with pytest.raises(MediaError, match="holds a picture"):
        open_source(tmp_path / "still.png")


def test_a_long_film_of_pictures_needs_no_more_than_one_at_a_time(tmp_path: Path) -> None:
    for index in range(COUNT):
        flat(index).save(tmp_path / f"{index}.png")
    source = open_source(tmp_path)
    survey = source.survey()
    for index in range(COUNT):
        (tmp_path / f"{index - 1}.png").unlink(missing_ok=True)
        assert next(source.frames(survey, index)).index == index


def test_exif_of_numbered_pictures_is_reported(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271] = "Nobody"
    (tmp_path / "in").mkdir()
    for number in range(2):
        Image.new("RGB", (8, 6)).save(tmp_path / "in" / f"{number}.jpg", exif=exif)
    info = open_source(tmp_path / "in").info
    for name in ("film.mkv", "film.gif", "out/%d.jpg"):
        assert "The EXIF of its pictures is left out." in target_of(tmp_path / name, info).check()


def test_float_pictures_of_a_film_share_one_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 8 * 6, dtype=np.float32).reshape(6, 8)
    tops = [0.5, 60, 250, 100]
    for index, top in enumerate(tops):
        tifffile.imwrite(tmp_path / f"{index}.tif", ramp * np.float32(top), photometric="minisblack")
    source = open_source(tmp_path)
    survey = Survey.from_dict(json.loads(json.dumps(source.survey().as_dict())))
    for frame, top in zip(source.frames(survey), tops, strict=True):
        np.testing.assert_allclose(frame.pixels[..., 0], ramp * top / 255, atol=1e-6)
    assert next(source.frames(survey, 3)).pixels.max() == pytest.approx(100 / 255)
    assert survey.notes == ("The values of all its pictures are read from 0 to 255, the widest range of them.",)
    assert source.info.notes == ()


def test_one_range_of_all_pictures_is_noted_once(tmp_path: Path) -> None:
    for index in range(3):
        values = np.full((6, 8), 200 + index, np.float32)
        tifffile.imwrite(tmp_path / f"{index}.tif", values, photometric="minisblack")
    assert open_source(tmp_path).survey().notes == (
        "0.tif: Its values are read from 0 to 255, which become black and white.",
    )


def test_each_note_on_a_picture_of_a_film_comes_once(tmp_path: Path) -> None:
    flat(90).save(tmp_path / "0.jpg")
    for index in (1, 2):
        flat(90).convert("CMYK").save(tmp_path / f"{index}.jpg")
        flat(90).save(tmp_path / f"{index + 2}.jpg", comment=b"hello")
    Image.fromarray(np.full((6, 8), index, np.uint8)).save(tmp_path / "5.png")
    source = open_source(tmp_path)
    named = [note.split(":")[0] for note in source.survey().notes]
    assert source.info.notes == ()
    assert named == ["1.jpg", "3.jpg", "5.png"]
    (tmp_path / "0.jpg").unlink()
    source = open_source(tmp_path)
    assert [note.split(":")[0] for note in (*source.info.notes, *source.survey().notes)] == named
