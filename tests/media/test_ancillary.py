"""Profiles, EXIF and text of any size spoil no picture, and what is written can be read."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hostile import png_chunk
from PIL import Image

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.errors import MediaError
from dreampipe.media.formats import FORMATS, format_of, losses
from dreampipe.media.rows import LONGEST, LONGEST_READ

FRAME = Frame(np.full((9, 11, 3), 0.5, np.float32))
WITH_METADATA = [format.suffixes[0] for format in FORMATS if format.writable and format.metadata]
SIZES = [3_000, 65_527, 65_528, (1 << 20) + 1]


def profile_of(profile: bytes, length: int) -> bytes:
    """A profile with bytes that nothing shrinks after its tags."""
    return profile + np.random.default_rng(length).bytes(max(0, length - len(profile)))


def exif_of(length: int) -> bytes:
    made = Image.Exif()
    made[271] = "Kamera"
    made.get_ifd(34665)[37500] = np.random.default_rng(length).bytes(length - 64)
    return made.tobytes().removeprefix(b"Exif\0\0")


def png(*chunks: bytes, after: bytes = b"") -> bytes:
    """A PNG of 11x9 pixels with these chunks before its pixels, and others after them."""
    rows = b"".join(b"\0" + bytes([40 * row % 256] * 33) for row in range(9))
    header = png_chunk(b"IHDR", b"\0\0\0\x0b\0\0\0\x09\x08\x02\0\0\0")
    pixels = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + after + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", WITH_METADATA)
def test_what_is_written_in_any_format_is_read_and_written_in_any_other(
    tmp_path: Path, profile: bytes, source: str, size: int
) -> None:
    icc, exif = profile_of(profile, size), exif_of(size)
    write(FRAME, tmp_path / f"in{source}", like=MediaInfo(11, 9, icc=icc, exif=exif))
    media = read(tmp_path / f"in{source}")
    assert media.info.icc == icc and media.info.notes == ()
    kept = len(exif) <= format_of(Path(f"x{source}")).exif
    assert (media.info.exif is not None and exif[-1000:] in media.info.exif) == kept
    for target in WITH_METADATA:
        write(media, tmp_path / f"out{target}", like=media.info)
        again = read(tmp_path / f"out{target}").info
        assert again.icc == icc, target
        fits = kept and len(media.info.exif or b"") <= format_of(Path(f"x{target}")).exif
        assert (again.exif is not None and exif[-1000:] in again.exif) == fits, target


def test_what_does_not_fit_is_told_before_it_is_left_out() -> None:
    long = MediaInfo(1, 1, exif=bytes(70_000), icc=bytes(LONGEST + 1))
    for suffix in WITH_METADATA:
        told = " ".join(losses(format_of(Path(f"x{suffix}")), long))
        assert ("its EXIF of 70,000 bytes is left out, as at most 65,527 fit" in told) == (suffix == ".jpg")
        assert f"its colour profile of {LONGEST + 1:,} bytes is left out" in told


@pytest.mark.parametrize("suffix", WITH_METADATA)
def test_a_profile_beyond_the_bound_is_left_out_of_what_is_written(tmp_path: Path, profile: bytes, suffix: str) -> None:
    longer = profile + bytes(LONGEST + 1 - len(profile))
    write(FRAME, tmp_path / f"x{suffix}", like=MediaInfo(11, 9, icc=longer))
    assert read(tmp_path / f"x{suffix}").info.icc is None


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_long_text_spoils_no_png(tmp_path: Path, kind: bytes, where: str) -> None:
    text = b"0123456789" * 130_000
    packed = zlib.compress(text)
    bodies = {b"tEXt": b"Raw\0" + text, b"zTXt": b"Raw\0\0" + packed, b"iTXt": b"Raw\0\1\0\0\0" + packed}
    chunk = png_chunk(kind, bodies[kind])
    (tmp_path / "x.png").write_bytes(png(chunk) if where == "before" else png(after=chunk))
    media = read(tmp_path / "x.png")
    (frame,) = media
    assert media.info.notes == ("What it also holds is left out: text.",)
    np.testing.assert_allclose(frame.pixels[:, 5, 1], [40 * row % 256 / 255 for row in range(9)], atol=1e-6)


def test_a_hundred_long_texts_spoil_no_png(tmp_path: Path) -> None:
    chunk = png_chunk(b"zTXt", b"Raw\0\0" + zlib.compress(bytes(1_000_000)))  # 100 MB when inflated, which nobody does
    (tmp_path / "x.png").write_bytes(png(chunk * 100))
    assert read(tmp_path / "x.png").info.width == 11


def test_a_profile_or_exif_too_long_to_be_read_is_left_out_with_a_note(tmp_path: Path) -> None:
    packed = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(LONGEST_READ + 1)))
    (tmp_path / "x.png").write_bytes(png(packed, png_chunk(b"eXIf", bytes(LONGEST_READ + 1))))
    info = read(tmp_path / "x.png").info
    assert info.icc is None and info.exif is None
    assert len(info.notes) == 2
    assert f"Its EXIF has {LONGEST_READ + 1:,} bytes, more than the {LONGEST_READ:,} that are read" in info.notes[1]


def test_a_deep_png_of_a_side_that_its_decoder_does_not_take_is_told_so(tmp_path: Path) -> None:
    width = 1_000_001
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, 16, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1 + 2 * width)))
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + png_chunk(b"IEND", b""))
    with pytest.raises(MediaError, match=r"1000001x1 pixels of 16 bits, but a side of at most 1,000,000 is read"):
        read(tmp_path / "x.png")


@pytest.mark.parametrize("body", [b"", b"x", b"x\0\0nonsense", b"x\0\0" + zlib.compress(bytes(999))[:-9]])
def test_a_damaged_profile_spoils_no_png(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.png").write_bytes(png(png_chunk(b"iCCP", body)))
    info = read(tmp_path / "x.png").info
    assert (info.icc, info.notes) == (None, ("Its colour profile is damaged and is left out.",))


def test_a_profile_of_another_picture_s_text_does_not_shift_a_chunk(tmp_path: Path, profile: bytes) -> None:
    chunks = [png_chunk(b"iTXt", b"a\0\0\0\0\0b"), png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))] * 2
    (tmp_path / "x.png").write_bytes(png(*chunks, after=png_chunk(b"eXIf", exif_of(3000)) + chunks[0]))
    info = read(tmp_path / "x.png").info
    assert info.icc == profile and info.exif == exif_of(3000)


def test_a_png_that_ends_anywhere_is_refused_or_whole(tmp_path: Path) -> None:
    whole = png(png_chunk(b"tEXt", b"Raw\0" + bytes(50)))
    for end in range(8, len(whole)):
        (tmp_path / "x.png").write_bytes(whole[:end])
        try:
            assert read(tmp_path / "x.png").info.width == 11
        except MediaError as problem:
            assert "damaged, cut short" in str(problem)
