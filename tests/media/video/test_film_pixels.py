"""What is stored comes out as it was meant, and nobody who leaves it alone changes it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import BT601, BT709, BT2020_HLG, FULL, UNTAGGED, Pixels, render, scene

from dreampipe.frames import Frame
from dreampipe.media.video import Colour, FilmInfo, open_source
from dreampipe.media.video.pixels import depth, pack, unpack

RGB = Colour(2, 1, 13, 0)
STORED = [
    *((name, colour) for name in ("yuv420p", "yuv422p", "yuv444p") for colour in (BT709, BT601, UNTAGGED, FULL)),
    ("yuvj420p", FULL),
    ("yuv411p", BT601),
    *((name, colour) for name in ("yuv420p10le", "yuv422p10le", "yuv444p10le") for colour in (BT709, BT2020_HLG, FULL)),
    ("yuv420p12le", BT709),
    *((name, RGB) for name in ("gbrp", "gbrp10le", "gbrp12le", "rgb24", "bgr0")),
]
SIZES = [(64, 48), (63, 47), (1, 1), (5, 3), (2, 9)]


def checks(width: int, height: int, bits: int) -> Pixels:
    """Hard edges in every direction, in colours that every pixel format can hold."""
    small = np.random.default_rng(3).integers(70, 190, (height // 5 + 1, width // 7 + 1, 3))
    whole = small.repeat(5, 0).repeat(7, 1)[:height, :width]
    return (whole * 257).astype(np.uint16) if bits > 8 else whole.astype(np.uint8)


def unit(pixels: Pixels) -> npt.NDArray[np.float32]:
    return (pixels / np.float32(np.iinfo(pixels.dtype).max)).astype(np.float32)


def planes(frame: av.VideoFrame) -> list[npt.NDArray[Any]]:
    dtype = np.uint8 if depth(frame.format) == 8 else np.uint16
    # Of packed formats a line holds more numbers than pixels.
    wide = {"rgb24": 3, "bgr0": 4}.get(frame.format.name, 1)
    rows = [np.frombuffer(bytes(plane), dtype).reshape(plane.height, -1) for plane in frame.planes]
    return [row[:, : plane.width * wide].astype(int) for row, plane in zip(rows, frame.planes, strict=True)]


@pytest.mark.parametrize("width, height", SIZES)
@pytest.mark.parametrize("name, colour", STORED)
def test_unpacked_and_packed_again_nothing_moves_by_more_than_a_step(
    name: str, colour: Colour, width: int, height: int
) -> None:
    stored = pack(unit(checks(width, height, depth(av.VideoFormat(name)))), name, colour)
    again = pack(unpack(stored, colour), name, colour)
    steps = max(int(np.abs(one - other).max()) for one, other in zip(planes(stored), planes(again), strict=True))
    # Full range passes through libswscale's own rounding of chroma; all else comes back as it was.
    assert steps <= (1 if colour.range == 2 and colour.matrix else 0)
    assert (again.width, again.height, again.format.name) == (width, height, name)
    assert (again.color_range, again.colorspace) == (colour.range, colour.matrix)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuvj420p", "yuv420p10le", "yuv444p"])
def test_a_decoded_frame_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    """Decoders say where in its block the chroma lies, and libswscale would spread it across blocks."""
    colour = FULL if name == "yuvj420p" else BT709
    pictures = [checks(63 if name == "yuv444p" else 64, 48, depth(av.VideoFormat(name)))]
    with av.open(str(render(tmp_path / "film.mp4", pictures, pixel_format=name, colour=colour))) as film:
        frame = next(film.decode(video=0))
    again = pack(unpack(frame, colour), name, colour)
    for one, other in zip(planes(frame), planes(again), strict=True):
        assert np.abs(one - other).max() <= (1 if colour is FULL else 0)


@pytest.mark.parametrize(
    "name, colour", [("yuv444p", BT709), ("yuv444p", FULL), ("yuv444p10le", BT2020_HLG), ("yuv444p10le", FULL)]
)
def test_stored_numbers_are_the_matrix_applied(name: str, colour: Colour) -> None:
    """Against the matrices of ITU-R BT.709, BT.601 and BT.2020, in closed form."""
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}[colour.matrix]
    bits = depth(av.VideoFormat(name))
    rgb = unit(checks(40, 30, bits)).astype(float)
    luma = rgb @ np.array([red, 1 - red - blue, blue])
    chroma = [(rgb[..., 2] - luma) / (2 - 2 * blue), (rgb[..., 0] - luma) / (2 - 2 * red)]
    step, top = 1 << (bits - 8), (1 << bits) - 1
    low, luma_span, chroma_span = (0, top, top) if colour.range == 2 else (16 * step, 219 * step, 224 * step)
    expected = [low + luma_span * luma, *(128 * step + chroma_span * plane for plane in chroma)]
    for plane, truth in zip(planes(pack(unit(checks(40, 30, bits)), name, colour)), expected, strict=True):
        assert np.abs(plane - truth).max() <= 1.1


@pytest.mark.parametrize("name, colour", STORED)
def test_black_and_white_are_black_and_white(name: str, colour: Colour) -> None:
    step = 1 / ((1 << depth(av.VideoFormat(name))) - 1)
    for level in (0, 1):
        frame = pack(np.full((6, 4, 3), level, np.float32), name, colour)
        # Full range passes through libswscale's own rounding of chroma, of which a step is nearly two of blue.
        assert np.abs(unpack(frame, colour) - level).max() <= (2 * step if colour.range == 2 else 0)


def test_10_bits_stay_10_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0.2, 0.8, 512, dtype=np.float32)[None, :, None].repeat(16, 0).repeat(3, 2)
    path = lossless(tmp_path / "film.mkv", ramp, "yuv420p10le", BT709)
    source = open_source(path)
    (frame,) = source.frames(source.survey())
    assert source.info.bits == 10
    assert len(np.unique(frame.pixels[8, :, 1])) > 400  # 8 bits could tell no more than 154
    assert np.abs(frame.pixels - ramp).max() < 1.5 / 876


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_frames_stand_upright(tmp_path: Path, rotation: int) -> None:
    # Without loss, for x264 with AVX-512 makes two films of the same frames.
    plain = render(tmp_path / "plain.mp4", options={"qp": "0"})
    turned = render(tmp_path / "turned.mp4", rotation=rotation, options={"qp": "0"})
    one, other = open_source(plain), open_source(turned)
    assert (other.info.rotation - rotation) % 360 == 0
    assert (other.info.width, other.info.height) == ((64, 48) if rotation == 180 else (48, 64))
    for flat, upright in zip(one.frames(one.survey()), other.frames(other.survey()), strict=True):
        assert np.array_equal(np.rot90(flat.pixels, rotation // 90), upright.pixels)


def test_the_matrix_of_a_phone_held_upright_turns_clockwise(tmp_path: Path) -> None:
    """ISO/IEC 14496-12: (x, y) is shown at (a x + c y, b x + d y), so that (0, 1, -1, 0) takes right to down."""
    data = render(tmp_path / "film.mp4", rotation=90).read_bytes()
    one, minus = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero, last = bytes(4), (1 << 30).to_bytes(4, "big")
    left, right = (zero + b + zero + c + zero + zero + zero + zero for b, c in ((minus, one), (one, minus)))
    assert data.count(left) == 1
    assert last in data
    (tmp_path / "film.mp4").write_bytes(data.replace(left, right))
    assert open_source(tmp_path / "film.mp4").info.rotation == -90


def test_an_odd_angle_is_told_and_left(tmp_path: Path) -> None:
    info = open_source(render(tmp_path / "film.mp4", rotation=45)).info
    assert (info.rotation, info.width) == (0, 64)
    assert any("45 degrees" in note for note in info.notes)


def test_wide_pixels_are_told_and_not_stretched(tmp_path: Path) -> None:
    info = open_source(render(tmp_path / "film.mp4", aspect=Fraction(4, 3))).info
    assert (info.width, info.height, info.aspect) == (64, 48, Fraction(4, 3))


@pytest.mark.parametrize(
    "name, codec, pixel_format, bits",
    [
        ("film.mp4", "libx264", "yuv420p", 8),
        ("film.mkv", "libx264", "yuv444p10le", 10),
        ("film.mov", "prores_ks", "yuv422p10le", 10),
        ("film.mkv", "ffv1", "yuv420p12le", 12),
        ("film.webm", "libvpx-vp9", "yuv420p", 8),
    ],
)
def test_what_a_film_says_of_itself(tmp_path: Path, name: str, codec: str, pixel_format: str, bits: int) -> None:
    pictures = scene(3, bits=bits)
    path = render(tmp_path / name, pictures, codec=codec, pixel_format=pixel_format, colour=BT709)
    info = open_source(path).info
    names = {"libx264": "h264", "prores_ks": "prores", "libvpx-vp9": "vp9"}
    assert (info.codec, info.pixel_format, info.bits) == (names.get(codec, codec), pixel_format, bits)
    assert info.path == path
    assert (info.sound, info.subtitles, info.chapters) == ((), (), 0)
    if codec != "libvpx-vp9":
        assert info.colour == BT709


def test_prores_in_mov_keeps_what_only_the_container_says(tmp_path: Path) -> None:
    pictures = scene(2, bits=16)
    path = render(tmp_path / "film.mov", pictures, codec="prores_ks", pixel_format="yuv422p10le", colour=BT2020_HLG)
    assert open_source(path).info.colour == BT2020_HLG


def test_sound_subtitles_and_chapters_are_told(tmp_path: Path) -> None:
    info = open_source(render(tmp_path / "film.mp4", sound="aac", subtitles=["one", "two"], chapters=2)).info
    assert (info.sound, info.subtitles, info.chapters) == (("aac",), ("mov_text",), 2)
    info = open_source(render(tmp_path / "film.mkv", sound="flac", subtitles=["one"])).info
    assert (info.sound, info.subtitles, info.chapters) == (("flac",), ("subrip",), 0)


def test_a_cover_is_not_the_film(tmp_path: Path) -> None:
    with av.open(str(render(tmp_path / "plain.mp4"))) as plain, av.open(str(tmp_path / "film.mp4"), "w") as film:
        cover: Any = film.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 96, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        video = film.add_stream_from_template(plain.streams.video[0])
        picture = av.VideoFrame(96, 96, "yuvj420p")
        picture.pts, picture.time_base = 0, Fraction(1)
        film.mux([*cover.encode(picture), *cover.encode(None)])
        for packet in plain.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                film.mux(packet)
    info = open_source(tmp_path / "film.mp4").info
    assert (info.width, info.codec, info.notes) == (64, "h264", ())


def test_a_film_whose_size_changes_keeps_that_of_its_first_frame(tmp_path: Path) -> None:
    small, large = render(tmp_path / "1.h264", scene(4)), render(tmp_path / "2.h264", scene(4, 96, 64))
    (tmp_path / "film.h264").write_bytes(small.read_bytes() + large.read_bytes())
    source = open_source(tmp_path / "film.h264")
    survey = source.survey()
    assert [(frame.width, frame.height) for frame in source.frames(survey)] == [(64, 48)] * 8
    assert any("another size" in note for note in survey.notes)


def lossless(path: Path, pixels: npt.NDArray[np.float32], pixel_format: str, colour: Colour) -> Path:
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream("ffv1", rate=24)
        video.height, video.width, video.pix_fmt = *pixels.shape[:2], pixel_format
        video.codec_context.color_range, video.codec_context.colorspace = colour.range, colour.matrix
        frame = pack(pixels, pixel_format, colour)
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        film.mux([*video.encode(frame), *video.encode(None)])
    return path


def test_info_of_a_film_refuses_other_depths() -> None:
    known = {"time_base": Fraction(1, 24), "codec": "h264", "pixel_format": "yuv420p"}
    for bits in (8, 10, 12, 16):
        assert FilmInfo(4, 4, bits, **known).bits == bits  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="8 or 10 or 12 or 16"):
        FilmInfo(4, 4, 9, **known)  # type: ignore[arg-type]


def test_frames_of_a_film_are_frames(tmp_path: Path) -> None:
    source = open_source(render(tmp_path / "film.mp4", scene(2)))
    assert all(isinstance(frame, Frame) for frame in source.frames(source.survey()))
