"""The contract of every row of the table of formats: each fact that a row states is true of real files.

What is expected is derived from the row. A new row without an encoder in `foreign.py` fails.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from foreign import ASKED, FOREIGN, Array, animate
from test_round_trips import ORIENTATIONS, stored

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.errors import MediaError
from dreampipe.media import carries, read_record, write_animation
from dreampipe.media.deciding import THINGS
from dreampipe.media.formats import ANIMATED, FORMATS, format_of, format_of_content, format_of_suffix
from dreampipe.media.profiles import to_srgb
from dreampipe.media.rows import Animation, Format, load
from dreampipe.media.video import open_source, target_of
from dreampipe.media.video.info import FilmInfo
from dreampipe.media.video.whole import write_film

HEIGHT, WIDTH = 24, 36
RECORD = '{"command": "dream"}'
EVERY = pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
WRITTEN = pytest.mark.parametrize("row", [row for row in FORMATS if row.writable], ids=lambda row: row.name)
MOVING = pytest.mark.parametrize(
    ("suffix", "moving"), [(suffix, row.animation) for suffix, row in ANIMATED.items()], ids=list(ANIMATED)
)


def holding(thing: str) -> pytest.MarkDecorator:
    """The rows whose files can hold a thing, as they say."""
    return pytest.mark.parametrize("row", [row for row in FORMATS if thing in row.holds], ids=lambda row: row.name)


def patches(dtype: type = np.uint8) -> Array:
    """(24, 36, 3): patches of 6x6 pixels, 24 colours, so that a palette holds them; no symmetry."""
    rows, columns = np.mgrid[0:4, 0:6]
    small = np.stack((rows * 80, columns * 50, 200 - rows * 30 - columns * 15), axis=2)
    top = np.iinfo(dtype).max
    return (small.repeat(6, axis=0).repeat(6, axis=1) * (top // 255)).astype(dtype)


def mask(low: int = 0, high: int = 255) -> Array:
    """(24, 36) uint8: an alpha channel of two levels, see-through on the left."""
    return np.where(np.arange(WIDTH) < 12, low, high).astype(np.uint8)[None].repeat(HEIGHT, axis=0)


def made(row: Format, folder: Path, samples: Array, orientation: int = 1, icc: bytes | None = None) -> Path:
    path = folder / "file"  # without a suffix: its bytes decide
    path.write_bytes(FOREIGN[row.name].save(np.ascontiguousarray(samples), orientation, icc))
    return path


def error(values: Array, expected: Array, top: int = 255) -> float:
    """The mean difference of two pictures, of 255: codecs with loss ring at the edges of patches."""
    return float(np.abs(values * 255.0 - expected.astype(np.float64) * 255 / top).mean())


def framed(alpha: Array | None = None) -> Frame:
    return Frame(patches().astype(np.float32) / 255, alpha=None if alpha is None else alpha.astype(np.float32) / 255)


def test_every_row_has_a_foreign_encoder_and_stores_what_that_stores() -> None:
    assert {row.name: row.holds & ASKED for row in FORMATS} == {name: one.holds for name, one in FOREIGN.items()}


def test_rows_name_things_of_the_table() -> None:
    rows: list[Format | Animation] = [*FORMATS, *(row.animation for row in FORMATS if row.animation)]
    for row in rows:
        assert row.holds <= THINGS.keys(), row.name
    assert all(thing.held_by for thing in THINGS.values())


def test_no_suffix_and_no_name_belongs_to_two_rows() -> None:
    for words in ([row.name for row in FORMATS], [suffix for row in FORMATS for suffix in row.suffixes]):
        assert len(words) == len(set(words))


@EVERY
def test_the_functions_of_a_row_are_there(row: Format) -> None:
    names = [row.decode, row.opener, row.header, row.label, row.profile, row.further, row.coding, row.encode]
    names += [row.record, *((row.animation.frames, row.animation.write) if row.animation else ())]
    assert all(callable(load(name)) for name in names if name)


@EVERY
def test_bytes_and_suffixes_name_the_row(row: Format, tmp_path: Path) -> None:
    path = made(row, tmp_path, patches())
    assert format_of_content(path.read_bytes()[:64]) is row
    media = read(path)
    (frame,) = media
    assert (media.info.format, media.info.bits, media.info.alpha) == (row.name, 8, False)
    assert (media.info.icc, media.info.notes) == (None, ())
    assert error(frame.pixels, patches()) <= FOREIGN[row.name].error
    for suffix in row.suffixes:
        assert format_of_suffix(Path(f"x{suffix.upper()}")) is row
        if row.writable:
            write(frame, tmp_path / f"x{suffix}")
            assert read(tmp_path / f"x{suffix}").info.format == row.name
        else:
            with pytest.raises(MediaError, match="what is written needs one of"):
                format_of(Path(f"x{suffix}"))


@holding("alpha")
def test_transparency_is_read(row: Format, tmp_path: Path) -> None:
    levels = row.animation is None or row.animation.levels
    alpha = mask(100 if levels else 0)
    media = read(made(row, tmp_path, np.dstack((patches(), alpha))))
    (frame,) = media
    assert media.info.alpha and frame.alpha is not None
    assert error(frame.alpha, alpha) <= FOREIGN[row.name].error
    seen = alpha > 0
    assert error(frame.pixels[seen], patches()[seen]) <= FOREIGN[row.name].error


@holding("deep")
def test_deep_samples_are_read(row: Format, tmp_path: Path) -> None:
    deep = patches(np.uint16)
    deep[..., 0] += np.arange(WIDTH, dtype=np.uint16) * 128  # steps that 8 bits do not have
    media = read(made(row, tmp_path, deep))
    (frame,) = media
    assert media.info.bits == 16
    step = 1.01 / (2 ** FOREIGN[row.name].bits - 1)
    lossy = FOREIGN[row.name].error / 255 / 4
    assert np.abs(frame.pixels - deep / 65_535).mean() <= (step + lossy if FOREIGN[row.name].bits < 16 else 1e-7)
    assert len(np.unique(np.rint(frame.pixels[0, :, 0] * 65_535))) > 24


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@holding("orientation")
def test_a_turned_picture_is_upright(row: Format, orientation: int, tmp_path: Path) -> None:
    (frame,) = read(made(row, tmp_path, stored(patches(), orientation), orientation))
    assert frame.pixels.shape == patches().shape
    assert error(frame.pixels, patches()) <= FOREIGN[row.name].error


@holding("icc")
def test_a_profile_is_read(row: Format, wide_profile: bytes, tmp_path: Path) -> None:
    media = read(made(row, tmp_path, patches(), icc=wide_profile))
    (frame,) = media
    assert media.info.icc == wide_profile
    assert error(frame.pixels, patches()) <= FOREIGN[row.name].error


@WRITTEN
def test_transparency_is_written_if_the_row_says_so(row: Format, tmp_path: Path) -> None:
    alpha = mask(100)
    path = tmp_path / f"x{row.suffixes[0]}"
    write(framed(alpha), path, like=MediaInfo(WIDTH, HEIGHT, alpha=True))
    media = read(path)
    (frame,) = media
    assert (media.info.alpha, frame.alpha is not None) == (row.alpha, row.alpha)
    if frame.alpha is not None:
        assert error(frame.alpha, alpha) <= (4 if row.quality else 0)


@WRITTEN
def test_as_many_bits_are_written_as_the_row_says_and_all_come_back_without_loss(row: Format, tmp_path: Path) -> None:
    path = tmp_path / f"x{row.suffixes[0]}"
    deep = np.random.default_rng(3).integers(0, 65_536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    write(Frame((deep / 65_535).astype(np.float32)), path, like=MediaInfo(WIDTH, HEIGHT, bits=16))
    media = read(path)
    (frame,) = media
    assert media.info.bits == row.bits
    expected = deep if row.bits == 16 else np.rint(deep / 257)
    values = np.rint(frame.pixels.astype(np.float64) * (2**row.bits - 1))
    assert np.array_equal(values, expected) == (row.quality is None)


@WRITTEN
def test_profile_and_exif_are_written_if_the_row_says_so(
    row: Format, wide_profile: bytes, exif: bytes, tmp_path: Path
) -> None:
    path = tmp_path / f"x{row.suffixes[0]}"
    write(framed(), path, like=MediaInfo(WIDTH, HEIGHT, icc=wide_profile, exif=exif))
    media = read(path)
    (frame,) = media
    assert (media.info.icc == wide_profile, media.info.exif is not None) == (row.metadata, row.metadata)
    if not row.metadata:
        expected = np.clip(to_srgb(framed().pixels, wide_profile), 0, 1)
        assert np.abs(frame.pixels - expected).max() <= 0.51 / 255


@WRITTEN
def test_a_record_is_written_if_the_row_says_so(row: Format, tmp_path: Path) -> None:
    path = tmp_path / f"x{row.suffixes[0]}"
    write(framed(), path, record=RECORD)
    assert carries(path) == row.records == (not path.with_name(f"{path.name}.dream.json").exists())
    assert read_record(path) == RECORD


@WRITTEN
def test_each_pixel_has_its_own_colour_if_the_row_says_so(row: Format, tmp_path: Path) -> None:
    stripes = np.zeros((16, 16, 3), np.float32)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 1  # red and blue by turns: half as many colours make them purple
    write(Frame(stripes), tmp_path / f"x{row.suffixes[0]}")
    (frame,) = read(tmp_path / f"x{row.suffixes[0]}")
    assert (np.abs(frame.pixels - stripes).mean() < 0.1) == row.chroma


@MOVING
def test_an_animation_is_read_with_its_times_and_plays(suffix: str, moving: Animation, tmp_path: Path) -> None:
    pictures = [np.roll(patches(), 6 * index, axis=1) for index in range(3)]
    path = tmp_path / "file"
    path.write_bytes(animate(suffix, pictures, [100, 250, 400], 3))
    film = open_source(path)
    survey = film.survey()
    frames = list(film.frames(survey))
    assert [frame.duration for frame in frames] == [Fraction(1, 10), Fraction(1, 4), Fraction(2, 5)]
    assert film.info.plays == 3 and survey.problem is None
    for frame, picture in zip(frames, pictures, strict=True):
        assert error(frame.pixels, picture) == 0


@MOVING
def test_a_cut_animation_is_used_and_its_problem_named(suffix: str, moving: Animation, tmp_path: Path) -> None:
    pictures = [np.random.default_rng(index).integers(0, 256, (32, 48, 3), np.uint8) for index in range(3)]
    path = tmp_path / "file"
    path.write_bytes(animate(suffix, pictures, [100] * 3, 0)[:-3000])
    if ANIMATED[suffix].whole:  # its decoder gives nothing of a part
        with pytest.raises(MediaError, match="damaged"):
            open_source(path)
        return
    survey = open_source(path).survey()
    assert survey.problem is not None and len(survey) in (1, 2)
    assert ("of 3 frames" in survey.problem) == moving.counted


@MOVING
def test_an_animation_is_written_as_its_row_says(suffix: str, moving: Animation, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    path = tmp_path / f"x{suffix}"
    write_animation([Frame(np.roll(noise, index, axis=1)) for index in range(3)], path, fps=25, record=RECORD)
    film = open_source(path)
    frames = list(film.frames(film.survey()))
    times = [round(Fraction(index, 25) / moving.tick) * moving.tick for index in range(3)]
    assert [frame.time for frame in frames] == times and film.info.plays == 0
    exact = [np.array_equal(np.rint(f.pixels * 255), np.rint(np.roll(noise, i, 1) * 255)) for i, f in enumerate(frames)]
    assert exact == [moving.lossless] * 3
    row = ANIMATED[suffix]
    assert carries(path) == row.records
    assert read_record(path) == (RECORD if row.records else None)


@MOVING
def test_each_pixel_of_an_animation_has_its_own_colour_if_its_row_says_so(
    suffix: str, moving: Animation, tmp_path: Path
) -> None:
    stripes = np.zeros((16, 16, 3), np.float32)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 1
    path = tmp_path / f"x{suffix}"
    write_animation([Frame(stripes), Frame(np.roll(stripes, 1, axis=1))], path)
    film = open_source(path)
    frame = next(film.frames(film.survey()))
    assert (np.abs(frame.pixels - stripes).mean() < 0.1) == moving.chroma


@MOVING
def test_transparency_of_an_animation_has_the_levels_of_its_row(suffix: str, moving: Animation, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    frames = [framed(mask(100)), framed(mask(100)[:, ::-1])]
    write_film(frames, path, rate=Fraction(10))
    film = open_source(path)
    alpha = next(film.frames(film.survey())).alpha
    assert film.info.alpha and alpha is not None
    assert set(np.rint(alpha * 255).ravel().tolist()) == ({100, 255} if moving.levels else {0, 255})


def info_of(width: int, height: int, plays: int = 0, alpha: bool = False) -> FilmInfo:
    return FilmInfo(
        width=width,
        height=height,
        plays=plays,
        alpha=alpha,
        time_base=Fraction(1, 1000),
        rate=Fraction(10),
        codec="rawvideo",
        pixel_format="rgb24",
    )


@MOVING
def test_the_limits_of_an_animation_are_checked_before_a_frame_is_made(
    suffix: str, moving: Animation, tmp_path: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    assert target_of(path, info_of(moving.side or 100_000, 2, moving.plays)).check() == ()
    if moving.side:
        with pytest.raises(MediaError, match=f"takes sides up to {moving.side:,}"):
            target_of(path, info_of(2, moving.side + 1)).check()
    (note,) = target_of(path, info_of(2, 2, moving.plays + 1)).check()
    assert f"become {moving.plays:,}" in note
    notes = target_of(path, info_of(2, 2, alpha=True)).check()
    assert any("one bit" in note for note in notes) != moving.levels


@MOVING
def test_the_most_plays_come_back(suffix: str, moving: Animation, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    frames = [Frame(np.full((4, 4, 3), level, np.float32)) for level in (0.2, 0.8)]
    write(frames, path, like=info_of(4, 4, moving.plays + 5))
    assert open_source(path).info.plays == moving.plays
