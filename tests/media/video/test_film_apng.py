"""Frames of an animated PNG are laid over each other as its specification says, for every way to do so."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.media.video import open_source, target_of

WIDTH, HEIGHT = 6, 4
NONE, BACKGROUND, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1
Samples = npt.NDArray[Any]
LAYOUTS = {1: 0, 2: 4, 3: 2, 4: 6}  # samples of a pixel: PNG's number for them


class Part(NamedTuple):
    """One frame of an animation: samples (height, width, channels), where it lies, and how it meets the others."""

    samples: Samples
    left: int = 0
    top: int = 0
    dispose: int = NONE
    blend: int = SOURCE
    delay: tuple[int, int] = (1, 10)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(samples: Samples) -> bytes:
    rows = samples.astype(samples.dtype.newbyteorder(">"))
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))


def write_apng(
    path: Path, parts: Sequence[Part], *, still: Samples | None = None, more: bytes = b"", declared: int | None = None
) -> Path:
    """Write an animated PNG chunk by chunk."""
    first = parts[0].samples
    header = struct.pack(">2I5B", WIDTH, HEIGHT, first.dtype.itemsize * 8, LAYOUTS[first.shape[2]], 0, 0, 0)
    count = len(parts) if declared is None else declared
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"acTL", struct.pack(">2I", count, 0)) + more
    if still is not None:
        data += chunk(b"IDAT", packed(still))
    number = 0
    for index, part in enumerate(parts):
        height, width = part.samples.shape[:2]
        control = struct.pack(
            ">5I2H2B", number, width, height, part.left, part.top, *part.delay, part.dispose, part.blend
        )
        data += chunk(b"fcTL", control)
        number += 1
        if index == 0 and still is None:
            data += chunk(b"IDAT", packed(part.samples))
        else:
            data += chunk(b"fdAT", struct.pack(">I", number) + packed(part.samples))
            number += 1
    path.write_bytes(data + chunk(b"IEND", b""))
    return path


def shown(path: Path) -> list[Samples]:
    """(height, width, 4) of each frame as our reader gives it."""
    film = open_source(path)
    frames = list(film.frames(film.survey()))
    assert film.survey().problem is None
    whole = np.ones((HEIGHT, WIDTH), np.float32)
    return [np.dstack([frame.pixels, whole if frame.alpha is None else frame.alpha]) for frame in frames]


def truth(parts: Sequence[Part]) -> list[Samples]:
    """The specification's rules, pixel by pixel, in 64 bits."""
    canvas, result = np.zeros((HEIGHT, WIDTH, 4)), []
    for number, part in enumerate(parts):
        unit = part.samples / np.iinfo(part.samples.dtype).max
        height, width = unit.shape[:2]
        before = canvas.copy()
        for row, column in product(range(height), range(width)):
            y, x = part.top + row, part.left + column
            *colour, alpha = unit[row, column]
            if part.blend == SOURCE:
                canvas[y, x] = unit[row, column]
                continue
            under = canvas[y, x, 3] * (1 - alpha)
            total = alpha + under
            mixed = [
                (one * alpha + other * under) / total if total else 0
                for one, other in zip(colour, canvas[y, x, :3], strict=True)
            ]
            canvas[y, x] = [*mixed, total]
        result.append(canvas.copy())
        place = np.s_[part.top : part.top + height, part.left : part.left + width]
        if part.dispose == BACKGROUND or (part.dispose == PREVIOUS and number == 0):
            canvas[place] = 0
        elif part.dispose == PREVIOUS:
            canvas[place] = before[place]
    return result


def noise(seed: int, width: int = WIDTH, height: int = HEIGHT, dtype: Any = np.uint8) -> Samples:
    """RGBA whose alpha is often 0, half or whole."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    samples = rng.integers(0, top, (height, width, 4), dtype, endpoint=True)
    samples[..., 3] = rng.choice([0, top // 4, top // 2, top], (height, width))
    return samples


@pytest.mark.parametrize("disposals", list(product([NONE, BACKGROUND, PREVIOUS], repeat=2)))
@pytest.mark.parametrize("blends", list(product([SOURCE, OVER], repeat=3)))
def test_every_way_to_meet_the_frames_before(
    blends: tuple[int, ...], disposals: tuple[int, ...], tmp_path: Path
) -> None:
    dtype = (np.uint8, np.uint16)[(sum(blends) + sum(disposals)) % 2]
    parts = [
        Part(noise(1, dtype=dtype), 0, 0, disposals[0], blends[0]),
        Part(noise(2, 3, 2, dtype), 2, 1, disposals[1], blends[1]),
        Part(noise(3, 4, 3, dtype), 1, 1, NONE, blends[2]),
    ]
    frames = shown(write_apng(tmp_path / "film.png", parts))
    for came, expected in zip(frames, truth(parts), strict=True):
        seen = expected[..., 3] > 0
        assert np.abs(came[..., 3] - expected[..., 3]).max() < 1e-6
        assert np.abs(came[seen] - expected[seen]).max() < 1e-5


@pytest.mark.parametrize("kind", [b"gAMA", b"cHRM", b"sRGB", b"cICP", b"sBIT"])
def test_a_damaged_chunk_of_colours_is_left_out_of_all_frames_with_a_note(kind: bytes, tmp_path: Path) -> None:
    parts = [Part(noise(1)), Part(noise(2, 3, 2), 2, 1, NONE, OVER)]
    whole = shown(write_apng(tmp_path / "whole.png", parts))
    torn = chunk(kind, bytes(8))[:-1] + b"?"
    path = write_apng(tmp_path / "film.png", parts, more=torn)
    np.testing.assert_array_equal(shown(path), whole)
    assert open_source(path).info.notes == (f"Its chunk {kind.decode()} is damaged and is left out.",)


@pytest.mark.parametrize("kind", [b"PLTE", b"tRNS"])
def test_a_damaged_chunk_that_the_pixels_need_is_damage(kind: bytes, tmp_path: Path) -> None:
    parts = [Part(noise(1)), Part(noise(2))]
    path = write_apng(tmp_path / "film.png", parts, more=chunk(kind, bytes(6))[:-1] + b"?")
    with pytest.raises(MediaError, match="no frame that can be decoded"):
        open_source(path)


def test_half_over_half_is_three_quarters(tmp_path: Path) -> None:
    red = np.full((HEIGHT, WIDTH, 4), (255, 0, 0, 51), np.uint8)
    blue = np.full((HEIGHT, WIDTH, 4), (0, 0, 255, 51), np.uint8)
    *_, last = shown(write_apng(tmp_path / "film.png", [Part(red), Part(blue, blend=OVER)]))
    assert np.allclose(last[0, 0], (0.16 / 0.36, 0, 0.2 / 0.36, 0.36), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_other_layouts_are_laid_over_each_other(channels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(channels)
    below = rng.integers(0, 256, (HEIGHT, WIDTH, channels), np.uint8)
    above = rng.integers(0, 256, (2, 2, channels), np.uint8)
    _, came = shown(write_apng(tmp_path / "film.png", [Part(below), Part(above, 1, 1, blend=OVER)]))

    def spread(samples: Samples) -> Samples:
        grey = samples[..., :1].repeat(3, axis=2) if channels < 3 else samples
        alpha = samples[..., 1:] if channels == 2 else np.full_like(samples[..., :1], 255)
        return np.concatenate([grey, alpha], axis=2)

    expected = truth([Part(spread(below)), Part(spread(above), 1, 1, blend=OVER)])[1]
    assert np.abs(came - expected).max() < 1e-5


def test_a_colour_that_stands_for_nothing_shows_what_lies_below(tmp_path: Path) -> None:
    clear = chunk(b"tRNS", struct.pack(">3H", 9, 9, 9))
    below = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    above = np.full((2, 2, 3), 9, np.uint8)
    above[0, 0] = 50
    _, came = shown(write_apng(tmp_path / "film.png", [Part(below), Part(above, 1, 1, blend=OVER)], more=clear))
    expected = np.full((HEIGHT, WIDTH, 3), 200)
    expected[1, 1] = 50
    assert np.allclose(came[..., :3] * 255, expected, atol=1e-3) and (came[..., 3] == 1).all()


def test_a_picture_for_stills_is_no_frame(tmp_path: Path) -> None:
    parts = [Part(noise(1)), Part(noise(2))]
    frames = shown(write_apng(tmp_path / "film.png", parts, still=np.zeros((HEIGHT, WIDTH, 4), np.uint8)))
    assert len(frames) == 2 and np.allclose(frames[0][..., 3], parts[0].samples[..., 3] / 255)


def test_delays_add_up_without_drifting(tmp_path: Path) -> None:
    parts = [Part(noise(index), delay=(1, 30)) for index in range(9)]
    survey = open_source(write_apng(tmp_path / "film.png", parts)).survey()
    assert [survey.time(index) for index in range(9)] == [
        Fraction(round(index * 1000 / 30), 1000) for index in range(9)
    ]
    hundredths = [Part(noise(1), delay=(5, 0)), Part(noise(2), delay=(5, 0))]
    assert open_source(write_apng(tmp_path / "film.png", hundredths)).survey().time(1) == Fraction(1, 20)


def test_sixteen_bits_stay_where_the_target_holds_them(tmp_path: Path) -> None:
    parts = [Part(noise(1, dtype=np.uint16)), Part(noise(2, dtype=np.uint16))]
    film = open_source(write_apng(tmp_path / "film.png", parts))
    assert film.info.bits == 16
    assert any("16 bits become 8" in note for note in target_of(tmp_path / "out.gif", film.info).check())
    assert not any("bits" in note for note in target_of(tmp_path / "out" / "%d.png", film.info).check())


@pytest.mark.parametrize("change", ["reaches", "torn", "fewer"])
def test_damage_ends_an_animation_with_a_sentence(change: str, tmp_path: Path) -> None:
    parts = [Part(noise(index)) for index in range(4)]
    if change == "reaches":
        parts[2] = Part(noise(2), left=1)
    path = write_apng(tmp_path / "film.png", parts, declared=5 if change == "fewer" else None)
    if change == "torn":
        data = bytearray(path.read_bytes())
        data[data.index(b"fdAT", data.index(b"fdAT") + 4) + 12] ^= 255
        path.write_bytes(data)
    survey = open_source(path).survey()
    held, declared = (4, 5) if change == "fewer" else (2, 4)
    assert survey.problem is not None and f"holds {held} of {declared} frames" in survey.problem


def test_pillow_s_own_animations_come_back_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)) for _ in range(3)]
    pictures[0].save(tmp_path / "film.png", save_all=True, append_images=pictures[1:], duration=50)
    for came, picture in zip(shown(tmp_path / "film.png"), pictures, strict=True):
        assert np.array_equal(np.rint(came[..., :3] * 255), np.asarray(picture))
