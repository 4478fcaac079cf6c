"""Transparency of films: read by every decoder that has it, kept where the target holds it, else laid on black."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import BT709, TICK
from PIL import Image

import dreampipe
from dreampipe import Frame
from dreampipe.errors import MediaError
from dreampipe.media.video import Colour, Encoding, open_source, target_of
from dreampipe.media.video.coding import Form
from dreampipe.media.video.whole import write_film

WIDTH, HEIGHT, COUNT = 64, 48, 4
RGB = Colour(2, 1, 13, 0)
Samples = npt.NDArray[Any]


def pictures(width: int = WIDTH, height: int = HEIGHT) -> list[npt.NDArray[np.uint8]]:
    """RGBA: alpha rises from left to right, and moves; what is clear is bright green, which nobody should see."""
    y, x = np.mgrid[:height, :width]
    made = []
    for shift in (0, 6, 2, 8):
        alpha = np.clip((x + shift) * 5 - 60, 0, 255)
        colour = np.stack([60 + 2 * x, 200 - y, 90 + y], axis=2)
        colour[alpha == 0] = (0, 255, 0)
        made.append(np.dstack([colour, alpha]).astype(np.uint8))
    return made


def render_alpha(path: Path, codec: str, pixel_format: str, options: dict[str, str] | None = None) -> Path:
    with av.open(str(path), "w") as film:
        video: Any = film.add_stream(codec, rate=24, options=options or {})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, pixel_format
        colour = RGB if "yuv" not in pixel_format else BT709
        context = video.codec_context
        context.color_range, context.colorspace = colour.range, colour.matrix
        for index, picture in enumerate(pictures()):
            plain = av.VideoFrame.from_ndarray(picture, "rgba")
            frame = plain.reformat(format=pixel_format, dst_colorspace=1, dst_color_range=1, threads=1)
            frame.pts, frame.time_base = index, TICK
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


def alphas(path: Path) -> list[Samples]:
    source = open_source(path)
    assert source.info.alpha
    planes = [frame.alpha for frame in source.frames(source.survey())]
    return [plane for plane in planes if plane is not None]


def distance(planes: Sequence[Samples], steps: int = 255) -> float:
    """The largest difference in alpha to the pictures, in levels of 255, on average over a frame."""
    truth = [picture[..., 3] / 255 for picture in pictures()]
    assert len(planes) == len(truth)
    return max(float(np.abs(plane - one).mean()) * 255 for plane, one in zip(planes, truth, strict=True))


# libswscale, which stores them for the test, moves some by a level.
SOURCES = [
    ("prores.mov", "prores_ks", "yuva444p10le", 0.3),
    ("vp9.webm", "libvpx-vp9", "yuva420p", 1.5),
    ("vp9.mkv", "libvpx-vp9", "yuva420p", 1.5),
    ("qtrle.mov", "qtrle", "argb", 1e-4),
    ("png.mov", "png", "rgba", 1e-4),
    ("png16.mov", "png", "rgba64be", 0.5),
    ("bgra.mkv", "ffv1", "bgra", 1e-4),
    ("yuva.mkv", "ffv1", "yuva420p", 0.5),
    ("gbrap.mkv", "ffv1", "gbrap10le", 0.5),
    ("ya8.mov", "png", "ya8", 0.5),
]


@pytest.mark.parametrize(("name", "codec", "pixel_format", "loss"), SOURCES, ids=[one[0] for one in SOURCES])
def test_every_decoder_gives_its_transparency(
    name: str, codec: str, pixel_format: str, loss: float, tmp_path: Path
) -> None:
    options = {"crf": "10", "b": "0", "cpu-used": "5"} if "vpx" in codec else {}
    path = render_alpha(tmp_path / name, codec, pixel_format, options)
    assert distance(alphas(path)) <= loss


def test_a_film_without_an_alpha_channel_has_none(tmp_path: Path) -> None:
    source = open_source(render_alpha(tmp_path / "film.mkv", "ffv1", "bgr0"))
    assert not source.info.alpha
    assert [frame.alpha for frame in source.frames(source.survey())] == [None] * COUNT


KEPT = [
    ("out.mov", None, 0.3),
    ("out.webm", None, 1.5),
    ("out.mkv", None, 1.5),
    ("out.mkv", "ffv1", 1e-4),
    ("out.mkv", "prores", 0.3),
    ("out.png", None, 1e-4),
    ("out.apng", None, 1e-4),
    ("out.webp", None, 1e-4),
    ("frames/%d.png", None, 1e-4),
    ("frames/%d.webp", None, 1e-4),
    ("frames/%d.tiff", None, 1e-4),
]


@pytest.mark.parametrize(("name", "codec", "loss"), KEPT)
def test_transparency_is_kept_where_the_target_holds_it(
    name: str, codec: str | None, loss: float, tmp_path: Path
) -> None:
    film = dreampipe.read(render_alpha(tmp_path / "film.mkv", "ffv1", "bgra"))
    encoding = Encoding(codec)
    assert not any("transparency" in note for note in target_of(tmp_path / name, film.info, encoding).check())
    dreampipe.write(film, tmp_path / name, like=film.info, encoding=encoding)
    out = tmp_path / name
    assert distance(alphas(out.parent if "%" in name else out)) <= loss
    # What can be seen keeps its colours; a frame that is read again is a film like the first.
    again = open_source(out.parent if "%" in name else out)
    for frame, one in zip(again.frames(again.survey()), film, strict=True):
        assert frame.alpha is not None and one.alpha is not None
        seen = np.abs(frame.pixels * frame.alpha[..., None] - one.pixels * one.alpha[..., None])
        assert seen.mean() * 255 < 4


def test_deep_transparency_is_kept_to_the_number(tmp_path: Path) -> None:
    film = dreampipe.read(render_alpha(tmp_path / "film.mkv", "ffv1", "gbrap10le"))
    dreampipe.write(film, tmp_path / "out.mkv", like=film.info, encoding=Encoding("ffv1"))
    dreampipe.write(film, tmp_path / "out.mov", like=film.info)
    for one, lossless, prores in zip(
        alphas(tmp_path / "film.mkv"), alphas(tmp_path / "out.mkv"), alphas(tmp_path / "out.mov"), strict=True
    ):
        assert np.array_equal(one, lossless)
        assert np.abs(one - prores).max() < 1 / 1023


def test_gif_keeps_one_bit_of_it(tmp_path: Path) -> None:
    film = dreampipe.read(render_alpha(tmp_path / "film.mkv", "ffv1", "bgra"))
    notes = target_of(tmp_path / "out.gif", film.info).check()
    assert any("one bit" in note for note in notes)
    dreampipe.write(film, tmp_path / "out.gif", like=film.info)
    for plane, picture in zip(alphas(tmp_path / "out.gif"), pictures(), strict=True):
        assert np.array_equal(plane, picture[..., 3] >= 128)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("out.mp4", None), ("out.mp4", "vp9"), ("out.mov", "h264"), ("out.webm", "av1"), ("frames/%d.jpg", None)],
)
def test_elsewhere_it_lies_on_black_and_this_is_said(name: str, codec: str | None, tmp_path: Path) -> None:
    film = dreampipe.read(render_alpha(tmp_path / "film.webm", "libvpx-vp9", "yuva420p", {"crf": "8", "b": "0"}))
    assert any("black" in note for note in target_of(tmp_path / name, film.info, Encoding(codec)).check())
    dreampipe.write(film, tmp_path / name, like=film.info, encoding=Encoding(codec) if codec else None)
    out = open_source((tmp_path / name).parent if "%" in name else tmp_path / name)
    assert not out.info.alpha
    for frame, picture in zip(out.frames(out.survey()), pictures(), strict=True):
        truth = picture[..., :3] / 255 * (picture[..., 3:] / 255)
        assert np.abs(frame.pixels - truth).mean() * 255 < 6
        assert frame.pixels[picture[..., 3] == 0].max() < 0.15  # the green is gone


@pytest.mark.parametrize(("name", "codec", "kept"), [("out.webm", "vp9", True), ("out.mkv", "h264", False)])
def test_the_tag_of_transparency_tells_the_truth(name: str, codec: str, kept: bool, tmp_path: Path) -> None:
    film = dreampipe.read(render_alpha(tmp_path / "film.webm", "libvpx-vp9", "yuva420p"))
    dreampipe.write(film, tmp_path / name, like=film.info, encoding=Encoding(codec))
    with av.open(str(tmp_path / name)) as out:
        assert ("alpha_mode" in {key.lower() for key in out.streams.video[0].metadata}) == kept


def framed(picture: Samples, index: int) -> Frame:
    unit = np.divide(picture, np.float32(255), dtype=np.float32)
    return Frame(np.ascontiguousarray(unit[..., :3]), index, alpha=np.ascontiguousarray(unit[..., 3]))


@pytest.mark.parametrize("suffix", ["mov", "webm", "apng"])
def test_odd_sizes_and_turned_films_keep_it(suffix: str, tmp_path: Path) -> None:
    frames = [framed(picture, index) for index, picture in enumerate(pictures(37, 21))]
    write_film(frames, tmp_path / f"out.{suffix}")
    source = open_source(tmp_path / f"out.{suffix}")
    for frame, one in zip(source.frames(source.survey()), frames, strict=True):
        assert frame.alpha is not None and one.alpha is not None
        assert np.abs(frame.alpha - one.alpha).mean() * 255 < 2


def test_frames_that_have_none_are_solid_among_others(tmp_path: Path) -> None:
    first, *rest = pictures()
    frames = [framed(first, 0), *(replace(framed(picture, 0), alpha=None) for picture in rest)]
    write_film(frames, tmp_path / "out.apng")
    assert [float(plane.min()) for plane in alphas(tmp_path / "out.apng")] == [0, 1, 1, 1]


def test_pictures_keep_theirs_from_folder_to_film(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for index, picture in enumerate(pictures()):
        Image.fromarray(picture).save(tmp_path / "frames" / f"{index}.png")
    film = open_source(tmp_path / "frames")
    dreampipe.write(film.frames(film.survey()), tmp_path / "out.webm", like=film.info)
    assert distance(alphas(tmp_path / "out.webm")) < 1.5


def test_forms_tell_whether_they_hold_it(tmp_path: Path) -> None:
    info = open_source(render_alpha(tmp_path / "film.mkv", "ffv1", "bgra")).info

    def form(name: str, codec: str | None = None) -> Form:
        target: Any = target_of(tmp_path / name, info, Encoding(codec))
        return target.form  # type: ignore[no-any-return]

    assert [form(name).codec.name for name in ("a.mp4", "a.mov", "a.mkv", "a.webm")] == ["h264", "prores", "vp9", "vp9"]
    assert [form(name).alpha for name in ("a.mp4", "a.mov", "a.mkv", "a.webm")] == [False, True, True, True]
    assert not form("a.mp4", "vp9").alpha
    with pytest.raises(MediaError, match=r"prores came for a \.mp4"):
        form("a.mp4", "prores")
