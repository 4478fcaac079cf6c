"""The meaning of a film's numbers: HDR and wide colours are kept with their label, or shown as sRGB, never mistaken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import BT709, TICK, render, scene
from PIL import Image
from planes import Planes, lossless, planes_of
from written import info_of

import dreampipe
from dreampipe import Frame
from dreampipe.errors import MediaError
from dreampipe.media.video import Colour, Encoding, FilmInfo, open_source, target_of
from dreampipe.media.video.tones import from_view, to_view

PQ, HLG = Colour(1, 9, 16, 9), Colour(1, 9, 18, 9)
LINEAR = Colour(2, 1, 8, 0)
WIDE = Colour(1, 9, 14, 9)
HDR = {"pq": PQ, "hlg": HLG}
WHITE = {"pq": 0.58, "hlg": 0.75}
Numbers = npt.NDArray[np.float64]


def light_of(name: str, numbers: Any) -> Numbers:
    """Light over that of diffuse white, of greys; Recommendation ITU-R BT.2100, written down once more."""

    def pq(number: Any) -> Any:
        root = number ** (32 / 2523)
        top, bottom = np.maximum(root - 107 / 128, 0), 2413 / 128 - 2392 / 128 * root
        return (top / bottom) ** (16384 / 2610) * 10_000 / 203

    def hlg(number: Any) -> Any:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(number <= 0.5, number**2 / 3, (np.exp((number - c) / a) + b) / 12)
        return 1000 / 203 * scene**1.2

    return np.asarray({"pq": pq, "hlg": hlg}[name](np.asarray(numbers, float)), float)


def srgb_of(light: Any) -> Numbers:
    return np.asarray(np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.asarray(light) ** (1 / 2.4) - 0.055))


def greys(numbers: Any, bits: int = 10, width: int = 64, height: int = 48) -> Planes:
    """Limited-range 4:4:4 planes of columns of grey numbers in [0, 1]."""
    step = 1 << bits - 8
    row = np.rint(np.resize(np.asarray(numbers, float), width) * 219 * step + 16 * step)
    luma = np.repeat(row[None], height, 0).astype(np.uint16)
    return [luma, *(np.full((height, width), 128 * step, np.uint16) for _ in range(2))]


def first(path: Path) -> Frame:
    source = open_source(path)
    return next(source.frames(source.survey()))


def levels(path: Path) -> npt.NDArray[np.int64]:
    """The 8 bits of the first picture's middle row, as another program sees it."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)[24]


@pytest.mark.parametrize("name", HDR)
@pytest.mark.parametrize("out", ["out.gif", "out.webp", "out.png", "frames/%d.png", "frames/%d.jpg", "frames/%d.tiff"])
def test_diffuse_white_of_hdr_is_white_in_pictures(name: str, out: str, tmp_path: Path) -> None:
    """Report ITU-R BT.2408: 0.58 in PQ and 0.75 in HLG. What is darker has its own place on sRGB's curve."""
    numbers = np.repeat([WHITE[name], WHITE[name] * 0.8, WHITE[name] * 0.5, 1.0], 16)
    film = dreampipe.read(lossless(tmp_path / "film.mkv", greys(numbers), "yuv444p10le", HDR[name]))
    assert any("brighter than white" in note for note in target_of(tmp_path / out, film.info).check())
    dreampipe.write(film, tmp_path / out, like=film.info)
    path = tmp_path / (out % 1 if "%" in out else out)
    # Pillow reads no TIFF of 16 bits a colour.
    seen = np.rint(first(path.parent).pixels[24] * 255) if path.suffix == ".tiff" else levels(path).astype(float)
    truth = np.rint(255 * np.minimum(srgb_of(light_of(name, [WHITE[name] * 0.8, WHITE[name] * 0.5])), 1))
    for column, level in ((8, 255), (24, truth[0]), (40, truth[1]), (56, 255)):
        assert np.abs(seen[column] - level).max() <= (4 if path.suffix in {".gif", ".webp", ".jpg"} else 1.5)


def test_a_frame_of_an_hdr_film_becomes_a_picture_of_its_own(tmp_path: Path) -> None:
    film = dreampipe.read(lossless(tmp_path / "film.mkv", greys([0.58]), "yuv444p10le", PQ))
    dreampipe.write(next(iter(film)), tmp_path / "still.png", like=film.info)
    assert np.abs(dreampipe.read(tmp_path / "still.png").frames[0].pixels - 1).max() < 1 / 255


@pytest.mark.parametrize("name", HDR)
def test_ordinary_pictures_within_hdr_are_seen_as_they_were(name: str, tmp_path: Path) -> None:
    """Up to the knee at 0.8, the frames that stages get are sRGB's numbers."""
    numbers = np.linspace(0, WHITE[name], 64)
    frame = first(lossless(tmp_path / "film.mkv", greys(numbers), "yuv444p10le", HDR[name]))
    stored = np.rint(numbers * 876) / 876
    truth = srgb_of(light_of(name, stored))
    below = truth <= 0.8
    assert below.sum() > 30
    assert np.abs(frame.pixels[0, below, 1] - truth[below]).max() < 0.003
    assert np.all(np.diff(frame.pixels[0, :, 1].astype(float)) > 0)
    assert 0.88 < frame.pixels[0, -1, 1] < 0.97


DEPTHS = [
    ("yuv444p10le", 10, PQ),
    ("yuv444p10le", 10, HLG),
    ("yuv444p12le", 12, PQ),
    ("yuv444p12le", 12, HLG),
    ("yuv420p10le", 10, PQ),
]


@pytest.mark.parametrize(("pixel_format", "bits", "colour"), DEPTHS, ids=str)
def test_untouched_hdr_keeps_every_number_and_its_label(
    pixel_format: str, bits: int, colour: Colour, tmp_path: Path
) -> None:
    step = 1 << bits - 8
    every = np.resize(np.arange(16 * step, 235 * step + 1), (48, 80)).astype(np.uint16)
    thin = every[:24, :40] if "420" in pixel_format else every
    middle = [np.full_like(thin, 128 * step), np.full_like(thin, 128 * step)]
    path = lossless(tmp_path / "film.mkv", [every, *middle], pixel_format, colour)
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    for one, other in zip(planes_of(path), planes_of(tmp_path / "out.mkv"), strict=True):
        assert np.array_equal(one, other)
    again = dreampipe.read(tmp_path / "out.mkv").info
    assert isinstance(again, FilmInfo)
    assert again.colour == colour


@pytest.mark.parametrize("transfer", [8, 16, 18])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_every_number_has_a_number_of_its_own_on_a_screen(transfer: int, bits: int) -> None:
    numbers = np.linspace(0, 1, 1 << bits, dtype=np.float32)
    seen = to_view(numbers, transfer)
    assert (seen[0], seen[-1]) == (0, 1)
    assert np.all(np.diff(seen.astype(float)) > 0)
    assert np.abs(from_view(seen, transfer) - numbers).max() * ((1 << bits) - 1) < 0.05


def test_other_transfers_are_seen_as_they_are_stored() -> None:
    numbers = np.linspace(0, 1, 11, dtype=np.float32)
    assert all(to_view(numbers, transfer) is numbers for transfer in (1, 2, 6, 13, 14, 15))


HELD = [("out.mp4", None), ("out.mp4", "h264"), ("out.mkv", None), ("out.webm", None), ("out.mov", "prores")]


@pytest.mark.parametrize(("out", "codec"), HELD)
@pytest.mark.parametrize("name", HDR)
def test_films_that_hold_hdr_keep_it(name: str, out: str, codec: str | None, tmp_path: Path) -> None:
    numbers = np.repeat(np.linspace(0.1, 0.9, 8), 8)
    film = dreampipe.read(lossless(tmp_path / "film.mkv", greys(numbers), "yuv444p10le", HDR[name], count=2))
    assert not any("sRGB" in note for note in target_of(tmp_path / out, film.info, Encoding(codec)).check())
    dreampipe.write(film, tmp_path / out, like=film.info, encoding=Encoding(codec))
    again = dreampipe.read(tmp_path / out).info
    assert isinstance(again, FilmInfo)
    assert (again.colour.transfer, again.colour.primaries) == (HDR[name].transfer, 9)
    luma = planes_of(tmp_path / out)[0].astype(float) / (4 if again.bits == 12 else 1)
    assert np.abs(luma[24] - greys(numbers)[0][24]).mean() < 6  # of 1023


def test_a_codec_of_8_bits_shows_deep_hdr_as_srgb_and_says_so(tmp_path: Path) -> None:
    film = dreampipe.read(lossless(tmp_path / "film.mkv", greys([0.58]), "yuv444p10le", PQ, count=2))
    encoding = Encoding("vp9")
    (note,) = (note for note in target_of(tmp_path / "out.webm", film.info, encoding).check() if "sRGB" in note)
    assert "PQ, BT.2020" in note
    dreampipe.write(film, tmp_path / "out.webm", like=film.info, encoding=encoding)
    again = dreampipe.read(tmp_path / "out.webm").info
    assert isinstance(again, FilmInfo)
    assert again.colour.transfer not in (16, 18)
    assert first(tmp_path / "out.webm").pixels.min() > 0.98


def test_wide_colours_become_srgb_in_pictures_and_stay_in_films(tmp_path: Path) -> None:
    """The red of sRGB in the primaries of BT.2020 (Report ITU-R BT.2087, the matrix of 709 to 2020)."""
    red = srgb_of(np.array([0.6274, 0.0691, 0.0164]))
    luma = float(red @ [0.2627, 0.6780, 0.0593])
    chroma = [(red[2] - luma) / 1.8814, (red[0] - luma) / 1.4746]
    samples = [64 + 876 * luma, *(512 + 896 * value for value in chroma)]
    planes = [np.full((48, 64), round(value), np.uint16) for value in samples]
    film = dreampipe.read(lossless(tmp_path / "film.mkv", planes, "yuv444p10le", WIDE))
    (note,) = (note for note in target_of(tmp_path / "out.png", film.info).check() if "sRGB" in note)
    assert "BT.2020" in note
    dreampipe.write(film, tmp_path / "out.png", like=film.info)
    assert np.abs(levels(tmp_path / "out.png")[8] - (255, 0, 0)).max() <= 6
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    for one, other in zip(planes, planes_of(tmp_path / "out.mkv"), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("transfer", [16, 18])
def test_open_primaries_of_hdr_are_those_of_bt2020(transfer: int, tmp_path: Path) -> None:
    """Recommendation ITU-R BT.2100 defines PQ and HLG with no others; a film without the tag means the same colours."""
    planes = [np.full((48, 64), value, np.uint16) for value in (400, 480, 620)]
    for name, primaries in (("open", 2), ("said", 9)):
        path = lossless(tmp_path / f"{name}.mkv", planes, "yuv444p10le", Colour(1, primaries, transfer, 9))
        film = dreampipe.read(path)
        dreampipe.write(film, tmp_path / f"{name}.png", like=film.info)
    assert np.array_equal(levels(tmp_path / "open.png"), levels(tmp_path / "said.png"))


def test_linear_light_is_seen_as_light_and_kept(tmp_path: Path) -> None:
    numbers = np.resize(np.arange(1024, dtype=np.uint16), (48, 64))
    path = lossless(tmp_path / "film.mkv", [numbers] * 3, "gbrp10le", LINEAR)
    assert np.abs(first(path).pixels[..., 0] - srgb_of(numbers / 1023)).max() < 0.002
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    assert all(np.array_equal(plane, numbers) for plane in planes_of(tmp_path / "out.mkv"))


# What follows is about matrices and ranges.


def colours() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(2).integers(40, 216, (48, 64, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "matrix"),
    [((64, 48), 5), ((720, 576), 5), ((1280, 16), 1), ((720, 1280), 1), ((16, 578), 1), ((1278, 576), 5)],
)
def test_a_film_without_a_label_is_read_by_its_size(size: tuple[int, int], matrix: int, tmp_path: Path) -> None:
    """As players do: BT.709 from 1280 pixels in width or more than 576 in height on, else BT.601."""
    width, height = size
    planes = [np.full((height, width), value, np.uint8) for value in (110, 90, 170)]
    frame = first(lossless(tmp_path / "film.mkv", planes, "yuv444p", Colour(1)))
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}[matrix]
    luma, cb, cr = (110 - 16) / 219, (90 - 128) / 224, (170 - 128) / 224
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    truth = (r, (luma - red * r - blue * b) / (1 - red - blue), b)
    assert np.abs(frame.pixels[0, 0] - truth).max() * 255 < 1.5


@pytest.mark.parametrize("range", [1, 2])
@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv444p10le", "yuv420p"])
def test_ycgco_is_read_and_kept(pixel_format: str, range: int, tmp_path: Path) -> None:
    """ITU-T H.273: Y = G/2 + (R + B)/4, Cg = G/2 - (R + B)/4, Co = (R - B)/2."""
    rgb = colours()[::2, ::2].repeat(2, 0).repeat(2, 1) / 255
    y = rgb @ [0.25, 0.5, 0.25]
    cg, co = rgb @ [-0.25, 0.5, -0.25], rgb @ [0.5, 0, -0.5]
    bits = 10 if "10" in pixel_format else 8
    step, top = 1 << bits - 8, (1 << bits) - 1
    low, span, spread = (0, top, top) if range == 2 else (16 * step, 219 * step, 224 * step)
    scaled = [low + span * y, *(128 * step + spread * plane for plane in (cg, co))]
    planes = [np.rint(plane).astype(np.uint16 if bits > 8 else np.uint8) for plane in scaled]
    if "420" in pixel_format:
        planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    colour = Colour(range, 1, 1, 8)
    path = lossless(tmp_path / "film.mkv", planes, pixel_format, colour)
    assert np.abs(first(path).pixels - rgb).max() * 255 < 3
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    for one, other in zip(planes, planes_of(tmp_path / "out.mkv"), strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_rgb_under_the_name_of_another_layout_is_read(tmp_path: Path) -> None:
    rgb = colours()
    planes = [np.ascontiguousarray(rgb[..., channel]) for channel in (1, 2, 0)]
    path = lossless(tmp_path / "film.mkv", planes, "yuv444p", Colour(2, 1, 13, 0))
    assert np.abs(first(path).pixels * 255 - rgb).max() < 0.01
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    assert np.abs(first(tmp_path / "out.mkv").pixels * 255 - rgb).max() < 0.01


@pytest.mark.parametrize(("pixel_format", "bits"), [("gbrp", 8), ("gbrp10le", 10)])
def test_rgb_of_limited_range_is_stretched(pixel_format: str, bits: int, tmp_path: Path) -> None:
    step = 1 << bits - 8
    row = np.linspace(16 * step, 235 * step, 64).round().astype(np.uint16)
    planes = [np.repeat(row[None], 48, 0)] * 3
    name = "gbrp10le" if bits > 8 else "bgr0"
    if bits == 8:
        packed = np.repeat(np.repeat(row[None, :, None], 48, 0), 4, 2).astype(np.uint8).reshape(48, 256)
        path = packed_rgb(tmp_path / "film.mkv", packed)
    else:
        path = lossless(tmp_path / "film.mkv", planes, name, Colour(1, 1, 1, 0))
    assert np.abs(first(path).pixels[0, :, 0] - (row - 16 * step) / (219 * step)).max() < 1e-4


def packed_rgb(path: Path, samples: npt.NDArray[np.uint8]) -> Path:
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = samples.shape[1] // 4, samples.shape[0], "bgr0"
        video.codec_context.color_range = 1
        frame = av.VideoFrame(video.width, video.height, "bgr0")
        frame.planes[0].update(samples.tobytes())
        frame.pts, frame.time_base = 0, TICK
        film.mux([*video.encode(frame), *video.encode(None)])
    return path


@pytest.mark.parametrize("range", [0, 1, 2])
@pytest.mark.parametrize(("pixel_format", "bits"), [("gray", 8), ("gray10le", 10), ("gray12le", 12), ("gray16le", 16)])
def test_grey_is_read_by_its_range(pixel_format: str, bits: int, range: int, tmp_path: Path) -> None:
    """FFmpeg takes grey that says nothing for full range."""
    step, top = 1 << bits - 8, (1 << bits) - 1
    row = np.linspace(16 * step, 235 * step, 64).round().astype(np.uint16 if bits > 8 else np.uint8)
    path = lossless(tmp_path / "film.mkv", [np.repeat(row[None], 48, 0)], pixel_format, Colour(range))
    truth = (row - 16.0 * step) / (219 * step) if range == 1 else row / top
    pixels = first(path).pixels
    assert np.abs(pixels[0, :, 1] - truth).max() < 1e-5
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_full_range_is_no_limited_range(pixel_format: str, tmp_path: Path) -> None:
    top = 1023 if "10" in pixel_format else 255
    dtype = np.uint16 if top > 255 else np.uint8
    luma = np.repeat(np.linspace(0, top, 64).round()[None], 48, 0).astype(dtype)
    small = (24, 32) if "420" in pixel_format else (48, 64)
    planes = [luma, *(np.full(small, (top + 1) // 2, dtype) for _ in range(2))]
    path = lossless(tmp_path / "film.mkv", planes, pixel_format, Colour(2, 1, 1, 1))
    assert np.abs(first(path).pixels[24, :, 1] - luma[24] / top).max() < 1.5 / top
    film = dreampipe.read(path)
    dreampipe.write(film, tmp_path / "out.png", like=film.info)
    assert np.abs(levels(tmp_path / "out.png")[:, 1] - luma[24].astype(float) * 255 / top).max() <= 1.5


@pytest.mark.parametrize(("matrix", "name"), [(14, "ICtCp"), (11, "YDzDx")])
def test_what_cannot_be_read_is_refused_by_its_name(matrix: int, name: str, tmp_path: Path) -> None:
    path = lossless(tmp_path / "film.mkv", greys([0.5]), "yuv444p10le", Colour(1, 9, 16, matrix))
    with pytest.raises(MediaError, match=rf"{name}.*convert it first"):
        open_source(path)


@pytest.mark.parametrize(
    ("colour", "said"),
    [(Colour(1, 1, 11, 1), "xvYCC"), (Colour(1, 9, 14, 10), "constant luminance"), (Colour(1, 9, 14, 9), None)],
)
def test_what_is_read_by_halves_is_told(colour: Colour, said: str | None, tmp_path: Path) -> None:
    planes = [plane.astype(np.uint8) for plane in greys([0.5], 8)]
    notes = open_source(lossless(tmp_path / "film.mkv", planes, "yuv444p", colour)).info.notes
    assert [said] * len(notes) == [word for word in ("xvYCC", "constant luminance") if any(word in n for n in notes)]


def test_an_interlaced_film_is_told(tmp_path: Path) -> None:
    path = render(tmp_path / "film.mp4", scene(4), options={"x264-params": "tff=1"}, colour=BT709)
    assert any("interlaced" in note for note in open_source(path).info.notes)


def test_the_labels_of_ordinary_films_are_never_touched(tmp_path: Path) -> None:
    for colour in (BT709, Colour(), Colour(1, 6, 6, 6), Colour(1, 5, 6, 5), WIDE, Colour(2, 1, 1, 1)):
        target: Any = target_of(tmp_path / "out.mp4", info_of(colour=colour))
        assert target.form.colour == colour
        assert target.check() == ()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le"])
@pytest.mark.parametrize(("level", "share", "colour", "said"), [
    (250, 0.1, BT709, True), (2, 0.1, BT709, True), (255, 0.1, Colour(), True), (238, 0.5, BT709, False),
    (250, 0.002, BT709, False), (235, 1.0, BT709, False), (16, 1.0, BT709, False),
    (255, 1.0, Colour(2, 1, 1, 1), False),
])  # fmt: skip
def test_numbers_beyond_black_and_white_are_reported(
    pixel_format: str, level: int, share: float, colour: Colour, said: bool, tmp_path: Path
) -> None:
    bits = int(pixel_format[7:9]) if len(pixel_format) > 7 else 8
    step, dtype = 1 << bits - 8, np.uint8 if bits == 8 else np.uint16
    luma = np.full((256, 256), 128 * step, dtype)
    places = np.random.default_rng(3).permutation(luma.size)[: round(luma.size * share)]
    luma.reshape(-1)[places] = min(level * step, (1 << bits) - 1)
    across, down = (2 if "44" not in pixel_format else 1), (2 if "420" in pixel_format else 1)
    chroma = [np.full((256 // down, 256 // across), 128 * step, dtype) for _ in range(2)]
    notes = open_source(lossless(tmp_path / "film.mkv", [luma, *chroma], pixel_format, colour, 2)).survey().notes
    assert len([note for note in notes if "whiter than white or blacker than black" in note]) == said
