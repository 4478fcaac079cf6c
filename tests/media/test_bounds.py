"""The contract of every reader: what a file declares is weighed before anything of it is decoded.

Files that hold a header and no pixels show the order: they are refused for their size and not for what is missing.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from hostile import (
    SIDE,
    Page,
    avif_header,
    bmp_header,
    gif,
    gif_header,
    heif_header,
    jpeg_header,
    png_chunk,
    png_header,
    tiff,
    webp_header,
)
from PIL import Image

import dreampipe
from dreampipe import Frame, read, write
from dreampipe.errors import MediaError
from dreampipe.frames import MediaInfo
from dreampipe.media import read_record
from dreampipe.media.bounds import BYTES, TIMES
from dreampipe.media.directories import first_directory, without_gps
from dreampipe.media.formats import ANIMATED, FORMATS
from dreampipe.media.video import open_source
from dreampipe.media.video.codecs import CONTAINERS

WIDE, HIGH = 96, 64
NOISE = np.random.default_rng(7).integers(0, 256, (HIGH, WIDE, 3), np.uint8)
PIXELS = np.divide(NOISE, 255, dtype=np.float32)


def saved(name: str, **how: object) -> bytes:
    held = BytesIO()
    Image.fromarray(NOISE).save(held, name, **how)
    return held.getvalue()


def heic() -> bytes:
    held = BytesIO()
    pillow_heif.from_pillow(Image.fromarray(NOISE)).save(held)
    return held.getvalue()


@dataclass(frozen=True)
class Case:
    """What the contract asks of a row: its header without pixels, a whole picture, and a file of too many bytes.

    `heavy` is within `max_pixels` and takes more than `BYTES` for each; None where a pixel never takes more than 8.
    """

    header: Callable[[], bytes]
    whole: Callable[[], bytes]
    heavy: Callable[[], bytes] | None = None


CASES = {
    "png": Case(png_header, lambda: saved("png")),
    "jpeg": Case(jpeg_header, lambda: saved("jpeg")),
    "webp": Case(webp_header, lambda: saved("webp")),
    "tiff": Case(lambda: tiff(Page(SIDE, SIDE)), lambda: saved("tiff"), lambda: tiff(Page(2000, 2000, 1500))),
    "avif": Case(avif_header, lambda: saved("avif")),
    "bmp": Case(bmp_header, lambda: saved("bmp")),
    "gif": Case(gif_header, lambda: saved("gif")),
    "heif": Case(heif_header, heic),
}
ROWS = [format.name for format in FORMATS]


def refused(path: Path, *words: str, max_pixels: int = 100_000_000) -> str:
    with pytest.raises(MediaError) as raised:
        read(path, max_pixels=max_pixels)
    text = str(raised.value)
    assert str(path) in text and "\n" not in text and text.endswith(".")
    for word in words:
        assert word in text
    return text


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ROWS)
def test_a_header_without_pixels_is_refused_for_its_size(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "x", CASES[name].header())
    text = refused(path, f"{SIDE}x{SIDE}", "at most 100,000,000", "raise --max-pixels if you trust it")
    assert "damaged" not in text


@pytest.mark.parametrize("name", ROWS)
def test_the_limit_is_exact_and_a_file_that_is_cut_short_is_named(tmp_path: Path, name: str) -> None:
    whole = CASES[name].whole()
    path = written(tmp_path / "x", whole)
    assert read(path, max_pixels=WIDE * HIGH).info.format == name
    refused(path, f"{WIDE}x{HIGH}", "--max-pixels", max_pixels=WIDE * HIGH - 1)
    written(path, whole[: len(whole) // 2])
    refused(path)


@pytest.mark.parametrize("name", ROWS)
def test_no_row_decodes_to_more_bytes_than_its_pixels_may_take(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    if case.heavy:
        text = refused(written(tmp_path / "x", case.heavy()), "bytes to decode", f"{BYTES * 100_000_000:,}")
        assert "damaged" not in text
        return
    # Of the other rows the deepest that they have stays below.
    written(tmp_path / "x", case.whole())
    (frame,) = read(tmp_path / "x")
    assert frame.pixels.shape[2] + 1 <= BYTES // 2 and read(tmp_path / "x").info.bits // 8 <= 2


TIFFS = {
    "1,500 samples of 8 bits": Page(2000, 2000, 1500),
    "400 samples of 32 bits": Page(2000, 2000, 400, bits=32, planar=2),
    "1,000,000 deep": Page(depth=1_000_000),
    "in parts of 1073741824x1073741824": Page(tile=(1 << 30, 1 << 30)),
    "in parts of 64x2147483648": Page(tile=(64, 1 << 31), compression=8),
}


@pytest.mark.parametrize("words", TIFFS)
def test_a_tiff_is_weighed_with_samples_depth_and_parts(tmp_path: Path, words: str) -> None:
    assert "damaged" not in refused(written(tmp_path / "x.tif", tiff(TIFFS[words])), words, "bytes to decode")


BIG = np.zeros((400, 400, 3), np.uint8)
EMBEDDED = {
    "jpeg": (7, bytes(imagecodecs.jpeg_encode(BIG))),
    "png": (34933, bytes(imagecodecs.png_encode(BIG))),
    "webp": (50001, bytes(imagecodecs.webp_encode(BIG))),
    "jpeg 2000": (34712, bytes(imagecodecs.jpeg2k_encode(BIG))),
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_picture_within_a_tiff_is_no_larger_than_its_part(tmp_path: Path, name: str) -> None:
    compression, data = EMBEDDED[name]
    refused(written(tmp_path / "x.tif", tiff(Page(compression=compression, data=data))), "400x400")
    fitting = Page(400, 400, compression=compression, data=data)
    assert read(written(tmp_path / "x.tif", tiff(fitting))).info.width == 400


@pytest.mark.parametrize(("compression", "name"), [(50002, "JPEGXL"), (34934, "JPEGXR"), (34887, "LERC")])
def test_a_picture_within_a_tiff_whose_size_cannot_be_told_is_refused(
    tmp_path: Path, compression: int, name: str
) -> None:
    refused(written(tmp_path / "x.tif", tiff(Page(compression=compression, data=bytes(64)))), name, "not supported")


def test_pages_that_lead_around_in_a_circle_are_counted_once(tmp_path: Path) -> None:
    pages = [Page(2, 1, 1, photometric=1, data=b"ab")] * 150
    for loop in (False, True):
        path = written(tmp_path / "x.tif", tiff(*pages, loop=loop))
        assert read(path).info.notes == ("It has 150 pages, and only the first was read.",)


def scan_bomb(times: int) -> bytes:
    """A progressive JPEG with its last scan many times over."""
    data = saved("jpeg", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * times + b"\xff\xd9"


def test_the_scans_of_a_jpeg_count(tmp_path: Path) -> None:
    pixels = WIDE * HIGH
    assert read(written(tmp_path / "x.jpg", scan_bomb(0)), max_pixels=pixels).info.width == WIDE
    assert read(written(tmp_path / "x.jpg", scan_bomb(TIMES)), max_pixels=2 * pixels).info.width == WIDE
    refused(written(tmp_path / "x.jpg", scan_bomb(TIMES)), "scans", "--max-pixels", max_pixels=pixels)


def test_a_frame_larger_than_the_screen_of_its_gif_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "x.gif", gif((1, 1), [(0, 0, 65535, 65535)]))
    assert "damaged" not in refused(path, "65535x65535", "--max-pixels")
    path = written(tmp_path / "y.gif", gif((4, 4), [(0, 0, 1, 1), (60000, 60000, 1, 1)]))
    with pytest.raises(MediaError, match=r"y\.gif says that it has 60001x60001 pixels"):
        open_source(path)


def test_frames_beyond_the_screen_do_not_change_the_size_of_the_film(tmp_path: Path) -> None:
    path = written(tmp_path / "x.gif", gif((4, 3), [(0, 0, 1, 1), (2, 2, 1, 1), (9, 9, 1, 1)]))
    source = open_source(path)
    assert (source.info.width, source.info.height) == (4, 3)
    assert [frame.pixels.shape for frame in source.frames(source.survey())] == [(3, 4, 3)] * 3


def animation(name: str, count: int) -> bytes:
    pictures = [Image.new("RGB", (40, 30), (n * 4, 100, 200)) for n in range(count)]
    held = BytesIO()
    pictures[0].save(held, name, save_all=True, append_images=pictures[1:], duration=50, lossless=True)
    return held.getvalue()


@pytest.mark.parametrize("name", [format.name for format in FORMATS if format.animation])
def test_the_frames_of_an_animation_count_as_a_film_and_not_as_a_still(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / f"x.{name}", animation(name, TIMES + 1))
    assert open_source(path, max_pixels=40 * 30 * 2).info.width == 40
    said = rf"x\.{name} says that it has {TIMES + 1} frames of 40x30 pixels, .* shorten it, or raise --max-pixels"
    with pytest.raises(MediaError, match=said):
        open_source(path, max_pixels=40 * 30)
    still = read(path, max_pixels=40 * 30)
    assert still.info.notes == (f"It has {TIMES + 1} frames, and only the first was read.",)


def test_a_png_has_no_more_frames_than_there_are(tmp_path: Path) -> None:
    data = animation("png", 3)
    at = data.index(b"acTL") + 4
    many = png_chunk(b"acTL", b"\x7f\xff\xff\xff" + bytes(4))
    path = written(tmp_path / "x.png", data[: at - 8] + many + data[at + 12 :])
    assert open_source(path).survey().problem
    assert read(path).info.notes == ("It has 3 frames, and only the first was read.",)


@pytest.mark.parametrize("suffix", sorted(CONTAINERS))
def test_a_film_is_refused_by_its_header(tmp_path: Path, suffix: str) -> None:
    grey = np.full((48, 64, 3), 0.5, np.float32)
    write((Frame(grey, index) for index in range(3)), tmp_path / f"x{suffix}")
    with pytest.raises(MediaError, match=r"64x48 pixels, but at most 3,071 in all are read"):
        read(tmp_path / f"x{suffix}", max_pixels=64 * 48 - 1)
    assert len(read(tmp_path / f"x{suffix}", max_pixels=64 * 48).frames) == 3


def test_a_file_that_is_read_as_a_whole_is_not_endless(tmp_path: Path) -> None:
    for name in ("webp", "avif", "heif"):
        path = written(tmp_path / "x", CASES[name].whole())
        os.truncate(path, 5 << 30)  # a hole, which takes no room on the disk
        refused(path, "bytes long", "--max-pixels")
        if name == "avif":
            with pytest.raises(MediaError, match="the file is longer than"):
                read_record(path)


def directory_bomb(entries: int) -> bytes:
    """An EXIF block whose directory points to itself as often as it has entries."""
    pointing = struct.pack("<HHII", 34665, 4, 1, 8) * entries
    return b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + pointing + bytes(4)


def test_a_directory_that_points_to_itself_is_followed_once() -> None:
    block = directory_bomb(4000)  # to the third power, were each followed
    assert set(first_directory(block)) <= {34665}
    assert without_gps(block) is not None


def test_values_that_overlap_are_no_more_than_their_block() -> None:
    entries = b"".join(struct.pack("<HHII", code, 1, 40_000, 8) for code in range(1, 4001))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 4000) + entries + bytes(4)
    assert sum(len(tag.payload) for tag in first_directory(block).values()) <= len(block)


ALPHA = np.dstack((NOISE, np.full((HIGH, WIDE), 255, np.uint8)))


def opaque(path: Path, how: str) -> None:
    """Write a picture without one see-through pixel: "plain", "animated", or with a "declared" alpha channel."""
    first, second = Image.fromarray(NOISE), Image.fromarray(NOISE)
    second.paste((0, 0, 0), (0, 0, 9, 9))
    if how == "declared":
        Image.fromarray(ALPHA).save(path)
    elif how == "animated":
        # Without loss the second WebP frame lies over the first, and is see-through where nothing changes.
        first.save(path, save_all=True, append_images=[second], duration=50, lossless=True)
    else:
        first.save(path)


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tif", "avif", "bmp", "jpg"])
def test_what_declares_no_alpha_has_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    opaque(path, "plain")
    assert not read(path).info.alpha
    if suffix in ("png", "webp", "gif", "avif"):
        opaque(path, "animated")
        (frame,) = read(path)
        assert frame.alpha is None and not read(path).info.alpha
    if f".{suffix}" in ANIMATED:
        assert open_source(path).info.notes == ()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_declared_alpha_channel_stays_where_it_is_opaque_everywhere(tmp_path: Path, suffix: str) -> None:
    opaque(tmp_path / f"x.{suffix}", "declared")
    (frame,) = read(tmp_path / f"x.{suffix}")
    assert frame.alpha is not None and frame.alpha.min() == 1


def test_no_library_writes_to_the_terminal(tmp_path: Path) -> None:
    lost = tiff(Page()).replace(b"\x11\1\4\0\1\0\0\0", b"\x11\1\4\0\0\0\0\x40")  # 2^30 offsets of strips
    written(tmp_path / "lost.tif", lost)
    write(Frame(PIXELS), tmp_path / "deep.png", MediaInfo(WIDE, HIGH, bits=16))
    deep = (tmp_path / "deep.png").read_bytes()
    written(tmp_path / "deep.png", deep[:33] + png_chunk(b"sBIT", bytes(9)) + deep[33:-12] + deep[-12:])
    write((Frame(PIXELS, index) for index in range(9)), tmp_path / "cut.mkv")
    film = (tmp_path / "cut.mkv").read_bytes()
    written(tmp_path / "cut.mkv", film[: len(film) // 2])
    program = """
import sys
from pathlib import Path
from dreampipe import errors, read
for name in sys.argv[1:]:
    try:
        print(len(list(read(name))))
    except errors.MediaError as error:
        print(error)
"""
    names = [str(tmp_path / name) for name in ("lost.tif", "deep.png", "cut.mkv")]
    root = str(Path(dreampipe.__file__).parents[1])
    command = [sys.executable, "-c", program, *names]
    ran = subprocess.run(command, env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert re.match(r".*lost\.tif is a damaged.*\n1\n", ran.stdout)
